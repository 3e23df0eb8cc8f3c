"""Figures that several papers draw, each from its own results; a module each."""
