"""Energy distance between two sets of points. Shapes: N and M points, D coordinates."""

from __future__ import annotations

import torch


def energy_distance(x_ND: torch.Tensor, y_MD: torch.Tensor) -> float:
    """Return 2 E|x - y| - E|x - x'| - E|y - y'|, the second pairs of different points (Szekely & Rizzo 2013).

    0 on average for two samples of one distribution, so a sample may fall below. Computed in float64.
    """
    x, y = x_ND.double(), y_MD.double()
    # not by the product of matrices, which loses half of the digits where two points nearly coincide
    between, among_x, among_y = (torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist") for a, b in ((x, y), (x, x), (y, y)))
    return float(2 * between.mean() - among_x.sum() / (len(x) * (len(x) - 1)) - among_y.sum() / (len(y) * (len(y) - 1)))
