"""The Parzen estimates of each seed, beside that of real images."""

from __future__ import annotations

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLUE, VERMILLION, WIDTH
from secondlook.tables.read import snapshot

METRICS = frozenset(["parzen", "parzen_draw", "parzen_sigma", "parzen_spread", "parzen_ceiling", "parzen_ceiling_sigma", "diverged"])


def draw(data: FigureData) -> Figure:
    """Draws are small points, their mean a large one with the standard deviation over draws; the paper's number a dashed line."""
    table = data.table
    final = snapshot(table).reset_index().sort_values("replica")
    figure, axis = plt.subplots(figsize=(WIDTH, 3.0))
    for place, seed in enumerate(final["replica"]):
        own = table[table["replica"] == seed]
        values = own.loc[own["metric"] == "parzen_draw", "value"]
        axis.plot([place - 0.12] * len(values), values, ls="", marker="o", ms=2.5, color=BLUE.colour, alpha=0.6)
        sigmas = sorted({f"{sigma:.2f}" for sigma in own.loc[own["metric"] == "parzen_sigma", "value"]})
        label = f"sigma {', '.join(sigmas)}"
        axis.annotate(label, (place, final["parzen"].iloc[place]), xytext=(7, 0), textcoords="offset points", va="center", fontsize=7)
    axis.errorbar(range(len(final)), final["parzen"], final["parzen_spread"], ls="", marker="s", ms=4, capsize=3, color=BLUE.colour)
    ceiling, sigma = final["parzen_ceiling"].mean(), final["parzen_ceiling_sigma"].mean()
    axis.axhline(ceiling, color="black", lw=1.0)
    axis.annotate(
        f"training images: {ceiling:.0f} nats, sigma {sigma:.2f}", (-0.45, ceiling), xytext=(0, 3), textcoords="offset points", fontsize=7
    )
    if "G5" in data.claims:
        reported = data.claims["G5"]["reported"]
        axis.axhline(reported["value"], color=VERMILLION.colour, lw=1.0, ls="--", zorder=1, label=f"paper: {reported['text']}")
        axis.legend(fontsize=7, loc="upper right")
    axis.set_xticks(range(len(final)), [str(seed) for seed in final["replica"]])
    axis.set(xlabel="seed", ylabel="Parzen log-likelihood, nats", xlim=(-0.5, len(final) - 0.1))
    axis.margins(y=0.15)
    return figure
