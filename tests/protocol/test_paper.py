"""protocol.yaml: closed, typed, and with errors that say what to write instead; and the protocols of the papers themselves."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from tiny_paper import EVERYWHERE, EXACT, protocol_data

import secondlook.papers
from secondlook.errors import UserError
from secondlook.plan.plan import find_papers, load_plan
from secondlook.protocol.claims import Difference, Exact
from secondlook.protocol.config import Config
from secondlook.protocol.experiment import Scale, Selected
from secondlook.protocol.paper import Figure, Instruments, Protocol, load_instruments, load_protocol
from secondlook.protocol.schema import load_yaml, validate

PAPERS = find_papers(Path(secondlook.papers.__path__[0]))

EXACT_TEST = {"kind": "exact", "metric": "loss", "equals": 0.0}
CLAIM = {"id": "T1", "sentence": "Toys train.", "where": "Section 1", "experiment": "plain", "test": EXACT_TEST}
ARM = {"label": "small", "where": {"lr": [0.1]}}
DIFFERENCE = {"kind": "difference", "metric": "loss", "first": ARM, "second": {"label": "large", "where": {"lr": [1.0]}}, "diverged": 9.0}

#: one of everything
FULL = protocol_data(
    experiments={
        "grid": {
            "title": "A grid",
            "module": "train",
            "cells": [{"lr": [0.1, 1.0]}],
            "datasets": ["cifar10"],
            "resources": {"gpu": 1},
            "scales": EVERYWHERE,
        },
        "plain": {
            "title": "The chosen one",
            "module": "train",
            "cells": [{"lr": {"select": "best-lr"}}],
            "inputs": {"weights": {"experiment": "grid", "cell": {"lr": 0.1}}, "features": {"instrument": "nets"}},
            "scales": {"quick": {"fidelity": "reduced", "reduction": "one step", "seeds": {"first": 5, "count": 2}}, "paper": EXACT},
        },
    },
    selections={"best-lr": {"experiments": ["grid"], "factor": "lr", "metric": "loss"}},
    claims=[
        CLAIM | {"reported": {"text": "1.0", "mark": "S", "source": "Table 1"}},
        CLAIM | {"id": "T2", "experiment": "grid", "test": DIFFERENCE},
        {"id": "T3", "sentence": "Toys fly.", "where": "Section 2", "not_run": "no wind"},
    ],
    figures={
        "curve": {"title": "A curve", "caption": "See it fall.", "tables": ["grid"]},
        "sheet": {"title": "A sheet", "caption": "See.", "arrays": ["plain"]},
    },
    deviations=[{"paper": "Says nothing.", "ours": "Something.", "why": "It must be something."}],
)


def check(edit: Callable[[dict[str, Any]], object]) -> Protocol:
    data = json.loads(json.dumps(FULL))  # and not a deep copy, which would keep what several keys share
    edit(data)
    return validate(Protocol, data, "toys/protocol.yaml")


def refusal(edit: Callable[[dict[str, Any]], object]) -> str:
    with pytest.raises(UserError) as caught:
        check(edit)
    message = str(caught.value)
    assert message.startswith("toys/protocol.yaml is not valid:\n")
    return message


def test_the_whole_one_is_valid() -> None:
    protocol = check(lambda data: None)
    assert isinstance(protocol.experiments["plain"].cells[0]["lr"], Selected)
    assert isinstance(protocol.claims[0].test, Exact)
    assert isinstance(protocol.claims[1].test, Difference)


@pytest.mark.parametrize(
    ("path", "wrong", "right"),
    [
        ((), "experimens", "experiments"),
        (("experiments", "grid"), "modul", "module"),
        (("experiments", "grid", "resources"), "memory_mb", "mem_mb"),
        (("experiments", "grid", "scales", "quick"), "blok", "block"),
        (("experiments", "grid", "scales", "quick", "seeds"), "frist", "first"),
        (("experiments", "plain", "inputs", "weights"), "cel", "cell"),
        (("experiments", "plain", "cells", 0, "lr"), "tke", "take"),
        (("selections", "best-lr"), "metrics", "metric"),
        (("claims", 0), "sentense", "sentence"),
        (("claims", 0, "reported"), "txt", "text"),
        (("claims", 0, "test"), "tolerence", "tolerance"),
        (("claims", 1, "test"), "smalest_effect", "smallest_effect"),
        (("claims", 1, "test", "first"), "lable", "label"),
        (("figures", "curve"), "captoin", "caption"),
        (("deviations", 0), "our", "ours"),
    ],
)
def test_an_unknown_key_anywhere_is_named_with_the_nearest_one(path: tuple[Any, ...], wrong: str, right: str) -> None:
    def add(data: dict[str, Any]) -> None:
        for part in path:
            data = data[part]
        data[wrong] = "x"

    message = refusal(add)
    assert f"unknown key '{wrong}'. Did you mean '{right}'?" in message
    for part in path:
        assert str(part) in message


def test_a_wrong_type_names_key_and_value() -> None:
    assert "year: Input should be a valid integer" in refusal(lambda data: data.update(year="last"))
    assert "(value: 'last')" in refusal(lambda data: data.update(year="last"))
    message = refusal(lambda data: data["claims"][1]["test"].update(diverged="never"))
    assert "claims.1.test.difference.diverged" in message
    assert "(value: 'never')" in message
    assert "url: Field required" in refusal(lambda data: data.pop("url"))


def test_all_faults_are_listed_at_once() -> None:
    def two(data: dict[str, Any]) -> None:
        data["year"] = "last"
        data["experiments"]["grid"]["resources"]["runtime"] = 0

    message = refusal(two)
    assert len(message.splitlines()) == 3
    assert "experiments.grid.resources.runtime" in message


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda d: d["experiments"]["plain"]["scales"]["quick"].pop("reduction"), "experiments.plain.scales.quick: 'reduction' must say"),
        (lambda d: d["experiments"]["plain"]["scales"]["paper"].update(reduction="x"), "scales.paper: 'reduction' must say"),
        (lambda d: d["claims"][0]["reported"].update(mark="M"), "claims.0.reported.mark: Input should be 'S' or 'S2' (value: 'M')"),
        (lambda d: d["claims"][0]["reported"].update(mark="S2"), "an S2 figure names its go-between"),
        (lambda d: d["claims"][0]["reported"].update(through="a blog"), "an S figure has none"),
        (lambda d: d["claims"][0].pop("test"), "claim T1: give 'experiment' and 'test', or 'not_run'"),
        (lambda d: d["claims"][0].pop("experiment"), "claim T1: give 'experiment' and 'test', or 'not_run'"),
        (lambda d: d["claims"][0].update(not_run="no time"), "claim T1: give 'experiment' and 'test', or 'not_run'"),
        (lambda d: d["claims"][2].pop("not_run"), "claim T3: give 'experiment' and 'test', or 'not_run'"),
        (lambda d: d["claims"][0]["test"].update(kind="exakt"), "'exact', 'difference'"),
        (lambda d: d["claims"][1].update(id="T1"), "id 'T1' stands twice"),
        (lambda d: d["claims"][1].update(id="t 1"), "claims.1.id"),
        (lambda d: d["claims"][1]["test"].update(at=0), "claims.1.test.difference.at"),
        (lambda d: d["claims"][1]["test"].update(at=1.5), "claims.1.test.difference.at"),
        (lambda d: d["experiments"]["grid"].update(datasets=["cifar-10"]), "unknown dataset 'cifar-10'. Did you mean 'cifar10'?"),
        (lambda d: d["experiments"]["grid"]["scales"]["quick"].update(block=0), "scales.quick.block"),
        (lambda d: d["experiments"]["grid"]["scales"]["quick"]["seeds"].update(count=0), "scales.quick.seeds.count"),
        (lambda d: d["experiments"]["grid"]["scales"].update(quik=EXACT), "'quik'"),
        (lambda d: d["experiments"]["plain"]["inputs"]["weights"].update(experiment="gird"), "unknown 'gird'. Did you mean 'grid'?"),
        (lambda d: d["experiments"]["plain"]["cells"][0]["lr"].update(select="best"), "unknown 'best'. Did you mean 'best-lr'?"),
        (lambda d: d["selections"]["best-lr"].update(experiments=["gird"]), "selections.best-lr.experiments: unknown 'gird'"),
        (lambda d: d["selections"]["best-lr"].update(experiments=[]), "selections.best-lr.experiments"),
        (lambda d: d["selections"]["best-lr"].update(extend_by=1), "selections.best-lr.extend_by"),
        (lambda d: d["claims"][1].update(experiment="gird"), "claims.T2.experiment: unknown 'gird'. Did you mean 'grid'?"),
        (lambda d: d["figures"]["curve"].update(tables=["gird"]), "figures.curve.tables: unknown 'gird'. Did you mean 'grid'?"),
        (lambda d: d["figures"]["sheet"].update(arrays=["plian"]), "figures.sheet.arrays: unknown 'plian'. Did you mean 'plain'?"),
        (lambda d: d["figures"]["sheet"].update(arrays=[]), "figures.sheet: give 'tables' or 'arrays'"),
        (
            lambda d: d["experiments"]["plain"]["inputs"]["weights"].pop("experiment"),
            "inputs.weights: give 'experiment' (of this paper) or",
        ),
        (lambda d: d["experiments"]["plain"]["inputs"]["features"].update(experiment="grid"), "'instrument', one of them"),
    ],
)
def test_what_contradicts_itself_or_names_what_is_not_there_is_refused(edit: Callable[[dict[str, Any]], object], says: str) -> None:
    assert says in refusal(edit)


@pytest.mark.parametrize("value", ["a/b", "../x", "a b", "a,b", "a=b", "", "ä", ["ok", "a/b"]])
def test_a_value_that_does_not_fit_into_a_folders_name_is_refused(value: object) -> None:
    assert "factor 'lr' has the value" in refusal(lambda data: data["experiments"]["grid"].update(cells=[{"lr": value}]))
    cells_of_a_scale = {"quick": EXACT | {"cells": [{"lr": value}]}}
    assert "factor 'lr' has the value" in refusal(lambda data: data["experiments"]["grid"].update(scales=cells_of_a_scale))


def test_what_a_figure_stands_on() -> None:
    data = {"title": "", "caption": "", "tables": ["a", "b"], "arrays": ["b", "c"]}
    assert validate(Figure, data, "").experiments == ["a", "b", "c"]


def test_an_instrument_of_this_name_need_not_be_of_the_paper() -> None:
    protocol = check(lambda data: None)
    assert protocol.experiments["plain"].inputs["features"].instrument == "nets"
    assert protocol.needs()["plain"] == {"grid"}


NET = {"title": "A net", "module": "classifier", "cells": [{"side": [16, 32]}], "datasets": ["mnist"], "scales": EVERYWHERE}


def test_instruments_are_experiments_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "protocol.yaml"
    assert load_instruments(path).experiments == {}  # there need not be any
    path.write_text(json.dumps({"experiments": {"nets": NET}}))
    assert load_instruments(path).experiments["nets"].module == "classifier"
    path.write_text(json.dumps({"experiments": {"nets": NET}, "claims": []}))
    with pytest.raises(UserError, match=r"protocol\.yaml is not valid:\n.*unknown key 'claims'"):
        load_instruments(path)


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


def test_values_keep_their_types() -> None:
    levels = [True, 1, 1.0, "1", "none", -2, 1e-8]
    kept = check(lambda data: data["experiments"]["grid"].update(cells=[{"lr": levels}])).experiments["grid"].cells[0]["lr"]
    assert kept == levels
    assert [type(value) for value in kept] == [type(value) for value in levels]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-8", 1e-8), ("5E-4", 5e-4), ("-2e+4", -2e4), ("1.5e3", 1500.0), ("1.0e-8", 1e-8), ("12", 12), ("0.1/L", "0.1/L"), ("e5", "e5")],
)
def test_numbers_as_people_write_them(tmp_path: Path, text: str, value: object) -> None:
    (tmp_path / "a.yaml").write_text(f"lr: {text}\n")
    loaded = load_yaml(tmp_path / "a.yaml")["lr"]
    assert loaded == value
    assert type(loaded) is type(value)


def test_a_key_that_stands_twice_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a:\n  lr: 1\n  steps: 2\n  lr: 3\n")
    with pytest.raises(UserError, match=r"(?s)a\.yaml is not valid YAML.*'lr' stands twice.*line 4"):
        load_yaml(tmp_path / "a.yaml")


def test_what_is_not_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\nb: 2\nc: {d: 1\ne: 3\n")
    with pytest.raises(UserError, match=r"(?s)a\.yaml is not valid YAML.*line [345]"):
        load_yaml(tmp_path / "a.yaml")
    with pytest.raises(UserError, match=r"cannot read .*absent\.yaml: No such file"):
        load_yaml(tmp_path / "absent.yaml")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "protocol.yaml").write_text("# nothing yet\n")
    with pytest.raises(UserError, match=r"protocol\.yaml is not valid"):
        load_protocol(tmp_path / "protocol.yaml")


def test_a_merged_key_may_be_overridden_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: &A {<<: &B {x: 1, z: 0}, x: 2}\nc: {d: {<<: *A, y: 3}}\n")
    assert load_yaml(tmp_path / "a.yaml") == {"a": {"x": 2, "z": 0}, "c": {"d": {"x": 2, "z": 0, "y": 3}}}
    (tmp_path / "a.yaml").write_text("a:\n  deep: &A {<<: &B {x: 1}, x: 2}\nc: {<<: *A, y: 3}\n")
    assert load_yaml(tmp_path / "a.yaml") == {"a": {"deep": {"x": 2}}, "c": {"x": 2, "y": 3}}


def test_a_key_that_is_not_a_word_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: {? [1, 2] : 3}\n")
    with pytest.raises(UserError, match="not valid YAML"):
        load_yaml(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d["selections"]["best-lr"].update(per=["optimiser"]),  # a factor that the selecting cell does not have
        lambda d: d["selections"]["best-lr"].update(experiments=["grid", "plain"]),  # waits for itself
        lambda d: d["claims"][1]["test"].update(diverged=float("nan")),
        lambda d: d["experiments"]["grid"].update(cells=[{"step": [1, 2]}]),  # a column of every table
    ],
    ids=["per", "cycle", "no number", "column"],
)
def test_what_would_fail_only_when_it_runs_is_refused_at_the_start(edit: Callable[[dict[str, Any]], object]) -> None:
    refusal(edit)


# ---- the protocols of the papers


@pytest.mark.parametrize("paper", sorted(PAPERS))
def test_a_papers_protocol_is_valid_and_what_it_names_is_there(paper: str) -> None:
    protocol = load_protocol(PAPERS[paper])
    folder = PAPERS[paper].parent
    assert (folder / "answer.md").is_file()
    for experiment in protocol.experiments.values():
        assert (folder / f"{experiment.module}.py").is_file()
    for figure in protocol.figures:
        assert (folder / "figures" / f"{figure}.py").is_file()


@pytest.mark.parametrize(("paper", "scale"), list(itertools.product(sorted(PAPERS), get_args(Scale))))
def test_every_arm_of_a_claim_has_cells_at_every_scale_where_it_is_tested(paper: str, scale: str) -> None:
    """Else the claim would fail after the trainings, not before."""
    protocol = load_protocol(PAPERS[paper])
    plan = load_plan(PAPERS[paper].parents[1], Config(scale=scale, papers=[paper]))
    tested = 0
    for claim in protocol.claims:
        if not isinstance(claim.test, Difference) or not plan.budget(paper, claim.experiment):
            continue
        cells = {run.cell.name: run.cell.labels for run in plan.runs(paper, claim.experiment)}
        for arm in (claim.test.first, claim.test.second):
            wanted = {factor: {str(value) for value in values} for factor, values in arm.where.items()}
            mine = [
                labels
                for labels in cells.values()
                if labels.keys() == wanted.keys() and all(str(labels[factor]) in wanted[factor] for factor in wanted)
            ]
            assert mine, f"{claim.id}: no cell of {claim.experiment} has {arm.where}; it has {sorted(cells)}"
            assert len(mine) == 1 or arm.pick, f"{claim.id}: arm '{arm.label}' needs 'pick'"
            tested += 1
    assert tested or not any(isinstance(claim.test, Difference) for claim in protocol.claims)


def test_there_is_a_paper() -> None:
    assert "wilson2017" in PAPERS
