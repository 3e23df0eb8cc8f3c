"""What holds of every paper: run whole at scale smoke on made-up images (`papers`), it measures, decides, draws and says what it should."""

from __future__ import annotations

import fnmatch
import importlib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from papers import FOLDER, PAPERS, Smoke, decide, larger_tables, picture, plan_of, project_of, with_divergences, written

from secondlook.check.everything import check_project
from secondlook.plan.plan import Plan
from secondlook.plan.runs import matching
from secondlook.protocol.rules import Equal, Share, arms_of
from secondlook.protocol.schema import Scale
from secondlook.report.answers import read_answer
from secondlook.report.formulas import markdown
from secondlook.stats.chance import chance
from secondlook.stats.design import PaperDesign
from secondlook.stats.tested import designs
from secondlook.tables.read import read_tables

#: what depends on the data or on the internet: pushes where no fake lies, and scores in Inception's features
MAY_BE_MISSING = ("push_beyond_*", "relative_push_*", "*_inception", "*_inception_floor")


@pytest.fixture(scope="module", params=PAPERS)
def smoke(request: pytest.FixtureRequest, smoke_runs) -> Smoke:
    return smoke_runs(request.param)


def test_every_run_writes_the_metrics_that_its_settings_name(smoke: Smoke) -> None:
    for run in smoke.runs():
        record, history = smoke.record(run), smoke.history(run)
        named = importlib.import_module(smoke.plan.module(run.paper, run.experiment)).Settings(**record["values"]).metrics()
        assert set(record["status"]) == set(map(str, run.seeds)), run
        for seed, status in record["status"].items():
            wrote = set(history.loc[history["replica"] == int(seed), "metric"])
            assert ("diverged" in wrote) == status.startswith("diverged"), run
            assert wrote - {"diverged"} <= named, run
            if status == "completed":  # another lacks the last row
                missing = [name for name in named - wrote if not any(fnmatch.fnmatchcase(name, known) for known in MAY_BE_MISSING)]
                assert not missing, run


def test_every_experiment_of_scale_quick_runs_at_smoke_and_some_replica_does_not_diverge(smoke: Smoke) -> None:
    experiments = smoke.plan.experiments(smoke.paper)
    assert set(plan_of(smoke.paper, "quick").experiments(smoke.paper)) <= set(experiments)
    for key in experiments:
        states = [state for run in smoke.plan.runs(smoke.paper, key) for state in smoke.record(run)["status"].values()]
        assert not all(state.startswith("diverged") for state in states), key


def test_every_claim_is_decided(smoke: Smoke) -> None:
    assert_decided(smoke.plan, smoke.paper, smoke.claims, smoke.tables)


@pytest.mark.parametrize("scale", ["quick", "paper"])
def test_claims_and_figures_of_larger_scales_know_their_cells(smoke: Smoke, tmp_path: Path, scale: str) -> None:
    """With numbers of scale smoke, and divergences: what is wrong there would show after hours of training."""
    paper, plan = smoke.paper, plan_of(smoke.paper, scale)
    paths = written(with_divergences(plan, paper, larger_tables(smoke, scale)), tmp_path)
    claims, tables = decide(plan, paper, paths, tmp_path / "claims.json"), read_tables(paths)
    assert_decided(plan, paper, claims, tables)
    for key in plan.figures(paper):
        drawn = plan.protocols[paper].figures[key].tables
        if set(drawn) <= set(tables) and any(cells_of(plan, paper, name) != cells_of(smoke.plan, paper, name) for name in drawn):
            picture(plan, paper, key, smoke.figure(key, tables, claims))


def cells_of(plan: Plan, paper: str, experiment: str) -> set[str]:
    return {run.cell.name for run in plan.runs(paper, experiment)}


