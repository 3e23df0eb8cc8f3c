"""The pictures that the runs saved."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from secondlook.tables.arrays import Record


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict], arrays: dict[str, list[Record]]) -> Figure:
    """A picture a replica."""
    (record,) = arrays["measured"]
    figure, axes = plt.subplots(1, len(record.seeds), figsize=(3, 1))
    for axis, seed in zip(axes, record.seeds, strict=True):
        axis.imshow(record.arrays[f"{seed}/picture"])
    return figure
