"""The plan: which runs there are, what they are called, what each reads; and what a change to the protocol leaves alone."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, get_args

import pytest
from tiny_paper import EVERYWHERE, EXACT, protocol, protocol_data, write_instruments, write_paper

import secondlook.papers
from secondlook.errors import UserError
from secondlook.plan.plan import Plan, make_plan
from secondlook.plan.runs import Bundle, Run
from secondlook.protocol.config import load_config
from secondlook.protocol.paper import Instruments
from secondlook.protocol.project import find_papers, load_project
from secondlook.protocol.schema import Scale, validate

PAPERS = Path(secondlook.papers.__path__[0])


def make(
    experiments: dict[str, Any],
    config: dict[str, Any] | None = None,
    instruments: Instruments | None = None,
    shared_figures: Collection[str] = (),
    **rest: Any,
) -> Plan:
    """A plan of the paper "toy"; an experiment without scales runs at every one."""
    whole = {key: {"title": key, "module": "train", "scales": EVERYWHERE} | value for key, value in experiments.items()}
    return Plan({"toy": protocol(experiments=whole, **rest)}, load_config(config or {}), instruments, shared_figures=shared_figures)


def load(folder: Path, **config: Any) -> Plan:
    """The plan of the papers below a folder."""
    settings = load_config(config)
    return make_plan(load_project(folder, settings.papers), settings)


def cells(plan: Plan, experiment: str) -> list[str]:
    return list(dict.fromkeys(run.cell.name for run in plan.runs("toy", experiment)))


def the_run(plan: Plan, experiment: str, cell: str, paper: str = "toy") -> Run:
    """The one run of a cell."""
    (found,) = [run for run in plan.runs(paper, experiment) if run.cell.name == cell]
    return found


def job_of(plan: Plan, run: Run) -> Bundle:
    """The job that makes a run."""
    (found,) = [bundle for bundle in plan.bundles(run.paper, run.experiment) if run in bundle.runs]
    return found


def run_spec(plan: Plan, run: Run) -> dict[str, Any]:
    """What its job is told of a run."""
    job = job_of(plan, run)
    return plan.spec(job)["runs"][job.runs.index(run)]


def values(plan: Plan, run: Run) -> dict[str, Any]:
    """Settings and factors of a run."""
    return {**plan.spec(job_of(plan, run))["settings"], **run_spec(plan, run)["factors"]}


def specs_of(plan: Plan, experiment: str, paper: str = "toy") -> dict[str, Any]:
    """Folder of a job's first run -> what the job reads."""
    return {plan.folder(job.leader): plan.spec(job) for job in plan.bundles(paper, experiment)}


def blocks(count: int, size: Any, config: dict[str, Any] | None = None, first: int = 0, **experiment: Any) -> list[str]:
    budget = {"exact": True, "seeds": f"{first}-{first + count - 1}", "seeds_per_job": size}
    plan = make({"a": {"scales": {"quick": budget}, **experiment}}, config)
    return [run.seeds_name for run in plan.runs("toy", "a")]


# ---- names


def test_folder_of_a_run() -> None:
    plan = make({"a": {"cells": [{"rule": "sgd", "lr": [0.1]}]}}, {"scale": "smoke"})
    (run,) = plan.runs("toy", "a")
    assert plan.folder(run) == "results/smoke/toy/a/rule=sgd+lr=0.1/seeds=0-2"
    assert plan.table("toy", "a") == "results/smoke/toy/a.csv"
    assert plan.records("toy", "a") == "results/smoke/toy/a.runs.json"
    assert plan.selection("toy", "s") == "results/smoke/toy/selections/s.json"


# ---- seeds


@pytest.mark.parametrize(
    ("count", "size", "config", "names"),
    [
        (5, "all", {}, ["seeds=0-4"]),
        (1, "all", {}, ["seeds=0"]),
        (5, 1, {}, ["seeds=0", "seeds=1", "seeds=2", "seeds=3", "seeds=4"]),
        (5, 2, {}, ["seeds=0-1", "seeds=2-3", "seeds=4"]),
        (4, 8, {}, ["seeds=0-3"]),
        (5, "all", {"seeds": 5}, ["seeds=0-4"]),
        (5, "all", {"seeds": 7}, ["seeds=0-4", "seeds=5", "seeds=6"]),
        (5, 2, {"seeds": 7}, ["seeds=0-1", "seeds=2-3", "seeds=4", "seeds=5", "seeds=6"]),
        (5, "all", {"seeds": 2}, ["seeds=0-1"]),
        (5, 2, {"seeds": 3}, ["seeds=0-1", "seeds=2"]),
        (5, 1, {"seeds": 1}, ["seeds=0"]),
    ],
)
def test_blocks_of_seeds(count: int, size: Any, config: dict[str, Any], names: list[str]) -> None:
    assert blocks(count, size, config) == names


