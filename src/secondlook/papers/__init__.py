"""One folder a paper: its protocol, its experiments, its figures and its answer. No paper imports another."""
