"""Figures of Goodfellow et al. 2014; each module draws one."""