def test_a_scale_may_cut_its_seeds_otherwise() -> None:
    scales = {"quick": EXACT | {"seeds_per_job": 2}, "paper": EXACT}
    plans = [make({"a": {"seeds_per_job": 1, "scales": scales}}, {"scale": scale}) for scale in ("quick", "paper")]
    assert [[run.seeds for run in plan.runs("toy", "a")] for plan in plans] == [[(0, 1), (2,)], [(0,), (1,), (2,)]]


def test_fresh_seeds_start_where_the_protocol_says() -> None:
    assert blocks(3, "all", first=100) == ["seeds=100-102"]
    assert blocks(3, 1, {"seeds": 4}, first=100) == ["seeds=100", "seeds=101", "seeds=102", "seeds=103"]


@pytest.mark.parametrize("seeds", [1, 9])
def test_fixed_seeds_are_fixed(seeds: int) -> None:
    assert blocks(3, "all", {"seeds": seeds}, fixed_seeds=True) == ["seeds=0-2"]


@pytest.mark.parametrize(("count", "size", "cells"), list(itertools.product([1, 3, 10], ["all", 1, 4], [1, 2, "all"])))
def test_more_seeds_leave_the_old_jobs_as_they_are(count: int, size: Any, cells: Any) -> None:
    budget = {"exact": True, "seeds": f"20-{19 + count}", "seeds_per_job": size, "cells_per_job": cells}
    experiments = {"a": {"cells": [{"lr": [0.1, 1.0, 9.0]}], "scales": {"quick": budget}}}
    before = specs_of(make(experiments), "a")
    after = specs_of(make(experiments, {"seeds": count + 5}), "a")
    assert before.items() <= after.items()
    made = sorted((run["folder"].partition("/")[0], seed) for spec in after.values() for run in spec["runs"] for seed in spec["seeds"])
    assert made == sorted(itertools.product(["lr=0.1", "lr=1.0", "lr=9.0"], range(20, 25 + count)))


# ---- looks


def looking(looks: list[int], config: dict[str, Any] | None = None, first: int = 0, **more: Any) -> Plan:
    """A plan of one experiment, with looks at scale quick."""
    budget = {"exact": True, "seeds": f"{first}-{first + looks[-1] - 1}", "looks": looks}
    return make({"a": {"cells": [{"lr": [0.1, 1.0, 9.0]}], "scales": {"quick": budget}, **more}}, config)


def of_first_cell(plan: Plan) -> list[Run]:
    return [run for run in plan.runs("toy", "a") if run.cell.name == "lr=0.1"]


LOOK_BLOCKS = [
    # looks, seeds a job, config seeds, blocks with their look (None: nobody planned them)
    ([3, 6, 12], "all", "protocol", {"0-2": 1, "3-5": 2, "6-11": 3}),
    ([3, 6, 12], 2, "protocol", {"0-1": 1, "2": 1, "3-4": 2, "5": 2, "6-7": 3, "8-9": 3, "10-11": 3}),
    ([3, 6], 9, "protocol", {"0-2": 1, "3-5": 2}),
    ([2, 3], 1, "protocol", {"0": 1, "1": 1, "2": 2}),
    ([3, 6, 12], "all", 2, {"0-1": 1}),
    ([3, 6, 12], "all", 3, {"0-2": 1}),
    ([3, 6, 12], "all", 4, {"0-2": 1, "3": 2}),
    ([3, 6, 12], "all", 6, {"0-2": 1, "3-5": 2}),
    ([3, 6, 12], 4, 11, {"0-2": 1, "3-5": 2, "6-9": 3, "10": 3}),
    ([3, 6], "all", 6, {"0-2": 1, "3-5": 2}),
    ([3, 6], "all", 8, {"0-2": 1, "3-5": 2, "6": None, "7": None}),
]


@pytest.mark.parametrize("first", [0, 100])
@pytest.mark.parametrize(("looks", "size", "seeds", "expected"), LOOK_BLOCKS)
def test_a_block_holds_replicas_of_one_look(looks: list[int], size: Any, seeds: Any, expected: dict[str, Any], first: int) -> None:
    plan = looking(looks, {"seeds": seeds}, first, seeds_per_job=size)
    moved = {"seeds=" + "-".join(str(first + int(end)) for end in block.split("-")): look for block, look in expected.items()}
    assert {run.seeds_name: plan.look_of(run) for run in of_first_cell(plan)} == moved
    for run in plan.runs("toy", "a"):
        look = plan.look_of(run)
        assert plan.planned(run) == (look is not None)
        assert plan.asks(run) == (f"results/quick/toy/looks/a/{look - 1}.json" if look and look > 1 else None)
        assert run_spec(plan, run)["interim"] == plan.asks(run)


