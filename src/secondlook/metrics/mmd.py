"""Maximum mean discrepancy of two sets of points of few coordinates. Shapes: N and M points, D coordinates."""

from __future__ import annotations

import torch

from secondlook.metrics.neighbours import squared_distances


def mmd2(x_ND: torch.Tensor, y_MD: torch.Tensor, scale: float = 1.0) -> float:
    """Return the unbiased estimate of the squared MMD (Gretton et al. 2012, Eq. 3); equal distributions scatter around 0.

    The kernel is the inverse multiquadratic C / (C + |x - y|^2) with C = 2 D scale^2, the mean squared distance of two points of
    N(0, scale^2 I) (Tolstikhin et al. 2018, section 4, who measure codes with it). NaN if a point is not finite.
    """
    x_ND, y_MD = x_ND.double(), y_MD.double()
    c = 2 * x_ND.shape[1] * scale**2

    def kernel(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return c / (c + squared_distances(a, b).clamp_min(0))

    def mean_of_pairs(a: torch.Tensor) -> torch.Tensor:
        gram = kernel(a, a)
        return (gram.sum() - gram.trace()) / (len(a) * (len(a) - 1))

    return float(mean_of_pairs(x_ND) + mean_of_pairs(y_MD) - 2 * kernel(x_ND, y_MD).mean())
