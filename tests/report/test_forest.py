"""Where the marks of a claim's pictures stand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.report.forest import MARGIN, WIDE, axis, bar, place, strip
from secondlook.stats.zones import Zone, outcome_of


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [-1.4, 3.2], [0.0, 1e-9], [1e7, 3e9], [61.0, 72.0], [-0.001, 0.0], [1e-12]])
def test_an_axis_holds_its_values_and_has_a_few_ticks(values: list[float]) -> None:
    scale = axis(values)
    for value in values:
        assert MARGIN <= scale.at(value) <= 100 - MARGIN
    assert 1 <= len(scale.ticks) <= 7
    for tick, _ in scale.ticks:
        assert MARGIN - 0.01 <= scale.at(tick) <= 100 - MARGIN + 0.01
    assert len({text for _, text in scale.ticks}) == len(scale.ticks)


def test_ticks_are_round() -> None:
    assert [text for _, text in axis([-1.44, 3.21]).ticks] == ["-1", "0", "1", "2", "3"]
    assert [text for _, text in axis([0.02, 0.07]).ticks] == ["0.02", "0.03", "0.04", "0.05", "0.06", "0.07"]


CLAIM = {
    "effect": 1.0,
    "interval": [-1.0, 3.0],
    "zone": {"low": 0.5, "high": None, "zero": 0.0, "one": 0.5, "log": False},
    "tolerance": None,
    "reported": {"value": 2.0},
    "outcome": "undecided",
}
ZERO, ONE = WIDE / 2, WIDE * 0.6


def zone(**changes: Any) -> dict[str, Any]:
    return {"low": None, "high": None, "zero": None, "one": None, "log": False} | changes


def test_everything_stands_in_its_order() -> None:
    found = bar(CLAIM)
    assert found is not None
    low, high = found["range"]
    assert low < ZERO < ONE < found["dot"] < found["paper"] < high
    assert found["zone"] == [ONE, WIDE]
    assert found["edges"] == [ONE]
    assert found["zero"]
    assert found["thin"]
    assert found["tips"] == [1]  # 3 is six times what counts


@pytest.mark.parametrize(
    ("changes", "effect", "dot", "shown"),
    [
        (zone(low=1.5, zero=1.0, one=1.5, log=True), 1.0, ZERO, [ONE, WIDE]),
        (zone(low=1.5, zero=1.0, one=1.5, log=True), 1.5, ONE, [ONE, WIDE]),
        (zone(low=-0.5, high=0.5, zero=0.0, one=0.5), 0.5, ONE, [WIDE - ONE, ONE]),
        (zone(low=215.0, high=235.0), 225.0, ZERO, [WIDE - ONE, ONE]),
        (zone(high=2.0), 2.0, ONE, [0.0, ONE]),
        (zone(low=0.5), 0.5, ONE, [ONE, WIDE]),
        (zone(high=-2.0), -2.0, ONE, [ONE, WIDE]),  # a fall by two
        (zone(high=-2.0), 0.0, ZERO, [ONE, WIDE]),
        (zone(low=-0.3, high=0.3, zero=0.0, one=-0.3), 0.3, ONE, [WIDE - ONE, ONE]),
    ],
)
def test_all_kinds_of_zones_share_one_scale(changes: dict[str, Any], effect: float, dot: float, shown: list[float]) -> None:
    found = bar(CLAIM | {"zone": changes, "effect": effect, "interval": None})
    assert found is not None
    assert found["dot"] == pytest.approx(dot, abs=0.1)
    assert found["zone"] == pytest.approx(shown, abs=0.1)


def test_an_identity_has_its_tolerance_for_a_zone() -> None:
    identity = {"effect": 5e-10, "interval": None, "zone": None, "tolerance": 1e-9, "reported": None, "outcome": "supported"}
    found = bar(identity)
    assert found is not None
    assert found["zone"] == [WIDE - ONE, ONE]
    assert ZERO < found["dot"] < ONE
    exact = bar(identity | {"tolerance": 0.0, "effect": 0.0})
    assert exact is not None
    assert exact["dot"] == ZERO
    off = bar(identity | {"tolerance": 0.0, "effect": 1e-300})
    assert off is not None
    assert off["dot"] == WIDE


def test_open_ends_reach_the_edge() -> None:
    found = bar(CLAIM | {"interval": [None, 0.75], "reported": None})
    assert found is not None
    assert found["range"][0] == 0.0
    assert found["tips"] == [-1]
    backwards = bar(CLAIM | {"zone": zone(high=-2.0), "interval": [None, -3.0], "effect": -4.0, "reported": None})
    assert backwards is not None
    assert backwards["range"] == [place(1.5), WIDE]


@given(st.floats(-3, 3), st.floats(0, 4), st.sampled_from([(0.5, None), (None, -0.5), (-0.5, 0.5), (0.25, 0.75), (None, 0.5)]))
def test_a_bar_lies_in_the_zone_exactly_where_the_claim_is_supported(
    low: float, width: float, bounds: tuple[float | None, float | None]
) -> None:
    high = low + width
    ends = [-float("inf") if bounds[0] is None else bounds[0], float("inf") if bounds[1] is None else bounds[1]]
    supported = outcome_of(low, high, Zone(*ends))[0] == "supported"
    found = bar(
        CLAIM | {"zone": zone(low=bounds[0], high=bounds[1]), "interval": [low, high], "effect": (low + high) / 2, "reported": None}
    )
    assert found is not None
    inside = found["zone"][0] <= found["range"][0] and found["range"][1] <= found["zone"][1]
    near = any(abs(end - edge) < 0.06 for end in found["range"] for edge in found["zone"])  # a pixel's share
    beyond = found["tips"] != [] and supported != inside
    assert inside == supported or near or (beyond and inside)


def test_a_claim_without_a_measurement_has_no_picture() -> None:
    assert bar(CLAIM | {"effect": None}) is None
    assert bar(CLAIM | {"zone": None}) is None
    assert strip([{"label": "a", "values": [], "diverged": 0}]) is None


def test_arms_share_an_axis() -> None:
    found = strip([{"label": "a", "values": [1.0, 3.0], "diverged": 0}, {"label": "b", "values": [2.0, None], "diverged": 1}])
    assert found is not None
    first, second = found["rows"]
    assert first["mean"] == pytest.approx(second["points"][0], abs=0.01)
    assert [len(row["points"]) for row in found["rows"]] == [2, 1]
    assert second["diverged"] == 1
