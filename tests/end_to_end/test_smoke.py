"""From the download to the report, for real, and what a second call does."""

from __future__ import annotations

import csv
import html
import json
import re

import pytest

from secondlook.plan.plan import INSTRUMENTS, Plan, load_plan
from secondlook.protocol.config import load_config

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def as_configured(smoke) -> None:
    """Other tests may have asked for other seeds or papers."""
    assert smoke.run("snakemake --cores 2").returncode == 0


def planned(text: str) -> dict[str, int]:
    """Rule -> number of jobs, from Snakemake's table."""
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", text.partition("Job stats:")[2], re.MULTILINE)}


@pytest.fixture
def plan(smoke) -> Plan:
    """What the clone's workflow was asked for."""
    return load_plan(smoke.folder / "src/secondlook/papers", load_config({"scale": "smoke"}))


def test_the_report_is_one_folder_that_needs_no_network(smoke, plan: Plan) -> None:
    folder = smoke.folder / "results/smoke/report"
    front = (folder / "index.html").read_text(encoding="utf-8")
    numbers = {protocol.question for protocol in plan.protocols.values()}
    pages = {number: (folder / f"question-{number}.html").read_text(encoding="utf-8") for number in numbers}
    inside = "|".join(f"question-{number}" for number in numbers)
    for text in (front, *pages.values()):
        assert "Scale smoke" in text
        assert not re.search(
            rf'src="(?!assets/)|href="(?!data:,|#|assets/|index\.html|({inside})\.html|https://(arxiv|papers\.nips)\.)', text
        )
        for file in re.findall(r'(?:src|href)="(assets/[^"]+)"', text):
            assert (folder / file).stat().st_size > 0
    assert "missing" not in front
    for paper, protocol in plan.protocols.items():
        page = pages[protocol.question]
        assert protocol.question_text in html.unescape(front)
        for figure in plan.figures(paper):
            assert f'id="{paper}-{figure}"' in page
        for claim in protocol.claims:
            assert f'href="question-{protocol.question}.html#{paper}-{claim.id}"' in front
            assert f'id="{paper}-{claim.id}"' in page


def test_every_verdict_is_one_of_the_words_and_capped_at_reduced_fidelity(smoke, plan: Plan) -> None:
    for paper, protocol in plan.protocols.items():
        claims = json.loads((smoke.folder / f"results/smoke/{paper}/claims.json").read_text())
        assert [claim["id"] for claim in claims] == [claim.id for claim in protocol.claims]
        for rule, claim in zip(protocol.claims, claims, strict=True):
            runs = rule.test is not None and set(protocol.experiments_behind(rule)) <= set(plan.experiments(paper))
            exact = runs and plan.budget(paper, rule.experiment).fidelity == "exact"
            expected = {"direction only", "inconclusive"} | ({"replicated", "not replicated"} if exact else set()) if runs else {"not run"}
            assert claim["verdict"] in expected, claim


def test_every_run_left_its_record(smoke, plan: Plan) -> None:
    folders = [
        plan.folder(run) for paper in [*plan.protocols, INSTRUMENTS] for key in plan.experiments(paper) for run in plan.runs(paper, key)
    ]
    assert len(folders) > 100
    for folder in folders:
        path = smoke.folder / folder / "run.json"
        record = json.loads(path.read_text())
        assert set(record["status"]) == {str(seed) for seed in record["seeds"]}
        assert re.fullmatch(r"[0-9a-f]{16}", record["code"])
        assert record["device"] in ("cpu", "cuda")
        assert record["peak_memory_mb"] > 0
        with (path.parent / "history.csv").open() as file:
            assert next(csv.reader(file)) == ["replica", "step", "metric", "value"]
        assert (path.parent / "arrays.safetensors").exists()
    assert not list((smoke.folder / "work").glob("*")), "checkpoints of finished jobs are removed"


def test_the_chosen_step_sizes_are_those_of_lowest_training_loss(smoke) -> None:
    chosen = json.loads((smoke.folder / "results/smoke/wilson2017/selections/step-sizes.json").read_text())
    for choice in chosen["choices"]:
        scores = {candidate["value"]: candidate["score"] for candidate in choice["candidates"] if candidate["score"] is not None}
        assert choice["best"] == min(scores, key=scores.get)
        run = smoke.folder / f"results/smoke/wilson2017/c1/optimizer={choice['group']['optimizer']},lr=selected/seeds=100-102/run.json"
        assert json.loads(run.read_text())["values"]["lr"] == choice["best"]


def test_a_second_call_does_nothing(smoke) -> None:
    done = smoke.run("snakemake --cores 2")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr


def test_an_edit_of_one_figure_rebuilds_that_figure_and_the_report(smoke) -> None:
    figure = smoke.folder / "src/secondlook/papers/wilson2017/figures/c1_gap.py"
    text = figure.read_text()
    figure.write_text(text.replace('title="Test error"', 'title="Test error, fresh seeds"'))
    try:
        done = smoke.run("snakemake -n --quiet rules")
        assert planned(done.stdout + done.stderr) == {"figure": 1, "report": 1, "pdf": 1, "all": 1, "total": 4}
    finally:
        figure.write_text(text)
    assert "Nothing to be done" in smoke.run("snakemake -n").stdout


@pytest.mark.parametrize(
    "folder",
    [
        "results/smoke/wilson2017/c1/optimizer=adam,lr=selected/seeds=100-102",
    ],
)
def test_the_same_run_again_gives_the_same_bytes(smoke, folder: str) -> None:
    before = (smoke.folder / folder / "history.csv").read_bytes()
    done = smoke.run(f"snakemake --cores 2 --force '{folder}/history.csv'")
    assert done.returncode == 0, done.stderr[-3000:]
    assert (smoke.folder / folder / "history.csv").read_bytes() == before


def test_the_default_profile_is_found(smoke) -> None:
    done = smoke.run("snakemake -n")
    assert "Using workflow specific profile" in done.stdout + done.stderr
