"""Controls: what passes, what fails, what does not decide, and what becomes of the claims that rest on them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from made_claims import DIFFERENCE, EQUAL, EQUIVALENCE, LOW, WITHIN, arm, budget, claim, control, plan, table, up

from secondlook.stats.design import Budgets
from secondlook.stats.verdicts import check_control, decide

BUDGETS = {"toy": budget(5), "again": budget(5)}
AGAIN = EQUIVALENCE | {"second": arm("a", experiment="again")}
WIDE = [-4.0, 6.0, 2.0, 0.0, 5.0]


def checked(test: dict[str, Any], budgets: dict[str, Any] = BUDGETS, **tables: pd.DataFrame) -> dict[str, Any]:
    return check_control(control(test), tables, Budgets(budgets))


@pytest.mark.parametrize(
    ("values", "passed"),
    [(LOW[::-1], True), (up(0.05), True), (up(3), False), (up(-3), False), (WIDE, None), (LOW[:2], None)],
)
def test_no_difference_must_be_shown_and_not_just_not_found(values: list[float], passed: bool | None) -> None:
    """With few or noisy replicas nothing differs; once that passed, between -7.3 and 5.95 modes of 8."""
    assert checked(AGAIN, toy=table({"a": LOW}), again=table({"a": values}))["passed"] is passed


@pytest.mark.parametrize(
    ("values", "passed"), [([89.0, 90.0, 91.0], True), ([60.0, 61.0, 59.0], False), ([90.0, 90.0], None), ([70.0, 90.0, 85.0], None)]
)
def test_a_value_that_is_known(values: list[float], passed: bool | None) -> None:
    assert checked(WITHIN | {"low": 80.0, "high": 100.0}, {"toy": budget(3)}, toy=table({"a": values}))["passed"] is passed


def test_an_identity() -> None:
    assert checked(EQUAL, toy=table({"a": [0.25] * 2}))["passed"] is True
    assert checked(EQUAL, toy=table({"a": [0.25, 0.5]}))["passed"] is False


def test_why_says_the_numbers() -> None:
    assert checked(AGAIN, toy=table({"a": LOW}), again=table({"a": up(3)}))["why"].startswith("larger: 3 [2.9")


FOUR = {"toy": budget(24, [3, 6, 12, 24]), "again": budget(24, [3, 6, 12, 24])}


def test_a_control_is_judged_at_looks_and_its_first_answer_stands() -> None:
    """At the first of four looks it has a tenth of alpha, and what comes after its answer does not change it."""
    inside = {"toy": table({"a": [1.0, 1.1, 0.9] + LOW * 5}), "again": table({"a": [1.0, 1.1, 0.9] + up(8) * 5})}
    assert checked(AGAIN, FOUR, **inside)["passed"] is True
    close = {"toy": table({"a": [1.0, 1.2, 0.8]}), "again": table({"a": [1.5, 1.7, 1.3]})}
    assert checked(AGAIN, FOUR, **close)["passed"] is None
    assert checked(AGAIN, {"toy": budget(3), "again": budget(3)}, **close)["passed"] is True


def test_added_seeds_do_not_change_a_control() -> None:
    tables = {"toy": table({"a": LOW + [9.0, 9.1] * 9}), "again": table({"a": LOW[::-1] + [1.0, 1.1] * 9})}
    assert checked(AGAIN, **tables)["passed"] is True


def verdict(values: list[float] | None, fidelity: str = "exact", **fields: Any) -> dict[str, Any]:
    """Of a claim that its numbers support, with a second run of its first arm."""
    rule = claim(DIFFERENCE, **fields)
    tables = {"toy": table({"a": LOW, "b": up(2)})} | ({"again": table({"a": values})} if values else {})
    budgets = {"toy": budget(5, fidelity=fidelity), "again": budget(5)}
    return decide([rule], [control(AGAIN)], tables, plan(budgets, rule), "")[0]


@pytest.mark.parametrize("fidelity", ["exact", "reduced"])
def test_a_control_that_fails_leaves_the_claims_on_it_undecided(fidelity: str) -> None:
    found = verdict(up(3), fidelity, controls=["K1"])
    assert found["outcome"] == "undecided"
    assert found["why"] == "control failed: K1; without it the outcome would be supported"
    assert [(one["id"], one["passed"]) for one in found["controls"]] == [("K1", False)]
    assert found["effect"] == pytest.approx(2.0)  # the measurement stands
    assert (verdict(up(3), fidelity)["outcome"], verdict(up(3), fidelity)["controls"]) == ("supported", [])


def test_an_identity_may_rest_on_a_control_too() -> None:
    rule = claim(EQUAL, controls=["K1"])
    tables = {"toy": table({"a": [0.25] * 5}), "again": table({"a": up(5)})}
    (found,) = decide([rule], [control(AGAIN | {"resolution": 0.1})], tables, plan(BUDGETS, rule), "")
    assert (found["outcome"], found["reach"]) == ("undecided", "identity")


@pytest.mark.parametrize(("values", "why"), [(None, "again does not run at this scale"), (WIDE, "the interval lies on both sides")])
def test_a_control_that_does_not_decide_voids_nothing_and_is_named(values: list[float] | None, why: str) -> None:
    found = verdict(values, controls=["K1"])
    assert found["outcome"] == "supported"
    assert found["why"] == "the interval lies wholly where the claim holds; not decided: control K1"
    assert found["controls"][0]["passed"] is None
    assert found["controls"][0]["why"].startswith(why)
