"""Figures of Mao et al. 2017; each module draws one, or several like it."""
