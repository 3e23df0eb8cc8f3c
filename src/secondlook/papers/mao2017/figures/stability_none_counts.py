"""Which runs succeed without any batch normalization."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from secondlook.papers.mao2017.figures.stability_counts import draw_counts


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """The arms without batch normalization in either net."""
    return draw_counts(tables["stability-none"])
