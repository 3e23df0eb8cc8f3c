"""Figures of Hinton & Salakhutdinov 2006; each module draws one."""

from __future__ import annotations

import pandas as pd

from secondlook.figures.style import BLACK, BLUE, GREEN, ORANGE, VERMILLION, Look

#: (units, start) -> label and look of the nets
NETS: dict[tuple[str, str], tuple[str, Look]] = {
    ("sigmoid", "small"): ("logistic units, small weights", ORANGE),
    ("sigmoid", "xavier"): ("logistic units, Xavier's weights", VERMILLION),
    ("sigmoid", "rbm"): ("logistic units, pre-trained", BLUE),
    ("relu", "he"): ("rectified units, He's weights", GREEN),
}
LONGER = "Xavier's weights, twice the updates, larger step"
LONGER_LOOK = BLACK
#: label of the linear codes
LINEAR = {"pca": "PCA", "logistic-pca": "logistic PCA"}


def of_net(table: pd.DataFrame, units: str, start: str) -> pd.DataFrame:
    """Rows of one kind of net."""
    return table[(table["units"] == units) & (table["start"] == start)]
