"""Sheets of samples over training, one row an arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from secondlook.figures.sheets import draw_sheets, sheets
from secondlook.papers.arjovsky2017.figures import GENERATORS, LOSSES
from secondlook.tables.arrays import Record


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict], arrays: Mapping[str, Sequence[Record]]) -> Figure:
    """The arms of the grid, the first seed of each."""
    arms: dict[str, dict[int, np.ndarray]] = {}
    for record in sorted(arrays["architectures"], key=lambda record: record.seeds[0]):
        if set(record.cell) == {"generator", "loss"}:
            label = f"{GENERATORS[str(record.cell['generator'])]}\n{LOSSES[str(record.cell['loss'])].partition(' ')[0]}"
            arms.setdefault(label, sheets(record))
    return draw_sheets(arms)
