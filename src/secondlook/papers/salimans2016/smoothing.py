"""The best discriminator with smoothed labels, and what it leaves of the generator's gradient (section 3.4).

Data are N(0, 1), fakes N(t, 1). The best D is found bin by bin, by Newton's method on its logit, and compared with the closed form.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
from scipy import stats

from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import above, at_least

#: smoothing -> D's targets alpha on data and beta on fakes
TARGETS = {"none": (1.0, 0.0), "one_sided": (0.9, 0.0), "two_sided": (0.9, 0.1)}


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of it."""

    #: how D's targets are smoothed
    smoothing: Literal["none", "one_sided", "two_sided"]
    #: mean of the fakes
    shift: float = 6.0
    #: bins
    bins: int = 201

    def __post_init__(self) -> None:
        above(self, 0, "shift")
        at_least(self, 3, "bins")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {"x", "best", "push", "best_gap", "far_value", "far_push_share"}


def closed_form(data: np.ndarray, fakes: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    """Return (alpha p_d + beta p_g) / (p_d + p_g)."""
    return (alpha * data + beta * fakes) / (data + fakes)


def solved(data: np.ndarray, fakes: np.ndarray, alpha: float, beta: float, rounds: int = 200) -> np.ndarray:
    """Return the D that minimises the smoothed cross-entropy in each bin, by damped Newton steps on its logit.

    In a bin the loss is p_d times the cross-entropy of D with alpha plus p_g times that with beta: its slope in the logit is
    (p_d + p_g) D - alpha p_d - beta p_g.
    """
    logit = np.zeros_like(data)
    weight = data + fakes
    for _ in range(rounds):
        best = 1 / (1 + np.exp(-logit))
        slope = best - (alpha * data + beta * fakes) / weight
        logit = np.clip(logit - np.clip(slope / np.maximum(best * (1 - best), 1e-300), -1.0, 1.0), -700, 700)
    return 1 / (1 + np.exp(-logit))


def push(x: np.ndarray, shift: float, alpha: float, beta: float) -> np.ndarray:
    """Return d/dx log D*(x), which the non-saturating generator follows: its sample at x moves up log D."""
    data, fakes = stats.norm.pdf(x), stats.norm.pdf(x, shift)
    top, bottom = alpha * data + beta * fakes, data + fakes
    return (alpha * -x * data + beta * -(x - shift) * fakes) / top - (-x * data - (x - shift) * fakes) / bottom


def run(job: Job) -> Result:
    """Compute everything, the same for each seed.

    Metrics: at each step, a bin: ``x``, ``best`` (the closed form) and ``push``. At the last one also ``best_gap``, the largest difference
    of the solved D from the closed form; ``far_value``, the solved D at the fakes' mean; and ``far_push_share``, the push there over that
    without smoothing.
    """
    settings = job.settings(Settings)
    alpha, beta = TARGETS[settings.smoothing]
    x = np.linspace(-4.0, settings.shift + 4.0, settings.bins)
    data, fakes = stats.norm.pdf(x), stats.norm.pdf(x, settings.shift)
    best, found = closed_form(data, fakes, alpha, beta), solved(data, fakes, alpha, beta)
    far = np.array([settings.shift])
    far_value = solved(stats.norm.pdf(far), stats.norm.pdf(far, settings.shift), alpha, beta)[0]
    share = push(far, settings.shift, alpha, beta)[0] / push(far, settings.shift, 1.0, 0.0)[0]
    pushes = push(x, settings.shift, alpha, beta)
    history = History()
    for seed in job.seeds:
        for place in range(settings.bins):
            history.add(seed, place, x=x[place], best=best[place], push=pushes[place])
        history.add(seed, settings.bins - 1, best_gap=np.abs(found - best).max(), far_value=far_value, far_push_share=share)
    return Result(history)
