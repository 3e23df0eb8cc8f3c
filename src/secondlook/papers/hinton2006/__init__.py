"""Hinton & Salakhutdinov 2006, Reducing the Dimensionality of Data with Neural Networks."""
