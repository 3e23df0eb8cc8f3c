"""Where the marks of a claim's picture stand."""

from __future__ import annotations

from typing import Any

import pytest

from secondlook.report.forest import MARGIN, axis, forest


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [-1.4, 3.2], [0.0, 1e-9], [1e7, 3e9], [61.0, 72.0], [-0.001, 0.0], [1e-12]])
def test_an_axis_holds_its_values_and_has_a_few_ticks(values: list[float]) -> None:
    scale = axis(values)
    for value in values:
        assert MARGIN <= scale.at(value) <= 100 - MARGIN
    assert 1 <= len(scale.ticks) <= 8
    for tick, _ in scale.ticks:
        assert MARGIN - 1e-6 <= scale.at(tick) <= 100 - MARGIN + 1e-6
    assert len({text for _, text in scale.ticks}) == len(scale.ticks)


def test_ticks_are_round() -> None:
    assert [text for _, text in axis([-1.44, 3.21]).ticks] == ["-1", "0", "1", "2", "3"]
    assert [text for _, text in axis([0.02, 0.07]).ticks] == ["0.02", "0.03", "0.04", "0.05", "0.06", "0.07"]


CLAIM = {
    "effect": 1.0,
    "interval": [-1.0, 3.0],
    "zone": {"low": 0.5, "high": None, "zero": 0.0, "one": 0.5, "log": False},
    "reported": {"value": 2.0},
    "arms": [{"label": "a", "values": [1.0, 3.0], "diverged": 0}, {"label": "b", "values": [2.0], "diverged": 1}],
}


def test_everything_stands_in_its_order() -> None:
    effect = forest(CLAIM)["effect"]
    low, high = effect["interval"]
    assert low < effect["nothing"] < effect["lines"][0] < effect["effect"] < effect["reported"] < high
    assert effect["effect"] == pytest.approx((low + high) / 2, abs=0.01)


def test_arms_share_an_axis() -> None:
    rows = forest(CLAIM)["arms"]["rows"]
    assert rows[0]["mean"] == pytest.approx(rows[1]["points"][0][0], abs=0.01)
    assert [len(row["points"]) for row in rows] == [2, 1]


@pytest.mark.parametrize(
    ("zone", "lines"),
    [
        ({"low": 1.5, "high": None, "zero": 1.0}, [1.5]),
        ({"low": 1.0, "high": None, "zero": 1.0}, []),
        ({"low": -0.5, "high": 0.5, "zero": 0.0}, [-0.5, 0.5]),
        ({"low": None, "high": 2.0, "zero": None}, [2.0]),
    ],
)
def test_the_lines_are_the_bounds_of_where_the_claim_holds(zone: dict[str, Any], lines: list[float]) -> None:
    effect = forest(CLAIM | {"zone": zone})["effect"]
    assert effect["nothing_value"] == zone["zero"]
    assert effect["line_values"] == lines


def test_an_open_end_of_an_interval_reaches_the_edge() -> None:
    effect = forest(CLAIM | {"interval": [None, 3.0]})["effect"]
    assert effect["interval"][0] == MARGIN
    assert effect["interval"][1] < 100 - MARGIN


def test_an_identity_has_no_axis_of_effects_but_shows_replicas_where_it_has_them() -> None:
    assert forest({"effect": 0.0, "interval": None, "zone": None, "arms": []}) is None
    assert forest(CLAIM | {"interval": None, "zone": None})["effect"] is None


def test_a_claim_without_a_measurement_has_no_picture() -> None:
    assert forest({"effect": None, "interval": None, "reported": {"value": 1.0}, "arms": []}) is None
    assert forest({"effect": None, "arms": [{"label": "a", "values": [], "diverged": 0}]}) is None