def assert_decided(plan: Plan, paper: str, claims: Mapping[str, Mapping[str, Any]], ran: Collection[str]) -> None:
    """Every claim that stands at the scale, and whose experiments ran, was judged by the replicas of the look that it names."""
    protocol = plan.protocols[paper]
    assert list(claims) == list(protocol.claims)
    for key, rule in protocol.claims.items():
        claim, behind = claims[key], protocol.experiments_behind(rule)
        assert claim["why"], key
        assert claim["answer"] if rule.headline else claim["answer"] is None, key
        assert (claim["outcome"] == "not run") == (plan.scale not in protocol.scales_of(rule) or not set(behind) <= set(ran)), (
            key,
            claim["why"],
        )
        if claim["outcome"] == "not run":
            assert claim["needs"], key
            continue
        assert claim["effect"] is not None or claim["outcome"] == "undecided" or claim["reach"] == "identity", key
        assert [control["id"] for control in claim["controls"]] == rule.controls, key
        assert all(control["why"] for control in claim["controls"]), key
        assert rule.test
        assert rule.experiment
        if isinstance(rule.test, Equal):
            runs = plan.runs(paper, rule.experiment)
            cells = {cell.name for cell in matching([run.cell for run in runs], rule.test.cells, whole=False)}
            planned = sum(len(run.seeds) for run in runs if run.cell.name in cells)
            assert claim["n"] == [planned] or (rule.test.given and sum(claim["n"]) <= planned), key
            continue
        look = claim["decided_by"]["look"] - 1
        for arm, said in zip(arms_of(rule.test), claim["arms"], strict=True):
            budget = protocol.experiments[arm.experiment or rule.experiment].scales[plan.scale]
            looks = budget.looks or [budget.seeds.count]
            if not isinstance(rule.test, Share):  # which pools cells, and leaves replicas out
                assert len(said["values"]) == looks[min(look, len(looks) - 1)], f"{key}: {arm.label}"


@pytest.mark.parametrize("scale", ["quick", "paper"])
@pytest.mark.parametrize("paper", PAPERS)
def test_a_claim_stands_only_where_its_test_can_decide(paper: str, scale: Scale) -> None:
    """With a probability of 0.8 at least, both if the claim holds and if it does not; so no claim is left out by surprise."""
    protocol = project_of(paper).protocols[paper]
    found = designs(list(protocol.claims.values()), PaperDesign.of(protocol.design(scale)))
    chances = {key: chance(design) for key, design in found.items()}
    assert {key: (each.if_true, each.if_false) for key, each in chances.items() if not each.enough} == {}
    standing = {key for key, claim in protocol.claims.items() if claim.random and scale in protocol.scales_of(claim)}
    assert standing == set(found)


def test_every_question_that_has_papers_is_answered_by_one_to_three_claims() -> None:
    headlines: dict[int, list[int]] = {}
    for paper in PAPERS:
        protocol = project_of(paper).protocols[paper]
        orders = [claim.headline.order for claim in protocol.claims.values() if claim.headline]
        headlines.setdefault(protocol.question, []).extend(orders)
    assert all(sorted(orders) == list(range(1, len(orders) + 1)) for orders in headlines.values()), headlines
    assert all(1 <= len(orders) <= 3 for orders in headlines.values()), headlines


def test_figures_read_no_metric_that_they_do_not_name(smoke: Smoke) -> None:
    tables = with_divergences(smoke.plan, smoke.paper, smoke.tables)
    for key in smoke.plan.figures(smoke.paper):
        named = getattr(importlib.import_module(smoke.plan.figure_module(smoke.paper, key)), "METRICS", frozenset())
        stripped = {name: table[table["metric"].isin(named)] for name, table in tables.items()}
        whole, alone = (picture(smoke.plan, smoke.paper, key, smoke.figure(key, given)) for given in (tables, stripped))
        assert np.array_equal(whole, alone), key


def test_the_answer_renders(smoke: Smoke) -> None:
    sections = read_answer(FOLDER / smoke.paper / "answer.md", smoke.claims, "smoke")
    assert all(markdown().render(row.text) or row.figures for section in sections for row in section.rows)


@pytest.mark.parametrize("paper", PAPERS)
def test_a_paper_alone_passes_the_check(paper: str) -> None:
    check_project(project_of(paper))


@pytest.mark.parametrize("paper", PAPERS)
def test_every_experiment_is_read(paper: str) -> None:
    """By a claim, a control, a figure, a selection, an experiment after it; or by whoever the answer sends there."""
    protocol = project_of(paper).protocols[paper]
    items = [*protocol.claims.values(), *protocol.controls.values()]
    readers = [*map(protocol.experiments_behind, items), *protocol.needs().values()]
    readers += [figure.experiments for figure in protocol.figures.values()]
    readers.append(re.findall(r"`([\w-]+)`", (FOLDER / paper / "answer.md").read_text(encoding="utf-8")))
    assert set(protocol.experiments) <= set().union(*readers)


def test_every_figure_module_is_drawn() -> None:
    drawn = {plan.figure_module(paper, key) for paper in PAPERS for plan in [plan_of(paper, "paper")] for key in plan.figures(paper)}
    files = [*FOLDER.glob("*/figures/*.py"), *FOLDER.parent.glob("figures/shared/*.py")]
    package = FOLDER.parent
    assert drawn == {
        ".".join(("secondlook", *file.relative_to(package).with_suffix("").parts)) for file in files if file.stem != "__init__"
    }
