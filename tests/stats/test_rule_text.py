"""The rule of each kind of test in words: its numbers, its outcomes, and nothing that the kind does not have."""

from __future__ import annotations

from typing import Any

import pytest
from made_claims import CORRELATION, COUNTS, DIFFERENCE, EQUAL, EQUIVALENCE, ORDERING, RATIO, SHARE, WITHIN, claim, make
from pydantic import TypeAdapter

from secondlook.protocol.rules import Test as AnyTest
from secondlook.stats.rule_text import rule_text
from secondlook.stats.zones import outcome_of, zone_of

ALL = [DIFFERENCE, RATIO, ORDERING, COUNTS, EQUIVALENCE, WITHIN, SHARE, CORRELATION]


def text(test: dict[str, Any]) -> str:
    adapter: TypeAdapter[AnyTest] = TypeAdapter(AnyTest)
    return rule_text(adapter.validate_python(test))


@pytest.mark.parametrize(
    ("test", "parts"),
    [
        (DIFFERENCE | {"unit": "%"}, ["final m, b minus a (Welch): supported if the whole interval lies above 1", "above 0", "0 or less"]),
        (DIFFERENCE | {"paired": True}, ["b minus a (paired t)"]),
        (DIFFERENCE | {"at": 0.1}, ["after 10 % of training (the first measurement, where that comes later), m"]),
        (DIFFERENCE | {"given_lower": "loss"}, ["undecided, too, unless b has a mean loss not above that of a"]),
        (RATIO, ["b over a (Welch on logarithms)", "lies above 1.5", "above 1,", "1 or less"]),
        (ORDERING, ["a < b < c, smallest step", "ranks are compared"]),
        (COUNTS, ["share of successes, b minus a", "Clopper-Pearson", "Boschloo", "above 0.2"]),
        (EQUIVALENCE, ["within ± 1", "contradicted if it lies wholly outside"]),
        (WITHIN, ["mean of a (t)", "within 0.5 to 1.5", "counts as 90", "ranks are compared"]),
        (WITHIN | {"low": None}, ["lies below 1.5"]),
        (SHARE | {"given": "there"}, ["share of the replicas of a among those with there (Clopper-Pearson)", "above 0.7", "counts as 0"]),
        (
            CORRELATION | {"sign": -1},
            ["rank correlation with q along training times -1 less that between different replicas of a", "above 0.3"],
        ),
        (EQUAL, ["in every replica the final m equals 0.25; else contradicted"]),
        (EQUAL | {"tolerance": 0.001, "to": "known"}, ["differs from known by at most 0.001"]),
        (EQUAL | {"given": "holds"}, ["in every replica, where holds holds, the final m equals 0.25"]),
    ],
    ids=str,
)
def test_the_protocols_numbers(test: dict[str, Any], parts: list[str]) -> None:
    for part in parts:
        assert part in text(test)


@pytest.mark.parametrize("test", [*ALL, CORRELATION | {"low": None, "high": 0.2}, WITHIN | {"low": None}], ids=str)
def test_each_outcome_that_a_kind_has_is_named_and_no_other(test: dict[str, Any]) -> None:
    """By trying intervals everywhere."""
    zone = zone_of(make(test))
    ends = [place / 20 for place in range(-60, 61)]
    possible = {outcome_of(low, high, zone)[0] for low in ends for high in ends if low < high}
    for outcome in ("supported", "weaker than claimed", "contradicted", "undecided"):
        assert (outcome in text(test)) == (outcome in possible), outcome


@pytest.mark.parametrize("test", ALL, ids=lambda test: next(iter(test)))
def test_what_is_too_little_is_said(test: dict[str, Any]) -> None:
    assert "fewer than 3 replicas an arm" in text(test)
    binomial = make(test).kind in ("counts", "share")
    assert ("where replicas do not differ at all" in text(test)) != binomial
    if make(test).kind in ("difference", "within"):
        assert "differ at all" not in text(test | {"resolution": 1.0})


def test_ranks_are_named_where_they_are_used() -> None:
    for test in ALL:
        used = make(test).kind not in ("counts", "share", "correlation")
        assert ("Hodges-Lehmann" in text(test)) == used


def test_the_text_is_made_of_the_test_alone() -> None:
    assert claim(DIFFERENCE).test is not None
    assert text(DIFFERENCE) == rule_text(claim(DIFFERENCE).test) == rule_text(make(DIFFERENCE))
