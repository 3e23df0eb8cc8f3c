"""Distance of the codes to the prior, quality of what decodes, and error of reconstruction: every replica a point."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.panels import KEY
from secondlook.figures.style import BLACK, BLUE, GREEN, ORANGE, VERMILLION, WIDTH, Look, plain_log
from secondlook.labels import MODELS
from secondlook.tables.read import snapshot

DISTANCES = {"sliced_w": ("codes", BLUE), "sliced_w_whitened": ("codes, place and size put right", ORANGE)}
QUALITIES = {
    "fid_a": ("from the prior", BLUE),
    "fid_a_fitted": ("from a fitted Gaussian (control)", ORANGE),
    "fid_a_midpoints": ("halfway between two codes", GREEN),
    "fid_a_reconstructed": ("from the codes themselves", VERMILLION),
}
ERRORS = {"reconstruction": ("test images", BLUE)}
METRICS = frozenset([*DISTANCES, *QUALITIES, *ERRORS, "sliced_w_floor", "fid_a_floor", "diverged"])


def draw(data: FigureData) -> Figure:
    """Draw a panel a quantity and a group a model."""
    final = snapshot(data.table).reset_index()
    final = final[~final["diverged"]]
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 3.1), width_ratios=[1, 1.6, 0.8])
    panel(axes[0], final, DISTANCES, "sliced_w_floor", "Distance to the prior")
    panel(axes[1], final, QUALITIES, "fid_a_floor", "Frechet distance of images")
    panel(axes[2], final, ERRORS, None, "Squared error")
    axes[1].set_label(KEY)
    axes[2].set_ylim(0, 1.15 * axes[2].get_ylim()[1])
    return figure


def panel(axis: Axes, final: pd.DataFrame, metrics: dict[str, tuple[str, Look]], floor: str | None, title: str) -> None:
    """Draw each metric's replicas beside each other, a black line at their geometric mean; dotted, the floor."""
    models = [model for model in MODELS if model in set(final["model"])]
    step = 0.8 / len(metrics)
    for group, model in enumerate(models):
        rows = final[final["model"] == model]
        for place, (metric, (_, look)) in enumerate(metrics.items()):
            if metric not in rows:
                continue
            values = rows[metric].dropna().to_numpy()
            x = group + (place - (len(metrics) - 1) / 2) * step
            axis.plot(x + np.linspace(-0.3, 0.3, len(values)) * step, values, look.marker, color=look.colour, ms=3, alpha=0.8)
            if len(values) and (values > 0).all():
                axis.hlines(np.exp(np.log(values).mean()), x - 0.42 * step, x + 0.42 * step, color=BLACK.colour, lw=1.2)
    if floor:
        axis.axhline(final[floor].mean(), color="black", lw=0.9, ls=":")
        plain_log(axis)
    axis.set_xticks(range(len(models)), [MODELS[model] for model in models], fontsize=8)
    axis.set_title(title, fontsize=8)
    axis.tick_params(axis="y", labelsize=7)
    handles = [plt.Line2D([], [], ls="", marker=look.marker, color=look.colour, ms=4, label=name) for name, look in metrics.values()]
    axis.legend(handles=handles, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.1))
    axis.set_xlim(-0.6, len(models) - 0.4)
