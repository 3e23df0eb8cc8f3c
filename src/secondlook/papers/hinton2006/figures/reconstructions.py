"""Test images and their reconstructions, a row an arm."""

from __future__ import annotations

import textwrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.images import show
from secondlook.figures.style import WIDTH
from secondlook.papers.hinton2006.figures import LINEAR, NETS
from secondlook.tables.arrays import Record


def draw(data: FigureData) -> Figure:
    """Draw the first seed that each arm has; an arm of which none is left has no row."""
    rows: dict[str, np.ndarray] = {}
    nets = sorted(data.arrays["pretraining"], key=lambda record: record.seeds[0])
    for record in nets:
        if (shown := _first(record, "shown")) is not None:
            rows.setdefault("test images", shown)
    for method, label in LINEAR.items():
        _add(rows, label, [record for record in data.arrays["reconstruction"] if record.cell["method"] == method])
    for (units, start), (label, _) in NETS.items():
        _add(rows, label, [record for record in nets if (record.cell["units"], record.cell["start"]) == (units, start)])
    count = max((len(images) for images in rows.values()), default=1)
    figure, axes = plt.subplots(max(len(rows), 1), 1, figsize=(WIDTH, 0.62 * max(len(rows), 1)), squeeze=False)
    for axis, (label, images_NP) in zip(axes[:, 0], rows.items(), strict=False):
        side = round(images_NP.shape[1] ** 0.5)
        strip = np.ones((count, side + 1, side + 2))
        strip[: len(images_NP), :side, :side] = images_NP.reshape(-1, side, side)
        show(axis, strip.transpose(1, 0, 2).reshape(side + 1, -1), white=1)
        axis.set_ylabel(textwrap.fill(label, 17), fontsize=7, rotation=0, ha="right", va="center")
    return figure


def _add(rows: dict[str, np.ndarray], label: str, records: list[Record]) -> None:
    for record in records:
        if (images := _first(record, "reconstructed")) is not None:
            rows.setdefault(label, images)


def _first(record: Record, name: str) -> np.ndarray | None:
    """The array of the run's first seed that saved one."""
    return next((record.arrays[f"{seed}/{name}"] for seed in record.seeds if f"{seed}/{name}" in record.arrays), None)
