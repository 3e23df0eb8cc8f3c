"""What changed between two reports, and what differs behind it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from secondlook.cli import main
from secondlook.errors import UserError
from secondlook.files import write_json
from secondlook.report.changes import changes, lines, read_report


def claim(key: str, outcome: str = "supported", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"id": f"toy/{key}", "plain": f"{key} holds.", "outcome": outcome, "how": None, "reach": "reduced"}
    made |= {"experiment": "grid", "rule": "above 0", "effect": 1.0, "interval": [0.5, 1.5], "counts": None, "kind": "difference"}
    return made | {"unit": "nats"} | more


BEHIND = {"code": ["c0de"], "data": [], "seeds": [100, 101], "settings": {"steps": "2"}, "versions": ["numpy 2"], "devices": ["cpu: x"]}
OLD: dict[str, Any] = {
    "scale": "quick",
    "commit": "a" * 40,
    "claims": [claim("T1"), claim("T2"), claim("T3")],
    "experiments": {"toy/grid": BEHIND},
}


def changed(**experiment: Any) -> dict[str, Any]:
    """A newer report in which T2 came out otherwise."""
    new = copy.deepcopy(OLD)
    new["claims"][1] |= {"outcome": "undecided", "effect": 0.5, "interval": [-0.5, 1.5]}
    new["experiments"]["toy/grid"] |= experiment
    return new


@pytest.mark.parametrize(
    ("experiment", "why"),
    [
        ({"code": ["0dd"]}, ["code"]),
        ({"data": ["mnist: 1"]}, ["data: none, then mnist: 1"]),
        ({"seeds": [100, 101, 102]}, ["seeds: 2, then 3"]),
        ({"settings": {"steps": "4"}}, ["settings: steps 2, then 4"]),
        ({"devices": ["cuda: y"], "code": ["0dd"]}, ["code", "machine: cpu: x, then cuda: y"]),
        ({}, ["other claims of its paper: they share one chance of error"]),
    ],
)
def test_a_changed_outcome_names_what_differs_behind_it(experiment: dict[str, Any], why: list[str]) -> None:
    (found,) = changes(OLD, changed(**experiment))
    assert (found["id"], found["old"], found["new"]) == ("toy/T2", "supported (reduced)", "undecided (reduced)")
    assert found["measured"] == ["1.00 nats [0.50, 1.50]".replace("1.00", "+1.00"), "+0.5 nats [−0.5, 1.5]"]
    assert found["why"] == why


def test_scale_and_rule_are_named_too() -> None:
    new = changed()
    new["scale"] = "paper"
    new["claims"][1]["rule"] = "above 1"
    (found,) = changes(OLD, new)
    assert found["why"] == ["scale: quick, then paper", "the rule"]


def test_claims_that_came_or_went() -> None:
    new = copy.deepcopy(OLD)
    new["claims"] = [*new["claims"][1:], claim("T4")]
    assert [(found["id"], found["why"]) for found in changes(OLD, new)] == [
        ("toy/T4", ["the claim is new"]),
        ("toy/T1", ["the claim is gone"]),
    ]
    assert lines(OLD, new)[-1] == "2 outcomes changed, 2 did not"


def test_an_experiment_that_one_report_lacks() -> None:
    new = changed()
    del new["experiments"]["toy/grid"]
    assert changes(OLD, new)[0]["why"] == ["its experiment ran only in the first"]


def test_equal_reports_have_no_changes() -> None:
    assert lines(OLD, copy.deepcopy(OLD)) == ["0 outcomes changed, 3 did not"]


def test_a_report_is_found_by_its_folder_or_that_of_its_results(tmp_path: Path) -> None:
    file = tmp_path / "results/quick/report/assets/report.json"
    write_json(file, OLD)
    for path in (file, file.parents[1], file.parents[2]):
        assert read_report(path) == OLD
    with pytest.raises(UserError, match="no report there"):
        read_report(tmp_path)
    write_json(file, [])
    with pytest.raises(UserError, match="no report there"):
        read_report(file)


def test_the_command_line_prints_them_and_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_json(tmp_path / "old.json", OLD)
    write_json(tmp_path / "new.json", changed(code=["0dd"]))
    assert main(["compare", str(tmp_path / "old.json"), str(tmp_path / "new.json"), "--out", str(tmp_path / "page/changes.html")]) == 0
    said = capsys.readouterr().out
    assert "toy/T2: supported (reduced) -> undecided (reduced)\n  T2 holds.\n" in said
    assert "  differs: code\n1 outcome changed, 2 did not\n" in said
    page = (tmp_path / "page/changes.html").read_text(encoding="utf-8")
    assert "T2 holds." in page
    assert (tmp_path / "page/assets/style.css").exists()
