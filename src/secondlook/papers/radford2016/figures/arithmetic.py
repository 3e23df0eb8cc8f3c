"""Arithmetic in the noise: exemplars and what they give, and over all replicas how often it works and what ink it has."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.images import leave_bare, show
from secondlook.figures.style import BLUE, ORANGE, VERMILLION, WIDTH
from secondlook.papers.radford2016.figures import first_strip, picture
from secondlook.tables.read import snapshot

METRICS = frozenset(["wanted_1", "wanted_3", "wanted_1_short", "ink_1", "ink_3"])
COLUMNS = ("thick a", "- thin a", "+ thin b", "of one", "of three")
WAYS = {"1": ("one", VERMILLION), "1_short": ("one, cut\nto noise's\nlength", ORANGE), "3": ("three", BLUE)}


def draw(data: FigureData) -> Figure:
    """Left the sums of the first seed; right every replica."""
    strip = first_strip(data, "arithmetic")
    rows = len(strip) if strip is not None else 4
    figure = plt.figure(figsize=(WIDTH, 0.75 * rows + 0.6))
    left, right = figure.subfigures(1, 2, width_ratios=[1.15, 1])
    axes = left.subplots(rows, len(COLUMNS), squeeze=False)
    for axis in axes.flat:  # nothing is drawn where the first seed diverged, or found too few exemplars
        leave_bare(axis)
    for line, images in zip(axes, strip if strip is not None else [], strict=False):
        for axis, image in zip(line, images, strict=True):
            show(axis, picture(image))
    for axis, name in zip(axes[0], COLUMNS, strict=True):
        axis.set_title(name, fontsize=7.5, fontweight="normal", loc="center")
    end = snapshot(data.table)
    share, ink = right.subplots(1, 2, width_ratios=[1.5, 1])
    for axis, metric, ways, title in (
        (share, "wanted", WAYS, "Wanted digits, share"),
        (ink, "ink", {name: way for name, way in WAYS.items() if name != "1_short"}, "Ink"),
    ):
        for place, (name, (_, look)) in enumerate(ways.items()):
            values = end[f"{metric}_{name}"].dropna()
            axis.plot(place + np.linspace(-0.15, 0.15, len(values)), values, ms=4, alpha=0.8, **look.points)
            axis.plot(place, values.mean(), "_", color="black", ms=16)
        axis.set_xticks(range(len(ways)), [label for label, _ in ways.values()], fontsize=7)
        axis.set(xlim=(-0.5, len(ways) - 0.5))
        axis.set_title(title, fontsize=8)
        axis.set_xlabel("exemplars", fontsize=8)
    share.set_ylim(bottom=0)
    return figure