@pytest.mark.parametrize("cells", [1, 2, "all"])
def test_a_job_of_several_cells_holds_one_look(cells: Any) -> None:
    plan = looking([2, 5], {"seeds": 7}, cells_per_job=cells)
    for job in plan.bundles("toy", "a"):
        assert len({plan.look_of(run) for run in job.runs}) == 1
        assert len({run["interim"] for run in plan.spec(job)["runs"]}) == 1
    made = sorted((run.cell.name, seed) for job in plan.bundles("toy", "a") for run in job.runs for seed in run.seeds)
    assert made == sorted(itertools.product(["lr=0.1", "lr=1.0", "lr=9.0"], range(7)))


@pytest.mark.parametrize(("size", "cells"), list(itertools.product(["all", 1, 2], [1, 2, "all"])))
def test_a_further_look_leaves_the_old_jobs_as_they_are(size: Any, cells: Any) -> None:
    before = specs_of(looking([3, 6], seeds_per_job=size, cells_per_job=cells), "a")
    after = specs_of(looking([3, 6, 12], seeds_per_job=size, cells_per_job=cells), "a")
    assert before.items() < after.items()


def test_further_seeds_leave_the_jobs_of_all_looks_as_they_are() -> None:
    before, after = (specs_of(looking([3, 6], {"seeds": seeds}), "a") for seeds in ("protocol", 9))
    assert before.items() < after.items()


def test_without_looks_nobody_is_asked() -> None:
    plan = make({"a": {"scales": {"quick": EXACT | {"seeds_per_job": 1}}}}, {"seeds": 5})
    assert [(plan.look_of(run), plan.asks(run)) for run in plan.runs("toy", "a")] == [(None, None)] * 5
    assert [plan.planned(run) for run in plan.runs("toy", "a")] == [True, True, True, False, False]


def test_looks_are_those_of_the_scale() -> None:
    scales = {"quick": EXACT | {"seeds": 6, "looks": [3, 6]}, "paper": EXACT | {"seeds": 6}}
    plans = [make({"a": {"scales": scales}}, {"scale": scale}) for scale in ("quick", "paper")]
    assert [[plan.asks(run) for run in plan.runs("toy", "a")] for plan in plans] == [[None, "results/quick/toy/looks/a/1.json"], [None]]


@pytest.mark.parametrize("looks", [[6], [6, 3], [3, 3, 6], [0, 6], [3, 5], [3, 9], []])
def test_looks_rise_and_end_with_all_replicas(looks: list[int]) -> None:
    with pytest.raises(UserError, match="looks"):
        make({"a": {"scales": {"quick": EXACT | {"seeds": 6, "looks": looks}}}})


def test_instruments_have_no_looks() -> None:
    with pytest.raises(UserError, match="no claim is decided on an instrument, so it has no looks"):
        with_nets(scales={"quick": {"exact": True, "seeds": 6, "looks": [3, 6]}})


# ---- cells


def test_cells_are_a_union_of_products() -> None:
    plan = make({"a": {"cells": [{"rule": ["sgd", "adam"], "lr": [0.1, 1.0]}, {"rule": "adam", "lr": 0.001, "decay": 0}]}})
    assert cells(plan, "a") == [
        "rule=sgd+lr=0.1",
        "rule=sgd+lr=1.0",
        "rule=adam+lr=0.1",
        "rule=adam+lr=1.0",
        "rule=adam+lr=0.001+decay=0",
    ]


def test_a_cell_that_two_products_share_runs_once() -> None:
    plan = make({"a": {"cells": [{"lr": [0.1, 1.0]}, {"lr": [1.0, 10.0]}]}})
    assert [run.cell.name for run in plan.runs("toy", "a")] == ["lr=0.1", "lr=1.0", "lr=10.0"]


def test_a_single_product_may_stand_alone() -> None:
    plan = make({"a": {"cells": {"lr": [0.1, 1.0]}, "scales": {"quick": EXACT, "smoke": EXACT | {"cells": {"lr": 9.0}}}}})
    assert cells(plan, "a") == ["lr=0.1", "lr=1.0"]
    assert [run.cell.factors for run in make({"a": {"cells": {}}}).runs("toy", "a")] == [{}]


