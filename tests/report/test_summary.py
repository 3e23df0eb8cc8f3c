"""The summary of results that is kept in git: claims.json, the page made from it, and the README's answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_paper import EXACT, TRAIN, papers_in, protocol_data, write_paper

import secondlook.papers
from secondlook.cli import main
from secondlook.errors import UserError
from secondlook.files import read_json, write_json
from secondlook.plan.plan import Plan, make_plan
from secondlook.protocol.config import load_config
from secondlook.protocol.project import load_project
from secondlook.report import summary
from secondlook.report.context import OUTCOMES
from secondlook.report.summary import BEGIN, BLOCK, END, ROOT, answers, claims_page, collect_claims, headline, ordered, summarise, tallies

KEYS = [
    *("id", "plain", "sentence", "own", "family", "primary", "headline", "answer", "outcome", "how", "reach", "why", "needs", "reported"),
    *("decided_by", "chance", "measured", "n", "experiment", "reduction", "commits", "devices", "scale"),
]
AGAIN = "the README, docs/claims.md and docs/claims.json differ; run: python -m secondlook summary --scale quick"


def row(line: str) -> list[str]:
    """Cells of a row of a Markdown table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def check_kept_summary(folder: Path, plan: Plan) -> None:
    """The three places where the summary is kept say the same; results are not needed for that."""
    claims = read_json(folder / "docs/claims.json")
    assert all(list(entry) == KEYS for entry in claims)
    ids = [entry["id"] for entry in claims]
    assert len(ids) == len(set(ids)) > 0
    assert (folder / "docs/claims.md").read_text(encoding="utf-8") == claims_page(claims), AGAIN
    (block,) = BLOCK.findall((folder / "README.md").read_text(encoding="utf-8"))
    (scale,) = {entry["scale"] for entry in claims}
    assert f"\n\nScale {scale}. Every claim with its numbers: [docs/claims.md](docs/claims.md).\n{END}" in block
    rows = [row(line) for line in block.splitlines() if line.startswith("|")][2:]
    assert [int(cells[0].partition(".")[0]) for cells in rows] == list(plan.questions), AGAIN
    for number, (_, answer, counted) in zip(plan.questions, rows, strict=True):
        papers = papers_of(plan, number)
        mine = [entry for entry in claims if entry["id"].partition("/")[0] in papers]
        outcomes = [entry["outcome"] for entry in mine]
        found = [(outcomes.count(outcome), outcome) for outcome in OUTCOMES]
        assert counted == (", ".join(f"{count} {outcome}" for count, outcome in found if count) or "–"), AGAIN
        first = sorted((entry for entry in mine if entry["headline"]), key=lambda entry: entry["headline"]["order"])
        assert answer == (" ".join(map(headline, first)) or ("not run" if papers else "not built yet")), AGAIN


def papers_of(plan: Plan, number: int) -> list[str]:
    return [paper for paper in ordered(plan) if plan.protocols[paper].question == number]


def test_readme_and_page_say_what_the_kept_summary_says() -> None:
    plan = make_plan(load_project(Path(secondlook.papers.__path__[0])), load_config({}))
    check_kept_summary(ROOT, plan)


# ---- a made-up paper

