"""The report's page, built from real results of a made-up paper whose texts are hostile."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tiny_paper import EVERYWHERE, EXACT, TRAIN, papers_in, protocol, protocol_data, write_paper

from secondlook.collect import collect
from secondlook.config import load_config
from secondlook.decide import decide_claims
from secondlook.errors import UserError
from secondlook.files import read_json
from secondlook.job import run_job
from secondlook.plan import Plan, load_plan
from secondlook.report import context
from secondlook.report.build import build_report, render_answer
from secondlook.report.context import VERDICTS
from secondlook.selection import select

# ---- answer.md


def answer(tmp_path: Path, text: str, **results: Any) -> str:
    (tmp_path / "answer.md").write_text(text, encoding="utf-8")
    claim = {"effect": 1.954, "interval": [1.5, 2.4], "n": [5, 4], "verdict": "replicated", "arms": []}
    return str(render_answer(tmp_path / "answer.md", {"claims": {"T1": claim}, "scale": "quick"} | results))


def test_numbers_come_from_results(tmp_path: Path) -> None:
    text = (
        'At {{ scale }}: **{{ claims["T1"].verdict }}**, {{ claims["T1"].effect | signed("%") }} '
        '{{ claims["T1"].interval | interval }}, n {{ claims["T1"].n | sum }}.'
    )
    assert answer(tmp_path, text) == "<p>At quick: <strong>replicated</strong>, +1.95 % [+1.50, +2.40], n 9.</p>\n"


def test_lists_and_tables_are_markup(tmp_path: Path) -> None:
    page = answer(tmp_path, "- *one*\n- two\n\n|a|b|\n|-|-|\n|1|2|\n")
    assert "<li><em>one</em></li>" in page
    assert "<td>2</td>" in page


@pytest.mark.parametrize(
    "text", ['{{ claims["T2"].effect }}', '{{ claims["T1"].efect | number }}', "{{ effect }}", "{{ claims", "{% for %}", "{{ 1 | absent }}"]
)
def test_a_result_that_does_not_exist_is_refused_with_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"answer\.md: .*Names that can be used: claims\[ID\]\.effect"):
        answer(tmp_path, text)


def test_markup_in_the_text_or_in_a_result_stays_text(tmp_path: Path) -> None:
    page = answer(tmp_path, "a <script>alert(1)</script> b {{ scale }} [link](javascript:alert(3))", scale="<img src=x onerror=alert(2)>")
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;img src=x onerror=alert(2)&gt;" in page


def test_a_template_cannot_reach_out_of_its_sandbox(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="answer.md"):
        answer(tmp_path, "{{ scale.__class__.__mro__[1].__subclasses__() }}")


# ---- the page

HOSTILE = "<script>alert('x')</script>"
QUOTED = '"><img src=x onerror="alert(1)">'
URL = 'https://example.org/toys?a="><script>'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'
REDUCED = {"fidelity": "reduced", "reduction": "two steps instead of many", "seeds": {"first": 100, "count": 3}}


def difference(first: Any, second: Any, **rest: Any) -> dict[str, Any]:
    arms = {"first": {"label": "first arm", "where": {"lr": [first]}}, "second": {"label": "second arm", "where": {"lr": [second]}}}
    return {"kind": "difference", "metric": "loss", "unit": "nats", "smallest_effect": 1.0, "diverged": 99.0} | arms | rest


PAPER = protocol_data(
    title=f"On Toys {HOSTILE}",
    authors=f"A. Toymaker {HOSTILE}",
    url=URL,
    question=7,
    question_text="Do toys train & fly?",
    experiments={
        "grid": {
            "title": f"A grid {HOSTILE}",
            "module": "train",
            "cells": [{"lr": [0.5, 1.0, 2.0]}],
            "settings": {"diverge": 1.5},
            "fixed_seeds": True,
            "scales": EVERYWHERE,
        },
        "chosen": {
            "title": "The chosen one",
            "module": "train",
            "cells": [{"lr": {"select": "best"}}, {"lr": 0.25}],
            "scales": {"quick": REDUCED},
        },
        "large": {"title": "For a cluster", "module": "train", "settings": {"lr": 1.0}, "scales": {"paper": EXACT}},
    },
    selections={
        "best": {"experiments": ["grid"], "factor": "lr", "metric": "loss"},
        "idle": {"experiments": ["grid"], "factor": "lr", "metric": "loss", "goal": "maximise"},
    },
    claims=[
        {
            "id": "T1",
            "sentence": f"A larger step ends lower {HOSTILE}.",
            "where": "Section 1",
            "reported": {
                "text": f"1.95 ± 0.2 {QUOTED}",
                "value": 1.95,
                "mark": "S2",
                "source": "caption of Figure 1",
                "through": "a review in the Toy Gazette",
            },
            "experiment": "grid",
            "test": difference(1.0, 0.5, smallest_effect=0.25),
        },
        {
            "id": "T1.ii",
            "sentence": "So it does when tuned.",
            "where": "Section 2",
            "reported": {"text": "0.5", "mark": "S", "source": "Table 2"},
            "experiment": "chosen",
            "test": difference("selected", 0.25),
        },
        {"id": "T3", "sentence": "Toys fly.", "where": "Section 3", "not_run": "there is no wind & no sky"},
        {
            "id": "T4",
            "sentence": "Large toys train.",
            "where": "Section 4",
            "experiment": "large",
            "test": {"kind": "exact", "metric": "loss", "equals": 0.5},
        },
    ],
    figures={
        "curve": {"title": f"A curve {QUOTED}", "caption": f"See it fall {QUOTED}.", "tables": ["grid"]},
        "crowd": {"title": "A crowd", "caption": "See many.", "tables": ["large"]},
    },
    deviations=[{"paper": f"The paper says nothing {HOSTILE}.", "ours": "We do something.", "why": "It must be something."}],
)
ANSWER = f"""**The question.** Do toys train? {HOSTILE}

