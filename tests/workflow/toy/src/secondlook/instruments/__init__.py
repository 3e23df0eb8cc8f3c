"""Instruments made for the tests of the workflow."""
