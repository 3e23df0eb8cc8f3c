"""What gates leave of correlation and mutual information, against p: the laws, enumerated pairs, and channels of trained nets."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import WIDTH
from secondlook.papers.chen2019.figures import PLACES, placed
from secondlook.tables.read import snapshot

PANELS = {"correlation": ("Correlation", 1), "information": ("Mutual information", 2)}
METRICS = frozenset([f"{prefix}{name}_ratio" for prefix in ("", "rectified_") for name in PANELS] + ["diverged"])
KINDS = {"": ("standardised units", "#0072B2", "o"), "rectified_": ("after ReLU, no BN", "#D55E00", "^")}


def draw(data: FigureData) -> Figure:
    """Draw a panel a measure; small points are single pairs of units, large stars are trained nets."""
    pairs = snapshot(data.tables["theorem"]).reset_index()
    nets = snapshot(data.tables["order"]).reset_index()
    nets = placed(nets[~nets["diverged"]])
    keep = pairs["keep"].astype(float)
    line = np.linspace(0, 1, 50)
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1), sharey=True)
    for axis, (name, (title, power)) in zip(axes, PANELS.items(), strict=True):
        axis.plot(line, line**power, color="black", lw=0.9, label="p" if power == 1 else "p squared")
        for prefix, (label, colour, marker) in KINDS.items():
            axis.plot(keep, pairs[f"{prefix}{name}_ratio"], marker, color=colour, ms=3, alpha=0.5, label=f"{label}, enumerated")
        for place, (label, look) in PLACES.items():
            mine = nets[(nets["place"] == place) & (nets["rate"] > 0)]
            if f"{name}_ratio" not in mine:
                continue
            ratios = mine.groupby("rate")[f"{name}_ratio"].mean().dropna()
            if len(ratios):
                axis.plot(1 - ratios.index.to_numpy(), ratios, "*", color=look.colour, ms=10, mec="black", mew=0.5, label=f"net: {label}")
        axis.set(title=title, xlabel="p, what dropout keeps", xlim=(0.2, 1.03), ylim=(0, 1.05))
    axes[0].set_ylabel("after dropout / before")
    axes[0].legend(fontsize=6)
    return figure
