"""The pictures that the runs saved."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData


def draw(data: FigureData) -> Figure:
    """A picture a replica."""
    (record,) = data.records
    figure, axes = plt.subplots(1, len(record.seeds), figsize=(3, 1))
    for axis, seed in zip(axes, record.seeds, strict=True):
        axis.imshow(record.arrays[f"{seed}/picture"])
    return figure
