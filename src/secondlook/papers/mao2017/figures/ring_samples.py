"""Samples of the first seed on the ring, at some of the recorded steps."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.data.mixtures import mixture
from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import LOSSES, MIXTURES

COLUMNS = 6


def draw(data: FigureData) -> Figure:
    """A row a ring and a loss, a column a step."""
    rows: dict[tuple[str, str], dict[int, np.ndarray]] = {}
    for record in data.records:
        start = f"{record.seeds[0]}/samples_"
        names = {int(name.removeprefix(start)): array for name, array in record.arrays.items() if name.startswith(start)}
        if names:
            rows.setdefault((str(record.cell["data"]), str(record.cell["loss"])), names)
    figure, axes = plt.subplots(len(rows), COLUMNS, figsize=(WIDTH, 1.25 * len(rows) + 0.3), squeeze=False, sharex=True, sharey=True)
    several = len({ring for ring, _ in rows}) > 1
    for line, ((ring, loss), samples) in zip(axes, rows.items(), strict=True):
        steps = sorted(samples)
        chosen = [steps[round(place)] for place in np.linspace(0, len(steps) - 1, COLUMNS)]
        for axis, step in zip(line, chosen, strict=True):
            axis.plot(*mixture(ring).centres.T, "o", mfc="none", mec="#999999", ms=6, mew=0.7)
            axis.plot(*samples[step].T, ".", color=LOSS_LOOKS[loss].colour, ms=2, alpha=0.5)
            axis.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xticks=[], yticks=[], aspect="equal")
            axis.set_label(f"step {step:,} | {LOSSES[loss]}{f', {MIXTURES[ring]}' if several else ''}")
            axis.set_title(f"step {step:,}", fontsize=7, fontweight="normal", loc="center")
        line[0].set_ylabel(f"{LOSSES[loss]}\n({MIXTURES[ring]})" if several else LOSSES[loss], fontsize=6.5)
    return figure
