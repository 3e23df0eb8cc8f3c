"""How every figure looks, and how it is saved: readable in print, by colour-blind readers, and the same bytes from the same data."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from secondlook.figures.data import FigureData
from secondlook.figures.panels import find_panels
from secondlook.figures.provenance import make_card, metadata
from secondlook.figures.theme import THEME
from secondlook.files import atomic, read_json
from secondlook.labels import LOSSES, OPTIMIZERS
from secondlook.tables.arrays import arrays_file, read_arrays
from secondlook.tables.read import read_tables

WIDTH = 7.0  # inches, the report's column


class Look(NamedTuple):
    """How one name is drawn, wherever it appears."""

    colour: str
    marker: str
    dashes: tuple[float | None, ...]
    """Lengths of strokes and gaps; (None, None) is a full line."""

    @property
    def line(self) -> dict[str, Any]:
        """Arguments of a line."""
        return {"color": self.colour, "dashes": self.dashes}

    @property
    def points(self) -> dict[str, Any]:
        """Arguments of markers without a line."""
        return {"color": self.colour, "marker": self.marker, "ls": ""}


#: the colours of Okabe & Ito 2008, told apart with every common colour-vision deficiency; darker where they have less than 3:1 on white
BLUE, ORANGE, GREEN, VERMILLION, PINK, SKY, BLACK = LOOKS = (
    Look("#0072B2", "o", (None, None)),
    Look("#BF7F00", "s", (4, 1.5)),
    Look("#00875F", "^", (1, 1)),
    Look("#D55E00", "D", (3, 1.25, 1.5, 1.25)),
    Look("#C0699A", "v", (5, 1, 1, 1)),
    Look("#3399D6", "P", (2, 2)),
    Look("#000000", "X", (6, 2)),
)
#: a loss and an optimizer look the same in all figures of all papers
LOSS_LOOKS = dict(zip(LOSSES, (VERMILLION, ORANGE, GREEN, PINK, BLUE), strict=True))
OPTIMIZER_LOOKS = dict(zip(OPTIMIZERS, (SKY, BLUE, ORANGE, GREEN, VERMILLION, PINK), strict=True))


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Give each name a look of its own; for what is neither a loss nor an optimizer."""
    return dict(zip(names, LOOKS, strict=False))


def set_style() -> None:
    """Give matplotlib the theme, and seaborn's jitter of points the same draws each time."""
    np.random.seed(0)  # seaborn draws from numpy's global generator
    mpl.rcParams.update({**THEME, "axes.prop_cycle": plt.cycler(color=[look.colour for look in LOOKS])})


def plain_log(axis: Axes) -> None:
    """Make the y axis, drawn already, logarithmic with plain numbers: ticks at 1, 2 and 5, at every digit where there is no decade."""
    axis.set_yscale("log")
    low, high = axis.get_ylim()
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 10 * low else range(1, 10)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def spread(frame: pd.DataFrame, by: list[str], value: str = "value") -> pd.DataFrame:
    """Mean, lowest and highest of ``value`` in each group."""
    return frame.groupby(by, dropna=False, sort=False)[value].agg(["mean", "min", "max"]).reset_index()


def draw_figure(
    module: str,
    name: str,
    tables: Mapping[str, Path],
    claims: Path | None,
    outputs: Sequence[Path],
    records: Sequence[Path] = (),
    options: Mapping[str, Any] | None = None,
) -> None:
    """Call ``module``'s draw(data, **options) and save the figure it returns, with its card, in every format asked for.

    Args:
        module: dotted name of the figure's module.
        name: the figure's name, ``<paper>/<figure>``.
        tables: experiment -> collected table.
        claims: claims.json, where the figure draws verdicts.
        outputs: paths; the suffix is the format.
        records: run.json of the runs whose saved arrays it draws.
        options: what the protocol sets of the figure.
    """
    set_style()
    decided = {claim["id"].rpartition("/")[2]: claim for claim in read_json(claims)} if claims else {}
    data = FigureData(read_tables(tables), decided, read_arrays(records))
    figure: Figure = importlib.import_module(module).draw(data, **(options or {}))
    paper, _, key = name.partition("/")
    card = make_card(paper, key, [*tables.values(), *([claims] if claims else []), *map(arrays_file, records)])
    card["panels"] = find_panels(figure)
    figure.set_layout_engine("none")  # panels stay where they were found, in every format
    for path in outputs:
        kind = path.suffix.removeprefix(".")
        with atomic(path) as temporary:
            figure.savefig(temporary, format=kind, metadata=metadata(card, kind))
    plt.close(figure)
