"""Codes of test images in the plane over the prior's contours, and below them what decodes from even steps through the prior.

Shapes: N codes, D pixels of a square image, K components.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.images import nothing_to_show, sheet, show
from secondlook.figures.style import WIDTH
from secondlook.labels import label
from secondlook.papers.makhzani2015.figures import first

METRICS = frozenset[str]()
#: standard deviations at which contours are drawn
CONTOURS = (1.0, 2.0)
#: share of the codes that a panel shows, so that a few far ones do not shrink the rest
SHOWN = 0.99


def draw(data: FigureData, factor: str = "model", prior: str = "gaussian", fitted: str | None = None) -> Figure:
    """Draw a column an arm; of the level ``fitted`` a further one, with the Gaussian that was fitted to its codes in place of the prior.

    Args:
        data: one experiment's arrays.
        factor: whose levels are the columns.
        prior: the one that contours show.
        fitted: level of the control.
    """
    columns: list[tuple[str, Mapping[str, np.ndarray], bool]] = []
    for record in data.records:
        if arrays := first(record):
            columns.append((label(factor, record.cell[factor]), arrays, False))
            if record.cell[factor] == fitted:
                columns.append((f"{label(factor, record.cell[factor])},\nfitted Gaussian", arrays, True))
    columns.sort(key=lambda column: column[2])  # the control stands last
    if not columns:
        return nothing_to_show("no arm saved codes")
    size = WIDTH / max(len(columns), 3)
    figure, axes = plt.subplots(2, len(columns), figsize=(size * len(columns), 2 * size + 0.5), squeeze=False)
    for place, (name, shown, control) in enumerate(columns):
        plane(axes[0, place], shown, prior, control)
        axes[0, place].set_title(name, fontsize=8, loc="center")
        show(axes[1, place], sheet(shown["grid_fitted" if control else "grid"]))
    handles = [plt.Line2D([], [], ls="", marker="o", ms=4, color=colour, label=str(digit)) for digit, colour in enumerate(colours())]
    figure.legend(handles=handles, loc="outside lower center", ncols=10, fontsize=7, handletextpad=0.1, columnspacing=1.0)
    return figure


def colours() -> list[tuple[float, ...]]:
    """A colour for each digit; ten are more than the eye tells apart, so no statement rests on them."""
    return [tuple(plt.get_cmap("turbo")(0.04 + 0.92 * digit / 9)) for digit in range(10)]


def plane(axis: Axes, arrays: Mapping[str, np.ndarray], prior: str, control: bool) -> None:
    """Draw the codes, and over them ellipses of the prior or of the fitted Gaussian."""
    codes, labels = arrays["codes"], arrays["labels"]
    axis.scatter(codes[:, 0], codes[:, 1], c=np.array(colours())[labels], s=1.5, lw=0, rasterized=True)
    ellipses = [(arrays["fitted"][0], np.linalg.cholesky(arrays["fitted"][1:]))] if control else shapes(prior)
    angles = np.linspace(0, 2 * math.pi, 100)
    circle = np.stack([np.cos(angles), np.sin(angles)])
    for mean, factor in ellipses:
        for size in CONTOURS:
            outline = mean[:, None] + size * (factor @ circle)
            axis.plot(*outline, color="black", lw=0.8)
    reach = np.quantile(np.abs(codes - np.median(codes, 0)), SHOWN)
    centre = np.median(codes, 0)
    for set_limits, middle in ((axis.set_xlim, centre[0]), (axis.set_ylim, centre[1])):
        set_limits(min(middle - 1.15 * reach, -2.4), max(middle + 1.15 * reach, 2.4))
    axis.set_aspect("equal", adjustable="datalim")
    axis.tick_params(labelsize=6)


def shapes(prior: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Mean and factor of each of the prior's components, the same as `secondlook.papers.makhzani2015.priors` has, without torch."""
    if prior == "gaussian":
        return [(np.zeros(2), np.eye(2))]
    angles = np.arange(10) * (2 * math.pi / 10)
    along, across = np.stack([np.cos(angles), np.sin(angles)], 1), np.stack([-np.sin(angles), np.cos(angles)], 1)
    return [(1.4 * line, np.stack([0.5 * line, 0.1 * side], 1)) for line, side in zip(along, across, strict=True)]
