"""What LSGAN's generator minimises against the optimal discriminator, by quadrature: N(0, 1) for the data, N(t, 1) for the generator.

A sweep over the shift t: a row's step is the index of t, and t itself is a metric. Nothing is random; one seed is enough.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from secondlook.errors import UserError
from secondlook.metrics import divergences
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import at_least, finite

#: coding -> (a, b, c) of Mao et al. 2017, section 3.2: D aims at a on fakes and b on data, G at c
CODINGS = {"neg1_1_0": (-1.0, 1.0, 0.0), "0_1_1": (0.0, 1.0, 1.0)}
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
    far: tuple[float, float] = (8.0, 16.0)
    #: grid points per unit of x
    density: int = 200

    def __post_init__(self) -> None:
        finite(self, "shifts", "far")
        at_least(self, 1, "density")
        if list(self.shifts) != sorted(set(self.shifts)) or len(self.far) != 2 or not set(self.far) <= set(self.shifts):
            raise UserError(f"settings: 'shifts' must rise and hold both of 'far', got shifts {self.shifts} and far {self.far}")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        rows = {"t", "jsd", "w1", "chi2", "binary"} | {f"{name}_{coding}" for name in ("twice_c", "g_loss") for coding in CODINGS}
        return rows | {"chi2_gap", "binary_gap", "same_gap"} | {f"{name}_change" for name in CHANGING}


def run(job: Job) -> Result:
    """Measure every shift.

    Metrics of each row: t, jsd, w1; chi2, the divergence of the paper's theorem, and binary, the integral of q^2 / (p + q);
    twice_c_<coding>, 2 C(G) as the theorem's proof defines it; and g_loss_<coding>, half of the mean square that G itself sees.
    Of the last row also: chi2_gap and binary_gap, the largest difference between 2 C(G) and those two over all shifts; same_gap, that
    between 2 C(G) of (0, 1, 1) and 1/2 + chi2 / 4, which it equals since q = ((p + q) + (q - p)) / 2; and <name>_change, what a
    divergence gains between the two far shifts.
    """
    settings = job.settings(Settings)
    shifts = [float(t) for t in settings.shifts]
    rows = [measure(t, settings.density) for t in shifts]
    near, far = (rows[shifts.index(t)] for t in settings.far)
    summary = {f"{name}_change": far[name] - near[name] for name in CHANGING} | {
        "chi2_gap": max(abs(row["twice_c_neg1_1_0"] - row["chi2"]) for row in rows),
        "binary_gap": max(abs(row["twice_c_0_1_1"] - row["binary"]) for row in rows),
        "same_gap": max(abs(row["twice_c_0_1_1"] - 0.5 - row["chi2"] / 4) for row in rows),
    }
    history = History()
    for seed in job.seeds:
        for index, row in enumerate(rows):
            history.add(seed, index, **row, **(summary if row is rows[-1] else {}))
    return Result(history)


def measure(t: float, density: int) -> dict[str, float]:
    """Return the metrics of one shift, see `run`."""
    x = np.linspace(-TAIL, t + TAIL, round((t + 2 * TAIL) * density) + 1)
    log_p, log_q = (-((x - mean) ** 2) / 2 - math.log(2 * math.pi) / 2 for mean in (0.0, t))
    row = {
        "t": t,
        "jsd": divergences.jensen_shannon(log_p, log_q, x),
        "w1": divergences.wasserstein(log_p, log_q, x),
        "chi2": divergences.pearson_chi2(log_p, log_q, x),
        "binary": divergences.ls_binary(log_p, log_q, x),
    }
    for coding, (a, b, c) in CODINGS.items():
        square = (divergences.optimal_ls_discriminator(log_p, log_q, a, b) - c) ** 2
        # The proof adds the mean over the data to G's loss, since it does not depend on G as long as D stands still.
        row[f"twice_c_{coding}"] = float(np.trapezoid((np.exp(log_p) + np.exp(log_q)) * square, x))
        row[f"g_loss_{coding}"] = float(np.trapezoid(np.exp(log_q) * square, x)) / 2
    return row
