"""Loss over steps."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.style import spread


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """A line a cell."""
    figure, axis = plt.subplots(figsize=(3, 2))
    for _, rows in tables["grid"].groupby(["optimizer", "lr"]):
        band = spread(rows, ["step"])
        axis.plot(band["step"], band["mean"])
    return figure
