"""The ring with the players in turn, every seed."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from secondlook.papers.mao2017.figures.ring_modes import draw_lines


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """A block of rows each for the discriminator's noise and for fresh noise."""
    return draw_lines(tables["ring-turns"], "shared_noise", {"True": "shared noise", "False": "fresh noise"})
