"""The choice among a grid's cells, and what it says of the grid's edges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_runs import make_run

from secondlook.errors import UserError
from secondlook.files import read_json
from secondlook.tables.collect import collect
from secondlook.tables.selection import select

SPEC = {"experiments": ["grid"], "factor": "lr", "metric": "loss", "by": "mean", "per": [], "extend_by": 2.0}


def choose(tmp_path: Path, *experiments: list[Path], **spec: Any) -> list[dict[str, Any]]:
    """Collect each experiment's runs, select, and return the choices."""
    tables, records = [], []
    for index, folders in enumerate(experiments):
        tables.append(tmp_path / f"{index}.csv")
        records.append(tmp_path / f"{index}.runs.json")
        collect(folders, tables[-1], records[-1])
    select(SPEC | spec, tables, records, tmp_path / "out.json")
    outcome = read_json(tmp_path / "out.json")
    assert (outcome["factor"], outcome["metric"], outcome["by"]) == tuple((SPEC | spec)[key] for key in ("factor", "metric", "by"))
    return outcome["choices"]


def grid(tmp_path: Path, losses: dict[Any, Any], **cell: Any) -> list[Path]:
    """One run for each lr; a number is the final loss of one replica, a list that of several, None a divergence."""
    folders = []
    for lr, values in losses.items():
        rows = []
        for seed, value in enumerate(values if isinstance(values, list) else [values]):
            rows.append((seed, 1, "loss", -1e9))  # an earlier value that must not count
            rows.append((seed, 2, "diverged", 1.0) if value is None else (seed, 2, "loss", value))
        name = json.dumps([cell, lr]).replace("/", "_")
        folders.append(make_run(tmp_path, name, {**cell, "lr": lr}, rows))
    return folders


@pytest.mark.parametrize(
    ("by", "losses", "best", "edge", "beyond"),
    [
        ("mean", {0.1: 3.0, 1.0: 1.0, 10.0: 2.0}, 1.0, None, None),
        ("mean", {10.0: 3.0, 0.1: 1.0, 1.0: 2.0}, 0.1, "low", 0.05),  # whatever the order of the runs
        ("mean", {0.1: 3.0, 1.0: 2.0, 10.0: 1.0}, 10.0, "high", 20.0),
        ("mean", {0.1: 3.0, 1.0: 2.0, 10.0: None}, 1.0, None, None),  # a diverged cell is a candidate, and worse than any
        ("mean", {0.1: [1.0, 5.0], 1.0: [2.5, 2.5]}, 1.0, "high", 2.0),  # means over replicas
        ("worst", {0.1: [1.0, 5.0], 1.0: [4.0, 4.0]}, 1.0, "high", 2.0),  # though its mean is higher
        ("worst", {0.1: [9.0, None], 1.0: [9.0, 9.5]}, 1.0, "high", 2.0),
        ("mean", {0.1: [0.0, None], 1.0: [9.0, 9.0]}, 1.0, "high", 2.0),  # one diverged replica spoils a cell
        ("mean", {0.1: -2.0, 1.0: -1.0, 10.0: 0.0}, 0.1, "low", 0.05),
        ("mean", {0.5: 7.0}, 0.5, None, None),  # a grid of one has no edge
    ],
)
def test_best_edge_and_the_value_beyond(
    tmp_path: Path, by: str, losses: dict[float, Any], best: float, edge: str | None, beyond: float | None
) -> None:
    (choice,) = choose(tmp_path, grid(tmp_path, losses), by=by)
    assert (choice["group"], choice["best"], choice["edge"], choice["beyond"]) == ({}, best, edge, beyond)
    assert [candidate["value"] for candidate in choice["candidates"]] == sorted(losses)


def test_every_candidate_has_its_score(tmp_path: Path) -> None:
    (choice,) = choose(tmp_path, grid(tmp_path, {1.0: [2.0, 4.0], 0.1: [3.0, None], 10.0: [None, None]}))
    assert choice["candidates"] == [{"value": 0.1, "score": None}, {"value": 1.0, "score": 3.0}, {"value": 10.0, "score": None}]


def test_where_all_diverged_there_is_still_a_choice_and_its_scores_tell(tmp_path: Path) -> None:
    (choice,) = choose(tmp_path, grid(tmp_path, {0.1: None, 1.0: None}))
    assert choice["best"] == 0.1
    assert [candidate["score"] for candidate in choice["candidates"]] == [None, None]


def test_one_choice_a_group(tmp_path: Path) -> None:
    folders = grid(tmp_path, {0.1: 1.0, 1.0: 2.0}, rule="sgd", width=8) + grid(tmp_path, {0.1: 2.0, 1.0: 1.0}, rule="adam", width=8)
    choices = choose(tmp_path, folders, per=["rule"], extend_by=10.0)
    assert [(choice["group"], choice["best"], choice["beyond"]) for choice in choices] == [
        ({"rule": "sgd"}, 0.1, pytest.approx(0.01, rel=1e-12)),
        ({"rule": "adam"}, 1.0, 10.0),
    ]


def test_a_run_beyond_the_edge_competes_with_the_value_that_it_came_to(tmp_path: Path) -> None:
    first = grid(tmp_path, {0.1: 3.0, 1.0: 2.0})
    further = [make_run(tmp_path, "further", {"lr": "beyond"}, [(0, 1, "loss", 1.0)], lr=2.0)]
    (choice,) = choose(tmp_path, first, further)
    assert (choice["best"], choice["edge"], choice["beyond"]) == (2.0, "high", 4.0)
    assert [candidate["value"] for candidate in choice["candidates"]] == [0.1, 1.0, 2.0]
    worse = [make_run(tmp_path, "worse", {"lr": "beyond"}, [(0, 1, "diverged", 1.0)], lr=2.0)]
    (choice,) = choose(tmp_path, first, worse)
    assert (choice["best"], choice["edge"], choice["beyond"]) == (1.0, None, None)


def test_a_run_that_was_not_needed_does_not_compete(tmp_path: Path) -> None:
    (choice,) = choose(
        tmp_path,
        grid(tmp_path, {0.1: 3.0, 1.0: 2.0, 10.0: 5.0}),
        [make_run(tmp_path, "unneeded", {"lr": "beyond"}, [], lr=None)],
    )
    assert (choice["best"], choice["edge"]) == (1.0, None)
    assert len(choice["candidates"]) == 3


def test_a_metric_that_no_run_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="selection by 'accuracy': no run of grid has that metric"):
        choose(tmp_path, [make_run(tmp_path, "a", {"lr": 0.1}, [(0, 1, "loss", 1.0)])], metric="accuracy")


def test_cells_that_differ_in_one_factor_more_do_not_mix(tmp_path: Path) -> None:
    plain = [make_run(tmp_path, f"p{lr}", {"lr": lr}, [(0, 1, "loss", loss)]) for lr, loss in ((0.1, 1.0), (1.0, 2.0))]
    other = [make_run(tmp_path, "o", {"lr": 0.1, "decay": 0}, [(0, 1, "loss", 1.5)])]
    (choice,) = choose(tmp_path, plain + other)
    assert {candidate["value"]: candidate["score"] for candidate in choice["candidates"]} == {0.1: 1.25, 1.0: 2.0}


def test_words_can_be_chosen_too_and_have_no_edge(tmp_path: Path) -> None:
    (choice,) = choose(tmp_path, grid(tmp_path, {"relu": 3.0, "tanh": 1.0, "elu": 2.0}))
    assert (choice["best"], choice["edge"], choice["beyond"]) == ("tanh", None, None)
