"""The typed models of a protocol: closed, with errors that say what to write instead; what is filled in from arms and metrics.

Mistakes as people make them, with their lines, are in tests/check.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from tiny_paper import EVERYWHERE, EXACT, protocol_data

import secondlook.papers
from secondlook.errors import UserError, refuse
from secondlook.protocol.claims import Claim
from secondlook.protocol.document import Block, Items
from secondlook.protocol.experiment import Selected
from secondlook.protocol.metrics import Metric
from secondlook.protocol.paper import Figure, Instruments, Protocol, read_instruments, read_protocol, write_out
from secondlook.protocol.project import find_papers, load_project
from secondlook.protocol.rules import Difference, Equal, Test, arms_of, bounds_of, metrics_of
from secondlook.protocol.schema import SCALES, validate

PAPERS = Path(secondlook.papers.__path__[0])

DIFFERENCE = {"difference": "loss", "first": "small", "second": {"label": "large", "cells": {"lr": 1.0}}, "diverged": 9.0}
CLAIM = {
    "sentence": "Toys train.",
    "plain": "Toys train.",
    "source": "Section 1",
    "experiment": "plain",
    "test": {"equal": "loss", "to": 0.0},
}

#: one of everything
FULL = protocol_data(
    experiments={
        "grid": {
            "title": "A grid",
            "module": "train",
            "cells": {"lr": [0.1, 1.0]},
            "datasets": ["cifar10"],
            "resources": {"gpu": 1, "mem_mb": 900},
            "scales": EVERYWHERE,
        },
        "plain": {
            "title": "The chosen one",
            "module": "train",
            "cells": [{"lr": {"select": "best-lr"}}],
            "inputs": {"weights": {"experiment": "grid", "cell": {"lr": 0.1}}, "features": {"instrument": "nets"}},
            "resources": {"gpu": 1, "mem_mb": 900},
            "scales": {"quick": {"reduced": "one step", "seeds": "5-6", "resources": {"gpu": 0}}, "paper": EXACT},
        },
    },
    selections={"best-lr": {"experiments": ["grid"], "factor": "lr", "metric": "loss"}},
    metrics={"loss": {"means": "how far off", "unit": "nats", "spread": {"quick": 0.5, "paper": 0.1}, "smallest_effect": 0.25}},
    arms={"small": {"label": "small", "cells": {"lr": 0.1}}},
    claims={
        "T1": CLAIM | {"reported": {"text": "1.0", "read": "first-hand", "source": "Table 1"}},
        "T2": CLAIM | {"experiment": "grid", "test": DIFFERENCE},
        "T3": {"sentence": "Toys fly.", "plain": "Toys fly.", "source": "Section 2", "not_run": "no wind", "needs": {"data": "wind"}},
    },
    figures={
        "curve": {"title": "A curve", "caption": "See it fall.", "tables": ["grid"]},
        "sheet": {"title": "A sheet", "caption": "See.", "arrays": ["plain"]},
    },
    deviations=[{"paper": "Says nothing.", "ours": "Something.", "why": "It must be something."}],
)


def parsed(value: Any) -> Any:
    """Plain data as a YAML file would give it."""
    if isinstance(value, dict):
        return Block((key, parsed(item)) for key, item in value.items())
    return Items(map(parsed, value)) if isinstance(value, list) else value


def check(edit: Callable[[dict[str, Any]], object] = lambda data: None) -> Protocol:
    data = json.loads(json.dumps(FULL))  # and not a deep copy, which would keep what several keys share
    edit(data)
    whole, mistakes = write_out(parsed(data), "toys/protocol.yaml", {})
    protocol, found = read_protocol(whole, "toys/protocol.yaml", {})
    refuse([*mistakes, *found])
    assert protocol is not None
    return protocol


def refusal(edit: Callable[[dict[str, Any]], object]) -> str:
    with pytest.raises(UserError) as caught:
        check(edit)
    return str(caught.value)


def test_the_whole_one_is_valid() -> None:
    protocol = check()
    assert isinstance(protocol.experiments["plain"].cells[0]["lr"], Selected)
    assert isinstance(protocol.claims["T1"].test, Equal)
    assert isinstance(protocol.claims["T2"].test, Difference)
    assert list(protocol.claims) == [claim.id for claim in protocol.claims.values()] == ["T1", "T2", "T3"]


# -- what is filled in -----------------------------------------------------------------------------------------------------


def test_named_arms_and_the_metrics_own_values_are_filled_in() -> None:
    test = check().claims["T2"].test
    assert test is not None
    assert [(arm.label, arm.cells) for arm in arms_of(test)] == [("small", {"lr": [0.1]}), ("large", {"lr": [1.0]})]
    assert (test.unit, test.smallest_effect, test.diverged) == ("nats", 0.25, 9.0)
    assert check(lambda data: data["claims"]["T2"]["test"].update(smallest_effect=0.5, unit="")).claims["T2"].test.smallest_effect == 0.5


def test_the_spread_is_the_metrics_at_each_scale_unless_the_claim_has_its_own_and_an_equality_has_none() -> None:
    claims = check().claims
    assert [claims["T2"].planned(scale)[0] for scale in SCALES] == [None, 0.5, 0.1]
    assert claims["T1"].spread is None
    assert check(lambda data: data["claims"]["T2"].update(spread=0.2)).claims["T2"].planned("smoke")[0] == 0.2
    mixed = check(lambda data: data["claims"]["T2"].update(spread={"quick": 1.47})).claims["T2"]
    assert [mixed.planned(scale)[0] for scale in SCALES] == [None, 1.47, None]


@pytest.mark.parametrize(
    ("test", "reported", "planned"),
    [
        (DIFFERENCE, None, (0.5, 0.0)),  # twice the smallest that counts, and none
        (DIFFERENCE, 1.95, (1.95, 0.0)),
        (DIFFERENCE | {"smallest_effect": 0.0}, None, (None, 0.0)),
        ({**DIFFERENCE, "ratio": "loss", "smallest_effect": 1.5}, None, (2.25, 1.0)),
        ({**DIFFERENCE, "ratio": "loss", "smallest_effect": 1.5}, 4.0, (4.0, 1.0)),
        ({**DIFFERENCE, "counts": "loss", "smallest_effect": 0.3, "diverged": 0}, None, (0.6, 0.0)),
        ({**DIFFERENCE, "counts": "loss", "smallest_effect": 0.8, "diverged": 0}, None, (0.9, 0.0)),  # a share is 1 at most
        ({**DIFFERENCE, "equivalence": "loss", "margin": 0.5}, None, (0.0, 1.0)),
        ({"within": "loss", "arm": "small", "low": 1.0, "high": 2.0, "diverged": 9}, None, (1.5, 2.5)),
        ({"within": "loss", "arm": "small", "high": 2.0, "diverged": 9}, None, (None, None)),
        ({"share": "loss", "arm": "small", "low": 0.2, "high": 0.4}, None, (0.3, 0.5)),
        ({"share": "loss", "arm": "small", "low": 0.8, "high": 1.0}, None, (0.9, 0.7)),  # 1.1 is no share
        ({"correlation": "loss", "arm": "small", "beside": "m", "low": 0.2}, None, (0.6, 0.0)),
        ({"correlation": "loss", "arm": "small", "beside": "m", "high": 0.2}, None, (0.0, 0.6)),
    ],
    ids=str,
)
def test_what_the_plan_counts_with_unless_the_claim_says(
    test: dict[str, Any], reported: float | None, planned: tuple[float, float]
) -> None:
    kinds = set(test) & {"ratio", "counts", "equivalence", "within", "share", "correlation"}
    test = {key: value for key, value in test.items() if not (kinds and key == "difference")}
    number = {"text": "", "value": reported, "read": "first-hand", "source": ""}

    def edit(data: dict[str, Any]) -> None:
        data["claims"]["T2"] |= {"test": test} | ({"reported": number} if reported else {})

    found = check(edit).claims["T2"].planned("quick")
    assert found[1:] == pytest.approx(planned) if None not in planned else found[1:] == planned
    low, high = bounds_of(check(edit).claims["T2"].test)
    if planned[0] is not None and planned[1] is not None:
        assert low <= planned[0] <= high
        assert not low <= planned[1] <= high


def test_what_the_claim_says_the_plan_counts_with() -> None:
    def edit(data: dict[str, Any]) -> None:
        data["claims"]["T2"] |= {"expected": {"quick": 3.0}, "otherwise": 0.1}

    claim = check(edit).claims["T2"]
    assert [claim.planned(scale)[1:] for scale in SCALES] == [(0.5, 0.1), (3.0, 0.1), (0.5, 0.1)]


def test_a_scale_of_its_own_takes_nothing_from_the_metric() -> None:
    """A correlation of a loss in nats has no unit, and 0 where diverged; a ratio has no unit either."""
    context = {"metrics": {"m": Metric(means="", unit="nats", diverged=9.0, resolution=0.5, smallest_effect=2.0)}}

    def read(**fields: Any) -> Any:
        return TypeAdapter(Test).validate_python(fields, context=context)

    arms = {"first": {"label": "a"}, "second": {"label": "b"}}
    correlation = read(correlation="m", beside="q", arm={"label": "a"}, low=0.2)
    assert (correlation.unit, correlation.diverged, correlation.resolution) == ("", 0, None)
    ratio = read(ratio="m", **arms)
    assert (ratio.unit, ratio.diverged, ratio.resolution, ratio.smallest_effect) == ("", 9.0, 0.5, 2.0)
    difference = read(difference="m", **arms)
    assert (difference.unit, difference.diverged, difference.resolution) == ("nats", 9.0, 0.5)


def test_families_and_what_chance_has_a_part_in() -> None:
    claims = check(lambda data: data["claims"]["T2"].update(family="T1")).claims
    assert [claim.primary for claim in claims.values()] == [True, False, True]
    assert [claim.random for claim in claims.values()] == [False, True, False]


def test_scales_at_which_a_claim_is_decided() -> None:
    def scales(edit: Callable[[dict[str, Any]], object] = lambda data: None) -> list[list[str]]:
        protocol = check(edit)
        return [protocol.scales_of(claim) for claim in protocol.claims.values()]

    assert scales() == [["quick", "paper"], ["smoke", "quick", "paper"], []]
    assert scales(lambda data: data["claims"]["T2"].update(scales=["paper", "smoke"]))[1] == ["smoke", "paper"]
    assert scales(lambda data: data["claims"]["T2"].update(experiment="plain", scales=["smoke"]))[1] == []


def test_the_design_has_the_budgets_of_what_claims_and_controls_read() -> None:
    def edit(data: dict[str, Any]) -> None:
        data["experiments"]["plain"]["scales"]["quick"] |= {"seeds": "100-111", "looks": [3, 12]}
        data["controls"] = {"K1": {"sentence": "s", "experiment": "plain", "test": {"equal": "loss", "to": 0}}}
        data["claims"]["T1"] |= {"experiment": "grid"}

    design = check(edit).design("quick")
    assert design == {
        "scale": "quick",
        "budgets": {
            "grid": {"fidelity": "exact", "first": 0, "seeds": 3, "looks": None},
            "plain": {"fidelity": "reduced", "first": 100, "seeds": 12, "looks": [3, 12]},
        },
        "scales": {"T1": ["smoke", "quick", "paper"], "T2": ["smoke", "quick", "paper"], "T3": []},
    }
    assert set(check(edit).design("smoke")["budgets"]) == {"grid"}


def test_a_claim_on_its_own_says_everything() -> None:
    for claim in check().claims.values():
        assert Claim.model_validate(json.loads(json.dumps(claim.model_dump(mode="json")))) == claim


def test_cells_that_all_arms_share_are_given_to_each_and_an_arms_own_win() -> None:
    context = {"arms": {"a": {"label": "a", "cells": {"loss": "x"}}}, "metrics": {"m": Metric(means="", diverged=1.0)}}
    two = {"cells": {"data": ["ring"], "loss": "z"}, "first": "a", "second": {"label": "b"}}
    test = TypeAdapter(Test).validate_python({"difference": "m", **two}, context=context)
    assert [arm.cells for arm in arms_of(test)] == [{"data": ["ring"], "loss": ["x"]}, {"data": ["ring"], "loss": ["z"]}]
    three = {"cells": {"data": "ring"}, "arms": ["a", "a", {"label": "c", "cells": {"loss": "y"}}]}
    test = TypeAdapter(Test).validate_python({"ordering": "m", **three}, context=context)
    assert [arm.cells for arm in arms_of(test)] == [{"data": ["ring"], "loss": [loss]} for loss in "xxy"]


def test_all_metrics_that_a_test_reads() -> None:
    adapter = TypeAdapter(Test)
    first, second = {"label": "a", "pick": "p"}, {"label": "b"}
    assert metrics_of(adapter.validate_python({"equal": "m", "to": "n", "given": "g"})) == ["m", "g", "n"]
    assert metrics_of(adapter.validate_python({"equal": "m", "to": 1.0})) == ["m"]
    difference = {"difference": "m", "first": first, "second": second, "diverged": 0, "given_lower": "l"}
    assert metrics_of(adapter.validate_python(difference)) == ["m", "l", "p"]
    assert metrics_of(adapter.validate_python({"correlation": "m", "beside": "b", "arm": second, "low": 0.1})) == ["m", "b"]


def test_resources_are_laid_over_and_seeds_are_a_count_or_a_range() -> None:
    plain = check().experiments["plain"]
    assert (plain.resources_at("quick").gpu, plain.resources_at("quick").mem_mb, plain.resources_at("paper").gpu) == (0, 900, 1)
    assert (plain.scales["quick"].seeds.first, plain.scales["quick"].seeds.count) == (5, 2)
    assert (plain.scales["paper"].seeds.first, plain.scales["paper"].seeds.count) == (0, 3)


def test_a_papers_metric_is_laid_over_the_shared_one() -> None:
    shared = {"loss": Metric(means="shared", unit="bits", diverged=7.0), "time": Metric(means="seconds")}
    protocol, found = read_protocol(write_out(parsed(FULL), "f", {})[0], "f", shared)
    assert not found
    assert protocol is not None
    assert (protocol.metrics["loss"].means, protocol.metrics["loss"].unit, protocol.metrics["loss"].diverged) == (
        "how far off",
        "nats",
        7.0,
    )
    assert protocol.metrics["time"].means == "seconds"


# -- what is refused -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "wrong", "right"),
    [
        ((), "experimens", "experiments"),
        (("experiments", "grid"), "modul", "module"),
        (("experiments", "grid", "resources"), "memory_mb", "mem_mb"),
        (("experiments", "grid", "scales", "quick"), "seeds_per_jobs", "seeds_per_job"),
        (("experiments", "plain", "inputs", "weights"), "cel", "cell"),
        (("experiments", "plain", "cells", 0, "lr"), "tke", "take"),
        (("selections", "best-lr"), "metrics", "metric"),
        (("metrics", "loss"), "unti", "unit"),
        (("claims", "T1"), "sentense", "sentence"),
        (("claims", "T1", "reported"), "txt", "text"),
        (("claims", "T1", "test"), "tolerence", "tolerance"),
        (("claims", "T2", "test"), "smalest_effect", "smallest_effect"),
        (("claims", "T2", "test", "second"), "lable", "label"),
        (("figures", "curve"), "captoin", "caption"),
        (("deviations", 0), "our", "ours"),
    ],
)
def test_an_unknown_key_anywhere_is_named_with_the_nearest_one(path: tuple[Any, ...], wrong: str, right: str) -> None:
    def add(data: dict[str, Any]) -> None:
        for part in path:
            data = data[part]
        data[wrong] = "x"

    assert f"{'.'.join(map(str, (*path, wrong)))}: unknown key. Did you mean '{right}'?" in refusal(add)


def test_a_wrong_type_names_key_and_value() -> None:
    assert "year: Input should be a valid integer" in refusal(lambda data: data.update(year="last"))
    assert "(value: 'last')" in refusal(lambda data: data.update(year="last"))
    message = refusal(lambda data: data["claims"]["T2"]["test"].update(diverged="never"))
    assert "claims.T2.test.diverged" in message
    assert "(value: 'never')" in message
    assert "url: Field required" in refusal(lambda data: data.pop("url"))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda d: d["experiments"]["plain"]["scales"]["quick"].pop("reduced"), "scales.quick: give one of 'exact: true'"),
        (lambda d: d["experiments"]["plain"]["scales"]["paper"].update(reduced="x"), "scales.paper: give one of 'exact: true'"),
        (lambda d: d["experiments"]["plain"]["scales"]["paper"].update(exact=False), "scales.paper.exact"),
        (
            lambda d: d["claims"]["T1"]["reported"].update(read="M"),
            "claims.T1.reported.read: Input should be 'first-hand' or 'second-hand'",
        ),
        (lambda d: d["claims"]["T1"]["reported"].update(read="second-hand"), "a second-hand number names its go-between"),
        (lambda d: d["claims"]["T1"]["reported"].update(via="a blog"), "a first-hand one has none"),
        (lambda d: d["claims"]["T1"].pop("test"), "claims.T1: give 'experiment' and 'test', or 'not_run'"),
        (lambda d: d["claims"]["T1"].pop("experiment"), "claims.T1: give 'experiment' and 'test', or 'not_run'"),
        (lambda d: d["claims"]["T1"].update(not_run="no time"), "claims.T1: give 'experiment' and 'test', or 'not_run'"),
        (lambda d: d["claims"]["T3"].pop("not_run"), "claims.T3: give 'experiment' and 'test', or 'not_run'"),
        (lambda d: d["claims"]["T3"].pop("needs"), "claims.T3: a claim that is not tested says in 'needs'"),
        (lambda d: d["claims"]["T1"].update(needs={"data": "wind"}), "claims.T1: a claim that is not tested says in 'needs'"),
        (lambda d: d["claims"]["T1"].pop("plain"), "claims.T1.plain: Field required"),
        (lambda d: d["claims"]["T2"]["test"].update(resolution=0), "claims.T2.test.resolution"),
        (lambda d: d["claims"]["T2"].update(scales=[]), "claims.T2.scales"),
        (lambda d: d["claims"]["T2"].update(test={"within": "loss", "arm": "small", "diverged": 9.0}), "give 'low' or 'high', or both"),
        (
            lambda d: d["claims"]["T2"].update(test={"correlation": "loss", "beside": "loss", "arm": "small"}),
            "give 'low' or 'high', or both",
        ),
        (
            lambda d: d["experiments"]["plain"]["scales"]["quick"].update(looks=[1, 3]),
            "'looks' must rise and end with the number of seeds, 2",
        ),
        (lambda d: d["experiments"]["plain"]["scales"]["quick"].update(looks=[2]), "scales.quick.looks"),
        (lambda d: d["claims"]["T1"].update(test={"equl": "loss"}), "name one kind of test with its metric"),
        (lambda d: d["claims"]["T1"]["test"].update(ratio="loss"), "name one kind of test with its metric"),
        (lambda d: d["claims"].update({"t 1": CLAIM}), "claims.t 1"),
        (lambda d: d["claims"]["T2"]["test"].update(at=0), "claims.T2.test.at"),
        (lambda d: d["claims"]["T2"]["test"].update(at=1.5), "claims.T2.test.at"),
        (lambda d: d["claims"]["T2"]["test"].pop("diverged"), "claims.T2.test.diverged: Field required"),
        (lambda d: d["claims"]["T2"]["test"].update(first="smal"), "claims.T2.test.first: unknown arm. Did you mean 'small'?"),
        (lambda d: d["experiments"]["grid"].update(datasets=["cifar-10"]), "unknown dataset 'cifar-10'. Did you mean 'cifar10'?"),
        (lambda d: d["experiments"]["grid"].update(seeds_per_job=0), "seeds_per_job"),
        (lambda d: d["experiments"]["grid"].update(cells_per_job="some"), "cells_per_job"),
        (lambda d: d["experiments"]["grid"]["scales"]["quick"].update(seeds=0), "scales.quick.seeds"),
        (lambda d: d["experiments"]["grid"]["scales"]["quick"].update(seeds=True), "give a number of seeds"),
        (lambda d: d["experiments"]["grid"]["scales"]["quick"].update(seeds="3..5"), "give a number of seeds"),
        (lambda d: d["experiments"]["grid"]["scales"].update(quik=EXACT), "'quik'"),
        (lambda d: d["experiments"]["grid"].pop("module"), "experiments.grid"),
        (lambda d: d["selections"]["best-lr"].update(experiments=[]), "selections.best-lr.experiments"),
        (lambda d: d["selections"]["best-lr"].update(extend_by=1), "selections.best-lr.extend_by"),
        (lambda d: d["figures"]["sheet"].update(arrays=[]), "figures.sheet: give 'tables' or 'arrays'"),
        (
            lambda d: d["experiments"]["plain"]["inputs"]["weights"].pop("experiment"),
            "inputs.weights: give 'experiment' (of this paper) or",
        ),
        (lambda d: d["experiments"]["plain"]["inputs"]["features"].update(experiment="grid"), "'instrument', one of them"),
        (lambda d: d["experiments"]["grid"].update(cells=[{"step": [1, 2]}]), "would be a second column of that name"),
        (lambda d: d["selections"]["best-lr"].update(experiments=["grid", "plain"]), "experiments wait for each other"),
    ],
)
def test_what_contradicts_itself_is_refused(edit: Callable[[dict[str, Any]], object], says: str) -> None:
    assert says in refusal(edit)


def test_an_interval_the_wrong_way_round_and_no_number_are_refused() -> None:
    within = {"within": "loss", "arm": "small", "low": 5.0, "high": 2.0, "diverged": 0.0}
    assert "'low' 5 must lie below 'high' 2" in refusal(lambda data: data["claims"]["T2"].update(test=within))
    assert "finite" in refusal(lambda data: data["claims"]["T2"]["test"].update(diverged=float("nan")))


@pytest.mark.parametrize("value", ["a/b", "../x", "a b", "a,b", "a=b", "", "ä", ["ok", "a/b"]])
def test_a_value_that_does_not_fit_into_a_folders_name_is_refused(value: object) -> None:
    assert "does not fit into a folder's name" in refusal(lambda data: data["experiments"]["grid"].update(cells={"lr": value}))
    cells_of_a_scale = {"quick": EXACT | {"cells": [{"lr": value}]}}
    assert "does not fit into a folder's name" in refusal(lambda data: data["experiments"]["grid"].update(scales=cells_of_a_scale))


def test_values_keep_their_types() -> None:
    levels = [True, 1, 2.0, "3", "none", -2, 1e-8]
    kept = check(lambda data: data["experiments"]["grid"].update(cells={"lr": levels})).experiments["grid"].cells[0]["lr"]
    assert kept == levels
    assert [type(value) for value in kept] == [type(value) for value in levels]


def test_what_a_figure_stands_on() -> None:
    data = {"title": "", "caption": "", "tables": ["a", "b"], "arrays": ["b", "c"]}
    assert validate(Figure, data, "").experiments == ["a", "b", "c"]


def test_an_instrument_of_this_name_need_not_be_of_the_paper() -> None:
    protocol = check()
    assert protocol.experiments["plain"].inputs["features"].instrument == "nets"
    assert protocol.needs()["plain"] == {"grid"}


# -- instruments -----------------------------------------------------------------------------------------------------------

NET = {"title": "A net", "module": "classifier", "cells": [{"side": [16, 32]}], "datasets": ["mnist"], "scales": EVERYWHERE}


def test_instruments_are_experiments_and_input_sets_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "protocol.yaml"
    assert read_instruments(path)[0].experiments == {}  # there need not be any
    path.write_text(json.dumps({"experiments": {"nets": NET}, "input_sets": {"b": {"a": {"instrument": "nets", "cell": {"side": 16}}}}}))
    instruments, mistakes, _ = read_instruments(path)
    assert not mistakes
    assert instruments.experiments["nets"].module == "classifier"
    assert instruments.input_sets["b"]["a"].cell == {"side": 16}
    path.write_text(json.dumps({"experiments": {"nets": NET}, "claims": []}))
    assert "claims: unknown key" in str(read_instruments(path)[1][0])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"inputs": {"x": {"experiment": "nets"}}}, "experiments.nets.inputs: an instrument reads data sets alone"),
        ({"inputs": {"x": {"instrument": "nets"}}}, "experiments.nets.inputs: an instrument reads data sets alone"),
        ({"cells": [{"side": {"select": "best"}}]}, "experiments.nets.cells: an instrument has no selection"),
        ({"scales": {"quick": EXACT | {"cells": [{"side": {"select": "best"}}]}}}, "an instrument has no selection"),
    ],
)
def test_an_instrument_stands_on_data_alone(change: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        validate(Instruments, {"experiments": {"nets": NET | change}}, "instruments/protocol.yaml")


# -- the papers themselves -------------------------------------------------------------------------------------------------


def test_no_protocol_has_merge_keys_and_all_load_in_one_project() -> None:
    papers = find_papers(PAPERS)
    assert "wilson2017" in papers
    project = load_project(PAPERS)
    assert list(project.protocols) == list(papers)
    assert not [path for path in papers.values() if re.search(r"^\s*<<:", path.read_text(encoding="utf-8"), re.M)]
    ids = [f"{paper}/{key}" for paper, protocol in project.protocols.items() for key in [*protocol.claims, *protocol.controls]]
    assert len(ids) == len(set(ids))
