"""Kingma & Welling 2013, Auto-Encoding Variational Bayes."""
