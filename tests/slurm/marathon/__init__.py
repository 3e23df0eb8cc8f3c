"""Long walks, made for the tests on a cluster."""
