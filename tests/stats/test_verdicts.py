"""From tables to verdicts: outcome and reach, what looks and added seeds may change, and what stands in claims.json."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_claims import COUNTS, DIFFERENCE, EQUAL, LOW, RATIO, SHARE, arm, budget, claim, control, make, plan, table, up

from secondlook.files import read_json
from secondlook.protocol.claims import Claim
from secondlook.stats.chance import replicas_needed
from secondlook.stats.decide import decide_claims
from secondlook.stats.design import PaperDesign
from secondlook.stats.judge import judge
from secondlook.stats.rule_text import rule_text
from secondlook.stats.verdicts import NOTHING, decide, without_verdict

FIVE = {"toy": budget(5)}


def decided(
    claims: list[Claim], frame: pd.DataFrame | None, budgets: dict[str, Any] = FIVE, scale: str = "paper", **scales: list[str]
) -> dict[str, dict[str, Any]]:
    """Verdicts by id; each can be written as strict JSON."""
    tables = {} if frame is None else {"toy": frame}
    found = decide(claims, [], tables, plan(budgets, *claims, scale=scale, scales=scales), "")
    json.dumps(found, allow_nan=False)
    return {one["id"]: one for one in found}


def alone(test: dict[str, Any], frame: pd.DataFrame, budgets: dict[str, Any] = FIVE, **fields: Any) -> dict[str, Any]:
    return decided([claim(test, **fields)], frame, budgets)["T1"]


# -- outcome and reach ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "outcome", "how"),
    [
        (up(2), "supported", None),
        (up(0.5), "weaker than claimed", None),
        (LOW, "contradicted", "absent"),
        (up(-2), "contradicted", "opposite"),
        ([-4.0, 6.0, 2.0, 0.0, 5.0], "undecided", None),
    ],
)
@pytest.mark.parametrize("fidelity", ["exact", "reduced"])
def test_a_reduced_experiment_has_every_outcome_and_says_that_it_is_one(
    second: list[float], outcome: str, how: str | None, fidelity: str
) -> None:
    """Once a refutation was capped to "inconclusive" there, and support to "direction only", which also meant a small effect."""
    found = alone(DIFFERENCE, table({"a": LOW, "b": second}), {"toy": budget(5, fidelity=fidelity)})
    assert (found["outcome"], found["how"], found["reach"]) == (outcome, how, "paper's setting" if fidelity == "exact" else "reduced")
    assert (found["n"], found["alpha"], found["exploratory"]) == ([5, 5], 0.05, False)
    assert found["interval"][0] < found["effect"] < found["interval"][1]


def test_one_reduced_arm_makes_the_claim_reduced() -> None:
    rule = claim(DIFFERENCE | {"second": arm("b", experiment="other")})
    budgets = {"toy": budget(5), "other": budget(5, fidelity="reduced")}
    (found,) = decide([rule], [], {"toy": table({"a": LOW}), "other": table({"b": up(2)})}, plan(budgets, rule), "")
    assert (found["outcome"], found["reach"]) == ("supported", "reduced")


def test_an_identity_is_called_one() -> None:
    found = alone(EQUAL, table({"a": [0.25] * 3}))
    assert (found["outcome"], found["reach"], found["effect"], found["interval"]) == ("supported", "identity", 0.0, None)
    assert (found["n"], found["values"], found["alpha"], found["tolerance"]) == ([3], [0.0] * 3, None, 0.0)
    broken = alone(EQUAL, table({"a": [0.25, 0.5, 0.25]}), {"toy": budget(5, fidelity="reduced")})
    assert (broken["outcome"], broken["effect"], broken["reach"]) == ("contradicted", 0.25, "identity")
    assert broken["why"] == "2 of 3 replicas agree; largest difference 0.25, allowed 0"
    assert alone(EQUAL | {"tolerance": 0.25}, table({"a": [0.25, 0.5]}))["outcome"] == "supported"


def test_a_diverged_replica_does_not_have_the_known_value() -> None:
    found = alone(EQUAL, table({"a": [0.25] * 3}, diverged={"a": [1]}))
    assert (found["outcome"], found["effect"], found["values"]) == ("contradicted", None, [0.0, None, 0.0])


def test_an_identity_without_a_replica_that_meets_its_premise() -> None:
    frame = pd.concat([table({"a": [0.25] * 3}), table({"a": [0.0] * 3}, metric="holds")])
    found = alone(EQUAL | {"given": "holds"}, frame)
    assert (found["outcome"], found["why"], found["n"]) == ("undecided", "no replica meets the premise holds", [0])


def test_every_run_is_a_share_with_a_bound_and_no_identity() -> None:
    """Two of two, and six of six, once stood for "every run"."""
    for count, outcome in ((2, "undecided"), (6, "undecided"), (14, "supported")):
        found = alone(SHARE | {"low": 0.8}, table({"a": [1.0] * count}), {"toy": budget(count)})
        assert found["outcome"] == outcome
        assert found["counts"] == [[count, count]]
        assert found["reach"] == "paper's setting"


# -- looks and added seeds -----------------------------------------------------------------------------------------------------------


def noisy(by: float, count: int, seed: int = 0) -> dict[str, list[float]]:
    rng = np.random.default_rng(seed)
    return {"a": rng.normal(0, 1, count).tolist(), "b": rng.normal(by, 1, count).tolist()}


#: five replicas that leave it open whether b lies above a by 1; six times as many decide it
OPEN = {"a": [1.0, 3.0, 2.0, 0.0, 4.0], "b": [3.0, 5.0, 4.5, 2.0, 6.5]}


def only(cells: dict[str, list[float]], count: int) -> dict[str, list[float]]:
    return {name: values[:count] for name, values in cells.items()}


def test_a_decision_is_frozen_whatever_replicas_come_later() -> None:
    """Decided at the second of four looks; later replicas, that would reverse it, change no number."""
    cells = {"a": [0.0, 1.0, 2.0, 0.9, 1.1, 1.0], "b": [3.5, 4.5, 5.5, 4.4, 4.6, 4.5]}
    against = {"a": [*cells["a"], *[9.0, 9.5] * 20], "b": [*cells["b"], *[0.0, 0.5] * 20]}
    budgets = {"toy": budget(24, [3, 6, 12, 24])}
    found = [alone(DIFFERENCE, table(only(against, count)), budgets) for count in (6, 12, 24, 46)]
    assert found[0]["outcome"] == "supported"
    assert found[0]["decided_by"] == {"look": 2, "looks": 4, "alpha": pytest.approx(0.01), "spent": pytest.approx(0.015)}
    assert found[0]["n"] == [6, 6]
    assert found == [found[0]] * 4


def test_at_one_look_the_planned_replicas_decide_and_added_ones_change_nothing() -> None:
    cells = {"a": LOW + [9.0, 9.2] * 10, "b": up(2) + [0.0, 0.2] * 10}
    planned, added = (alone(DIFFERENCE, table(only(cells, count))) for count in (5, 25))
    assert planned == added
    assert planned["outcome"] == "supported"


def test_what_seeds_beyond_the_plan_decide_is_exploratory() -> None:
    cells = {name: values * 6 for name, values in OPEN.items()}
    planned, added = (alone(DIFFERENCE, table(only(cells, count))) for count in (5, 30))
    assert (planned["outcome"], planned["exploratory"], planned["n"]) == ("undecided", False, [5, 5])
    assert (added["outcome"], added["exploratory"], added["n"]) == ("supported", True, [30, 30])


def test_an_undecided_claim_says_how_many_replicas_would_decide_it_and_a_decided_one_does_not() -> None:
    found = alone(DIFFERENCE, table(OPEN), spread=0.55)  # of the plan; that of the run is three times as large
    assert found["outcome"] == "undecided"
    assert found["to_decide"] == replicas_needed(make(DIFFERENCE), found["effect"], 0.55)
    assert found["detectable"] > 1
    assert found["chance"] == {
        "if_true": pytest.approx(0.82, abs=0.05),
        "if_false": pytest.approx(0.82, abs=0.05),
        "spread": 0.55,
        "expected": 2.0,
        "otherwise": 0.0,
    }
    assert alone(DIFFERENCE, table({"a": LOW, "b": up(2)}), spread=0.55)["to_decide"] is None


def test_the_chance_is_the_plans_whatever_the_run_gave() -> None:
    frames = [table({"a": LOW, "b": up(2)}), table(noisy(0.0, 5)), table(noisy(40.0, 5))]
    found = [alone(DIFFERENCE, frame, spread=0.5) for frame in frames]
    assert found[0]["chance"] == found[1]["chance"] == found[2]["chance"]
    assert found[0]["detectable"] == found[2]["detectable"]


# -- several claims ------------------------------------------------------------------------------------------------------------------


def test_primary_claims_share_alpha_by_holms_steps_and_secondary_ones_have_their_own() -> None:
    """b is surely above a; c above b is undecided at 0.05/2 and decided with the 0.05 that Holm's step leaves it."""
    a, c = np.array(LOW), np.array([2.0, 2.6, 3.2, 2.3, 3.4])
    clear = claim(DIFFERENCE, "T1")
    close = claim(DIFFERENCE | {"second": arm("c")}, "T2")
    assert judge(make(DIFFERENCE), [a, c], 0.025).outcome == "undecided"
    assert judge(make(DIFFERENCE), [a, c], 0.05).outcome == "supported"
    frame = table({"a": LOW, "b": up(3), "c": c.tolist()})
    found = decided([clear, close], frame)
    assert [(found[key]["outcome"], found[key]["alpha"]) for key in ("T1", "T2")] == [("supported", 0.025), ("supported", 0.05)]
    vague = table({"a": LOW, "b": [0.0, 3.0, 1.0, 5.0, 2.0], "c": c.tolist()})
    found = decided([clear, close], vague)
    assert [(found[key]["outcome"], found[key]["alpha"]) for key in ("T1", "T2")] == [("undecided", 0.025), ("undecided", 0.025)]
    secondary = claim(DIFFERENCE | {"second": arm("c")}, "T2", family="T1")
    found = decided([clear, secondary], vague)
    assert [(found[key]["outcome"], found[key]["alpha"], found[key]["primary"]) for key in ("T1", "T2")] == [
        ("undecided", 0.05, True),
        ("supported", 0.05, False),
    ]
    assert found["T2"]["family"] == found["T1"]["family"] == "T1"


