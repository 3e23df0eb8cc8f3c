"""Loss estimate and Frechet distance over training, the official nets at 64 pixels."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from secondlook.papers.arjovsky2017.figures.loss_quality_images import draw_generators


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """Two generators."""
    return draw_generators(tables["full-size"])
