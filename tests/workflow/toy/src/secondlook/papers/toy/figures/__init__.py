"""Figures of the toy paper."""