In {{{{ claims["T1"].n | sum }}}} runs: {{{{ claims["T1"].effect | signed("nats") }}}}
(**{{{{ claims["T1"].verdict }}}}**) at {{{{ scale }}}}.
"""


def make_results(plan: Plan, paper: str) -> None:
    """What the workflow makes before the report, by the same functions, below the working directory."""

    def run_and_collect(experiment: str) -> None:
        folders = []
        for job in plan.runs(paper, experiment):
            folders.append(Path(plan.folder(job)))
            run_job(plan.spec(job) | {"code": "c0de"}, out=folders[-1], work=Path("work"), datasets={}, device="cpu")
        collect(folders, Path(plan.table(paper, experiment)), Path(plan.records(paper, experiment)))

    protocol = plan.protocols[paper]
    run_and_collect("grid")
    for key in protocol.selections:
        tables, records = [Path(plan.table(paper, "grid"))], [Path(plan.records(paper, "grid"))]
        select(plan.selection_spec(paper, key), tables, records, Path(plan.selection(paper, key)))
    run_and_collect("chosen")
    results = Path(f"results/{plan.scale}/{paper}")
    decide_claims(
        [claim.model_dump(mode="json") for claim in protocol.claims],
        {key: plan.budget(paper, key).fidelity for key in plan.experiments(paper)},
        {key: Path(plan.table(paper, key)) for key in plan.experiments(paper)},
        results / "claims.json",
    )
    (results / "figures").mkdir()
    (results / "figures/curve.svg").write_bytes(SVG)


class Page(HTMLParser):
    """Tags with their attributes, and the text between them, tags replaced by blanks."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        self.text = re.sub(r" (?=[,;.)])", "", re.sub(r"\s+", " ", " ".join(self.words)))  # as it reads

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "link", "input", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] for _, attrs in self.tags if attribute in attrs]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with the results of one paper."""
    root = tmp_path_factory.mktemp("report")
    papers = root / "secondlook/papers"
    write_paper(papers, "toyreport", {"train.py": TRAIN, "answer.md": ANSWER}, PAPER)
    (root / "here").mkdir()
    with pytest.MonkeyPatch.context() as patch, papers_in(papers):
        patch.chdir(root / "here")
        patch.setattr(context, "PACKAGE", root / "secondlook")  # where the papers are; the templates stay the real ones
        make_results(load_plan(papers, load_config({})), "toyreport")
        yield root / "here"


@pytest.fixture(scope="module")
def source(place: Path) -> str:
    build_report(load_config({"mirrors": f"https://mirror.example/{HOSTILE}"}), place / "page/index.html")
    assert sorted(path.name for path in (place / "page").iterdir()) == ["index.html"]
    return (place / "page/index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def test_every_tag_is_closed_where_it_should_be(page: Page) -> None:
    assert page.faults == []
    assert page.open == []
    ids = page.values("id")
    assert len(ids) == len(set(ids)) > 5


def test_the_page_needs_nothing_from_outside(page: Page, source: str) -> None:
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "embed", "base"} == set()
    assert page.values("src") == ["data:image/svg+xml;base64," + base64.b64encode(SVG).decode()]
    outside = [href for href in page.values("href") if not href.startswith("#")]
    assert outside == [URL]  # the paper itself, a link for the reader
    inside = {href.removeprefix("#") for href in page.values("href")} - {URL}
    assert inside <= set(page.values("id"))
    assert {f"toyreport-{claim}" for claim in ("T1", "T1.ii", "T3", "T4")} <= inside
    assert not re.search(r"url\(|@import", source)


def test_hostile_texts_stay_texts(page: Page, source: str) -> None:
    assert not any(attribute.startswith("on") for _, attrs in page.tags for attribute in attrs)
    assert "<script" not in source
    for text in (
        f"On Toys {HOSTILE}",
        f"A. Toymaker {HOSTILE}",
        f"A larger step ends lower {HOSTILE}.",
        f"1.95 ± 0.2 {QUOTED}",
        f"A grid {HOSTILE}",
        f"A curve {QUOTED}",
        f"See it fall {QUOTED}.",
        f"The paper says nothing {HOSTILE}.",
        f"Do toys train? {HOSTILE}",
        f"https://mirror.example/{HOSTILE}",
    ):
        assert text in page.text
    assert page.values("alt") == [f"A curve {QUOTED}. See it fall {QUOTED}."]


def test_each_claim_has_sentence_verdict_measurement_and_rule(page: Page, place: Path) -> None:
    claims = {claim["id"]: claim for claim in read_json("results/quick/toyreport/claims.json")}
    # loss after two steps is 1 / (2 lr) + seed / 100
    assert {key: claim["verdict"] for key, claim in claims.items()} == {
        "T1": "replicated",
        "T1.ii": "direction only",
        "T3": "not run",
        "T4": "not run",
    }
    assert claims["T1"]["effect"] == pytest.approx(0.5, abs=1e-12)
    low, high = claims["T1"]["interval"]
    assert f"Measured +0.5 nats [+{low:.3g}, +{high:.3g}], n = 3 + 3 first arm: mean 0.51 of 0.5, 0.51, 0.52 second arm" in page.text
    for key, claim in claims.items():
        assert f"{key} {VERDICTS[claim['verdict']][0]} {claim['verdict']}" in page.text
        assert page.text.count(claim["sentence"]) == 2  # in the table of all claims, and in its own section
        assert claim["rule"] in page.text
    assert "Verdict direction only: the interval lies above 0; at reduced fidelity this can show a direction at most" in page.text
    assert "Fidelity reduced: two steps instead of many" in page.text
    assert "Verdict not run: there is no wind & no sky" in page.text
    assert "Verdict not run: the experiment large does not run at this scale" in page.text


def test_the_papers_number_has_its_source_and_who_passed_it_on(page: Page) -> None:
    assert f"Reported, second-hand 1.95 ± 0.2 {QUOTED} (caption of Figure 1, as quoted by a review in the Toy Gazette)" in page.text
    assert "The paper reports 0.5 (Table 2) " in page.text
    assert page.text.count("The paper reports no number that could be checked") == 2


def test_the_answer_has_its_numbers(page: Page) -> None:
    assert "In 6 runs: +0.5 nats ( replicated) at quick." in page.text


def test_what_is_not_drawn_is_named(page: Page) -> None:
    assert "Not drawn at this scale: A crowd." in page.text
    assert "toyreport-crowd" not in page.values("id")


def test_tuning_shows_the_choice_and_what_diverged_but_only_where_it_was_used(page: Page) -> None:
    assert "Tuning: best" in page.text
    assert "Tuning: idle" not in page.text
    assert "lr chosen Candidates Diverged At an edge? 1.0 3 1 no" in page.text


def test_experiments_with_their_cost_and_deviations(page: Page) -> None:
    assert re.search(r"chosen The chosen one reduced: two steps instead of many 2 6 0 \d+ s c0de", page.text)
    assert re.search(r"grid A grid .* exact 3 9 3 \d+ s c0de", page.text)  # the diverged replicas are counted
    assert "We do something. It must be something." in page.text


def test_provenance(page: Page) -> None:
    record = read_json("results/quick/toyreport/grid.runs.json")[0]
    assert f"5 jobs, 15 replicas, commit {record['commit']}" in page.text
    assert "cpu: toy device" in page.text
    assert ", ".join(f"{name} {version}" for name, version in record["versions"].items()) in page.text
    assert "scale: quick" in page.text
    assert "Determinism bitwise" in page.text


def test_the_same_results_make_the_same_bytes(place: Path) -> None:
    pages = []
    for name in ("one.html", "two.html"):
        build_report(load_config({}), place / "twice" / name)
        pages.append((place / "twice" / name).read_bytes())
    assert pages[0] == pages[1]


def test_the_scale_is_said_at_the_top(page: Page) -> None:
    assert "A reduced training can show a direction at most." in page.text
    assert "this page shows that the pipeline works" not in page.text


def test_a_scale_at_which_nothing_runs_still_has_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its only claim is not run, and says why."""
    data = protocol_data(claims=PAPER["claims"][2:3])
    data["experiments"]["plain"]["scales"] = {"paper": EXACT}
    write_paper(tmp_path / "secondlook/papers", "toyempty", {"answer.md": "Nothing yet.\n"}, data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(context, "PACKAGE", tmp_path / "secondlook")
    plan = load_plan(tmp_path / "secondlook/papers", load_config({}))
    claims = [claim.model_dump(mode="json") for claim in plan.protocols["toyempty"].claims]
    decide_claims(claims, {}, {}, Path("results/quick/toyempty/claims.json"))
    build_report(load_config({}), tmp_path / "index.html")
    assert "there is no wind &amp; no sky" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_link_that_would_run_is_refused() -> None:
    """A protocol's url becomes a link of the page."""
    with pytest.raises(UserError, match="url"):
        protocol(url="javascript:alert(1)")
