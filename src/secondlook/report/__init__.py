"""The report: built from results alone."""
