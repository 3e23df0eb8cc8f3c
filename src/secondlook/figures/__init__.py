"""What all figures share: style, provenance, sheets of samples."""