def test_a_scale_may_have_its_own_cells_settings_and_resources() -> None:
    scales = {
        "smoke": EXACT | {"cells": [{"lr": 0.1}], "settings": {"steps": 1}, "resources": {"threads": 2}},
        "paper": EXACT,
    }
    experiments = {"a": {"cells": [{"lr": [0.1, 1.0]}], "settings": {"steps": 9, "lr": 5.0}, "scales": scales, "resources": {"gpu": 1}}}
    smoke, quick, paper = (make(experiments, {"scale": scale}) for scale in get_args(Scale))
    assert (cells(smoke, "a"), cells(quick, "a"), cells(paper, "a")) == (["lr=0.1"], [], ["lr=0.1", "lr=1.0"])
    assert values(smoke, smoke.runs("toy", "a")[0]) == {"steps": 1, "lr": 0.1}  # factor over scale over experiment
    assert [values(paper, run) for run in paper.runs("toy", "a")] == [{"steps": 9, "lr": 0.1}, {"steps": 9, "lr": 1.0}]
    assert (smoke.resources("toy", "a").threads, smoke.resources("toy", "a").gpu) == (2, 1)  # laid over, key by key
    assert (paper.resources("toy", "a").threads, paper.resources("toy", "a").gpu) == (1, 1)
    assert quick.resources("toy", "a") == paper.resources("toy", "a")  # where it does not run
    assert (smoke.experiments("toy"), quick.experiments("toy")) == (["a"], [])


def test_a_scale_lays_its_resources_over_the_experiments() -> None:
    over = {"gpu": 0, "mem_mb": 2000}  # the second is what would be there if nothing were said
    plan = make({"a": {"resources": {"gpu": 1, "mem_mb": 9, "runtime": 7}, "scales": {"quick": EXACT | {"resources": over}}}})
    assert plan.resources("toy", "a").model_dump() == {"gpu": 0, "mem_mb": 2000, "runtime": 7, "threads": 1}


def test_a_figure_is_drawn_where_all_its_tables_are() -> None:
    figures = {
        "one": {"title": "1", "caption": "1", "tables": ["a"]},
        "both": {"title": "2", "caption": "2", "tables": ["a", "b"]},
        "arrays": {"title": "3", "caption": "3", "tables": ["a"], "arrays": ["b"]},
        "sheet": {"title": "4", "caption": "4", "arrays": ["a"]},
    }
    experiments = {"a": {}, "b": {"scales": {"paper": EXACT}}}
    assert make(experiments, {"scale": "quick"}, figures=figures).figures("toy") == ["one", "sheet"]
    assert make(experiments, {"scale": "paper"}, figures=figures).figures("toy") == ["one", "both", "arrays", "sheet"]


# ---- selections


SELECTIONS = {"best": {"experiments": ["grid", "more"], "factor": "lr", "metric": "loss", "per": ["rule"], "extend_by": 3}}
TUNED = {
    "grid": {"cells": [{"rule": ["sgd", "adam"], "lr": [0.1, 1.0]}]},
    "more": {"cells": [{"rule": "sgd", "lr": 9.0}], "scales": {"paper": EXACT}},
    "chosen": {
        "cells": [{"rule": ["sgd", "adam"], "lr": {"select": "best"}}, {"rule": "sgd", "lr": {"select": "best", "take": "beyond"}}],
        "settings": {"steps": 3},
    },
}


def test_a_selection_leaves_out_what_does_not_run_at_the_scale() -> None:
    quick, paper = (make(TUNED, {"scale": scale}, selections=SELECTIONS) for scale in ("quick", "paper"))
    assert quick.selection_spec("toy", "best")["experiments"] == ["grid"]
    assert paper.selection_spec("toy", "best")["experiments"] == ["grid", "more"]
    assert quick.selection_spec("toy", "best") == {
        "experiments": ["grid"],
        "factor": "lr",
        "metric": "loss",
        "by": "mean",
        "per": ["rule"],
        "extend_by": 3.0,
    }


def test_a_run_reads_the_choice_of_its_own_group() -> None:
    plan = make(TUNED, selections=SELECTIONS)
    assert cells(plan, "chosen") == ["rule=sgd+lr=selected", "rule=adam+lr=selected", "rule=sgd+lr=beyond"]
    run = the_run(plan, "chosen", "rule=adam+lr=selected")
    spec = run_spec(plan, run)
    file = "results/quick/toy/selections/best.json"
    assert spec["select"] == {"lr": {"file": file, "group": {"rule": "adam"}, "take": "best"}}
    assert spec["cell"] == {"rule": "adam", "lr": "selected"}
    assert values(plan, run) == {"steps": 3, "rule": "adam"}  # lr comes from the file, when the job runs
    assert run_spec(plan, plan.runs("toy", "chosen")[2])["select"]["lr"]["take"] == "beyond"