CLAIM: dict[str, Any] = {
    "id": "toysum/T1",
    "plain": "Loss | falls * by $5 [much]\nand <b>more</b> & `so_on` ~~never~~ \\n.",
    "sentence": "Loss falls, in full.",
    "own": False,
    "family": "T1",
    "primary": True,
    "headline": {"order": 2, "label": "Does it?", "figure": None},
    "answer": "It | falls.",
    "how": "opposite",
    "kind": "difference",
    "needs": None,
    "decided_by": {"look": 1, "looks": 1, "alpha": 0.05, "spent": 0.05},
    "chance": None,
    "counts": None,
    "source": "Section 1",
    "reported": {"text": "1.95 ± 0.2", "value": 1.95, "read": "second-hand", "source": "Figure 1", "via": "a review"},
    "experiment": "plain",
    "reach": "reduced",
    "rule": "",
    "outcome": "contradicted",
    "why": "opposite",
    "effect": 0.5,
    "interval": [0.25, 0.75],
    "n": [3, 3],
    "unit": "nats",
    "arms": [{"label": "first", "values": [0.5], "diverged": 0}],
}
EXACTLY = CLAIM | {
    "id": "toysum/T2",
    "headline": {"order": 1, "label": "Is it?", "figure": None},
    "answer": "It is.",
    "reported": {"text": "0", "value": None, "read": "first-hand", "source": "Theorem 1", "via": None},
    "experiment": "same",
    "reach": "identity",
    "outcome": "supported",
    "how": None,
    "effect": 0.0,
    "interval": None,
    "n": [3],
    "arms": [],
}
NOT_RUN = CLAIM | {
    "id": "toysum/T3",
    "reported": None,
    "experiment": "large",
    "headline": None,
    "answer": None,
    "reach": None,
    "outcome": "not run",
    "how": None,
    "needs": {"scale": "paper", "data": None, "code": None},
    "effect": None,
    "interval": None,
    "n": [],
    "arms": [],
}
ANSWER = """**The question.** Do they?

**In one sentence.** They do | or not: **{{ claims["T1"] | said }}**
({{ claims["T1"].effect | signed("nats") }}) at {{ scale }}.

More.
"""
QUESTIONS = {1: "Do toys_train?", 2: "Why | not?", 3: "Who asks?"}
MODULE = TRAIN.replace("    steps: int", "    #: updates of *the* toy\n    steps: int")
EXPERIMENTS = {
    "plain": {
        "title": "A plain run",
        "module": "train",
        "settings": {"lr": 0.5},
        "scales": {"quick": {"reduced": True, "seeds": 3}, "paper": {"reduced": "toys alone", "seeds": 10, "settings": {"steps": 4000}}},
    },
    "same": {"title": "A proof", "module": "train", "settings": {"lr": 0.5}, "scales": {"quick": EXACT, "paper": EXACT}},
    "large": {"title": "For a cluster", "module": "train", "settings": {"lr": 0.5}, "scales": {"paper": EXACT}},
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout with three papers, of which one has results."""
    papers = tmp_path / "package/papers"
    older, newer = (protocol_data(experiments=EXPERIMENTS, question=question, year=year) for question, year in ((2, 1999), (1, 2001)))
    write_paper(papers, "toysum", {"train.py": MODULE, "answer.md": ANSWER}, newer, QUESTIONS)
    write_paper(papers, "toylate", {"train.py": MODULE, "answer.md": ANSWER}, older, QUESTIONS)
    write_paper(papers, "toyzero", {"train.py": MODULE, "answer.md": ANSWER}, older | {"year": 1998}, QUESTIONS)
    monkeypatch.setattr(summary, "PACKAGE", tmp_path / "package")
    results = tmp_path / "results/quick/toysum"
    write_json(results / "claims.json", [CLAIM, EXACTLY, NOT_RUN])
    records = [{"commit": commit, "device": "cpu", "device_name": "toy device"} for commit in ("a" * 40, "a" * 40 + "+changes")]
    write_json(results / "plain.runs.json", records)
    (tmp_path / "README.md").write_text(f"# Title\n\n{BEGIN}\nold\n{END}\n\nThe \\1 rest.\n")
    with papers_in(papers):
        yield tmp_path


@pytest.fixture
def plan(place: Path) -> Plan:
    return make_plan(load_project(place / "package/papers"), load_config({}))


def test_a_claim_in_short(place: Path, plan: Plan) -> None:
    first, second, third = collect_claims(plan, place / "results")
    assert first == {
        "id": "toysum/T1",
        **{name: CLAIM[name] for name in ("plain", "sentence", "own", "family", "primary", "headline", "answer", "outcome")},
        **{name: CLAIM[name] for name in ("how", "reach", "why", "needs")},
        "reported": "1.95 ± 0.2 (Figure 1, second-hand through a review)",
        "decided_by": CLAIM["decided_by"],
        "chance": None,
        "measured": "+0.50 nats [0.25, 0.75], n = 3 + 3",
        "n": [3, 3],
        "experiment": "plain",
        "reduction": "toys alone; updates of *the* toy (steps): 2 instead of 4,000; seeds: 3 instead of 10",
        "commits": ["a" * 40, "a" * 40 + "+changes"],
        "devices": ["cpu: toy device"],
        "scale": "quick",
    }
    assert list(first) == KEYS
    assert (second["reported"], second["measured"], second["reduction"]) == ("0 (Theorem 1)", "off by 0 nats at most, n = 3", "")
    assert (third["reported"], third["measured"], third["commits"], third["reduction"]) == (None, "not measured", [], "")


def test_papers_stand_in_the_order_of_their_questions(place: Path, plan: Plan) -> None:
    assert ordered(plan) == ["toysum", "toyzero", "toylate"]
    write_json(place / "results/quick/toylate/claims.json", [NOT_RUN | {"id": "toylate/T1"}])
    assert [entry["id"] for entry in collect_claims(plan, place / "results")] == ["toysum/T1", "toysum/T2", "toysum/T3", "toylate/T1"]


def test_three_files_are_written_and_the_rest_of_the_readme_stays(place: Path, plan: Plan) -> None:
    summarise("quick", place / "results", place)
    assert read_json(place / "docs/claims.json") == collect_claims(plan, place / "results")
    assert (place / "docs/claims.md").read_text(encoding="utf-8") == claims_page(collect_claims(plan, place / "results"))
    text = (place / "README.md").read_text(encoding="utf-8")
    assert text == f"# Title\n\n{answers(plan, place / 'results')}\n\nThe \\1 rest.\n"
    assert "old" not in text
    check_kept_summary(place, plan)
    summarise("quick", place / "results", place)
    assert (place / "README.md").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("README.md", "1 contradicted,", "1 undecided,"),
        ("README.md", "**contradicted (opposite; reduced)**", "**supported (reduced)**"),
        ("README.md", "It is. ", "It is not. "),
        ("README.md", "not built yet", "not run"),
        ("docs/claims.md", "+0.50 nats", "+0.60 nats"),
        ("docs/claims.json", '"outcome": "contradicted"', '"outcome": "supported"'),
    ],
)
def test_a_place_that_says_something_else_is_found(place: Path, plan: Plan, file: str, right: str, wrong: str) -> None:
    summarise("quick", place / "results", place)
    text = (place / file).read_text(encoding="utf-8")
    assert right in text
    (place / file).write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(AssertionError):
        check_kept_summary(place, plan)


def test_the_readme_has_a_row_a_question(place: Path, plan: Plan) -> None:
    """The answers of its headline claims in their order, the tally of all; what has no results or no paper yet says so."""
    lines = answers(plan, place / "results").splitlines()
    assert (lines[0], lines[-1]) == (BEGIN, END)
    rows = [row(line) for line in lines if line.startswith("|")]
    assert rows == [
        ["question", "answer", "claims"],
        ["---"] * 3,
        [
            r"1. Do toys\_train?",
            r"It is. (**supported (identity)**) It \| falls. (**contradicted (opposite; reduced)**)",
            "1 supported, 1 contradicted, 1 not run",
        ],
        [r"2. Why \| not?", "not run", "–"],
        ["3. Who asks?", "not built yet", "–"],
    ]


def test_a_line_a_question_that_has_papers(place: Path, plan: Plan) -> None:
    assert tallies(plan, place / "results") == [
        "1. Do toys_train?  1 supported, 1 contradicted, 1 not run",
        "2. Why | not?  nothing was decided",
    ]


def test_every_row_has_every_column_and_no_markup_of_its_own(place: Path, plan: Plan) -> None:
    lines = claims_page(collect_claims(plan, place / "results")).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [7, 7, 7, 7, 7]
    assert r"Loss \| falls \* by \$5 \[much\] and &lt;b>more&lt;/b> &amp; \`so\_on\` \~\~never\~\~ \\n." in rows[2]
    assert row(rows[2])[0] == "**toysum/T1**"
    assert "no number that could be checked" in rows[4]
    assert any("Scale quick; commit aaaaaaaaaaaa, aaaaaaaaaaaa+changes; cpu: toy device." in line for line in lines)


def test_the_page_lists_what_was_reduced_once_an_experiment(place: Path, plan: Plan) -> None:
    """An exact experiment and one that did not run are not listed."""
    also = CLAIM | {"id": "toysum/T4"}
    write_json(place / "results/quick/toysum/claims.json", [CLAIM, EXACTLY, NOT_RUN, also])
    page = claims_page(collect_claims(plan, place / "results"))
    reduced = page.partition("## What was reduced")[2]
    assert [line for line in reduced.splitlines() if line.startswith("- ")] == [
        r"- **toysum/plain**: toys alone; updates of \*the\* toy (steps): 2 instead of 4,000; seeds: 3 instead of 10"
    ]


def test_nothing_that_ran_is_said() -> None:
    assert "nothing ran" in claims_page([])


def test_no_results_are_an_error_that_says_how_to_make_them(place: Path) -> None:
    before = (place / "README.md").read_text()
    with pytest.raises(UserError, match=r"snakemake --cores all --config scale=paper"):
        summarise("paper", place / "results", place)
    assert not (place / "docs").exists()
    assert (place / "README.md").read_text() == before


@pytest.mark.parametrize("text", ["# Title\n", f"{BEGIN}\n", f"{BEGIN}\n{END}\n" * 2])
def test_a_readme_without_a_place_is_refused(place: Path, text: str) -> None:
    (place / "README.md").write_text(text)
    with pytest.raises(UserError, match="must stand there once"):
        summarise("quick", place / "results", place)
    assert not (place / "docs").exists()
    assert (place / "README.md").read_text() == text


def test_the_verb(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    kept = {name: (ROOT / name).read_bytes() for name in ("README.md", "docs/claims.json")}
    monkeypatch.chdir(place)
    assert main(["summary", "--scale", "smoke"]) == 1
    assert "error: results/smoke: no claims.json" in capsys.readouterr().err
    assert {name: (ROOT / name).read_bytes() for name in kept} == kept  # the real ones are untouched
