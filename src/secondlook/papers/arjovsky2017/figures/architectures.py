"""Frechet distance, classes and collapse of three generators with two losses."""

from __future__ import annotations

import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from secondlook.figures.data import FigureData
from secondlook.figures.panels import KEY
from secondlook.figures.style import LOSS_LOOKS, WIDTH, plain_log
from secondlook.labels import GENERATORS, LOSSES
from secondlook.papers.arjovsky2017.figures import cell
from secondlook.tables.read import snapshot

PANELS = {"fid_a": "Frechet distance", "classes_a": "classes with 2 % or more", "largest_share_a": "largest class's share"}
SIDES = {"wasserstein": -0.17, "non-saturating": 0.17}
METRICS = frozenset([*PANELS, "fid_a_floor", "judged", "collapsed", "halved", "diverged"])


def draw(data: FigureData) -> Figure:
    """Three panels; crosses mark collapses. A replica that diverged has no point."""
    table = pd.concat(data.tables.values(), ignore_index=True)
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 3.1))
    collapses: list[float] = []
    generators = {key: name for key, name in GENERATORS.items() if key in set(table["generator"])}
    for place, generator in enumerate(generators):
        for loss, shift in SIDES.items():
            rows = cell(table, generator=generator, loss=loss)
            if rows.empty:
                continue
            final = snapshot(rows).reindex(columns=sorted(METRICS))  # where all diverged, some were never measured
            collapsed = final["collapsed"].where(~final["diverged"])
            collapses += list(collapsed[final["halved"] == 1].dropna()) if loss == "wasserstein" else []
            spots = place + shift + np.linspace(-0.07, 0.07, len(final))
            for axis, metric in zip(axes, PANELS, strict=True):
                values = final[metric].where(~final["diverged"])
                axis.plot(spots, values, ms=4.5, label=LOSSES[loss] if place == 0 else None, **LOSS_LOOKS[loss].points)
                axis.plot(spots[collapsed == 1], values[collapsed == 1], "x", color="black", ms=8)
    floor = table.loc[table["metric"] == "fid_a_floor", "value"].mean()
    axes[0].axhline(floor, color="#777777", lw=0.9, ls=":")
    plain_log(axes[0])
    for axis, title in zip(axes, PANELS.values(), strict=True):
        axis.set_xticks(range(len(generators)), [textwrap.fill(name, 16) for name in generators.values()], fontsize=6)
        axis.set_title(title, fontsize=8.5)
        axis.set_xlim(-0.5, len(generators) - 0.5)
    judged = table.loc[table["metric"] == "judged", "value"]
    axes[0].set_ylabel(f"of {judged.max():,.0f} samples" if len(judged) else "", fontsize=8)
    axes[1].set_ylim(0, 10.5)
    axes[2].set_ylim(0, 1.05)
    axes[1].set_label(KEY)
    axes[2].legend(fontsize=7, loc="lower right")
    figure.supxlabel(bound_text(collapses), fontsize=8)
    return figure


def bound_text(collapses: list[float]) -> str:
    """The count of collapses with its one-sided 95 % bound (Clopper & Pearson 1934)."""
    hits, runs = int(sum(collapses)), len(collapses)
    if not runs:
        return "WGAN: no run has halved its distance, so none can count as collapsed or not"
    bound = 1.0 if hits == runs else stats.beta.ppf(0.95, hits + 1, runs - hits)
    return f"WGAN: {hits} of {runs} runs that halved their distance collapsed; 95 % upper bound of the share {bound:.2f}"