# ---- arrays of earlier runs


def derived(cell: dict[str, Any], scales: dict[str, Any] = EVERYWHERE) -> Plan:
    return make(
        {
            "codes": {"cells": [{"net": ["small", "large"], "width": 2}], "scales": scales},
            "probe": {"cells": [{"net": ["small", "large"], "lr": 0.1}], "inputs": {"codes": {"experiment": "codes", "cell": cell}}},
        }
    )


def test_an_input_may_follow_this_cells_own_factor() -> None:
    plan = derived({"net": "same", "width": 2}, {"quick": EXACT | {"seeds_per_job": 2}})
    run = the_run(plan, "probe", "net=large+lr=0.1")
    folder = "results/quick/toy/codes/net=large+width=2"
    assert run_spec(plan, run)["inputs"] == {"codes": [f"{folder}/seeds=0-1", f"{folder}/seeds=2"]}
    assert {name: [plan.folder(one) for one in found] for name, found in plan.earlier(run).items()} == run_spec(plan, run)["inputs"]


def test_an_input_may_name_one_cell() -> None:
    plan = derived({"net": "small", "width": 2})
    folders = {run_spec(plan, run)["inputs"]["codes"][0] for run in plan.runs("toy", "probe")}
    assert folders == {"results/quick/toy/codes/net=small+width=2/seeds=0-2"}


def test_an_input_that_no_cell_answers_lists_those_there_are() -> None:
    plan = derived({"net": "same"})
    with pytest.raises(UserError, match=r"toy/probe needs the cell net=small of codes, which has: net=large\+width=2, net=small\+width=2"):
        plan.spec(plan.bundles("toy", "probe")[0])
    plan = derived({"net": "same", "width": 2}, {"paper": EXACT})
    with pytest.raises(UserError, match="which has: none at this scale"):
        plan.spec(plan.bundles("toy", "probe")[0])


def test_seeds_that_an_input_does_not_run_are_named() -> None:
    plan = derived({"net": "same", "width": 2}, {"quick": EXACT | {"seeds": "1-2"}})
    with pytest.raises(UserError, match=r"toy/probe needs the seeds \[0\] of codes, which runs \[1, 2\]"):
        plan.spec(plan.bundles("toy", "probe")[0])


def test_an_input_that_follows_a_factor_which_is_not_there_is_refused() -> None:
    plan = derived({"depth": "same"})
    with pytest.raises(UserError, match="depth"):
        plan.spec(plan.bundles("toy", "probe")[0])


def test_the_same_may_be_a_setting_where_it_is_no_factor() -> None:
    scales = {"quick": EXACT | {"settings": {"width": 2}}, "paper": EXACT}
    experiments = {
        "codes": {"cells": [{"net": ["small", "large"], "width": [2, 4]}]},
        "probe": {
            "cells": [{"net": "small"}],
            "settings": {"width": 4, "net": "large", "list": [1]},  # the factor comes before the setting
            "inputs": {"codes": {"experiment": "codes", "cell": {"net": "same", "width": "same"}}},
            "scales": scales,
        },
    }
    for scale, width in (("quick", 2), ("paper", 4)):
        plan = make(experiments, {"scale": scale})
        (run,) = plan.runs("toy", "probe")
        assert run_spec(plan, run)["inputs"]["codes"] == [f"results/{scale}/toy/codes/net=small+width={width}/seeds=0-2"]
    experiments["probe"]["inputs"]["codes"]["cell"] = {"net": "same", "width": 2, "list": "same"}
    plan = make(experiments)
    with pytest.raises(UserError, match="toy/probe has no factor or setting 'list' to be the same in codes"):
        plan.spec(plan.bundles("toy", "probe")[0])


# ---- instruments


NETS = {"title": "Nets", "module": "classifier", "cells": [{"dataset": ["mnist", "cifar10"], "side": [16, 32]}]}
ONE = {"exact": True, "seeds": 1}
MEASURING = {
    "gan": {
        "settings": {"side": 16},
        "inputs": {"features": {"instrument": "nets", "cell": {"dataset": "mnist", "side": "same"}}},
        "scales": {"quick": EXACT, "paper": EXACT | {"settings": {"side": 32}}},
    },
    "later": {"inputs": {"samples": {"experiment": "gan"}}},
    "other": {},
}


