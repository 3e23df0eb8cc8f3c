"""Tests, claims, tables and plans made by hand, for the tests of all that is decided from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from pydantic import TypeAdapter

from secondlook.protocol.claims import Claim, Control
from secondlook.protocol.rules import MeasuredTest
from secondlook.stats.design import PaperDesign

LOW = [1.0, 1.1, 0.9, 1.05, 0.95]


def up(by: float) -> list[float]:
    return [value + by for value in LOW]


def arm(label: str, **fields: Any) -> dict[str, Any]:
    return {"label": label, "cells": {"arm": [label]}, **fields}


TWO = {"diverged": 90.0, "first": arm("a"), "second": arm("b")}
ONE = {"diverged": 90.0, "arm": arm("a")}
DIFFERENCE = {"difference": "m", **TWO, "smallest_effect": 1.0}
RATIO = {"ratio": "m", **TWO, "smallest_effect": 1.5}
ORDERING = {"ordering": "m", "diverged": 90.0, "arms": [arm("a"), arm("b"), arm("c")], "smallest_effect": 1.0}
COUNTS = {"counts": "m", "first": arm("a"), "second": arm("b"), "smallest_effect": 0.2}
EQUIVALENCE = {"equivalence": "m", **TWO, "margin": 1.0}
WITHIN = {"within": "m", **ONE, "low": 0.5, "high": 1.5}
SHARE = {"share": "m", "arm": arm("a"), "low": 0.7}
CORRELATION = {"correlation": "m", "arm": arm("a"), "beside": "q", "low": 0.3}
EQUAL = {"equal": "m", "to": 0.25, "cells": {"arm": ["a"]}}


def make(fields: Mapping[str, Any], **changes: Any) -> MeasuredTest:
    """A test of measured values."""
    adapter: TypeAdapter[MeasuredTest] = TypeAdapter(MeasuredTest)
    return adapter.validate_python({**fields, **changes})


def claim(test: Mapping[str, Any] | None = None, key: str = "T1", **fields: Any) -> Claim:
    tested = {"experiment": "toy", "test": dict(test)} if test else {}
    return Claim.model_validate({"id": key, "sentence": "Toys train.", "plain": "Toys train.", "source": "Section 1"} | tested | fields)


def control(test: Mapping[str, Any], key: str = "K1") -> Control:
    return Control.model_validate({"id": key, "sentence": "Known.", "experiment": "toy", "test": dict(test)})


def table(
    cells: Mapping[str, Sequence[float]], metric: str = "m", diverged: Mapping[str, Sequence[int]] | None = None, first: int = 0
) -> pd.DataFrame:
    """One final value a replica of each arm; replicas that diverged are marked at the end."""
    rows = [(name, seed, 1, metric, float(value)) for name, values in cells.items() for seed, value in enumerate(values, first)]
    rows += [(name, seed, 1, "diverged", 1.0) for name, seeds in (diverged or {}).items() for seed in seeds]
    return pd.DataFrame(rows, columns=["arm", "replica", "step", "metric", "value"])


def budget(seeds: int, looks: list[int] | None = None, fidelity: str = "exact", first: int = 0) -> dict[str, Any]:
    return {"fidelity": fidelity, "first": first, "seeds": seeds, "looks": looks}


def plan(
    budgets: Mapping[str, Any], *claims: Claim, scale: str = "paper", scales: Mapping[str, Sequence[str]] | None = None
) -> PaperDesign:
    """What was planned for claims that stand at every scale, unless ``scales`` says otherwise."""
    stands = {one.id: ["smoke", "quick", "paper"] for one in claims} | dict(scales or {})
    return PaperDesign.of({"scale": scale, "budgets": dict(budgets), "scales": stands})
