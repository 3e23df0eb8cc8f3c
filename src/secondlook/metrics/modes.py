"""Which modes of a mixture a generator covers, by the rule of VEEGAN and PacGAN, and which it holds. Without torch.

Shapes: N points, K modes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from secondlook.data.mixtures import Mixture

#: a point further than so many standard deviations from the nearest centre is of low quality
RADIUS = 3.0
#: a mode is held where so large a share of its true weight's samples ...
HELD_SHARE = 0.5
#: ... lies within so many standard deviations: a generator that has found a mode is still wider than the data for long
HELD_RADIUS = 10.0
#: what `mode_coverage` measures
METRICS = ("modes", "held", "high_quality", "reverse_kl", "jsd")


def mode_coverage(points: np.ndarray, mixture: Mixture) -> dict[str, float]:
    """Measure points [N, 2] against the modes of the mixture that they should follow.

    A point is of high quality if its Mahalanobis distance to the nearest centre is below 3. Source: fjxmlzn/PacGAN @190853e,
    extensions.py, MetricLogger; unlike there, the histogram is compared with the true weights, since a ring may be unequal.

    Returns:
        ``modes``: how many modes have a point of high quality; a single one is enough, so that samples spread over the plane, or along a
        circle through all centres, count as well. ``held``: how many modes have at least half as many points within 10 standard
        deviations as their weight is worth of N; that circle holds none. ``high_quality``: the share of points of high quality; one that
        is not finite is of low quality, and counts in N. ``reverse_kl`` and ``jsd``: Kullback-Leibler divergence KL(h || weights), natural
        logarithm, and Jensen-Shannon divergence of the histogram h of high-quality points over modes. With no such point h does not exist,
        and both are given the largest value that they could have, so that they stay finite and nothing ranks below: -log of the smallest
        weight (all points in the rarest mode) and log 2.
    """
    finite = points[np.isfinite(points).all(1)]
    distances = np.linalg.norm(finite[:, None] - mixture.centres, axis=2) / mixture.std
    nearest = distances.argmin(1)
    counts = np.bincount(nearest[distances.min(1) < RADIUS], minlength=len(mixture.centres))
    near = np.bincount(nearest[distances.min(1) <= HELD_RADIUS], minlength=len(mixture.centres))
    good = counts.sum()
    if good:
        shares, middle = counts / good, (counts / good + mixture.weights) / 2
        reverse_kl = _kl(shares, mixture.weights)
        jsd = (_kl(shares, middle) + _kl(mixture.weights, middle)) / 2
    else:
        reverse_kl, jsd = -math.log(mixture.weights.min()), math.log(2)
    return {
        "modes": float(np.count_nonzero(counts)),
        "held": float(np.count_nonzero(near >= HELD_SHARE * mixture.weights * len(points))),
        "high_quality": float(good / len(points)),
        "reverse_kl": reverse_kl,
        "jsd": jsd,
    }


def _kl(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || q) of two histograms; q is not zero where p is not."""
    there = p > 0
    return float(np.sum(p[there] * np.log(p[there] / q[there])))
