"""Sheets of generated images over training, as image games save them (`secondlook.games.images`): one row an arm.

Shapes: N images, C channels (1 or 3), H height, W width.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.images import nothing_to_show, show, tile
from secondlook.figures.style import WIDTH
from secondlook.labels import label
from secondlook.tables.arrays import Record

#: letters of a line of a row's label
LETTERS = 20


def draw(data: FigureData, rows: Sequence[str] = ("loss",)) -> Figure:
    """The first seed of each arm; where seeds have runs of their own, the lowest one's.

    Args:
        data: one experiment's arrays.
        rows: factors that label a row. A cell may lack some of them; one that has any other factor is left out.
    """
    arms: dict[str, dict[int, np.ndarray]] = {}
    for record in sorted(data.records, key=lambda record: record.seeds[0]):
        if set(record.cell) <= set(rows):
            parts = [label(factor, record.cell[factor]) for factor in rows if factor in record.cell]
            arms.setdefault("\n".join(textwrap.fill(part, LETTERS) for part in parts), sheets(record))
    return draw_sheets(arms)


def sheets(record: Record) -> dict[int, np.ndarray]:
    """Return step -> uint8 images [N, C, H, W] of the one seed of a run that saved sheets; empty where none did."""
    return {int(name.rpartition("_")[2]): array for name, array in record.arrays.items() if "/sheet_" in name}


def draw_sheets(arms: Mapping[str, Mapping[int, np.ndarray]], columns: int = 4) -> Figure:
    """Draw a row an arm (label -> its sheets) and a column a step: all, or evenly spaced among those saved, the first and last included.

    An arm without sheets (it diverged before it saved any) is left out.
    """
    arms = {name: found for name, found in arms.items() if found}
    if not arms:
        return nothing_to_show("no arm saved samples")
    columns = min([columns, *map(len, arms.values())])
    figure, axes = plt.subplots(len(arms), columns, figsize=(WIDTH, WIDTH / columns * len(arms)), squeeze=False)
    for row, (name, found) in zip(axes, arms.items(), strict=True):
        steps = sorted(found)
        chosen = [steps[round(place)] for place in np.linspace(0, len(steps) - 1, columns)]
        for axis, step in zip(row, chosen, strict=True):
            show(axis, tile(found[step]))
            axis.set_title(f"step {step:,}", fontsize=7, fontweight="normal", loc="center")
            axis.set_label(f"step {step:,} | {' '.join(name.split())}")
        row[0].set_ylabel(name, fontsize=8)
    return figure
