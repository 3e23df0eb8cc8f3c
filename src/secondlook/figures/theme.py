"""The look of every figure, as settings of matplotlib: seaborn's theme "whitegrid" for paper, with less of it where less says as much.

Written out, since importing seaborn takes as long as drawing a figure.
"""

from __future__ import annotations

from typing import Any

PAPER = 0.8  # seaborn's factor for figures in print
SMALL, NORMAL = PAPER * 11, PAPER * 12  # points
INK, FRAME, LINES = ".15", ".8", "#e5e5e5"  # greys

THEME: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": FRAME,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": NORMAL,
    "axes.linewidth": 1.0,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": NORMAL,
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "font.family": ["DejaVu Sans"],
    "font.size": NORMAL,
    "grid.color": LINES,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "legend.title_fontsize": NORMAL,
    "lines.linewidth": PAPER * 1.5,
    "lines.markersize": PAPER * 6,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "patch.linewidth": 0.8,
    "savefig.dpi": 160,
    "svg.fonttype": "path",
    "svg.hashsalt": "secondlook",  # element ids would be random, and equal figures would differ
    "text.color": INK,
}
for each in ("x", "y"):
    THEME |= {
        f"{each}tick.color": INK,
        f"{each}tick.labelsize": SMALL,
        f"{each}tick.major.size": PAPER * 6,
        f"{each}tick.major.width": 1.0,
        f"{each}tick.minor.size": PAPER * 4,
        f"{each}tick.minor.width": 0.8,
    }
THEME |= {"xtick.bottom": False, "ytick.left": False}
