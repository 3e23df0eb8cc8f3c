"""The tuning grid of C1: final training loss and test error against the step size."""

from __future__ import annotations

from matplotlib.figure import Figure

from secondlook.figures.data import FigureData
from secondlook.papers.wilson2017.figures import draw_step_sizes

PANELS = {"train_loss": "final training loss, nats", "test_error": "final test error, %"}
METRICS = frozenset([*PANELS, "diverged"])


def draw(data: FigureData) -> Figure:
    """Two panels; the ring marks the step size of lowest training loss."""
    return draw_step_sizes(data, PANELS, rings=["train_loss", "train_loss"], worst=[])
