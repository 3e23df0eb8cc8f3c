"""The toy paper's optimizers."""

from __future__ import annotations

MOMENTUM = {"sgd": 0.0, "momentum": 0.5, "heavy": 0.9}


def step(weight: float, velocity: float, gradient: float, optimizer: str, lr: float) -> tuple[float, float]:
    """One update."""
    velocity = MOMENTUM[optimizer] * velocity - lr * gradient
    return weight + velocity, velocity
