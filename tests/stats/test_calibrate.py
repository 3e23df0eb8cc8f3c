"""The table of how often verdicts are wrong: simulated experiments at the very bound of where a claim holds."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from scipy import stats
from tiny_paper import protocol_data, write_paper

from secondlook.stats import intervals
from secondlook.stats.calibrate import COLUMNS, Case, calibrate, examples, measure, measure_together, papers_at
from secondlook.stats.judge import ALPHA

EXAMPLES = list(examples())
#: what 400 experiments, each wrong with a chance of 5 %, exceed once in a thousand times
MOST = stats.binom.ppf(0.999, 400, ALPHA) / 400


def case(claim: str, *looks: int) -> Case:
    return next(one for one in EXAMPLES if one.claim == claim and [sizes[0] for sizes in one.design.sizes] == list(looks))


@pytest.mark.parametrize("one", EXAMPLES, ids=[f"{one.claim} {[sizes[0] for sizes in one.design.sizes]}" for one in EXAMPLES])
def test_no_kind_of_test_is_wrong_too_often(one: Case) -> None:
    row = measure(one, 400)
    assert row["false_supported"] <= MOST
    assert row["false_contradicted"] <= MOST
    assert row["false_supported"] <= row["false_supported_high"]


@pytest.mark.parametrize("one", [one for one in EXAMPLES if one.design.sizes[-1][0] == 24], ids=lambda one: one.claim)
def test_every_kind_of_test_can_decide_both_ways(one: Case) -> None:
    row = measure(one, 200)
    assert row["chance_if_true"] >= 0.8
    assert row["chance_if_false"] >= 0.8


@pytest.mark.parametrize("claim", ["difference", "ratio", "within", "equivalence"])
def test_an_interval_that_is_too_narrow_is_noticed(monkeypatch: pytest.MonkeyPatch, claim: str) -> None:
    student = intervals._student
    monkeypatch.setattr(intervals, "_student", lambda effect, error, freedom, alpha: student(effect, error / 3, freedom, alpha))
    row = measure(case(claim, 5), 400)
    assert row["false_supported"] > MOST
    assert row["false_contradicted"] > MOST


def test_alpha_that_is_not_shared_among_looks_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secondlook.stats.chance.spending", lambda looks: [ALPHA] * looks)
    assert measure(case("difference", 3, 6, 12, 24), 400)["false_supported"] > MOST


def test_several_claims_together_are_wrong_no_more_often_than_one() -> None:
    design = replace(case("difference", 5).design, share=1 / 4)
    row = measure_together("toys", "quick", {f"T{place}": design for place in range(4)}, 200)
    assert row["claim"] == "(4 primary together)"
    assert max(row["false_supported"], row["false_contradicted"]) <= stats.binom.ppf(0.999, 200, ALPHA) / 200
    assert set(row) == set(COLUMNS)


SPREAD = {"spread": {"quick": 0.2, "paper": 0.1}}


def write(folder: Path, **changes: object) -> None:
    """A paper with two primary claims and one of the family of the first."""
    arms = {name: {"label": name, "cells": {"lr": lr}} for name, lr in (("first", 0.5), ("second", 0.25))}
    claim = {"sentence": "s", "plain": "s", "source": "Section 1", "experiment": "plain", "test": {"difference": "loss", **arms}}
    metric = {"means": "how far off", "diverged": 9.0, "smallest_effect": 0.5} | SPREAD | changes
    claims = {"T1": claim, "T2": claim | {"family": "T1"}, "T3": claim | {"scales": ["paper"]}}
    write_paper(folder, "toys2001", {}, protocol_data(metrics={"loss": metric}, claims=claims))


def test_claims_are_calibrated_with_the_spread_of_each_scale_and_their_share(tmp_path: Path) -> None:
    write(tmp_path)
    found = {scale: next(iter(papers_at(tmp_path, scale))) for scale in ("quick", "paper")}
    paper, designs, primary = found["quick"]
    assert (paper, list(designs), primary) == ("toys2001", ["T1", "T2"], ["T1"])
    assert [(one.spread, one.share, one.sizes, one.expected, one.otherwise) for one in designs.values()] == [
        (0.2, 1.0, ((3, 3),), 1.0, 0.0)
    ] * 2
    _, designs, primary = found["paper"]
    assert (list(designs), primary) == (["T1", "T2", "T3"], ["T1", "T3"])
    assert [(one.spread, one.share) for one in designs.values()] == [(0.1, 0.5), (0.1, 1.0), (0.1, 0.5)]


def test_a_claim_without_a_spread_at_a_scale_is_left_out_there(tmp_path: Path) -> None:
    write(tmp_path, spread={"paper": 0.1})
    assert not next(iter(papers_at(tmp_path, "quick")))[1]


def test_the_table_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "papers").mkdir()
    write(tmp_path / "papers")
    calibrate(tmp_path / "papers", tmp_path / "table.csv", 10)
    with (tmp_path / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["kind"] for row in rows if row["paper"] == "(examples)"} == {
        *("difference", "ordering", "counts", "ratio", "correlation", "equivalence", "within", "share"),
    }
    ours = [(row["claim"], row["scale"], row["alpha"]) for row in rows if row["paper"] == "toys2001"]
    assert ours == [
        *(("T1", "quick", "0.05"), ("T2", "quick", "0.05"), ("(1 primary together)", "quick", "0.05")),
        *(("T1", "paper", "0.025"), ("T2", "paper", "0.05"), ("T3", "paper", "0.025"), ("(2 primary together)", "paper", "0.05")),
    ]
    assert capsys.readouterr().err.count("\n") == len(rows)
