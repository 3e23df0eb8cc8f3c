"""How far what a generator makes is from the data: modes, distances, divergences, and the quality of images."""
