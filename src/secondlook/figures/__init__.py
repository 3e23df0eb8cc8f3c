"""What all figures share: style, provenance, what a figure is given; ``shared`` holds figures that several papers draw."""
