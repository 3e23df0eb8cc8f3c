"""Radford et al. 2016, DCGAN: which of its guidelines make a GAN train, and what its nets have learned."""
