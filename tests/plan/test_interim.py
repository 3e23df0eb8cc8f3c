"""What an interim decision is told: who reads a cell, which jobs it looks at, and nothing that cannot change the answer."""

from __future__ import annotations

import copy
import json
from graphlib import TopologicalSorter
from typing import Any

import pytest
from tiny_paper import EXACT, protocol

from secondlook.plan.interim import interim_claims, interim_controls, interim_design, interim_jobs, readers
from secondlook.plan.plan import Plan
from secondlook.plan.targets import paper_design
from secondlook.protocol.claims import Claim, Control
from secondlook.protocol.config import load_config
from secondlook.stats.design import PaperDesign
from secondlook.stats.tested import share_of_alpha

LOOKS = EXACT | {"seeds": 6, "looks": [3, 6]}
CELLS = [{"rule": ["sgd", "adam"], "lr": [0.1, 1.0]}, {"rule": "sgd", "lr": 0.1, "decay": 1e-8}, {"rule": "adam", "lr": {"select": "best"}}]
SGD, SGD_LARGE, ADAM, ADAM_LARGE = (f"rule={rule}+lr={lr}" for rule in ("sgd", "adam") for lr in ("0.1", "1.0"))
DECAY, SELECTED = "rule=sgd+lr=0.1+decay=1e-08", "rule=adam+lr=selected"
EXPERIMENTS = {
    "grid": {"cells": [{"rule": "adam", "lr": [0.1, 1.0]}], "scales": {"quick": EXACT}},
    "a": {"cells": CELLS, "scales": {"quick": LOOKS, "paper": LOOKS}},
    "b": {"scales": {"quick": LOOKS}},
    "all": {"scales": {"quick": EXACT}},
    "large": {"scales": {"paper": EXACT}},
    "unread": {"cells": [{"lr": [0.1, 1.0]}], "scales": {"quick": LOOKS}},
}
SELECTIONS = {"best": {"experiments": ["grid"], "factor": "lr", "metric": "loss", "per": ["rule"]}}


def arm(experiment: str | None = None, **cells: Any) -> dict[str, Any]:
    """An arm, of another experiment where one is named."""
    return {"label": "an arm", "cells": cells} | ({"experiment": experiment} if experiment else {})


def within(**cells: Any) -> dict[str, Any]:
    """A test of one arm."""
    return {"within": "loss", "low": 0.0, "diverged": 9.0, "arm": arm(**cells)}


