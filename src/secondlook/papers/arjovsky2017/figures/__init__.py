"""Figures of Arjovsky et al. 2017; each module draws one, or several like it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from secondlook.metrics.divergences import js_estimate


def series(table: pd.DataFrame, metric: str) -> Iterator[pd.Series]:
    """A metric over steps, a replica each; what was not measured at a step is left out."""
    rows = table[table["metric"] == metric]
    for _, replica in rows.groupby("replica", sort=True):
        yield replica.set_index("step")["value"].sort_index()


def cell(table: pd.DataFrame, **factors: str) -> pd.DataFrame:
    """Rows of the cell with just these factors; every other factor is absent."""
    names = [name for name in table.columns if name not in ("replica", "step", "metric", "value")]
    for name in names:
        table = table[table[name] == factors[name]] if name in factors else table[table[name].isna()]
    return table


def estimate(losses: pd.Series, loss: str) -> pd.Series:
    """What the paper plots: -d_loss of a critic, log 2 - d_loss / 2 of a GAN."""
    return -losses if loss == "wasserstein" else losses.map(js_estimate)


#: arms of the experiment "shifted" in the order of the figures: the published critic, then one change undone at a time, then all of them
SHIFTED = {
    "WGAN": {"loss": "wasserstein", "optimizer": "rmsprop", "clip": "0.08", "d_steps": "5"},
    "logarithm, clipped": {"loss": "non-saturating", "optimizer": "rmsprop", "clip": "0.08", "d_steps": "5"},
    "1 critic step": {"loss": "wasserstein", "optimizer": "rmsprop", "clip": "0.08", "d_steps": "1"},
    "Adam with momentum": {"loss": "wasserstein", "optimizer": "adam", "beta1": "0.9", "clip": "0.08", "d_steps": "5"},
    "not clipped": {"loss": "wasserstein", "optimizer": "rmsprop", "d_steps": "5"},
    "gradient penalty": {"loss": "wasserstein", "optimizer": "adam", "penalty": "0.1", "d_steps": "5"},
    "GAN": {"loss": "non-saturating", "optimizer": "adam", "d_steps": "5"},
    "control: fakes stand still": {"loss": "wasserstein", "optimizer": "rmsprop", "clip": "0.08", "d_steps": "5", "still": "True"},
}
