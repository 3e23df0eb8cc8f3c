"""What a generator minimises against the optimal discriminator, and the gradient that it gets there, by quadrature.

N(0, 1) are the data, N(t, 1) the generator. A sweep over the shift t: a row's step is the index of t, and t itself is a metric. Nothing is
random; one seed is enough.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from secondlook.errors import UserError
from secondlook.metrics import divergences
from secondlook.papers.mao2017.gradients import CODINGS, gradients, split
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import at_least, finite

#: codings (a, b, c) that no paper uses, on which the general identity is checked as well
OTHERS = ((0.0, 1.0, 0.5), (-1.0, 1.0, 1.0), (2.0, -1.0, 0.5))
#: losses whose gradient is computed, as metrics name them
LOSSES = ("minimax", "non_saturating", *(f"ls_{coding}" for coding in CODINGS))
#: divergences whose gain between two far shifts is measured
CHANGING = ("jsd", "chi2", "binary", "w1")
#: standard deviations beyond both means that the grid covers: what lies outside is below 1e-30
TAIL = 12.0


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of this computation."""

    #: shifts of the generator's density
    #: they rise
    shifts: tuple[float, ...]
    #: two shifts between which a divergence that saturates must not change
    #: at the first, gradients that vanish must have done so
    far: tuple[float, float] = (8.0, 16.0)
    #: shift at which a generator is near the data
    near: float = 0.25
    #: grid points per unit of x
    density: int = 200

    def __post_init__(self) -> None:
        finite(self, "shifts", "far", "near")
        at_least(self, 1, "density")
        if list(self.shifts) != sorted(set(self.shifts)) or len(self.far) != 2 or not {*self.far, self.near} <= set(self.shifts):
            found = f"got shifts {self.shifts}, far {self.far} and near {self.near}"
            raise UserError(f"settings: 'shifts' must rise and hold both of 'far', and 'near'; {found}")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        rows = {"t", "jsd", "w1", "chi2", "binary"} | {f"{name}_{coding}" for name in ("twice_c", "g_loss") for coding in CODINGS}
        rows |= {f"{name}_{loss}" for name in ("gradient", "slope") for loss in LOSSES}
        last = {"chi2_gap", "coding_gap", "zero_sum_gap", "far_gap"} | {f"follows_{coding}" for coding in CODINGS}
        return rows | last | {f"{name}_change" for name in CHANGING}


def run(job: Job) -> Result:
    """Measure every shift.

    Metrics of each row: t, jsd, w1; chi2, the divergence of the paper's theorem, and binary, the integral of q^2 / (p + q);
    twice_c_<coding>, 2 C(G) as the theorem's proof defines it; g_loss_<coding>, half of the mean square that G itself sees; and
    gradient_<loss> and slope_<loss> (`secondlook.papers.mao2017.gradients`).
    Of the last row also:

    - ``chi2_gap``: largest difference between 2 C(G) of (-1, 1, 0) and chi2 over all shifts
    - ``coding_gap``: the same between 2 C(G) and 2 alpha^2 + beta^2 chi2, over the paper's codings and three others too
    - ``zero_sum_gap``: the same between gradient_minimax and slope_minimax
    - ``follows_<coding>``: gradient over slope at the shift ``near``: 1 where the generator descends on its divergence
    - ``far_gap``: at the first of the shifts ``far`` the largest of the gradients of minimax and least squares and of the relative
      difference of the non-saturating one from t
    - ``<name>_change``: what a divergence gains between the two far shifts
    """
    settings = job.settings(Settings)
    shifts = [float(t) for t in settings.shifts]
    rows = [measure(t, settings.density) for t in shifts]
    near, (far, farther) = rows[shifts.index(settings.near)], (rows[shifts.index(t)] for t in settings.far)
    vanished = [abs(far[f"gradient_{loss}"]) for loss in LOSSES if loss != "non_saturating"]
    summary = {
        **{f"{name}_change": farther[name] - far[name] for name in CHANGING},
        "chi2_gap": max(abs(row["twice_c_neg1_1_0"] - row["chi2"]) for row in rows),
        "coding_gap": max(abs(gap) for t in shifts for gap in coding_gaps(t, settings.density)),
        "zero_sum_gap": max(abs(row["gradient_minimax"] - row["slope_minimax"]) for row in rows),
        **{f"follows_{coding}": near[f"gradient_ls_{coding}"] / near[f"slope_ls_{coding}"] for coding in CODINGS},
        "far_gap": max(*vanished, abs(far["gradient_non_saturating"] / far["t"] - 1)),
    }
    history = History()
    for seed in job.seeds:
        for index, row in enumerate(rows):
            history.add(seed, index, **row, **(summary if row is rows[-1] else {}))
    return Result(history)


def densities(t: float, density: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logarithms of N(0, 1) and N(t, 1) and their grid, [n] each."""
    x = np.linspace(-TAIL, t + TAIL, round((t + 2 * TAIL) * density) + 1)
    log_p, log_q = (-((x - mean) ** 2) / 2 - math.log(2 * math.pi) / 2 for mean in (0.0, t))
    return log_p, log_q, x


def squares(log_p: np.ndarray, log_q: np.ndarray, targets: tuple[float, float, float]) -> np.ndarray:
    """Square of D* - c on the grid, [n]."""
    a, b, c = targets
    return (divergences.optimal_ls_discriminator(log_p, log_q, a, b) - c) ** 2


def coding_gaps(t: float, density: int) -> list[float]:
    """2 C(G), as its definition has it, less 2 alpha^2 + beta^2 chi^2, of each coding."""
    log_p, log_q, x = densities(t, density)
    both, chi2 = np.exp(log_p) + np.exp(log_q), divergences.pearson_chi2(log_p, log_q, x)
    gaps = []
    for targets in (*CODINGS.values(), *OTHERS):
        alpha, beta = split(*targets)
        gaps.append(float(np.trapezoid(both * squares(log_p, log_q, targets), x)) - (2 * alpha**2 + beta**2 * chi2))
    return gaps


def measure(t: float, density: int) -> dict[str, float]:
    """Return the metrics of one shift, see `run`."""
    log_p, log_q, x = densities(t, density)
    row = {
        "t": t,
        "jsd": divergences.jensen_shannon(log_p, log_q, x),
        "w1": divergences.wasserstein(log_p, log_q, x),
        "chi2": divergences.pearson_chi2(log_p, log_q, x),
        "binary": divergences.ls_binary(log_p, log_q, x),
        **gradients(log_p, log_q, x, t),
    }
    for coding, targets in CODINGS.items():
        square = squares(log_p, log_q, targets)
        # The proof adds the mean over the data to G's loss, since it does not depend on G as long as D stands still.
        row[f"twice_c_{coding}"] = float(np.trapezoid((np.exp(log_p) + np.exp(log_q)) * square, x))
        row[f"g_loss_{coding}"] = float(np.trapezoid(np.exp(log_q) * square, x)) / 2
    return row
