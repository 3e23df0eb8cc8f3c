"""The generator's gradient at the best discriminator against the shift, and its share of its divergence's slope."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import LOSSES

NAMES = {"minimax": "minimax", "non_saturating": "non-saturating", "ls_0_1_1": "ls-0-1-1", "ls_neg1_1_0": "ls-neg1-1-0"}
METRICS = frozenset(["t", *(f"{kind}_{name}" for kind in ("gradient", "slope") for name in NAMES)])


def draw(data: FigureData) -> Figure:
    """Left: the gradient. Right: the same over the slope of the loss's own divergence."""
    table = data.table.pivot_table(index="step", columns="metric", values="value").sort_values("t")
    table = table[(table["t"] > 0) & (table["t"] <= 8)]
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.2))
    for name, loss in NAMES.items():
        look = LOSS_LOOKS[loss]
        left.plot(table["t"], table[f"gradient_{name}"], marker=look.marker, ms=4, label=LOSSES[loss], **look.line)
        share = table[f"gradient_{name}"] / table[f"slope_{name}"]
        size = {"ms": 8, "mfc": "none"} if loss == "minimax" else {"ms": 4}  # two of them lie on each other
        right.plot(table["t"], share, marker=look.marker, **size, **look.line)
    left.set(title="Gradient against the best D", xlabel="shift t, standard deviations", yscale="log", ylim=(1e-4, 20))
    right.axhline(1, color="#999999", lw=0.8, ls=":", zorder=0)
    right.set(title="Over its divergence's slope", xlabel="shift t, standard deviations", yscale="log")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=7)
    return figure
