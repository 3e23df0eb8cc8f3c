"""The best discriminator and the trained ones, and the value they reach beside the divergence."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.panels import KEY
from secondlook.figures.style import WIDTH, looks

METRICS = frozenset(["t", "jsd_trained"])


def draw(data: FigureData) -> Figure:
    """Left: D(x) for each distance. Right: the value against the distance."""
    table = data.table.pivot_table(index=["replica", "step"], columns="metric", values="value").reset_index()
    names = looks(f"t = {t:g}" for t in table.groupby("step")["t"].first())
    first = data.records[0]
    x, best, family_t, family_value, family_jsd = (
        first.arrays[f"{first.seeds[0]}/{name}"] for name in ("x", "best", "family_t", "family_value", "family_jsd")
    )
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.0), width_ratios=[1.25, 1])
    for place, (name, look) in enumerate(names.items()):
        for record in data.records:
            for seed in record.seeds:
                left.plot(x, record.arrays[f"{seed}/curves"][place], color=look.colour, lw=0.8, alpha=0.6)
        left.plot(x, best[place], color="black", lw=1.1, ls="--", label="best, p / (p + p_g)" if place == 0 else None)
        left.plot([], [], color=look.colour, label=f"trained, {name}")
    left.set(title="Discriminators", xlabel="x, standard deviations of the data", ylabel="D(x)", ylim=(-0.03, 1.03))
    left.legend(fontsize=7)

    right.plot(family_t, family_value, color="black", lw=1.1, ls="--", label="V(D*), integrated")
    right.plot(family_t, -math.log(4) + 2 * family_jsd, ls="", marker=".", ms=4, color="#777777", label="- log 4 + 2 JSD")
    for place, (name, look) in enumerate(names.items(), start=1):
        rows = table[table["step"] == place]
        right.plot(rows["t"], -math.log(4) + 2 * rows["jsd_trained"], ms=6, mfc="none", label=f"trained, {name}", **look.points)
    right.axhline(-math.log(4), color="#999999", lw=0.8, ls=":")
    right.annotate(
        "- log 4", (family_t[-1], -math.log(4)), xytext=(0, 3), textcoords="offset points", ha="right", fontsize=7, color="#555555"
    )
    right.set(title="Value", xlabel="distance t, standard deviations", ylabel="V, nats")
    right.legend(fontsize=7, loc="center right")
    right.set_label(KEY)
    return figure
