"""The seeds."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """A point a seed."""
    figure, axis = plt.subplots(figsize=(3, 2))
    axis.plot(tables["count"]["replica"], tables["count"]["value"], "o")
    return figure
