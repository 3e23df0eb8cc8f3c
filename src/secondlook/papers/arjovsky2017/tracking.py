"""Whether a loss follows the quality of the samples: numbers of a whole training, for its last row."""

from __future__ import annotations

import numpy as np

from secondlook.runner.job import Result
from secondlook.train.duel import UPHILL

#: what `add_tracking` and `add_collapses` add
TRACKING = ("tracking", "late", "halved", "collapsed")
#: rows that a rank correlation needs
FEWEST = 3


def add_tracking(result: Result, quality: str) -> None:
    """Add to the last row of each replica that did not diverge what follows from all of its rows.

    Metrics: ``tracking``, Spearman's rho of the loss estimate and ``quality`` (a distance: 1 is a loss that falls as samples improve); the
    estimate is -d_loss, and log 2 - d_loss / 2 of a GAN has the same ranks. ``late``, the distance's mean over the last quarter of the
    rows. ``halved``, 1 if it was at half of its first value or below at some row: a generator that has learned something, and may have lost
    it since. Where they were recorded: ``fresh_tracking``, as ``tracking`` but of a critic retrained from scratch at each row;
    ``ever_uphill``, 1 if any step of the critic went up its own gradient.
    """
    table: dict[int, dict[str, dict[int, float]]] = {}
    for replica, step, metric, value in result.history.rows:
        table.setdefault(replica, {}).setdefault(metric, {})[step] = value
    for replica, metrics in table.items():
        if "diverged" in metrics:
            continue
        distances = metrics[quality]
        ends = list(distances.values())
        found = {
            "tracking": _tracking(metrics.get("d_loss", {}), distances),
            "late": float(np.mean(ends[-max(1, len(ends) // 4) :])),
            "halved": float(min(ends) <= ends[0] / 2),
        }
        if "fresh_d_loss" in metrics:
            found["fresh_tracking"] = _tracking(metrics["fresh_d_loss"], distances)
        if UPHILL in metrics:
            found["ever_uphill"] = float(max(metrics[UPHILL].values()) > 0)
        result.history.add(replica, max(distances), **found)


def add_collapses(result: Result, counted: str, least: int) -> None:
    """Add to the last row of each replica that did not diverge whether it collapsed, after `add_tracking`.

    Metric: ``collapsed``, 1 if its distance had halved and it ends with fewer than ``least`` of what ``counted`` counts (classes, modes): a
    generator that still makes noise has few as well, and has lost none.
    """
    counts = {replica: value for replica, _, metric, value in result.history.rows if metric == counted}
    halved = [(replica, step, value) for replica, step, metric, value in result.history.rows if metric == "halved"]
    for replica, step, learned in halved:
        result.history.add(replica, step, collapsed=float(learned == 1 and counts[replica] < least))


def _tracking(losses: dict[int, float], distances: dict[int, float]) -> float:
    """Rank correlation of the estimate that a loss gives and the distance, over the steps that have both."""
    both = sorted(set(distances) & set(losses))
    return rank_correlation([-losses[step] for step in both], [distances[step] for step in both])


def rank_correlation(x: list[float], y: list[float]) -> float:
    """Spearman's rho without ties to speak of; 0 with fewer than three pairs, or where one of the two never moves.

    Not scipy's, whose import takes a job as long as a short training.
    """
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    x_ranks, y_ranks = (np.argsort(np.argsort(values, kind="stable"), kind="stable") for values in (x, y))
    return float(np.corrcoef(x_ranks, y_ranks)[0, 1])
