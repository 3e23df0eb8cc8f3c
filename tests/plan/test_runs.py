"""Cells, runs and jobs: their names, which must pass through shells and Snakemake, and how runs are cut into jobs."""

from __future__ import annotations

import functools
import itertools
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from snakemake.target_jobs import parse_target_jobs_cli_args
from snakemake_interface_executor_plugins.utils import TargetSpec, encode_target_jobs_cli_args, format_cli_pos_arg

import secondlook.papers
from secondlook.plan.plan import Plan, make_plan
from secondlook.plan.runs import Bundle, Cell, Run, bundles, cells
from secondlook.protocol.config import load_config
from secondlook.protocol.experiment import Selected
from secondlook.protocol.project import INSTRUMENTS, load_project

PAPERS = Path(secondlook.papers.__path__[0])
SAFE = re.compile(r"[A-Za-z0-9._+=-]+")

# ---- names


@pytest.mark.parametrize(
    ("factors", "name"),
    [
        ({}, "only"),
        ({"optimizer": "adam", "lr": 0.0003}, "optimizer=adam+lr=0.0003"),
        ({"lr": 1e-8}, "lr=1e-08"),
        ({"lr": 0.1 + 0.2}, "lr=0.30000000000000004"),  # every bit: two cells that differ have two names
        ({"lr": 1.0, "n": 1, "bias": True, "form": "none"}, "lr=1.0+n=1+bias=True+form=none"),
        ({"lr": Selected(select="s")}, "lr=selected"),
        ({"lr": Selected(select="s", take="beyond"), "n": 3}, "lr=beyond+n=3"),
    ],
)
def test_name_of_a_cell(factors: dict[str, Any], name: str) -> None:
    assert Cell(factors).name == name


def test_labels_of_a_cell_are_plain_values() -> None:
    cell = Cell({"lr": Selected(select="s"), "more": Selected(select="s", take="beyond"), "n": 3, "x": 0.5})
    assert cell.labels == {"lr": "selected", "more": "beyond", "n": 3, "x": 0.5}
    assert cell.fixed == {"n": 3, "x": 0.5}


@pytest.mark.parametrize(("seeds", "name"), [((7,), "seeds=7"), ((0, 1, 2), "seeds=0-2"), (tuple(range(100, 110)), "seeds=100-109")])
def test_name_of_the_seeds(seeds: tuple[int, ...], name: str) -> None:
    assert Run("toy", "a", Cell({}), seeds).seeds_name == name


def test_cells_are_the_products_in_their_order() -> None:
    assert [cell.name for cell in cells([{}])] == ["only"]
    grid = [{"rule": ["sgd", "adam"], "lr": [0.1, 1.0]}, {"lr": Selected(select="s")}]
    assert [cell.name for cell in cells(grid)] == [
        "rule=sgd+lr=0.1",
        "rule=sgd+lr=1.0",
        "rule=adam+lr=0.1",
        "rule=adam+lr=1.0",
        "lr=selected",
    ]


# ---- jobs


def some_runs(cell_count: int, *blocks: Sequence[int]) -> list[Run]:
    return [Run("toy", "a", Cell({"n": number}), tuple(seeds)) for number in range(cell_count) for seeds in blocks]


def numbers(jobs: Sequence[Bundle]) -> list[list[Any]]:
    return [[run.cell.factors["n"] for run in job.runs] for job in jobs]


def test_runs_with_the_same_seeds_share_a_job() -> None:
    runs = some_runs(5, (0, 1), (2,))
    assert numbers(bundles(runs, 2)) == [[0, 1], [2, 3], [4]] * 2
    assert numbers(bundles(runs, "all")) == [[0, 1, 2, 3, 4]] * 2
    assert numbers(bundles(runs, 1)) == [[number] for number in range(5)] * 2
    assert numbers(bundles(runs, 9)) == numbers(bundles(runs, "all"))
    assert bundles([], "all") == []
    assert bundles(runs, 2)[1].leader == runs[4]


@pytest.mark.parametrize(("count", "size"), list(itertools.product([1, 4, 7], [1, 2, 3, "all"])))
def test_jobs_make_every_run_once_and_more_seeds_change_none(count: int, size: Any) -> None:
    runs = some_runs(count, (0, 1, 2), (3,))
    jobs = bundles(runs, size)
    assert sorted((run for job in jobs for run in job.runs), key=runs.index) == runs
    more = bundles(some_runs(count, (0, 1, 2), (3,), (4,)), size)
    assert more[: len(jobs)] == jobs


