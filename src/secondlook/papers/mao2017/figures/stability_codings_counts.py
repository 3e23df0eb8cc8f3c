"""Which runs of the coding (-1, 1, 0) succeed."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from secondlook.papers.mao2017.figures.stability_counts import draw_counts


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """All arms of the coding."""
    return draw_counts(tables["stability-codings"])
