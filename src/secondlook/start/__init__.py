"""What the start of the workflow looks at before anything runs: locks of the dead, leftovers, products that are not what they should be."""
