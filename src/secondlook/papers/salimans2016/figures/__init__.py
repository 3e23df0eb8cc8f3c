"""Figures of Salimans et al. 2016; each module draws one, or several like it."""
