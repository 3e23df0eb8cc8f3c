"""A paper made for the tests of the workflow: every kind of dependency once, each run in a moment."""
