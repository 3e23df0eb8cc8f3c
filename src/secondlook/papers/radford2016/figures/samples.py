"""The last sheet of samples of each arm, first seed, with its step."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.images import leave_bare, show, tile
from secondlook.figures.shared.sheets import sheets
from secondlook.figures.style import WIDTH
from secondlook.labels import REMOVED

COLUMNS = 5


def draw(data: FigureData) -> Figure:
    """One sheet an arm, in the order of their labels; an arm whose first seed diverged shows its last sheet before that."""
    found = {str(record.cell["removed"]): sheets(record) for record in sorted(data.records, key=lambda record: -record.seeds[0])}
    arms = [removed for removed in REMOVED if found.get(removed)]
    rows = -(-len(arms) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(WIDTH, (WIDTH / COLUMNS + 0.3) * rows), squeeze=False)
    for axis in axes.flat:
        leave_bare(axis)
    for axis, removed in zip(axes.flat, arms, strict=False):
        step = max(found[removed])
        show(axis, tile(found[removed][step]))
        axis.set_title(REMOVED[removed], fontsize=8, loc="center")
        axis.set_xlabel(f"step {step:,}", fontsize=7)
    return figure
