"""A second paper made for the tests: what a newcomer would add, one folder."""
