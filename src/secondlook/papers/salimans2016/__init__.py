"""Salimans et al. 2016: Improved Techniques for Training GANs."""
