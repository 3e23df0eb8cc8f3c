"""Frechet distance, classes and collapse of three generators with two losses, CIFAR-10."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from secondlook.papers.arjovsky2017.figures import architectures


def draw(tables: dict[str, pd.DataFrame], claims: dict[str, dict]) -> Figure:
    """The same panels as for MNIST."""
    return architectures.draw({"architectures": tables["architectures-cifar10"]}, claims)
