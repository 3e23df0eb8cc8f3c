"""Figures of Chen et al. 2019; each module draws one."""
