"""Where each kind of claim holds, and what every place of an interval beside that zone says."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from made_claims import CORRELATION, COUNTS, DIFFERENCE, EQUIVALENCE, ORDERING, RATIO, SHARE, WITHIN, make

from secondlook.stats.zones import DECIDED, HOW, OUTCOMES, Zone, inside, outcome_of, outside, zone_of

INF = math.inf


@pytest.mark.parametrize(
    ("test", "zone"),
    [
        (DIFFERENCE, Zone(1.0, INF, 0.0, 1.0)),
        (ORDERING, Zone(1.0, INF, 0.0, 1.0)),
        (COUNTS, Zone(0.2, INF, 0.0, 0.2)),
        (RATIO, Zone(1.5, INF, 1.0, 1.5, log=True)),
        (EQUIVALENCE, Zone(-1.0, 1.0, 0.0, 1.0)),
        (WITHIN, Zone(0.5, 1.5)),
        (WITHIN | {"low": None}, Zone(-INF, 1.5)),
        (SHARE, Zone(0.7, INF)),
        (CORRELATION, Zone(0.3, INF, 0.0, 0.3)),
        (CORRELATION | {"low": None, "high": 0.2}, Zone(-INF, 0.2, 0.0)),
    ],
    ids=str,
)
def test_the_zone_of_each_kind(test: dict[str, Any], zone: Zone) -> None:
    assert zone_of(make(test)) == zone


@pytest.mark.parametrize(
    ("low", "high", "outcome", "why"),
    [
        (1.0, 3.0, "supported", "wholly where the claim holds"),  # a bound belongs to the zone
        (0.9, 3.0, "undecided", "whether it is large enough is open"),
        (0.1, 0.9, "weaker than claimed", "smaller than what counts"),
        (0.1, 1.0, "undecided", "whether it is large enough is open"),
        (0.0, 0.9, "contradicted", "absent"),
        (-0.5, 0.9, "contradicted", "absent"),
        (-2.0, -0.1, "contradicted", "opposite"),
        (-2.0, 0.0, "contradicted", "absent"),
        (-0.5, 1.5, "undecided", "on both sides"),
        (-INF, INF, "undecided", "on both sides"),
        (-INF, 0.5, "contradicted", "absent"),
        (2.0, INF, "supported", "wholly"),
        (math.nan, math.nan, "undecided", "on both sides"),
    ],
)
def test_an_effect_of_at_least_one(low: float, high: float, outcome: str, why: str) -> None:
    found = outcome_of(low, high, zone_of(make(DIFFERENCE)))
    assert found[0] == outcome
    assert why in found[1]
    assert (found[1] in HOW) == (outcome == "contradicted")


def test_a_claim_may_be_contradicted_at_once_by_what_was_called_too_little_evidence() -> None:
    """-4.67 [-6.72, -2.62] where at least 0.5 was claimed: surely the other way, at whatever scale."""
    assert outcome_of(-6.72, -2.62, Zone(0.5, INF, 0.0, 0.5)) == ("contradicted", "opposite")


@pytest.mark.parametrize(
    ("low", "high", "outcome", "why"),
    [
        (-1.0, 1.0, "supported", "wholly"),
        (-1.1, 0.5, "undecided", "both sides"),
        (-3.0, 3.0, "undecided", "both sides"),
        (1.1, 3.0, "contradicted", "larger"),
        (-3.0, -1.1, "contradicted", "smaller"),
    ],
)
def test_a_margin_has_two_sides_and_nothing_is_weaker(low: float, high: float, outcome: str, why: str) -> None:
    found = outcome_of(low, high, zone_of(make(EQUIVALENCE)))
    assert found[0] == outcome
    assert why in found[1]


def test_a_value_with_one_bound_is_not_weaker_but_smaller() -> None:
    """A share of 0.2 where 0.7 was claimed is no weaker effect."""
    assert outcome_of(0.1, 0.6, zone_of(make(SHARE))) == ("contradicted", "smaller")
    assert outcome_of(0.1, 0.25, zone_of(make(CORRELATION)))[0] == "weaker than claimed"
    assert outcome_of(1.6, 1.7, zone_of(make(WITHIN, low=None))) == ("contradicted", "larger")


def test_a_ratio_below_one_is_the_opposite() -> None:
    zone = zone_of(make(RATIO))
    assert outcome_of(0.5, 0.9, zone) == ("contradicted", "opposite")
    assert outcome_of(0.9, 1.2, zone) == ("contradicted", "absent")
    assert outcome_of(1.1, 1.4, zone)[0] == "weaker than claimed"


def test_inside_and_outside_exclude_each_other_and_the_rest_is_undecided() -> None:
    ends = [-INF, -2.0, -1.0, 0.0, 1.0, 2.0, INF]
    intervals = np.array([pair for pair in itertools.product(ends, ends) if pair[0] <= pair[1]])
    for zone in (Zone(1.0, INF, 0.0, 1.0), Zone(-1.0, 1.0, 0.0, 1.0), Zone(-INF, 0.0), Zone(1.0, INF, 1.0, 2.0, log=True)):
        yes, no = inside(*intervals.T, zone), outside(*intervals.T, zone)
        assert not (yes & no).any()
        for (low, high), supported, excluded in zip(intervals, yes, no, strict=True):
            outcome, _ = outcome_of(low, high, zone)
            assert (outcome == "supported", outcome in DECIDED - {"supported"}) == (supported, excluded)


def test_the_common_scale() -> None:
    difference, ratio = zone_of(make(DIFFERENCE, smallest_effect=0.5)), zone_of(make(RATIO))
    assert [difference.position(value) for value in (0.0, 0.5, -1.0, None)] == [0.0, 1.0, -2.0, None]
    assert ratio.position(1.5) == 1.0
    assert ratio.position(1.5**3) == pytest.approx(3.0)
    assert ratio.position(1 / 1.5) == pytest.approx(-1.0)
    assert ratio.position(0.0) is None
    assert zone_of(make(WITHIN)).position(1.0) is None
    assert zone_of(make(DIFFERENCE, smallest_effect=0.0)).position(1.0) is None  # there is no smallest effect to measure by


def test_open_ends_are_null_in_json() -> None:
    assert zone_of(make(DIFFERENCE)).as_json() == {"low": 1.0, "high": None, "zero": 0.0, "one": 1.0, "log": False}


def test_words() -> None:
    assert set(OUTCOMES) > DECIDED
    assert "undecided" not in DECIDED
