"""Squared error of test images at the end, a row an arm, a point a replica."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.figures.style import BLACK, PINK, SKY, WIDTH
from secondlook.papers.hinton2006.figures import LINEAR, LONGER, LONGER_LOOK, NETS, of_net
from secondlook.tables.read import final_values

METRICS = frozenset({"squared_error", "mean_image_error", "diverged"})


def draw(data: FigureData) -> Figure:
    """Draw linear codes, nets and the mean image, the worst above."""
    linear, nets, longer = (data.tables[name] for name in ("reconstruction", "pretraining", "longer"))
    rows = []
    for (method, label), look in zip(LINEAR.items(), (PINK, SKY), strict=True):
        rows.append((label, look, final_values(linear[linear["method"] == method], "squared_error", [])))
    for key, (label, look) in NETS.items():
        rows.append((label, look, final_values(of_net(nets, *key), "squared_error", [])))
    rows.append((LONGER, LONGER_LOOK, final_values(longer, "squared_error", [])))
    rows.append(("the mean image", BLACK, final_values(nets, "mean_image_error", ["units"]).drop_duplicates("replica")))
    drawn = [(label, look, values["value"].dropna().to_numpy()) for label, look, values in rows]
    drawn = sorted([row for row in drawn if len(row[2])], key=lambda row: row[2].mean())
    figure, axis = plt.subplots(figsize=(WIDTH, 3.0))
    for place, (_, look, values) in enumerate(drawn):
        axis.plot(values, place + np.linspace(-0.12, 0.12, len(values)), markersize=4, alpha=0.7, **look.points)
        axis.plot([values.mean()] * 2, [place - 0.3, place + 0.3], color=look.colour, lw=1.5)
    axis.set_yticks(range(len(drawn)), [label for label, _, _ in drawn])
    axis.set(xlabel="squared error of a test image")
    axis.set_xlim(left=0)
    return figure
