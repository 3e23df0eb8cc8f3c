"""Nearest neighbours among features: precision and recall of samples. Shapes: N and M points, D coordinates, B points of a block."""

from __future__ import annotations

import torch

#: k of the k-th neighbour, as Naeem et al. 2020 set it
NEIGHBOURS = 5
#: points at a time: with 10,000 others a block of distances takes 80 MB
BLOCK = 1000


def squared_distances(x_ND: torch.Tensor, y_MD: torch.Tensor) -> torch.Tensor:
    """Return squared Euclidean distances [N, M] of float64 points.

    By the expanded square, one matrix product. In float64 its error is 1e-15 of the squared norms; in float32 it would swallow small
    distances.
    """
    return torch.addmm(y_MD.square().sum(1), x_ND, y_MD.T, alpha=-2).add_(x_ND.square().sum(1, keepdim=True))


def radii(points_ND: torch.Tensor) -> torch.Tensor:
    """Return the squared distance [N] of each point to its k-th neighbour, itself not counted; float64 points, more than k."""
    blocks = [squared_distances(block, points_ND).topk(NEIGHBOURS + 1, largest=False).values[:, -1] for block in points_ND.split(BLOCK)]
    return torch.cat(blocks)


def precision_recall(samples_ND: torch.Tensor, real_MD: torch.Tensor, real_radii_M: torch.Tensor) -> tuple[float, float]:
    """Return the share of samples within the ball of some real point, and the share of real points within the ball of some sample.

    A point's ball reaches to its k-th neighbour among its own kind (Kynkäänniemi et al. 2019). The same numbers as torch_fidelity's
    ``prc_features_to_metric``, which at 10,000 points takes over ten times as long: it computes each matrix of distances twice, those
    among the real points at every call, and sorts where a selection is enough.

    Args:
        real_radii_M: `radii` of the real points.
    """
    sample_radii_N = radii(samples_ND)
    inside, covered = [], torch.zeros(len(real_MD), dtype=torch.bool, device=real_MD.device)
    for block_BD, radii_B in zip(samples_ND.split(BLOCK), sample_radii_N.split(BLOCK), strict=True):
        distances_BM = squared_distances(block_BD, real_MD)
        inside.append((distances_BM <= real_radii_M).any(1))
        covered |= (distances_BM <= radii_B[:, None]).any(0)
    return float(torch.cat(inside).double().mean()), float(covered.double().mean())
