"""Test error of a classifier of few labels, an arm a column, a seed a line."""

from __future__ import annotations

import textwrap

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.panels import KEY
from secondlook.figures.style import BLUE, WIDTH
from secondlook.labels import NOISE_LEVELS, TECHNIQUES
from secondlook.tables.read import snapshot

METRICS = frozenset(["test_error", "diverged"])
ARMS = ("supervised", "ordinary", "minibatch", "feature_matching")
#: error of a classifier that guesses, which one that diverged is given
GUESS = 90.0


def draw(data: FigureData) -> Figure:
    """A panel a noise level."""
    ends = snapshot(data.table).reset_index()
    ends["test_error"] = ends["test_error"].where(~ends["diverged"], GUESS)
    figure, axes = plt.subplots(1, len(NOISE_LEVELS), figsize=(WIDTH, 3.0), sharey=True)
    for axis, (level, name) in zip(axes, NOISE_LEVELS.items(), strict=True):
        lines = ends[ends["noise_level"] == level].pivot_table(index="technique", columns="replica", values="test_error").reindex(ARMS)
        axis.plot(range(len(ARMS)), lines, color=BLUE.colour, marker=BLUE.marker, ms=3, lw=0.8, alpha=0.6)
        axis.plot(range(len(ARMS)), lines.mean(axis=1), "_", color="black", ms=22, mew=1.8)
        axis.set_xticks(range(len(ARMS)), [textwrap.fill(TECHNIQUES[arm], 14) for arm in ARMS], fontsize=7)
        axis.set(title=name.capitalize(), xlim=(-0.4, len(ARMS) - 0.6))
    for axis in axes:  # on a phone they stand one below the other
        axis.tick_params(labelleft=True)
    axes[0].set_ylabel("test error, %")
    axes[list(NOISE_LEVELS).index("low")].set_label(KEY)  # the headline claim is of it
    return figure
