"""A claim with its plan: looks and their replicas, what shares alpha, premises, and whether the plan gives it a chance."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from made_claims import CORRELATION, COUNTS, DIFFERENCE, EQUAL, LOW, ORDERING, SHARE, arm, budget, claim, plan, table, up

from secondlook.protocol.claims import Claim
from secondlook.stats import tested as module
from secondlook.stats.design import PaperDesign
from secondlook.stats.tested import design_of, designs, share_of_alpha

LOOKS = [3, 6, 12]


def one(
    test: dict[str, Any], frame: pd.DataFrame, looks: list[int] | None = None, seeds: int = 12, first: int = 0, **fields: Any
) -> module.Tested:
    rule = claim(test, **fields)
    return module.Tested(rule, {"toy": frame}, plan({"toy": budget(seeds, looks, first=first)}, rule), 1)


def long(count: int, by: float = 2.0) -> dict[str, list[float]]:
    first = [1 + 0.1 * (place % 5) for place in range(count)]
    return {"a": first, "b": [value + by for value in first]}


@pytest.mark.parametrize(("count", "seen"), [(2, 0), (3, 1), (5, 1), (6, 2), (11, 2), (12, 3), (30, 3)])
def test_a_look_is_seen_when_every_arm_has_all_its_replicas(count: int, seen: int) -> None:
    tested = one(DIFFERENCE, table(long(count), first=100), LOOKS, first=100)
    assert (tested.looks, tested.seen, tested.beyond_plan) == (3, seen, count > 12)
    shorter = table({"a": long(12)["a"], "b": long(count)["b"][:count]}, first=100)
    assert one(DIFFERENCE, shorter, LOOKS, first=100).seen == seen


def test_a_replica_that_diverged_at_once_is_one() -> None:
    frame = table({"a": LOW[:3], "b": LOW[:2]}, diverged={"b": [2]})
    assert one(DIFFERENCE, frame, LOOKS).seen == 1


def test_a_look_reads_its_replicas_and_no_other() -> None:
    tested = one(DIFFERENCE, table(long(30), first=100), LOOKS, first=100)
    assert [arm.replicas for arm in tested.arms_at(0)] == [(100, 101, 102)] * 2
    assert [len(arm.replicas) for arm in tested.arms_at(2)] == [12, 12]
    assert [len(arm.replicas) for arm in tested.arms_at(None)] == [30, 30]


def test_an_experiment_with_one_look_has_all_its_replicas_from_the_first_on() -> None:
    rule = claim(DIFFERENCE | {"second": arm("b", experiment="other")})
    tables = {"toy": table({"a": LOW * 2}), "other": table({"b": up(2)})}
    tested = module.Tested(rule, tables, plan({"toy": budget(12, LOOKS), "other": budget(5)}, rule), 1)
    assert (tested.looks, tested.seen) == (3, 2)
    assert [len(each.replicas) for each in tested.arms_at(0)] == [3, 5]


def test_pairs_must_be_of_the_same_replicas() -> None:
    """As many of each are not enough: seeds 0-4 and 100-104 share nothing."""
    rule = claim(DIFFERENCE | {"paired": True, "second": arm("b", experiment="other")})
    budgets = {"toy": budget(5), "other": budget(5, first=100)}
    for first, outcome in ((0, "supported"), (100, "undecided")):
        other = table({"b": [*up(2)[:4], 3.0]}, first=first)
        design = plan(budgets | {"other": budget(5, first=first)}, rule)
        judgement = module.Tested(rule, {"toy": table({"a": LOW}), "other": other}, design, 1).look(0, 0.05)
        assert judgement.outcome == outcome
    assert judgement.why == "the arms do not have the same replicas, which a paired comparison needs"


def test_the_order_of_rows_does_not_pair_other_replicas() -> None:
    frame = table({"a": LOW, "b": [*up(2)[:4], 3.0]})
    found = [
        one(DIFFERENCE | {"paired": True}, each, seeds=5).look(0, 0.05).interval
        for each in (frame, frame.iloc[::-1].reset_index(drop=True))
    ]
    assert found[0] == found[1]


def test_a_premise_that_fails_leaves_the_claim_undecided() -> None:
    def frame(first: float, second: float) -> pd.DataFrame:
        loss = table({"a": [first] * 5, "b": [second] * 5}, metric="loss")
        return pd.concat([table({"a": LOW, "b": up(2)}), loss], ignore_index=True)

    test = DIFFERENCE | {"given_lower": "loss"}
    assert one(test, frame(1.0, 1.0), seeds=5).look(0, 0.05).outcome == "supported"
    failed = one(test, frame(1.0, 1.5), seeds=5).look(0, 0.05)
    assert failed.outcome == "undecided"
    assert failed.why == "its premise fails: b ends at loss 1.5, above 1 of a"
    assert failed.interval is not None


def test_a_correlation_must_beat_replicas_matched_at_random() -> None:
    """A t interval of three that lies wholly above; but one order of six does as well by luck."""
    rows = []
    for replica in range(3):
        for step in range(20):
            bump = float((step * (replica + 3) * 7) % 11)
            rows += [("a", replica, step, "m", bump), ("a", replica, step, "q", bump)]
    frame = pd.DataFrame(rows, columns=["arm", "replica", "step", "metric", "value"])
    judgement = one(CORRELATION | {"low": 0.1}, frame, seeds=3).look(0, 0.05)
    assert judgement.interval[0] > 0.1
    assert judgement.outcome == "undecided"
    assert judgement.why == "matched at random, replicas do as well with p = 0.167"
    assert one(CORRELATION | {"low": 0.1}, frame, seeds=3).look(0, 0.17).outcome == "supported"


def test_a_diverged_replica_makes_it_a_matter_of_ranks() -> None:
    frame = table({"a": LOW, "b": up(3)}, diverged={"b": [4]})
    judgement = one(DIFFERENCE, frame, seeds=5).look(0, 0.05)
    assert judgement.outcome == "supported"
    assert judgement.effect == pytest.approx(3.05, abs=0.06)  # and not the mean with 90 in it


# -- what shares alpha ---------------------------------------------------------------------------------------------------------------


def claims() -> list[Claim]:
    return [
        claim(DIFFERENCE, "T1"),
        claim(DIFFERENCE, "T2", family="T1"),
        claim(COUNTS, "T3"),
        claim(EQUAL, "T4"),
        claim(DIFFERENCE, "T5"),
        claim(None, "T6", not_run="no wind", needs={"data": "wind"}),
    ]


def test_primary_claims_that_stand_and_that_chance_has_a_part_in_share_alpha() -> None:
    found = claims()
    design = plan({"toy": budget(5)}, *found, scales={"T5": ["quick"], "T6": []})
    assert share_of_alpha(found, design) == 2  # T1 and T3: not the secondary one, the identity, what stands elsewhere or nowhere
    tested = module.tested_claims(found, {"toy": table({"a": LOW, "b": up(2)})}, design)
    assert list(tested) == ["T1", "T2", "T3"]
    assert share_of_alpha(found[3:4], design) == 1


def test_the_share_is_known_before_the_run() -> None:
    """Claims without tables share all the same."""
    found = claims()
    design = plan({"toy": budget(5)}, *found)
    assert module.tested_claims(found, {}, design) == {}
    assert share_of_alpha(found, design) == 3


SPREAD = {"spread": 0.1}


def test_designs_hold_the_plans_numbers_and_each_claims_share() -> None:
    found = [
        claim(DIFFERENCE, "T1", **SPREAD),
        claim(DIFFERENCE, "T2", family="T1", **SPREAD),
        claim(ORDERING, "T3", **SPREAD),
        claim(COUNTS, "T4"),
    ]
    planned = designs(found, plan({"toy": budget(12, LOOKS)}, *found))
    assert list(planned) == ["T1", "T2", "T3"]  # nothing says what T4 counts with
    assert planned["T1"].sizes == ((3, 3), (6, 6), (12, 12))
    assert planned["T3"].sizes[0] == (3, 3, 3)
    assert [planned[key].share for key in planned] == [1 / 3, 1.0, 1 / 3]
    assert (planned["T1"].spread, planned["T1"].expected, planned["T1"].otherwise) == (0.1, 2.0, 0.0)


def test_a_spread_of_each_scale() -> None:
    """0.2 declared from the paper's scale was 1.47 at quick."""
    rule = claim(DIFFERENCE, spread={"quick": 1.47, "paper": 0.2})

    def spread(scale: str) -> float | None:
        design = design_of(rule, plan({"toy": budget(5)}, rule, scale=scale), 1)
        return design.spread if design else None

    assert [spread(scale) for scale in ("smoke", "quick", "paper")] == [None, 1.47, 0.2]


def test_a_share_of_several_cells_has_the_replicas_of_all() -> None:
    rule = claim(SHARE | {"arm": {"label": "all", "cells": {"arm": ["a", "b"], "size": [1, 2, 3]}}}, expected=1.0, otherwise=0.3)
    design = design_of(rule, plan({"toy": budget(5)}, rule), 1)
    assert design is not None
    assert design.sizes == ((30,),)


@pytest.mark.parametrize(
    ("scale", "spread", "runs"), [("quick", 5.0, False), ("quick", 0.2, True), ("smoke", 5.0, True), ("quick", None, True)]
)
def test_what_the_plan_gives_no_chance_is_not_worth_running(scale: str, spread: float | None, runs: bool) -> None:
    rule = claim(DIFFERENCE, **({"spread": spread} if spread else {}))
    design: PaperDesign = plan({"toy": budget(5)}, rule, scale=scale)
    assert module.Tested(rule, {"toy": table({"a": LOW, "b": up(2)})}, design, 1).worth_running is runs
