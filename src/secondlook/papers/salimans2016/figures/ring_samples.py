"""Samples of the first seed on the ring, an arm a picture."""

from __future__ import annotations

import textwrap

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from secondlook.data.mixtures import mixture
from secondlook.figures.data import FigureData
from secondlook.figures.style import BLUE, VERMILLION, WIDTH
from secondlook.labels import TECHNIQUES

SHOWN = ("none", "feature_matching", "minibatch", "historical", "virtual", "recipe")


def draw(data: FigureData) -> Figure:
    """A column a technique."""
    target = mixture("ring-wide")
    figure, axes = plt.subplots(1, len(SHOWN), figsize=(WIDTH, 1.6), sharex=True, sharey=True)
    for axis, technique in zip(axes, SHOWN, strict=True):
        for centre in target.centres:
            axis.add_patch(Circle((float(centre[0]), float(centre[1])), 3 * target.std, fill=False, ec="#999999", lw=0.7))
        for record in data.records:
            samples = record.arrays.get(f"{record.seeds[0]}/samples")
            if record.cell["technique"] == technique and samples is not None:  # one that diverged has saved none
                axis.plot(*samples.T, ".", color=(VERMILLION if technique == "none" else BLUE).colour, ms=1.2, alpha=0.5)
        axis.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xticks=[], yticks=[], aspect="equal")
        axis.set_title(textwrap.fill(TECHNIQUES[technique], 14), fontsize=7, fontweight="normal", loc="center")
    return figure