# ---- the real papers


@functools.cache
def real(scale: str, seeds: int | str) -> Plan:
    return make_plan(load_project(PAPERS), load_config({"scale": scale, "seeds": seeds}))


def experiments(plan: Plan) -> Iterator[tuple[str, str]]:
    for paper in [*plan.protocols, INSTRUMENTS]:
        for key in plan.experiments(paper):
            yield paper, key


CONFIGS = [("smoke", "protocol"), ("quick", "protocol"), ("paper", "protocol"), ("quick", 50)]
every_config = pytest.mark.parametrize(("scale", "seeds"), CONFIGS)


def bare(words: list[str]) -> str:
    return " ".join(words)


@pytest.mark.parametrize("written", [bare, format_cli_pos_arg])  # as plain words, and as an executor of Snakemake quotes them
@every_config
def test_wildcards_come_through_a_shell_and_snakemake_as_they_are(written: Callable[[Any], str], scale: str, seeds: int | str) -> None:
    """A job on a cluster is started as ``snakemake --target-jobs run:scale=quick,paper=...`` by way of a shell."""
    plan = real(scale, seeds)
    specs = [
        TargetSpec("run", {"scale": scale, "paper": paper, "experiment": key, "cell": run.cell.name, "seeds": run.seeds_name})
        for paper, key in experiments(plan)
        for run in [*plan.runs(paper, key), *(job.leader for job in plan.bundles(paper, key))]
    ]
    assert len(specs) > 100
    assert parse_target_jobs_cli_args(shlex.split(written(encode_target_jobs_cli_args(specs)))) == specs


@pytest.mark.parametrize("cell", ["rule=sgd,lr=0.1", "rule=s gd", "rule='sgd'"])
def test_a_comma_a_space_or_a_quote_would_not_come_through(cell: str) -> None:
    try:
        (found,) = parse_target_jobs_cli_args(shlex.split(bare(encode_target_jobs_cli_args([TargetSpec("run", {"cell": cell})]))))
    except ValueError:
        return
    assert found.wildcards_dict != {"cell": cell}


@every_config
def test_names_are_safe_and_tell_runs_apart(scale: str, seeds: int | str) -> None:
    plan = real(scale, seeds)
    for paper, key in experiments(plan):
        names = [(run.cell.name, run.seeds_name) for run in plan.runs(paper, key)]
        assert len({"/".join(pair).lower() for pair in names}) == len(names), key  # also on a disk that knows no case
        for word in [paper, key, *itertools.chain(*names)]:
            assert SAFE.fullmatch(word)


@every_config
def test_jobs_make_every_run_once(scale: str, seeds: int | str) -> None:
    plan = real(scale, seeds)
    for paper, key in experiments(plan):
        runs = plan.runs(paper, key)
        made = [run for job in plan.bundles(paper, key) for run in job.runs]
        assert len(made) == len(runs)
        assert {plan.folder(run) for run in made} == {plan.folder(run) for run in runs}
        for job in plan.bundles(paper, key):
            assert {(run.paper, run.experiment, run.seeds) for run in job.runs} == {(paper, key, job.leader.seeds)}
        by_cell: dict[str, list[int]] = {}
        for run in runs:
            by_cell.setdefault(run.cell.name, []).extend(run.seeds)
        assert all(len(set(found)) == len(found) for found in by_cell.values())
        assert len({tuple(sorted(found)) for found in by_cell.values()}) == 1


@pytest.mark.parametrize(("fewer", "more"), [("protocol", 50), (50, 60)])
def test_more_seeds_never_change_an_older_job(fewer: int | str, more: int) -> None:
    old, new = real("quick", fewer), real("quick", more)
    compared = 0
    for paper, key in experiments(old):
        if old.budget(paper, key).seeds.count > (more if fewer == "protocol" else int(fewer)):
            continue  # here these are fewer seeds
        after = {new.folder(job.leader): new.spec(job) for job in new.bundles(paper, key)}
        for job in old.bundles(paper, key):
            assert after[old.folder(job.leader)] == old.spec(job)
            compared += 1
    assert compared > 20
