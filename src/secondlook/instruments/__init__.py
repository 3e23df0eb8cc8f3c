"""Runs that measure and belong to no paper: what they leave, the papers' runs read."""
