"""Networks that two papers or more use."""
