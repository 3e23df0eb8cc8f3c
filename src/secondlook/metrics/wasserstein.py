"""Wasserstein-1 distance between two sets of points, all weighing the same. Shapes: N and M points, D coordinates."""

from __future__ import annotations

import math

import numpy as np

#: pivots of the network simplex before it gives up; 2,500 points of a ring take less than a hundredth of that
MAX_PIVOTS = 10_000_000


def w1(x: np.ndarray, y: np.ndarray) -> float:
    """Return the exact W1 distance of x [N, D] and y [M, D] in the Euclidean metric, by the network simplex of POT.

    It is the distance of the two samples; that of the distributions behind them is smaller by the samples' own scatter. NaN if a point
    is not finite. Takes memory for two matrices [N, M] of float64.

    Raises:
        RuntimeError: the solver stopped before the optimum.
    """
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return math.nan
    import ot
    from scipy.spatial.distance import cdist

    # Not ot.dist: it expands the square, which costs 1e-8 where two points nearly coincide.
    costs = cdist(x, y)
    value, log = ot.emd2(ot.unif(len(x)), ot.unif(len(y)), costs, numItermax=MAX_PIVOTS, log=True)
    if log["warning"]:
        raise RuntimeError(f"exact W1 of {len(x)} and {len(y)} points: {log['warning']}")
    return float(value)


def sliced_w1(x: np.ndarray, y: np.ndarray, generator: np.random.Generator, projections: int = 200) -> float:
    """Return the mean W1 distance of x [N, D] and y [M, D] projected on random directions; NaN if a point is not finite.

    Never above `w1`, and N log N where that is cubic. In the plane a shift by t gives 2 t / pi.
    """
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return math.nan
    import ot

    directions = generator.standard_normal((x.shape[1], projections))
    directions /= np.linalg.norm(directions, axis=0)
    return float(ot.sliced_wasserstein_distance(x, y, projections=directions, p=1))
