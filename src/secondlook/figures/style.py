"""How every figure looks, and how it is saved: readable in print, by colour-blind readers, and the same bytes from the same data."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from secondlook.figures.provenance import make_card, metadata
from secondlook.files import atomic, read_json
from secondlook.tables.arrays import arrays_file, read_arrays
from secondlook.tables.read import read_tables

#: Okabe & Ito 2008: told apart with every common colour-vision deficiency, and by their grey values in print
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("", (4, 1.5), (1, 1), (3, 1.25, 1.5, 1.25), (5, 1, 1, 1), (2, 2), (6, 2))
WIDTH = 7.0  # inches, the report's column


def set_style() -> None:
    """Set matplotlib and seaborn up, and the jitter of seaborn's points to be the same each time."""
    np.random.seed(0)  # seaborn draws from numpy's global generator
    sns.set_theme(context="paper", style="whitegrid", palette=list(COLOURS), font="DejaVu Sans")
    mpl.rcParams.update(
        {
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "figure.constrained_layout.use": True,
            "grid.color": "#e5e5e5",
            "legend.frameon": False,
            "savefig.dpi": 160,
            "svg.fonttype": "path",
            "svg.hashsalt": "secondlook",  # element ids would be random, and equal figures would differ
        }
    )


def styles(names: Sequence[str]) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """Give each name the same colour, marker and dash in every figure that lists the names in the same order."""
    return dict(zip(names, COLOURS, strict=False)), dict(zip(names, MARKERS, strict=False)), dict(zip(names, DASHES, strict=False))


def draw_figure(
    module: str, tables: Mapping[str, Path], claims: Path | None, outputs: Sequence[Path], records: Sequence[Path] = ()
) -> None:
    """Call ``module``'s draw and save the figure it returns, with its card, in every format asked for.

    The call is draw(tables, claims), with ``records`` draw(tables, claims, arrays).

    Args:
        module: dotted name of the figure's module.
        tables: experiment -> collected table.
        claims: claims.json, where the figure draws verdicts.
        outputs: paths; the suffix is the format.
        records: run.json of the runs whose saved arrays it draws.
    """
    set_style()
    decided = {claim["id"]: claim for claim in read_json(claims)} if claims else {}
    source = importlib.import_module(module)
    figure: Figure = source.draw(read_tables(tables), decided, *([read_arrays(records)] if records else []))
    sources = [*tables.values(), *([claims] if claims else []), *map(arrays_file, records)]
    card = make_card(module, source.__file__, sources)
    for path in outputs:
        kind = path.suffix.removeprefix(".")
        with atomic(path) as temporary:
            figure.savefig(temporary, format=kind, metadata=metadata(card, kind))
    plt.close(figure)


def spread(frame: pd.DataFrame, by: list[str], value: str = "value") -> pd.DataFrame:
    """Mean, lowest and highest of ``value`` in each group."""
    return frame.groupby(by, dropna=False, sort=False)[value].agg(["mean", "min", "max"]).reset_index()
