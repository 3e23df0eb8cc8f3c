"""Makhzani et al. 2015, Adversarial Autoencoders, beside a plain and a variational autoencoder of the same nets."""