def with_nets(experiments: dict[str, Any] = MEASURING, config: dict[str, Any] | None = None, **nets: Any) -> Plan:
    data = NETS | {"scales": {"smoke": ONE, "quick": ONE, "paper": ONE}} | nets
    instruments = validate(Instruments, {"experiments": {"nets": data, "idle": data}}, "instruments/protocol.yaml")
    return make(experiments, config, instruments)


@pytest.mark.parametrize(("scale", "side"), [("quick", 16), ("paper", 32)])
def test_only_the_runs_of_instruments_that_are_read_are_planned(scale: str, side: int) -> None:
    plan = with_nets(config={"scale": scale})
    (net,) = plan.runs("instruments", "nets")
    assert plan.folder(net) == f"results/{scale}/instruments/nets/dataset=mnist+side={side}/seeds=0"
    assert plan.experiments("instruments") == ["nets"]
    assert plan.runs("instruments", "idle") == []
    assert plan.bundle("instruments", "nets", f"dataset=mnist+side={side}", "seeds=0").runs == (net,)
    with pytest.raises(UserError, match="has no job instruments/nets/dataset=cifar10"):
        plan.bundle("instruments", "nets", "dataset=cifar10+side=16", "seeds=0")
    assert plan.instruments("toy") == [net]
    assert run_spec(plan, plan.runs("toy", "gan")[0])["inputs"] == {"features": [plan.folder(net)]}


def test_a_job_makes_only_those_cells_of_an_instrument_that_are_read() -> None:
    plan = with_nets(cells_per_job="all", cells=[{"dataset": ["mnist", "cifar10"], "side": [16, 32]}])
    (job,) = plan.bundles("instruments", "nets")
    assert [run.cell.name for run in job.runs] == ["dataset=mnist+side=16"]


def test_a_scale_without_readers_plans_no_instrument() -> None:
    assert with_nets({"gan": MEASURING["gan"]}, {"scale": "smoke"}).experiments("instruments") == []


def test_runs_of_instruments_are_specs_like_any_other() -> None:
    plan = with_nets(settings={"epochs": 2}, datasets=["mnist"])
    (run,) = plan.runs("instruments", "nets")
    spec = plan.spec(job_of(plan, run))
    assert (spec["paper"], spec["experiment"], spec["module"]) == ("instruments", "nets", "secondlook.instruments.classifier")
    assert values(plan, run) == {"epochs": 2, "dataset": "mnist", "side": 16}
    assert plan.table("instruments", "nets") == "results/quick/instruments/nets.csv"


def test_more_seeds_leave_instruments_as_they_are() -> None:
    plan = with_nets(config={"seeds": 5})
    assert [run.seeds_name for run in plan.runs("toy", "gan")] == ["seeds=0-2", "seeds=3", "seeds=4"]
    assert [run.seeds for run in plan.runs("instruments", "nets")] == [(0,)]
    assert len({run_spec(plan, run)["inputs"]["features"][0] for run in plan.runs("toy", "gan")}) == 1  # it serves every seed


def test_instruments_stand_behind_what_needs_them() -> None:
    plan = with_nets()

    def behind(*experiments: str) -> list[str]:
        return [f"{run.paper}/{run.experiment}" for run in plan.runs_behind("toy", experiments)]

    assert behind("gan") == ["toy/gan", "instruments/nets"]
    assert behind("later") == ["toy/gan", "toy/later", "instruments/nets"]
    assert behind("other") == ["toy/other"]


