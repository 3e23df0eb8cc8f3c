"""The tuning grid of the character model: final training and validation loss against the step size."""

from __future__ import annotations

from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.papers.wilson2017.figures import draw_step_sizes

PANELS = {"train_loss": "final training loss, nats", "validation_loss": "final validation loss, nats"}
METRICS = frozenset([*PANELS, "diverged"])


def draw(data: FigureData) -> Figure:
    """Two panels; the ring marks the step size chosen by the loss of the panel."""
    return draw_step_sizes(data, PANELS, rings=["train_loss", "validation_loss"], worst=["train_loss"])
