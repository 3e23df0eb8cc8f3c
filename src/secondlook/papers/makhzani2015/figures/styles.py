"""Drawn styles with each label: a row a style, a column a label."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH
from secondlook.labels import label
from secondlook.papers.makhzani2015.figures.latent_planes import sheet

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
        figure = plt.figure(figsize=(WIDTH, 1))
        figure.text(0.5, 0.5, "no arm saved images", ha="center", va="center")
        return figure
    figure, axes = plt.subplots(1, len(found), figsize=(WIDTH, 0.5 * WIDTH), squeeze=False)
    for axis, (name, images) in zip(axes[0], found.items(), strict=True):
        axis.imshow(sheet(images), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axis.set(xticks=[], yticks=[], xlabel="labels", ylabel="styles")
        axis.set_title(name, fontsize=8)
    return figure
