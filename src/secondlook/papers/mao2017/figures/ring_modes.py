"""Modes, the share of samples of high quality and the balance of modes on the ring, every seed."""

from __future__ import annotations

from typing import Literal

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from secondlook.figures.data import FigureData
from secondlook.figures.style import LOSS_LOOKS, WIDTH
from secondlook.labels import FACTORS, LOSSES

PANELS = {"held": "modes held, of 8", "high_quality": "high quality, %", "reverse_kl": "reverse KL"}
METRICS = frozenset([*PANELS, "lost", "collapse_step", "diverged"])


def draw(data: FigureData, block: Literal["data", "shared_noise"] = "data") -> Figure:
    """Draw a row a metric and a level of the factor ``block``, a column a loss.

    A replica that diverged ends in a cross; a bar at the top of the modes is a step at which modes were lost for good.
    """
    table = data.table
    levels = {level: name for level, name in FACTORS[block].items() if level in set(table[block])}
    losses = [loss for loss in LOSSES if loss in set(table["loss"])]
    shape = len(PANELS) * len(levels), len(losses)
    figure, axes = plt.subplots(*shape, figsize=(WIDTH, 1.35 * shape[0] + 0.5), sharex=True, sharey="row", squeeze=False)
    rows = [(level, metric) for level in levels for metric in PANELS]
    for line, (level, metric) in zip(axes, rows, strict=True):
        for axis, loss in zip(line, losses, strict=True):
            look = LOSS_LOOKS[loss]
            mine = table[(table["loss"] == loss) & (table[block] == level)]
            lines = mine[mine["metric"] == metric].pivot_table(index="step", columns="replica", values="value")
            lines = lines * (100 if metric == "high_quality" else 1)
            axis.plot(lines.index, lines, color=look.colour, lw=0.9, alpha=0.75, marker=look.marker, markersize=2.5)
            for replica in mine.loc[mine["metric"] == "diverged", "replica"]:
                if replica in lines:
                    last = lines[replica].dropna()
                    axis.plot(last.index[-1], last.iloc[-1], "x", color="black", ms=7)
            if metric == "held":
                lost = mine.loc[(mine["metric"] == "lost") & (mine["value"] == 1), "replica"]
                steps = mine.loc[(mine["metric"] == "collapse_step") & mine["replica"].isin(lost), "value"]
                axis.plot(steps, [9.0] * len(steps), "|", color="black", ms=8, mew=1.2)
                axis.set(ylim=(-0.3, 9.6), yticks=[0, 4, 8])
        line[0].set_ylabel(f"{PANELS[metric]}\n({levels[level]})" if len(levels) > 1 else PANELS[metric], fontsize=7.5)
        if metric == "reverse_kl":
            line[0].set_ylim(bottom=0)
    for column, loss in enumerate(losses):
        axes[0, column].set_title(LOSSES[loss])
        axes[-1, column].set_xlabel("generator steps")
        axes[-1, column].xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step / 1000:g}k" if step else "0"))
    return figure
