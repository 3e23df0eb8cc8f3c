"""What every training job shares: randomness, checkpoints, loops, optimizers."""
