"""Figures of the annex."""
