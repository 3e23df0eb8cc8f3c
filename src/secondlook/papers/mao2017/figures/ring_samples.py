"""Samples of the first seed on the ring, at some of the recorded steps."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.data.mixtures import mixture
from secondlook.figures.style import WIDTH, styles
from secondlook.papers.mao2017.figures import LOSSES
from secondlook.papers.mao2017.figures.ring_modes import RINGS
from secondlook.tables.arrays import Record

COLUMNS = 6


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict], arrays: dict[str, Sequence[Record]]) -> Figure:
    """A row a ring and a loss, a column a step."""
    rows: dict[tuple[str, str], dict[int, np.ndarray]] = {}
    for record in arrays["ring"]:
        names = {
            int(name.rpartition("_")[2]): array for name, array in record.arrays.items() if name.startswith(f"{record.seeds[0]}/samples_")
        }
        if names:
            rows.setdefault((str(record.cell["data"]), str(record.cell["loss"])), names)
    colours, _, _ = styles([*LOSSES])
    figure, axes = plt.subplots(len(rows), COLUMNS, figsize=(WIDTH, 1.25 * len(rows) + 0.3), squeeze=False, sharex=True, sharey=True)
    several = len({data for data, _ in rows}) > 1
    for line, ((data, loss), samples) in zip(axes, rows.items(), strict=True):
        steps = sorted(samples)
        chosen = [steps[round(place)] for place in np.linspace(0, len(steps) - 1, COLUMNS)]
        for axis, step in zip(line, chosen, strict=True):
            axis.plot(*mixture(data).centres.T, "o", mfc="none", mec="#999999", ms=6, mew=0.7)
            axis.plot(*samples[step].T, ".", color=colours[loss], ms=2, alpha=0.5)
            axis.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xticks=[], yticks=[], aspect="equal")
            axis.set_title(f"step {step:,}", fontsize=7, fontweight="normal", loc="center")
        line[0].set_ylabel(f"{LOSSES[loss]}\n({RINGS[data]})" if several else LOSSES[loss], fontsize=7)
    return figure
