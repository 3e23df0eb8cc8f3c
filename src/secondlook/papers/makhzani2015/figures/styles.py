"""Drawn styles with each label: a row a style, a column a label."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.images import nothing_to_show, sheet, show
from secondlook.figures.style import WIDTH
from secondlook.labels import label

METRICS = frozenset[str]()


def draw(data: FigureData, factor: str = "style") -> Figure:
    """Draw a panel a level of ``factor``."""
    found = {
        label(factor, record.cell[factor]): array
        for record in data.records
        for name, array in record.arrays.items()
        if name.endswith("/styles")
    }
    if not found:
        return nothing_to_show("no arm saved images")
    figure, axes = plt.subplots(1, len(found), figsize=(WIDTH, 0.5 * WIDTH), squeeze=False)
    for axis, (name, images) in zip(axes[0], found.items(), strict=True):
        show(axis, sheet(images))
        axis.set(xlabel="labels", ylabel="styles")
        axis.set_title(name, fontsize=8)
    return figure