# -- not run -------------------------------------------------------------------------------------------------------------------------


def test_not_run_says_why_and_what_it_would_take() -> None:
    claims = [
        claim(None, "T1", not_run="no wind", needs={"data": "wind"}),
        claim(DIFFERENCE, "T2"),
        claim(EQUAL, "T3"),
        claim(DIFFERENCE, "T4"),
    ]
    found = decided(claims, None, scale="quick", T1=[], T2=["paper"], T3=["smoke"], T4=[])
    assert {one["outcome"] for one in found.values()} == {"not run"}
    assert [one["why"] for one in found.values()] == [
        *("no wind", "needs scale paper", "decided at scale smoke alone", "its experiments run at no scale together"),
    ]
    assert [one["needs"] for one in found.values()] == [
        {"scale": None, "data": "wind", "code": None},
        {"scale": "paper", "data": None, "code": None},
        *[{"scale": None, "data": None, "code": None}] * 2,
    ]
    assert all(one[key] == NOTHING[key] for one in found.values() for key in ("effect", "interval", "n", "arms", "reach", "alpha"))


def test_what_the_plan_gives_no_chance_is_not_run_though_there_are_numbers() -> None:
    """And keeps its share of alpha from no one but itself."""
    hopeless, other = claim(DIFFERENCE, "T1", spread=5.0), claim(DIFFERENCE, "T2", spread=0.1)
    found = decided([hopeless, other], table({"a": LOW, "b": up(2)}), scale="quick")
    assert (found["T1"]["outcome"], found["T1"]["needs"]["scale"], found["T1"]["effect"]) == ("not run", "paper", None)
    assert found["T1"]["why"].startswith("by plan its test would decide rightly with a chance of 0.")
    assert (found["T2"]["outcome"], found["T2"]["alpha"]) == ("supported", 0.025)


