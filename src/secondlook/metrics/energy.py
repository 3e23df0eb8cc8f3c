"""Energy distance between two sets of points. Shapes: N and M points, D coordinates."""

from __future__ import annotations

import torch


def spread(x_ND: torch.Tensor) -> float:
    """Return E|x - x'| over pairs of different points. Computed in float64."""
    return float(_distances(x_ND, x_ND).sum() / (len(x_ND) * (len(x_ND) - 1)))


def energy_distance(x_ND: torch.Tensor, y_MD: torch.Tensor, spread_of_y: float | None = None) -> float:
    """Return 2 E|x - y| - E|x - x'| - E|y - y'|, the second pairs of different points (Szekely & Rizzo 2013).

    0 on average for two samples of one distribution, so a sample may fall below. Computed in float64.

    Args:
        spread_of_y: `spread` of y, where it is known already.
    """
    return 2 * float(_distances(x_ND, y_MD).mean()) - spread(x_ND) - (spread(y_MD) if spread_of_y is None else spread_of_y)


def _distances(x_ND: torch.Tensor, y_MD: torch.Tensor) -> torch.Tensor:
    # not by the product of matrices, which loses half of the digits where two points nearly coincide
    return torch.cdist(x_ND.double(), y_MD.double(), compute_mode="donot_use_mm_for_euclid_dist")
