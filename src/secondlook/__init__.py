"""Second Look: re-runs the papers behind six well-known answers about training deep networks."""
