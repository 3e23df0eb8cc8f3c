"""Arjovsky, Chintala, Bottou 2017: Wasserstein GAN."""