def than(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A test of two arms."""
    return {"difference": "loss", "smallest_effect": 1.0, "diverged": 9.0, "first": first, "second": second}


def claim(test: dict[str, Any], experiment: str = "a", **more: Any) -> dict[str, Any]:
    """A claim with its words."""
    return {"sentence": "A sentence.", "plain": "In short.", "source": "Section 1", "experiment": experiment, "test": test} | more


CLAIMS = {
    "T1": claim(within(rule="sgd", lr=0.1)),
    "T2": claim(than(arm(rule="sgd", lr=[0.1, 1.0]) | {"pick": "error"}, arm(rule="adam", lr="selected"))),
    "T3": claim(than(arm(rule="adam", lr=1.0), arm("b"))),
    "T4": claim(than(arm("all"), arm("b")), "b"),
    "T5": claim({"equal": "loss", "to": 0.0, "cells": {"rule": "sgd"}}),  # an identity: more replicas say no more
    "T6": claim(within(rule="sgd", lr=1.0), scales=["paper"]),  # not here
    "T7": claim(than(arm(rule="adam", lr=0.1), arm("large"))),  # nor this
    "T8": claim(within(), "all", family="T4"),
    "T9": {"sentence": "", "plain": "", "source": "", "not_run": "no wind", "needs": {"data": "wind"}},
}
#: experiments that read the arrays of others, and claims on them
DERIVED = {
    "probe": {
        "cells": [{"rule": "adam", "lr": 0.1}],
        "inputs": {"weights": {"experiment": "a", "cell": {"rule": "same", "lr": "same"}}},
        "scales": {"quick": LOOKS},
    },
    "again": {"inputs": {"probe": {"experiment": "probe", "cell": {"rule": "adam", "lr": 0.1}}}, "scales": {"quick": LOOKS}},
}
OF_DERIVED = {"P1": claim(within(rule="adam", lr=0.1), "probe"), "P2": claim(within(), "again")}
CONTROLS = {
    "K1": {"sentence": "Known.", "experiment": "a", "test": {"equal": "loss", "to": 0.0, "cells": {"rule": "sgd"}}},
    "K2": {"sentence": "Known.", "experiment": "a", "test": than(arm(rule="adam", lr=0.1), arm("large"))},  # never decided at this scale
}


def make(config: dict[str, Any] | None = None, **changes: Any) -> Plan:
    """The plan of the paper; keywords replace parts of its protocol."""
    parts = {"experiments": EXPERIMENTS, "claims": CLAIMS, "controls": CONTROLS, "selections": SELECTIONS} | changes
    parts["experiments"] = {key: {"title": key, "module": "train"} | value for key, value in parts["experiments"].items()}
    return Plan({"toy": protocol(**parts)}, load_config(config or {}))


def all_that_is_said(plan: Plan, experiment: str) -> str:
    """The params of the decision's job."""
    told = [
        interim_claims(plan, "toy", experiment),
        interim_controls(plan, "toy", experiment),
        interim_design(plan, "toy", experiment),
        readers(plan, "toy", experiment),
    ]
    return json.dumps(told, sort_keys=True)


# ---- who reads a cell


def test_readers_of_each_cell() -> None:
    assert readers(make(), "toy", "a") == {
        SGD: ["K1", "T1", "T2"],
        SGD_LARGE: ["K1", "T2"],
        ADAM: [],
        ADAM_LARGE: ["T3"],
        DECAY: ["K1"],  # an arm has no further factor; an identity's cells may have
        SELECTED: ["T2"],
    }
    assert readers(make(), "toy", "b") == {"only": ["T3", "T4"]}
    assert readers(make(), "toy", "unread") == {"lr=0.1": [], "lr=1.0": []}
    assert readers(make({"scale": "paper"}), "toy", "a")[SGD_LARGE] == ["K1", "T2", "T6"]
    assert readers(make({"scale": "paper"}), "toy", "a")[ADAM] == ["K2", "T7"]


def test_what_reads_the_arrays_of_a_cell_has_its_claims_read_it() -> None:
    plan = make(experiments=EXPERIMENTS | DERIVED, claims=CLAIMS | OF_DERIVED)
    assert readers(plan, "toy", "a")[ADAM] == ["P1", "P2"]
    assert readers(plan, "toy", "a")[ADAM_LARGE] == ["T3"]
    assert readers(plan, "toy", "probe") == {ADAM: ["P1", "P2"]}
    assert {path.split("/")[3] for path in interim_jobs(plan, "toy", "a", 1)} == {
        "a",
        "b",
        "probe",
        "again",
    }  # T4 and so "all" is not asked for


# ---- what it looks at


def folders(paths: list[str]) -> set[str]:
    return {path.removeprefix("results/quick/toy/").removesuffix("/job.json") for path in paths}


def test_jobs_up_to_a_look_of_all_that_its_claims_read() -> None:
    plan = make()
    first = {f"a/{cell}/seeds=0-2" for cell in readers(plan, "toy", "a")} | {"b/only/seeds=0-2"}  # T3 reads b
    assert folders(interim_jobs(plan, "toy", "a", 1)) == first
    assert folders(interim_jobs(plan, "toy", "a", 2)) == first | {path.replace("0-2", "3-5") for path in first}
    # T4 reads an experiment that has no looks: all of it is there from the first on
    assert folders(interim_jobs(plan, "toy", "b", 1)) == first | {"all/only/seeds=0-2"}
    assert interim_jobs(plan, "toy", "unread", 1) == []


@pytest.mark.parametrize("seeds", [8, 20])
def test_replicas_that_nobody_planned_are_not_looked_at(seeds: int) -> None:
    for experiment in ("a", "b"):
        for look in (1, 2):
            assert interim_jobs(make({"seeds": seeds}), "toy", experiment, look) == interim_jobs(make(), "toy", experiment, look)


def test_fewer_seeds_are_looked_at_as_they_are() -> None:
    plan = make({"seeds": 4})
    assert {path.rpartition("/")[2] for path in folders(interim_jobs(plan, "toy", "a", 1))} == {"seeds=0-2"}
    assert {path.rpartition("/")[2] for path in folders(interim_jobs(plan, "toy", "a", 2))} == {"seeds=0-2", "seeds=3"}


@pytest.mark.parametrize("seeds", ["protocol", 4, 8])
def test_no_job_waits_for_itself(seeds: int | str) -> None:
    plan = make({"seeds": seeds}, experiments=EXPERIMENTS | DERIVED, claims=CLAIMS | OF_DERIVED)
    waits: dict[str, set[str]] = {}
    for experiment in plan.experiments("toy"):
        for job in plan.bundles("toy", experiment):
            (name,) = plan.records_of([job.leader])
            earlier = [one for run in job.runs for found in plan.earlier(run).values() for one in found]
            waits[name] = set(plan.records_of(earlier)) | {path for run in job.runs if (path := plan.asks(run))}
        for look in (1, 2):
            waits[plan.interim("toy", experiment, look)] = set(interim_jobs(plan, "toy", experiment, look))
    order = list(TopologicalSorter(waits).static_order())
    second = [name for name in waits if "/a/" in name and "seeds=3" in name]
    assert second
    assert all(order.index(plan.interim("toy", "a", 1)) < order.index(name) for name in second)


# ---- what it is told


def test_it_is_told_of_its_own_claims_and_counts_the_others() -> None:
    plan = make()
    assert [claim["id"] for claim in interim_claims(plan, "toy", "a")] == ["T1", "T2", "T3"]
    assert [control["id"] for control in interim_controls(plan, "toy", "a")] == ["K1"]
    assert interim_controls(plan, "toy", "b") == []
    assert interim_design(plan, "toy", "b") == {
        "scale": "quick",
        "budgets": {
            "a": {"first": 0, "seeds": 6, "looks": [3, 6]},
            "b": {"first": 0, "seeds": 6, "looks": [3, 6]},
            "all": {"first": 0, "seeds": 3, "looks": None},
        },
        "scales": {"T3": ["quick"], "T4": ["quick"]},
        "sharing": 4,  # T1 to T4: no identity, no secondary claim, none of another scale
    }


def test_alpha_is_shared_as_in_the_end() -> None:
    plan = make()
    whole = PaperDesign.of(paper_design(plan, "toy"))
    claims = list(plan.protocols["toy"].claims.values())
    for experiment in ("a", "b", "unread"):
        told = PaperDesign.of(interim_design(plan, "toy", experiment))
        own = [Claim.model_validate(one) for one in interim_claims(plan, "toy", experiment)]
        assert share_of_alpha(own, told) == share_of_alpha(claims, whole) == 4


def test_what_it_is_told_judges_as_the_protocol_does() -> None:
    plan = make(claims=CLAIMS | {"T1": claim(within(rule="sgd", lr=0.1), spread=2.0, expected={"quick": 3.0}, otherwise=-1.0)})
    for said in interim_claims(plan, "toy", "a"):
        told, own = Claim.model_validate(said), plan.protocols["toy"].claims[said["id"]]
        assert (told.id, told.family, told.experiment, told.planned("quick")) == (own.id, own.family, own.experiment, own.planned("quick"))
        assert _unlabelled(told.test.model_dump()) == _unlabelled(own.test.model_dump())
    assert [Control.model_validate(said).id for said in interim_controls(plan, "toy", "a")] == ["K1"]


def _unlabelled(test: dict[str, Any]) -> dict[str, Any]:
    return {key: value | {"label": ""} if isinstance(value, dict) and "label" in value else value for key, value in test.items()}


def edited(**of_t1: Any) -> dict[str, Any]:
    """The claims with the first one changed."""
    return CLAIMS | {"T1": CLAIMS["T1"] | of_t1}


REPORTED = {"text": "1.0", "value": 1.0, "read": "first-hand", "source": "Table 1"}
ANSWERS = dict.fromkeys(("supported", "contradicted", "undecided", "not_run"), "So it is.")
WORDS = {
    "a sentence": {"claims": edited(sentence="Another.")},
    "its plain words": {"claims": edited(plain="Otherwise.")},
    "its source": {"claims": edited(source="Section 2")},
    "whose finding it is": {"claims": edited(own=True)},
    "controls that it rests on": {"claims": edited(controls=["K1"])},
    "a headline": {"claims": edited(headline={"order": 1, "label": "So", "answer": ANSWERS})},
    "a reported text": {"claims": edited(reported={"text": "yes", "read": "first-hand", "source": "Table 1"})},
    "scales that are the same here": {"claims": edited(scales=["quick"])},
    "the label of an arm": {"claims": edited(test=within(rule="sgd", lr=0.1) | {"arm": arm(rule="sgd", lr=0.1) | {"label": "other"}})},
    "a control's sentence": {"controls": CONTROLS | {"K1": CONTROLS["K1"] | {"sentence": "Known well."}}},
    "an identity more": {"claims": CLAIMS | {"X1": claim({"equal": "loss", "to": 0.0})}},
    "a secondary claim of another experiment": {"claims": CLAIMS | {"X1": claim(within(), "all", family="T1")}},
    "a claim of another scale": {"claims": CLAIMS | {"X1": claim(within(rule="sgd", lr=0.1), scales=["paper"])}},
    "the rule of a claim on another experiment": {"claims": CLAIMS | {"T4": claim(than(arm("all"), arm("b")) | {"paired": True}, "b")}},
    "the fidelity": {
        "experiments": EXPERIMENTS | {"a": EXPERIMENTS["a"] | {"scales": {"quick": LOOKS | {"exact": None, "reduced": True}}}}
    },
    "seeds of what its claims do not read": {"experiments": EXPERIMENTS | {"all": {"scales": {"quick": EXACT | {"seeds": 9}}}}},
}


@pytest.mark.parametrize("changes", WORDS.values(), ids=WORDS)
def test_what_cannot_change_the_answer_is_not_said(changes: dict[str, Any]) -> None:
    assert all_that_is_said(make(**copy.deepcopy(changes)), "a") == all_that_is_said(make(), "a")


RULES = {
    "a rule": {"claims": edited(test=within(rule="sgd", lr=0.1) | {"low": 0.5})},
    "an arm's cells": {"claims": edited(test=within(rule="sgd", lr=1.0))},
    "the number that the plan counts with": {"claims": edited(expected=2.0)},
    "the paper's number, which the plan may count with": {"claims": edited(reported=REPORTED)},
    "a claim more that shares alpha": {"claims": CLAIMS | {"X1": claim(within(), "all")}},
    "a secondary claim that reads a cell": {"claims": CLAIMS | {"X1": claim(within(rule="adam", lr=0.1), family="T1")}},
    "a claim that becomes secondary": {"claims": edited(family="T2")},
    "the looks": {"experiments": EXPERIMENTS | {"a": EXPERIMENTS["a"] | {"scales": {"quick": LOOKS | {"looks": [4, 6]}}}}},
}


@pytest.mark.parametrize("changes", RULES.values(), ids=RULES)
def test_what_may_change_the_answer_is_said(changes: dict[str, Any]) -> None:
    assert all_that_is_said(make(**copy.deepcopy(changes)), "a") != all_that_is_said(make(), "a")


@pytest.mark.parametrize("seeds", [2, 20])
def test_it_is_told_of_the_plan_whatever_the_number_of_seeds(seeds: int) -> None:
    assert all_that_is_said(make({"seeds": seeds}), "a") == all_that_is_said(make(), "a")
