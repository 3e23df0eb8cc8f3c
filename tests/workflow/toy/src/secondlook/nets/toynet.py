"""The toy paper's network: a line."""

from __future__ import annotations

import numpy as np

SLOPE = 2.0


def loss_and_gradient(weight: float, inputs: np.ndarray) -> tuple[float, float]:
    """Squared error against a line of slope SLOPE, and its derivative."""
    residual = (weight - SLOPE) * inputs
    return float((residual**2).mean()), float((2 * residual * inputs).mean())
