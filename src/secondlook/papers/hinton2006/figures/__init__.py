"""Figures of Hinton & Salakhutdinov 2006; each module draws one."""