# -- claims.json ---------------------------------------------------------------------------------------------------------------------

HEADLINE = {
    "order": 1,
    "label": "Do they",
    "answer": {"supported": "Yes.", "weaker": "A little.", "contradicted": "No.", "undecided": "Who knows.", "not_run": "Not yet."},
}


@pytest.mark.parametrize(
    ("second", "answer"), [(up(2), "Yes."), (up(0.5), "A little."), (LOW, "No."), ([-4.0, 6.0, 2.0, 0.0, 5.0], "Who knows.")]
)
def test_a_headline_has_the_sentence_for_its_outcome(second: list[float], answer: str) -> None:
    found = alone(DIFFERENCE, table({"a": LOW, "b": second}), headline=HEADLINE)
    assert (found["answer"], found["headline"]) == (answer, {"order": 1, "label": "Do they", "figure": None})
    assert decided([claim(DIFFERENCE, headline=HEADLINE)], None, T1=[])["T1"]["answer"] == "Not yet."
    assert alone(DIFFERENCE, table({"a": LOW, "b": second}))["answer"] is None


def test_a_verdict_carries_what_the_protocol_says() -> None:
    reported = {"text": "1.95 ± 0.2 %", "value": 1.95, "read": "second-hand", "source": "Figure 1", "via": "a review"}
    rule = claim(DIFFERENCE | {"unit": "%"}, reported=reported, own=True)
    (found,) = decide([rule], [], {"toy": table({"a": LOW, "b": up(2)})}, plan(FIVE, rule), "toys2001")
    assert found["id"] == "toys2001/T1"
    assert found["reported"] == reported | {"on_scale": 1.95}
    assert (found["kind"], found["metric"], found["unit"], found["own"], found["plain"]) == ("difference", "m", "%", True, "Toys train.")
    assert found["zone"] == {"low": 1.0, "high": None, "zero": 0.0, "one": 1.0, "log": False}
    assert rule.test is not None
    assert found["rule"] == rule_text(rule.test)


