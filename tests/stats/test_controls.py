"""Controls, arms of other experiments, and correlations read from tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from secondlook.errors import UserError
from secondlook.protocol.claims import Claim, Control
from secondlook.stats.verdicts import check_control, decide

SGD = [10.0, 10.1, 9.9, 10.05, 9.95]


def table(cells: dict[str, list[float]], metric: str = "error") -> pd.DataFrame:
    rows = [(rule, replica, 1, metric, value) for rule, values in cells.items() for replica, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["rule", "replica", "step", "metric", "value"])


def arm(rule: str, **fields: Any) -> dict[str, Any]:
    return {"label": rule, "cells": {"rule": [rule]}, **fields}


def difference(**fields: Any) -> dict[str, Any]:
    return {"difference": "error", "first": arm("sgd"), "second": arm("adam"), "diverged": 90.0} | fields


def control(expect: str, test: dict[str, Any]) -> Control:
    return Control.model_validate({"id": "K1", "sentence": "Known.", "experiment": "toy", "test": test, "expect": expect})


def claim(**fields: Any) -> Claim:
    known = {"id": "T1", "sentence": "Toys train.", "source": "Section 1", "experiment": "toy", "test": difference()}
    return Claim.model_validate(known | fields)


AGAIN = difference(second=arm("sgd", experiment="again"))


@pytest.mark.parametrize(("shift", "passed"), [(0.0, True), (0.05, True), (3.0, False)])
def test_the_same_arm_with_other_seeds(shift: float, passed: bool) -> None:
    tables = {"toy": table({"sgd": SGD}), "again": table({"sgd": [value + shift for value in SGD[::-1]]})}
    assert check_control(control("no effect", AGAIN), tables)["passed"] is passed


def test_a_negative_control_is_given_an_interval_of_99_per_cent() -> None:
    """A difference that a 95 % interval would take for real."""
    other = [value + 0.12 for value in SGD]
    assert decide(claim(test=difference(diverged=90.0)), {"toy": table({"sgd": SGD, "adam": other})}, "exact")["interval"][0] > 0
    assert check_control(control("no effect", AGAIN), {"toy": table({"sgd": SGD}), "again": table({"sgd": other})})["passed"] is True


@pytest.mark.parametrize(
    ("values", "passed"),
    [([89.0, 90.0, 91.0], True), ([60.0, 61.0, 59.0], False), ([90.0, 90.0], None), ([70.0, 90.0, 85.0], None)],
)
def test_a_positive_control(values: list[float], passed: bool | None) -> None:
    within = {"within": "error", "arm": arm("random"), "low": 80.0, "high": 100.0, "diverged": 90.0}
    assert check_control(control("effect", within), {"toy": table({"random": values})})["passed"] is passed


def test_a_control_that_did_not_run_voids_nothing() -> None:
    checked = check_control(control("no effect", AGAIN), {"toy": table({"sgd": SGD})})
    assert checked["passed"] is None
    assert checked["why"] == "again does not run at this scale"
    tables = {"toy": table({"sgd": SGD, "adam": [value + 2 for value in SGD]})}
    outcome = decide(claim(controls=["K1"]), tables, "exact", {"K1": checked})
    assert outcome["verdict"] == "replicated"
    assert outcome["controls"] == [checked]


@pytest.mark.parametrize("fidelity", ["exact", "reduced"])
def test_a_failed_control_makes_every_claim_on_it_inconclusive(fidelity: str) -> None:
    tables = {"toy": table({"sgd": SGD, "adam": [value + 2 for value in SGD]}), "again": table({"sgd": [value + 3 for value in SGD]})}
    checked = {"K1": check_control(control("no effect", AGAIN), tables)}
    outcome = decide(claim(controls=["K1"]), tables, fidelity, checked)
    assert outcome["verdict"] == "inconclusive"
    assert outcome["why"] == "control failed: K1; without it the verdict would be replicated"
    assert decide(claim(), tables, "exact", checked)["verdict"] == "replicated"  # a claim that does not rest on it


def test_an_arm_of_another_experiment() -> None:
    tables = {"toy": table({"sgd": SGD}), "other": table({"adam": [value + 2 for value in SGD]})}
    outcome = decide(claim(test=difference(second=arm("adam", experiment="other"))), tables, "exact")
    assert outcome["effect"] == pytest.approx(2.0, abs=1e-12)
    outcome = decide(claim(test=difference(second=arm("adam", experiment="other"))), {"toy": tables["toy"]}, "exact")
    assert (outcome["verdict"], outcome["why"]) == ("not run", "the experiment other does not run at this scale")


def curves(signs: list[int]) -> pd.DataFrame:
    """Loss falls with every step; quality moves with it, against it, or not at all."""
    rng = np.random.default_rng(0)
    rows = []
    for replica, sign in enumerate(signs):
        for step in range(1, 21):
            quality = sign * step + rng.normal(0, 0.5) if sign else rng.normal()
            rows += [("sgd", replica, step, "loss", -float(step)), ("sgd", replica, step, "quality", quality)]
    return pd.DataFrame(rows, columns=["rule", "replica", "step", "metric", "value"])


CORRELATION = {"correlation": "loss", "beside": "quality", "arm": arm("sgd"), "smallest_effect": 0.5}


@pytest.mark.parametrize(
    ("signs", "sign", "verdict"),
    [([-1] * 4, 1, "replicated"), ([1] * 4, -1, "replicated"), ([1] * 4, 1, "not replicated"), ([0] * 4, 1, "not replicated")],
)
def test_a_correlation_along_training(signs: list[int], sign: int, verdict: str) -> None:
    outcome = decide(claim(test=CORRELATION | {"sign": sign}), {"toy": curves(signs)}, "exact")
    assert outcome["verdict"] == verdict
    assert outcome["n"] == [4]
    assert len(outcome["arms"][0]["values"]) == 4


def test_a_correlation_of_final_values() -> None:
    rng = np.random.default_rng(1)
    rows = [
        ("sgd", replica, 1, metric, replica + noise)
        for replica in range(12)
        for metric, noise in (("loss", 0.0), ("quality", rng.normal()))
    ]
    frame = pd.DataFrame(rows, columns=["rule", "replica", "step", "metric", "value"])
    outcome = decide(claim(test=CORRELATION | {"over": "replicas"}), {"toy": frame}, "exact")
    assert outcome["verdict"] == "replicated"
    assert outcome["p"] < 0.01


def test_a_metric_to_correlate_with_that_is_not_there() -> None:
    with pytest.raises(UserError, match="'qualty'.*Did you mean 'quality'"):
        decide(claim(test=CORRELATION | {"beside": "qualty"}), {"toy": curves([1] * 3)}, "exact")
