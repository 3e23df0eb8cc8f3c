"""Power and calibration: simulated experiments with a known truth."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from tiny_paper import protocol_data, write_paper

from secondlook.protocol.project import load_project
from secondlook.stats.calibrate import Case, calibrate, claims, examples, measure
from secondlook.stats.power import power, rates_of, simulator

EXAMPLES = list(examples())
PAPERS = Path(__file__).parents[2] / "src/secondlook/papers"


@pytest.mark.parametrize("case", EXAMPLES, ids=[f"{case.claim} n={case.sizes[0]}" for case in EXAMPLES])
def test_no_kind_of_test_says_replicated_too_often_where_there_is_nothing(case: Case) -> None:
    """Nominal rate at most 5 %; the bound is what 150 experiments at 5 % exceed once in a thousand times."""
    row = measure(case, 150)
    assert row["false_replicated"] * 150 <= stats.binom.ppf(0.999, 150, 0.05)


@pytest.mark.parametrize("case", [case for case in EXAMPLES if case.sizes[0] == 10], ids=lambda case: case.claim)
def test_every_kind_of_test_can_succeed_with_ten_replicas(case: Case) -> None:
    assert measure(case, 60)["power"] > 0.6


def test_the_instrument_notices_a_broken_rule(monkeypatch) -> None:
    """If an interval were half as wide as it should be, the calibration would say so."""
    from secondlook.stats import estimates

    student = estimates._student
    monkeypatch.setattr(estimates, "_student", lambda effect, error, df, level: student(effect, error / 3, df, level))
    case = next(case for case in EXAMPLES if case.claim == "difference" and case.sizes[0] == 5)
    broken = Case(**{**vars(case), "test": case.test.model_copy(update={"smallest_effect": 0.0})})
    assert measure(broken, 150)["false_replicated"] * 150 > stats.binom.ppf(0.999, 150, 0.05)


def test_power_of_a_difference_is_that_of_the_t_test() -> None:
    """Noncentral t, five against five, effect of two standard deviations, no smallest effect beyond 0."""
    case = next(case for case in EXAMPLES if case.claim == "difference" and case.sizes[0] == 5)
    test = case.test.model_copy(update={"smallest_effect": 0.0})
    rates = rates_of(test, simulator(test, (5, 5), 1.0), 2.0, 0.95, 3000)
    noncentrality, bound = 2.0 / np.sqrt(2 / 5), stats.t.ppf(0.975, 8)
    assert rates["replicated"] == pytest.approx(1 - stats.nct.cdf(bound, 8, noncentrality), abs=0.03)
    assert rates["false_replicated"] == pytest.approx(0.025, abs=0.012)


def test_picking_the_lowest_of_several_is_paid_for() -> None:
    """The lowest of three equal arms seems better than a fourth; with the interval for three comparisons it rarely does."""
    case = next(case for case in claims(PAPERS) if (case.paper, case.claim, case.scale) == ("wilson2017", "W4.iii", "paper"))
    assert case.candidates == (3, 1)
    test = case.test.model_copy(update={"smallest_effect": 0.0})
    draw = simulator(test, case.sizes, case.spread, case.candidates)
    naive, paid = (rates_of(test, draw, 0.1, level, 1500)["false_replicated"] for level in (0.95, 1 - 0.05 / 3))
    assert paid < naive
    assert paid <= 0.05


def test_every_claim_that_names_a_spread_is_calibrated() -> None:
    """Its own, or that of its metric."""
    found = {(case.claim, case.scale): case for case in claims(PAPERS) if case.paper == "wilson2017"}
    assert {claim for claim, _ in found} >= {"W3", "W4.ii", "W4.iii", "W4.iv", "W5"}
    assert found["W5", "paper"].sizes == (5, 5)
    assert found["W5", "paper"].effect == 1.95
    assert found["W5", "paper"].spread == 0.2  # the claim's
    assert found["W4.iv", "paper"].spread == load_project(PAPERS).protocols["wilson2017"].metrics["test_error"].spread.paper


def test_a_spread_may_differ_between_scales(tmp_path: Path) -> None:
    arms = {name: {"label": name, "cells": {"lr": lr}} for name, lr in (("first", 0.5), ("second", 0.25))}
    claim = {"sentence": "s", "source": "Section 1", "experiment": "plain", "test": {"difference": "loss", **arms}}
    metric = {"means": "how far off", "diverged": 9.0, "smallest_effect": 0.5}
    data = protocol_data(metrics={"loss": metric | {"spread": {"quick": 0.2, "paper": 0.1}}}, claims={"T1": claim})
    write_paper(tmp_path, "toys2001", {}, data)
    assert [(case.scale, case.spread, case.effect) for case in claims(tmp_path)] == [("quick", 0.2, 1.0), ("paper", 0.1, 1.0)]
    data["metrics"]["loss"] = metric | {"spread": {"paper": 0.1}}
    write_paper(tmp_path, "toys2001", {}, data)
    assert [case.scale for case in claims(tmp_path)] == ["paper"]


def test_a_verdict_says_what_it_could_have_said() -> None:
    case = next(case for case in EXAMPLES if case.claim == "difference")
    rng = np.random.default_rng(0)
    wide = power(case.test, [rng.normal(0, 8, 3), rng.normal(0, 8, 3)], None, simulations=200)
    narrow = power(case.test, [rng.normal(0, 0.1, 5), rng.normal(0, 0.1, 5)], 2.0, simulations=200)
    assert "could hardly have succeeded" in wide["says"]
    assert narrow["replicated"] == 1.0
    assert narrow["assumed_effect"] == 2.0
    assert power(case.test.model_copy(update={"smallest_effect": 0.0}), [[1.0, 2, 3]] * 2, None) is None


def test_the_table_is_written(tmp_path: Path, capsys) -> None:
    calibrate(tmp_path / "no papers", tmp_path / "table.csv", 10)
    with (tmp_path / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(EXAMPLES)
    assert {row["kind"] for row in rows} == {"difference", "ordering", "counts", "ratio", "correlation", "equivalence", "within"}
    assert capsys.readouterr().err.count("\n") == len(rows)