@pytest.mark.parametrize(
    ("array", "says"),
    [
        ({"instrument": "nests"}, r"toy/gan reads the instrument 'nests', which is not there\. Did you mean 'nets'\?"),
        ({"instrument": "nets"}, r"toy/gan needs the cell only of instruments/nets, which has: dataset=cifar10\+side=16, dataset="),
        ({"instrument": "nets", "cell": {"depth": "same"}}, "has no factor or setting 'depth' to be the same in instruments/nets"),
    ],
)
def test_an_instrument_that_is_not_there_is_said_when_the_plan_is_made(array: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        with_nets({"gan": MEASURING["gan"] | {"inputs": {"features": array}}})


def test_modules_are_those_of_papers_figures_and_instruments() -> None:
    plan = make(
        {"a": {"module": "one"}},
        instruments=validate(Instruments, {"experiments": {"nets": NETS | {"scales": {}}}}, ""),
        figures={"curve": {"title": "", "caption": "", "tables": ["a"]}},
    )
    assert plan.modules() == ["secondlook.papers.toy.one", "secondlook.instruments.classifier", "secondlook.papers.toy.figures.curve"]


def test_a_figures_module_is_the_papers_own_or_one_that_papers_share() -> None:
    figure = {"title": "", "caption": "", "tables": ["a"]}
    figures = {"curve": figure, "more": figure | {"draw": "curve"}, "sheet": figure, "samples": figure | {"draw": "sheet"}}
    plan = make({"a": {}}, shared_figures={"sheet"}, figures=figures)
    own, shared = "secondlook.papers.toy.figures.curve", "secondlook.figures.shared.sheet"
    assert [plan.figure_module("toy", key) for key in figures] == [own, own, shared, shared]


# ---- what a job reads


def test_a_spec_is_all_that_a_job_reads() -> None:
    plan = make({"a": {"cells": [{"lr": 0.1}], "datasets": ["cifar10"], "resources": {"gpu": 1, "threads": 2}, "module": "vgg"}})
    spec = plan.spec(plan.bundles("toy", "a")[0])
    assert list(spec) == sorted(spec)
    (run,) = spec["runs"]
    assert list(run) == sorted(run)
    digest = spec.pop("data")["cifar10"]
    assert len(digest) == 16
    assert int(digest, 16) > 0
    assert spec == {
        "experiment": "a",
        "gpu": 1,
        "module": "secondlook.papers.toy.vgg",
        "paper": "toy",
        "runs": [{"cell": {"lr": 0.1}, "factors": {"lr": 0.1}, "folder": "lr=0.1/seeds=0-2", "inputs": {}, "interim": None, "select": {}}],
        "scale": "quick",
        "seeds": [0, 1, 2],
        "settings": {},
        "threads": 2,
    }


def test_a_change_to_one_experiment_leaves_the_specs_of_the_others_alone() -> None:
    def specs(experiments: dict[str, Any]) -> dict[str, dict[str, Any]]:
        plan = make(experiments, selections=SELECTIONS)
        return {key: specs_of(plan, key) for key in experiments}

    before = specs(TUNED)
    richer = EXACT | {"seeds": 7, "settings": {"steps": 99}, "resources": {"threads": 2}}
    after = specs(TUNED | {"grid": TUNED["grid"] | {"scales": {"smoke": EXACT, "quick": richer}}})
    assert after["grid"] != before["grid"]
    assert after["chosen"] == before["chosen"]
    # time limit, memory, title and what is written about fidelity are no numbers of the job
    words = {"quick": {"reduced": "in words only", "seeds": 3}}
    edited = {"title": "New", "resources": {"mem_mb": 9, "runtime": 9}, "scales": {"smoke": EXACT} | words}
    same = specs(TUNED | {"grid": TUNED["grid"] | edited})
    assert same == before


def test_settings_with_keys_of_several_types_are_still_plain_json() -> None:
    plan = make({"a": {"settings": {"lr": {1: 0.1, "full": 0.2}}}})
    spec = plan.spec(plan.bundles("toy", "a")[0])
    assert json.loads(json.dumps(spec, sort_keys=True)) == spec


# ---- jobs


MANY = {
    "cells": [{"rule": ["sgd", "adam"], "lr": [0.1, 1.0]}, {"rule": "adam", "lr": 9.0}],
    "scales": {"smoke": EXACT | {"cells_per_job": 2}, "quick": EXACT | {"seeds_per_job": 2}, "paper": EXACT},
    "cells_per_job": "all",
}


@pytest.mark.parametrize(
    ("config", "sizes", "seeds"),
    [
        ({"scale": "smoke"}, [2, 2, 1], [(0, 1, 2)] * 3),
        ({"scale": "quick"}, [5, 5], [(0, 1), (2,)]),
        ({"scale": "paper"}, [5], [(0, 1, 2)]),
        ({"scale": "smoke", "seeds": 4}, [2, 2, 1, 2, 2, 1], [(0, 1, 2)] * 3 + [(3,)] * 3),  # a further seed has jobs of its own
    ],
)
def test_a_job_makes_so_many_cells(config: dict[str, Any], sizes: list[int], seeds: list[tuple[int, ...]]) -> None:
    plan = make({"a": MANY}, config)
    jobs = plan.bundles("toy", "a")
    assert [len(job.runs) for job in jobs] == sizes
    assert [{run.seeds for run in job.runs} for job in jobs] == [{one} for one in seeds]
    assert [job.leader for job in jobs] == [job.runs[0] for job in jobs]
    for job in jobs:
        assert plan.spec(job)["seeds"] == list(job.leader.seeds)
        assert [entry["folder"] for entry in plan.spec(job)["runs"]] == [f"{run.cell.name}/{run.seeds_name}" for run in job.runs]
        assert [entry["factors"] for entry in plan.spec(job)["runs"]] == [dict(run.cell.factors) for run in job.runs]


def test_a_run_is_known_by_the_job_that_makes_it() -> None:
    plan = make({"a": MANY}, {"scale": "smoke"})
    runs = plan.runs("toy", "a")
    first, second, third = (f"results/smoke/toy/a/{cell}/seeds=0-2" for cell in ("rule=sgd+lr=0.1", "rule=adam+lr=0.1", "rule=adam+lr=9.0"))
    assert plan.records_of(runs) == [f"{folder}/job.json" for folder in (first, second, third)]  # each once
    assert plan.sums_of(runs) == [f"{folder}/job.sha256" for folder in (first, second, third)]
    assert plan.records_of([runs[3], runs[1]]) == [f"{second}/job.json", f"{first}/job.json"]
    assert plan.records_of([]) == []


# ---- names from outside


def test_an_unknown_job_is_refused_with_the_nearest_one() -> None:
    plan = make({"a": {"cells": [{"lr": [0.1, 1.0]}]}, "both": {"cells": [{"lr": [0.1, 1.0]}], "cells_per_job": 2}})
    assert plan.bundle("toy", "a", "lr=1.0", "seeds=0-2").leader.seeds == (0, 1, 2)
    with pytest.raises(UserError, match=r"scale quick has no job toy/a/lr=1/seeds=0-2\. Did you mean 'lr=1.0/seeds=0-2'\?"):
        plan.bundle("toy", "a", "lr=1", "seeds=0-2")
    with pytest.raises(UserError, match=r"has no job toy/both/lr=1\.0/seeds=0-2\. Did you mean 'lr=0\.1/seeds=0-2'\?"):
        plan.bundle("toy", "both", "lr=1.0", "seeds=0-2")  # a run, but not the first of its job
    with pytest.raises(UserError, match="has no job toy/b/only/seeds=0"):
        plan.bundle("toy", "b", "only", "seeds=0")


def test_papers_are_the_folders_that_hold_a_protocol(tmp_path: Path) -> None:
    for name in ("zeta2001", "alpha2002"):
        write_paper(tmp_path, name, {}, protocol_data())
    write_paper(tmp_path, "draft", {"notes.md": ""})
    assert list(find_papers(tmp_path)) == ["alpha2002", "zeta2001"]
    assert list(load(tmp_path).protocols) == ["alpha2002", "zeta2001"]
    assert list(load(tmp_path, papers="zeta2001").protocols) == ["zeta2001"]
    assert load(tmp_path).questions == {1: "Do toys train?"}
    with pytest.raises(UserError, match=r"config 'papers': unknown paper 'zeta2010'\. Did you mean 'zeta2001'\?"):
        load(tmp_path, papers="zeta2010")


def test_the_instruments_lie_beside_the_papers(tmp_path: Path) -> None:
    data = protocol_data()
    data["experiments"]["plain"]["inputs"] = {"marks": {"instrument": "ruler", "cell": {"length": 2}}}
    write_paper(tmp_path / "papers", "alpha2002", {}, data)
    with pytest.raises(UserError, match="instrument 'ruler', which is not there"):
        load(tmp_path / "papers")
    write_instruments(tmp_path)
    assert [run.cell.name for run in load(tmp_path / "papers").instruments("alpha2002")] == ["length=2"]


@pytest.mark.parametrize("name", ["instruments", "pdf", "report", "two words"])
def test_a_papers_name_is_its_own(tmp_path: Path, name: str) -> None:
    write_paper(tmp_path, name, {}, protocol_data())
    with pytest.raises(UserError, match=f"{name}: "):
        find_papers(tmp_path)


@pytest.mark.parametrize("scale", get_args(Scale))
def test_every_spec_of_the_real_papers_is_stable_json_and_has_folders_of_its_own(scale: str) -> None:
    plan, again = (load(PAPERS, scale=scale) for _ in range(2))
    folders = []
    for paper in [*plan.protocols, "instruments"]:
        for key in plan.experiments(paper):
            jobs = plan.bundles(paper, key)
            assert jobs
            for job, twin in zip(jobs, again.bundles(paper, key), strict=True):
                text = json.dumps(plan.spec(job), sort_keys=True, allow_nan=False)
                assert json.dumps(json.loads(text)) == text
                assert json.dumps(again.spec(twin), sort_keys=True) == text
                assert plan.bundle(paper, key, job.leader.cell.name, job.leader.seeds_name) is job
                for run in job.runs:
                    assert max(map(len, plan.folder(run).split("/"))) < 200
                    folders.append(plan.folder(run))
    assert len(folders) == len(set(folders)) > 20
