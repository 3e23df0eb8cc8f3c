"""Which runs succeed on CIFAR-10."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from secondlook.papers.mao2017.figures.stability_counts import draw_counts


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """All arms of all losses."""
    return draw_counts(tables["stability-cifar"])
