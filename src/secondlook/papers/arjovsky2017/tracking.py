"""Whether a loss follows the quality of the samples: numbers of a whole training, for its last row."""

from __future__ import annotations

import numpy as np

from secondlook.runner.job import Result

#: what `add_tracking` adds
TRACKING = ("tracking", "negative_cosines", "worse_again", "halved")
#: rows that a rank correlation needs
FEWEST = 3


def add_tracking(result: Result, quality: str, worse_by: float) -> None:
    """Add to the last row of each replica that did not diverge what follows from all of its rows.

    Metrics: ``tracking``, Spearman's rho of the loss estimate and ``quality`` (a distance: 1 is a loss that falls as samples improve); the
    estimate is -d_loss, and log 2 - d_loss / 2 of a GAN has the same ranks. ``negative_cosines``, the share of rows whose critic step went
    up its own gradient. ``worse_again``, 1 if the distance ends more than ``worse_by`` times above its lowest value. ``halved``, 1 if
    it was at half of its first value or below at some row: a generator that has learned something, and may have lost it since.
    """
    table: dict[int, dict[str, dict[int, float]]] = {}
    for replica, step, metric, value in result.history.rows:
        table.setdefault(replica, {}).setdefault(metric, {})[step] = value
    for replica, metrics in table.items():
        if "diverged" in metrics:
            continue
        distances, losses, cosines = (metrics.get(name, {}) for name in (quality, "d_loss", "d_step_cosine"))
        both = sorted(set(distances) & set(losses))
        ends = list(distances.values())
        result.history.add(
            replica,
            max(distances),
            tracking=rank_correlation([-losses[step] for step in both], [distances[step] for step in both]),
            negative_cosines=float(np.mean([value < 0 for value in cosines.values()])),
            worse_again=float(ends[-1] > worse_by * min(ends)),
            halved=float(min(ends) <= ends[0] / 2),
        )


def rank_correlation(x: list[float], y: list[float]) -> float:
    """Spearman's rho without ties to speak of; 0 with fewer than three pairs, or where one of the two never moves.

    Not scipy's, whose import takes a job as long as a short training.
    """
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    x_ranks, y_ranks = (np.argsort(np.argsort(values, kind="stable"), kind="stable") for values in (x, y))
    return float(np.corrcoef(x_ranks, y_ranks)[0, 1])
