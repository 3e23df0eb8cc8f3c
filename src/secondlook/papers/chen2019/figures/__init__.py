"""Figures of Chen et al. 2019; each module draws one."""

from __future__ import annotations

import pandas as pd

from secondlook.figures.style import BLUE, GREEN, ORANGE, PINK, SKY, VERMILLION, Look
from secondlook.papers.chen2019.orders import ARMS

#: place of dropout in the plain net -> what it is called, how it is drawn
PLACES: dict[str, tuple[str, Look]] = {
    "conv-bn-relu-drop": ("BN, ReLU, dropout", VERMILLION),
    "conv-relu-bn-drop": ("ReLU, BN, dropout (IC)", BLUE),
    "conv-drop-bn-relu": ("dropout, BN, ReLU", PINK),
    "conv-relu-drop": ("ReLU, dropout, no BN", ORANGE),
    "head": ("BN; dropout before the head alone", GREEN),
}
ARM_LOOKS = dict(zip(ARMS, (VERMILLION, GREEN, BLUE, PINK, SKY, ORANGE, SKY), strict=True))


def placed(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the plain net with the place of dropout and its rate as a number."""
    head = frame["head_rate"] if "head_rate" in frame else pd.Series("", index=frame.index)
    head = pd.to_numeric(head, errors="coerce").fillna(0.0)
    rate = pd.to_numeric(frame["rate"], errors="coerce").fillna(0.0)
    return frame.assign(place=frame["order"].where(head == 0, "head"), rate=rate.where(head == 0, head))
