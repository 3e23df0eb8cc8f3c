"""Figures of Kingma & Welling 2013; each module draws one."""
