"""A gap a replica, and the verdicts."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """A point a replica."""
    figure, axis = plt.subplots(figsize=(3, 2))
    axis.plot(tables["reader"]["replica"], tables["reader"]["value"], "o")
    axis.set_title(", ".join(claim["verdict"] for claim in claims.values()))
    return figure
