"""Intervals of effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

LEVEL = 0.95
FEWEST = 3  # replicas an arm needs before an interval is worth printing


def welch_interval(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """95 % interval of mean(second) - mean(first), unequal variances (Welch 1947); at least two values each."""
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        point = float(np.mean(second) - np.mean(first))
        return point, point
    result = stats.ttest_ind(second, first, equal_var=False)
    low, high = result.confidence_interval(LEVEL)
    return float(low), float(high)
