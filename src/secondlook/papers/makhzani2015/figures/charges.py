"""What the terms charge for, on a line: codes shifted away from the prior, and the two parts of a mean KL."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLUE, GREEN, ORANGE, VERMILLION, WIDTH
from secondlook.tables.read import snapshot

METRICS = frozenset(["charge_shift", "charge_kl", "charge_adversary", "mean_kl", "aggregate_kl", "information"])


def draw(data: FigureData) -> Figure:
    """Draw both charges over the shift, and a bar a replica."""
    table = data.table
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.8), width_ratios=[1, 1.2])
    one = table[table["replica"] == table["replica"].min()].pivot_table(index="step", columns="metric", values="value")
    left.plot(one["charge_shift"], 0 * one["charge_shift"], label="AE: nothing", color=GREEN.colour, dashes=GREEN.dashes)
    left.plot(one["charge_shift"], one["charge_kl"], label="VAE: KL term", color=BLUE.colour)
    left.plot(one["charge_shift"], one["charge_adversary"], label="AAE: best adversary", color=VERMILLION.colour, dashes=VERMILLION.dashes)
    left.axhline(math.log(2), color="black", lw=0.8, ls=":")
    left.annotate("log 2", (one["charge_shift"].max(), math.log(2)), xytext=(0, 3), textcoords="offset points", ha="right", fontsize=7)
    left.set(xlabel="shift of the codes, standard deviations", ylabel="nats", ylim=(-0.15, 4.0), title="Codes shifted by t")
    left.legend(fontsize=7, loc="upper right")
    final = snapshot(table).reset_index().sort_values("mean_kl")
    places = np.arange(len(final))
    right.bar(places, final["aggregate_kl"], color=BLUE.colour, label="all codes together, from the prior")
    right.bar(places, final["information"], bottom=final["aggregate_kl"], color=ORANGE.colour, label="information about the image")
    right.plot(places, final["mean_kl"], "_", color="black", ms=9, mew=1.5, label="mean KL, closed form")
    right.set(xlabel="random codes of eight images, a bar a draw", ylabel="nats", xticks=[], title="The two parts of the KL term")
    right.set_ylim(0, 1.35 * final["mean_kl"].max())
    right.legend(fontsize=7, loc="upper left")
    return figure
