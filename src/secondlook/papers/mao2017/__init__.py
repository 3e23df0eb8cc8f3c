"""Mao et al. 2017, Least Squares Generative Adversarial Networks."""
