"""Conjugate gradients on one batch after the other, as the paper fine-tunes its nets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from secondlook.train.flat import Flat


def search(flat: Flat, loss: Callable[[], torch.Tensor], searches: int) -> None:
    """Move the weights of a single replica by so many line searches along conjugate directions (Polak and Ribiere).

    Args:
        flat: the net's weights, [1, P].
        loss: of the batch, at the weights as they are.
        searches: line searches; the first one goes down the gradient.
    """
    from scipy.optimize import minimize  # takes long to import, and few runs need it

    def measured(weights: np.ndarray) -> tuple[float, np.ndarray]:
        flat.weights[0, : flat.count] = torch.from_numpy(weights)
        value = loss()
        flat.differentiate(value)
        return float(value.detach()), flat.gradients[0, : flat.count].double().numpy(force=True)

    start = flat.weights[0, : flat.count].double().numpy(force=True)
    found = minimize(measured, start, jac=True, method="CG", options={"maxiter": searches})
    flat.weights[0, : flat.count] = torch.from_numpy(found.x)
