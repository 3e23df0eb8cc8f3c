"""From the download to the report, for real, and what a second call does."""

from __future__ import annotations

import csv
import hashlib
import html
import json
import re

import pytest

from secondlook.plan.plan import Plan, make_plan
from secondlook.protocol.config import Config
from secondlook.protocol.project import INSTRUMENTS, load_project
from secondlook.report.summary import BLOCK

OUTCOMES = "supported|weaker than claimed|contradicted|undecided|not run"


def planned(text: str) -> dict[str, int]:
    """Rule -> number of jobs, from Snakemake's table."""
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", text.partition("Job stats:")[2], re.MULTILINE)}


@pytest.fixture(scope="module")
def plan(smoke) -> Plan:
    """What the clone's workflow was asked for."""
    return make_plan(load_project(smoke.folder / "src/secondlook/papers"), Config(scale="smoke"))


@pytest.fixture(scope="module")
def claims(smoke, plan: Plan) -> dict[str, list[dict]]:
    """Paper -> its decided claims."""
    return {paper: json.loads((smoke.folder / f"results/smoke/{paper}/claims.json").read_text()) for paper in plan.protocols}


def test_the_report_is_one_folder_that_needs_no_network(smoke, plan: Plan) -> None:
    folder = smoke.folder / "results/smoke/report"
    front = (folder / "index.html").read_text(encoding="utf-8")
    numbers = {protocol.question for protocol in plan.protocols.values()}
    pages = {number: (folder / f"question-{number}.html").read_text(encoding="utf-8") for number in numbers}
    inside = "|".join(f"question-{number}" for number in numbers)
    for text in (front, *pages.values()):
        assert "Scale smoke" in text
        assert (
            len(text.encode()) < 420_000
        )  # without its figures; scale smoke runs what quick leaves to paper, whose pages have less than 400 kB
        assert not re.search(
            rf'src="(?!assets/)|href="(?!data:,|#|assets/|index\.html|runs\.html|report\.pdf|({inside})\.html|https://(arxiv\.|papers\.nips\.|doi\.org/))',
            text,
        )
        for file in re.findall(r'(?:src|href)="(assets/[^"]+)"', text):
            assert (folder / file).stat().st_size > 0
    assert "These results are missing" not in front
    for paper, protocol in plan.protocols.items():
        page = pages[protocol.question]
        assert plan.questions[protocol.question] in html.unescape(front)
        for figure in plan.figures(paper):
            assert f'id="{paper}-{figure}"' in page
        for claim in protocol.claims:
            assert f'href="question-{protocol.question}.html#{paper}-{claim}"' in front
            assert f'id="{paper}-{claim}"' in page


def test_every_outcome_is_one_of_the_words_and_says_how_far_it_reaches(plan: Plan, claims: dict[str, list[dict]]) -> None:
    for paper, protocol in plan.protocols.items():
        assert [claim["id"] for claim in claims[paper]] == [f"{paper}/{key}" for key in protocol.claims]
        for rule, claim in zip(protocol.claims.values(), claims[paper], strict=True):
            assert re.fullmatch(OUTCOMES, claim["outcome"])
            assert (claim["outcome"] == "not run") == ("smoke" not in protocol.scales_of(rule)), claim
            reduced = any(
                plan.budget(paper, key).fidelity == "reduced" for key in protocol.experiments_behind(rule) if plan.budget(paper, key)
            )
            reach = "identity" if not rule.random else "reduced" if reduced else "paper's setting"
            assert claim["reach"] == (None if claim["outcome"] == "not run" else reach), claim


def test_it_ends_with_a_line_per_question_and_where_the_report_lies(smoke, plan: Plan, claims: dict[str, list[dict]]) -> None:
    numbers = sorted({protocol.question for protocol in plan.protocols.values()})
    *tallies, place = smoke.said.splitlines()[-len(numbers) - 1 :]
    assert (smoke.folder / place.removeprefix("The report: ")).samefile(smoke.folder / "results/smoke/report/index.html")
    for number, line in zip(numbers, tallies, strict=True):
        outcomes = [claim["outcome"] for paper in plan.protocols if plan.protocols[paper].question == number for claim in claims[paper]]
        counted = re.findall(rf"(\d+) ({OUTCOMES})(?=,|$)", line.removeprefix(f"{number}. {plan.questions[number]}"))
        assert {outcome: int(count) for count, outcome in counted} == {outcome: outcomes.count(outcome) for outcome in set(outcomes)}
    assert smoke.run("python -m secondlook tally").stdout.splitlines() == [*tallies, place]


