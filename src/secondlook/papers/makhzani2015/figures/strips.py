"""Test images and their reconstructions, and what decodes along lines between the codes of two test images."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.images import nothing_to_show, sheet, show
from secondlook.figures.style import WIDTH
from secondlook.labels import MODELS
from secondlook.papers.makhzani2015.figures import first

METRICS = frozenset[str]()


def draw(data: FigureData, kind: str = "lines") -> Figure:
    """Draw a row a model.

    Args:
        data: one experiment's arrays.
        kind: lines: three lines between two codes each; reconstructions: ten test images, which stand in the first row.
    """
    found = {str(record.cell["model"]): first(record) for record in data.records}
    arms = {MODELS[model]: found[model] for model in MODELS if found.get(model)}
    rows: dict[str, np.ndarray] = {}
    if kind == "lines":
        rows = {name: arrays["strips"] for name, arrays in arms.items()}
    elif arms:
        rows = {"test images": next(iter(arms.values()))["originals"][None]}
        rows |= {name: arrays["reconstructions"][None] for name, arrays in arms.items()}
    if not rows:
        return nothing_to_show("no arm saved images")
    columns = next(iter(rows.values())).shape[1]
    heights = [len(images) for images in rows.values()]
    figure, axes = plt.subplots(
        len(rows), 1, figsize=(0.75 * WIDTH, 0.72 * WIDTH / columns * sum(heights) + 0.1), squeeze=False, height_ratios=heights
    )
    for axis, (name, images) in zip(axes[:, 0], rows.items(), strict=True):
        show(axis, sheet(images))
        axis.set_ylabel(name, fontsize=8, rotation=0, ha="right", va="center")
    return figure
