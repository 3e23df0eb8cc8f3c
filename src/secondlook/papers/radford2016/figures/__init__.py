"""Figures of Radford et al. 2016; each module draws one."""