def test_the_summary_goes_into_the_documents(smoke, plan: Plan, claims: dict[str, list[dict]]) -> None:
    before = (smoke.folder / "README.md").read_text(encoding="utf-8")
    done = smoke.run("python -m secondlook summary --scale smoke")
    assert done.returncode == 0, done.stderr
    after = (smoke.folder / "README.md").read_text(encoding="utf-8")
    assert BLOCK.split(before) == BLOCK.split(after)
    (block,) = BLOCK.findall(after)
    for number, text in plan.questions.items():
        (line,) = [line for line in block.splitlines() if line.startswith(f"| {number}. {text} |")]
        mine = [claim for paper, protocol in plan.protocols.items() if protocol.question == number for claim in claims[paper]]
        assert all(claim["answer"].split()[0] in line for claim in mine if claim["headline"])
    page = (smoke.folder / "docs/claims.md").read_text(encoding="utf-8")
    order = sorted(claims, key=lambda paper: (plan.protocols[paper].question, plan.protocols[paper].year))
    rows = [row.split(" | ")[0] for row in page.splitlines() if row.startswith("| **")]
    assert rows == [f"| **{claim['id']}**" for paper in order for claim in claims[paper]]


def test_every_run_left_its_record(smoke, plan: Plan) -> None:
    owners = [*plan.protocols, INSTRUMENTS]
    jobs = [bundle for paper in owners for key in plan.experiments(paper) for bundle in plan.bundles(paper, key)]
    assert sum(len(bundle.runs) for bundle in jobs) > 100
    for bundle in jobs:
        leader = smoke.folder / plan.folder(bundle.leader)
        made = json.loads((leader / "job.json").read_text())["runs"]
        assert list(made) == [f"{run.cell.name}/{run.seeds_name}" for run in bundle.runs]
        sums = dict(reversed(line.split("  ")) for line in (leader / "job.sha256").read_text().splitlines())
        for name, digest in made.items():
            folder = leader.parents[1] / name
            record = json.loads((folder / "run.json").read_text())
            assert hashlib.sha256((folder / "run.json").read_bytes()).hexdigest() == digest
            for file in ("history.csv", "arrays.safetensors"):
                assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == sums.pop(f"{name}/{file}") == record["files"][file]
            assert set(record["status"]) == {str(seed) for seed in record["seeds"]}
            assert re.fullmatch(r"[0-9a-f]{16}", record["code"])
            assert record["device"] in ("cpu", "cuda")
            assert record["peak_memory_mb"] > 0
            with (folder / "history.csv").open() as history:
                assert next(csv.reader(history)) == ["replica", "step", "metric", "value"]
        assert not sums
    assert not list((smoke.folder / "work").glob("*")), "checkpoints of finished jobs are removed"


def test_the_chosen_step_sizes_are_those_of_lowest_training_loss(smoke) -> None:
    chosen = json.loads((smoke.folder / "results/smoke/wilson2017/selections/step-sizes.json").read_text())
    for choice in chosen["choices"]:
        scores = {candidate["value"]: candidate["score"] for candidate in choice["candidates"] if candidate["score"] is not None}
        assert choice["best"] == min(scores, key=scores.get)
        run = smoke.folder / f"results/smoke/wilson2017/c1/optimizer={choice['group']['optimizer']}+lr=selected/seeds=100-102/run.json"
        assert json.loads(run.read_text())["values"]["lr"] == choice["best"]


def test_a_second_call_does_nothing(smoke) -> None:
    done = smoke.run("snakemake --cores 2")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr
    assert "Using workflow specific profile" in done.stdout + done.stderr


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


def test_the_same_job_again_gives_the_same_bytes(smoke, plan: Plan) -> None:
    bundle = plan.bundles("wilson2017", "c1")[0]
    files = [smoke.folder / plan.folder(run) / "history.csv" for run in bundle.runs]
    before = [file.read_bytes() for file in files]
    done = smoke.run(f"snakemake --cores 2 --force '{plan.folder(bundle.leader)}/job.json'")
    assert done.returncode == 0, done.stderr[-3000:]
    assert [file.read_bytes() for file in files] == before
