"""Chen et al. 2019: batch normalization and dropout together, the IC layer."""