def test_every_verdict_has_the_same_fields() -> None:
    claims = [claim(DIFFERENCE, "T1"), claim(EQUAL, "T2"), claim(None, "T3", not_run="no", needs={"code": "it"}), claim(SHARE, "T4")]
    frame = pd.concat([table({"a": LOW, "b": up(2)})])
    found = decide(claims[:3], [], {"toy": frame}, plan(FIVE, *claims), "toys2001")
    assert len({frozenset(one) for one in [*found, without_verdict(claims[0], "toys2001")]}) == 1


@pytest.mark.parametrize(
    ("test", "cells"),
    [
        (DIFFERENCE, {"a": [math.nan] * 5, "b": [math.inf] * 5}),
        (DIFFERENCE, {"a": [1.0] * 5, "b": [2.0] * 5}),
        (DIFFERENCE, {"a": [1.0], "b": [2.0, 3.0]}),
        (RATIO, {"a": [1e-300, 1e-299, 1e-300], "b": [1e300, 1e299, 1e300]}),
        (RATIO, {"a": [0.0, 1.0, 2.0], "b": [1.0, 2.0, 3.0]}),
        (RATIO, {"a": [1.0] * 5, "b": [2.0] * 5}),
        (COUNTS, {"a": [0.0] * 5, "b": [1.0] * 5}),
        (SHARE, {"a": [1.0] * 5}),
        (EQUAL, {"a": [math.nan, 0.25]}),
    ],
    ids=str,
)
def test_neither_nan_nor_infinity_is_ever_written(test: dict[str, Any], cells: dict[str, list[float]]) -> None:
    found = alone(test, table(cells), spread=0.5)  # `decided` writes it
    assert found["interval"] is None or len(found["interval"]) == 2


def test_counts_are_counted() -> None:
    found = alone(COUNTS, table({"a": [0, 1, 0, 0, 0], "b": [1, 1, 1, 1, 1]}))
    assert (found["counts"], found["n"]) == ([[1, 5], [5, 5]], [5, 5])
    assert alone(DIFFERENCE, table({"a": LOW, "b": up(2)}))["counts"] is None


def test_claims_of_a_paper_are_decided_from_plain_json(tmp_path: Path) -> None:
    rules = [claim(DIFFERENCE, "T1", controls=["K1"]), claim(None, "T2", not_run="no wind", needs={"data": "wind"})]
    table({"a": LOW, "b": up(2)}).to_csv(tmp_path / "toy.csv", index=False)
    design = {"scale": "paper", "budgets": FIVE, "scales": {"T1": ["paper"], "T2": []}}
    check = control({"equal": "m", "to": 1.0, "tolerance": 0.2, "cells": {"arm": "a"}})
    decide_claims(
        "toys2001",
        [rule.model_dump(mode="json") for rule in rules],
        [check.model_dump(mode="json")],
        design,
        {"toy": tmp_path / "toy.csv"},
        tmp_path / "claims.json",
    )
    first, second = read_json(tmp_path / "claims.json")
    assert (first["id"], first["outcome"], first["arms"][1]["cells"]) == ("toys2001/T1", "supported", {"arm": "b"})
    assert [(one["id"], one["passed"]) for one in first["controls"]] == [("K1", True)]
    assert (second["id"], second["outcome"]) == ("toys2001/T2", "not run")
    assert PaperDesign.of(design).stands("T1")
