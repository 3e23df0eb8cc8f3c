"""The report as a PDF, set by Typst from real results of a made-up paper whose texts are hostile."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tiny_paper import EVERYWHERE, EXACT, TRAIN, papers_in, protocol_data, write_instruments, write_paper
from tiny_report import ANSWERS, decide, draw, picture, run_and_collect

from secondlook.errors import UserError
from secondlook.files import read_json, write_json
from secondlook.plan.plan import make_plan
from secondlook.protocol.config import load_config
from secondlook.protocol.project import INSTRUMENTS, load_project
from secondlook.report import context
from secondlook.report.markdown import parse
from secondlook.report.pdf import build_pdf, compose, typeset

# ---- Markdown


def text(content: str) -> dict[str, Any]:
    return {"kind": "text", "text": content}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a *b*", [text("a "), {"kind": "em", "body": [text("b")]}]),
        ("**b** `c`", [{"kind": "strong", "body": [text("b")]}, text(" "), {"kind": "code", "text": "c"}]),
        ("one\ntwo", [text("one"), text(" "), text("two")]),
        ("one  \ntwo", [text("one"), {"kind": "break"}, text("two")]),
        ("[x](https://example.org/?a=1&b=2)", [{"kind": "link", "url": "https://example.org/?a=1&b=2", "body": [text("x")]}]),
        ("[x](javascript:alert(1))", [text("[x](javascript:alert(1))")]),
        ("![a picture](x.png)", [text("a picture")]),
        ("<b>bold</b>", [text("<b>bold</b>")]),
        (r"#set $ x$ @y \# *z", [text("#set $ x$ @y # *z")]),
    ],
)
def test_spans(source: str, expected: list[dict[str, Any]]) -> None:
    (paragraph,) = parse(source)
    assert paragraph == {"kind": "paragraph", "body": expected}


def test_blocks() -> None:
    nodes = parse("# Title\n\n- one\n- two\n\n  more\n\n3. three\n\n> said\n\n```\n#x\n```\n\n---\n\n|a|b|\n|-|-|\n|1|2|\n")
    assert [node["kind"] for node in nodes] == ["heading", "list", "numbers", "blockquote", "listing", "rule", "table"]
    assert [len(item) for item in nodes[1]["items"]] == [1, 2]
    assert nodes[2]["start"] == 3
    assert nodes[4]["text"] == "#x"
    assert nodes[6]["rows"] == [[[text("a")], [text("b")]], [[text("1")], [text("2")]]]


def test_formulas_are_trees() -> None:
    inline, block = parse("so $p$\n\n$$ p $$\n")
    assert [(node["kind"], node["text"]) for node in (inline["body"][1], block)] == [("formula", "p"), ("formula_block", "p")]
    assert block["tree"]["tag"] == "math"


# ---- the document

HOSTILE = """#panic("x") $x^2$ \\ "quoted" <b>&amp;</b> @W1 *stars* _lines_ `ticks` // no comment /* nor here */ [x] = -- ~ 'q'"""
QUOTED = '"><img src=x onerror="alert(1)">#{'
SVG = picture([([10, 10, 280, 280], ""), ([310, 10, 280, 280], "key")])
PAPER = protocol_data(
    title=f"On Toys {HOSTILE}",
    authors=f"A. Toymaker, B. Player, C. {HOSTILE}",
    question=7,
    experiments={
        "grid": {
            "title": f"A grid {HOSTILE}",
            "module": "train",
            "cells": {"lr": [0.5, 1.0]},
            "inputs": {"ruler": {"instrument": "ruler", "cell": {"length": 3}}},
            "cells_per_job": "all",
            "scales": EVERYWHERE | {"paper": {"reduced": f"toys alone {HOSTILE}", "seeds": 10, "settings": {"steps": 4000}}},
        },
        "large": {"title": "For a cluster", "module": "train", "settings": {"lr": 1.0}, "scales": {"paper": EXACT}},
    },
    claims={
        "T1": {
            "sentence": f"A larger step ends lower {HOSTILE}.",
            "plain": "Larger steps #panic(1) $x^2$ *end* lower.",
            "spread": 0.05,
            "headline": {"order": 1, "figure": "curve", "label": f"Do they {HOSTILE}", "answer": ANSWERS},
            "source": "Section 1",
            "reported": {"text": f"1.95 ± 0.2 {QUOTED}", "read": "second-hand", "source": "Figure 1", "via": f"a review {HOSTILE}"},
            "experiment": "grid",
            "test": {
                "difference": "loss",
                "unit": "nats",
                "first": {"label": f"first {QUOTED}", "cells": {"lr": 1.0}},
                "second": {"label": "second", "cells": {"lr": 0.5}},
                "smallest_effect": 0.25,
                "diverged": 99.0,
            },
        },
        "T2": {
            "sentence": "Toys fly.",
            "plain": "Toys fly.",
            "source": "Section 3",
            "not_run": f"there is no wind {QUOTED}",
            "needs": {"data": f"wind {QUOTED}"},
        },
    },
    figures={
        "curve": {"title": f"A curve {QUOTED}", "caption": f"See it fall {HOSTILE}.", "tables": ["grid"]},
        "crowd": {"title": "A crowd", "caption": "See many.", "tables": ["large"]},
    },
    deviations=[{"paper": f"Nothing {HOSTILE}.", "ours": "We do something.", "why": QUOTED}],
)
ANSWER = """**The question.** Do #toys train? It costs $5 \\\\ @home "now" [there](https://example.org/a?b="c") <script>.

# A heading

- *one* `#let x`
- {{ claims["T1"].effect | signed("nats") }} (**{{ claims["T1"] | said }}**) at {{ scale }}

| a | b |
|---|---|
| 1 | 2 |
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory with the results of one paper."""
    root = tmp_path_factory.mktemp("pdf")
    papers = root / "secondlook/papers"
    write_instruments(papers.parent)
    module = TRAIN.replace("    steps: int", f"    #: updates of the toy {HOSTILE}\n    steps: int")
    write_paper(papers, "toypdf", {"train.py": module, "answer.md": ANSWER}, PAPER, {7: f"Do toys train? {HOSTILE}"})
    (root / "here").mkdir()
    with pytest.MonkeyPatch.context() as patch, papers_in(papers):
        patch.chdir(root / "here")
        patch.setattr(context, "PACKAGE", root / "secondlook")
        plan = make_plan(load_project(papers), load_config({}))
        for paper, key in ((INSTRUMENTS, "ruler"), ("toypdf", "grid")):
            run_and_collect(plan, paper, key)
        decide(plan, "toypdf")
        draw(plan, "toypdf", "curve", SVG)
        yield root / "here"


RESULTS = Path("results/quick/toypdf")


@pytest.fixture
def copy(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the results, to spoil."""
    shutil.copytree(place, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


class Words(HTMLParser):
    """The text of Typst's own HTML, and the addresses of its links."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()
        self.text = re.sub(r"\s+", " ", "".join(self.parts).replace("\u200b", "").replace("\u00a0", " "))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("td", "th", "div", "p", "li", "tr", "figcaption", "br", "h2", "h3"):
            self.parts.append(" ")
        self.links += [value for name, value in attrs if name == "href" and value and not value.startswith("#")]

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


@pytest.fixture(scope="module")
def words(place: Path) -> Words:
    """What the document says: the same layout and data, exported as HTML, which can be read without a PDF library."""
    return Words(typeset(compose(load_config({}))[0], format="html").decode())


def pages(content: dict[str, Any]) -> int:
    drawn = typeset(content, format="png", ppi=20)
    return len(drawn) if isinstance(drawn, list) else 1


def test_the_pdf_is_one_and_the_same_each_time(place: Path) -> None:
    for name in ("one.pdf", "two.pdf"):
        build_pdf(load_config({}), place / name)
    assert (place / "one.pdf").read_bytes().startswith(b"%PDF-")
    assert (place / "one.pdf").read_bytes() == (place / "two.pdf").read_bytes()
    assert len((place / "one.pdf").read_bytes()) > 10_000


def test_it_is_tagged_for_screen_readers(place: Path) -> None:
    content, when = compose(load_config({}))
    assert b"pdfuaid" in typeset(content, format="pdf", timestamp=when, pdf_standards="ua-1")


def test_a_sign_that_no_font_has_does_not_stop_it(copy: Path) -> None:
    claims = read_json(RESULTS / "claims.json")
    claims[0]["plain"] = "A sign \ue123 of nobody, \u4e2d\u6587 and \U0001f600."
    write_json(RESULTS / "claims.json", claims)
    build_pdf(load_config({}), Path("report.pdf"))
    assert Path("report.pdf").read_bytes().startswith(b"%PDF-")


def test_hostile_texts_stay_texts(words: Words) -> None:
    for said in (
        f"On Toys {HOSTILE}",
        f"A. Toymaker, B. Player, C. {HOSTILE}",
        f"Do toys train? {HOSTILE}",
        f"A grid {HOSTILE}",
        f"toys alone {HOSTILE}",
        f"updates of the toy {HOSTILE} (steps)",
        f"A larger step ends lower {HOSTILE}.",
        "Larger steps #panic(1) $x^2$ *end* lower.",
        f"1.95 ± 0.2 {QUOTED} (Figure 1, as quoted by a review {HOSTILE})",
        f"first {QUOTED}: mean",
        f"there is no wind {QUOTED}",
        f"A curve {QUOTED}",
        f"See it fall {HOSTILE}.",
        f"Nothing {HOSTILE}.",
    ):
        assert said in words.text


def test_the_answer_has_its_numbers_and_its_markup(words: Words) -> None:
    assert 'Do #toys train? It costs $5 \\ @home "now" there <script>.' in words.text
    assert "+0.5 nats (supported (replicated at the paper's setting)) at quick" in words.text
    assert "#let x" in words.text
    assert "**" not in words.text
    assert "https://example.org/a?b=%22c%22" in words.links


def test_claims_with_everything_known_of_them(words: Words) -> None:
    claim = read_json(RESULTS / "claims.json")[0]
    assert claim["outcome"] == "supported"
    assert "Reported, second-hand" in words.text
    assert claim["rule"] in words.text
    assert claim["why"] in words.text
    assert "Not drawn at this scale: A crowd." in words.text
    assert len(read_json(RESULTS / "grid.runs.json")) == 2
    assert "3 runs, 7 replicas" in words.text  # with the instrument's
    assert "Runs Replicas Diverged Time" in words.text


def test_what_is_reduced_is_said_of_the_claim_and_of_its_experiment(words: Words) -> None:
    changes = (f"updates of the toy {HOSTILE} (steps): 2 instead of 4,000", "seeds: 3 instead of 10")
    assert words.text.count(f"exact: toys alone {HOSTILE} {' '.join(changes)}") == 1


def test_a_claim_that_did_not_run_is_not_called_reduced(copy: Path) -> None:
    (RESULTS / "claims.json").unlink()
    claims = chapter_of(compose(load_config({}))[0])["claims"]
    assert [claim["reach"] for claim in claims] == ["", ""]
    assert not any("Reduced" in dict(claim["rows"]) for claim in claims)


def test_a_claims_id_is_its_own_in_the_whole_project(words: Words) -> None:
    assert words.text.count("toypdf/T1") == 2  # below its answer and on its card


def test_the_instruments_behind_a_chapter(words: Words) -> None:
    assert f"Facts ruler A ruler length 3 0 marks: 3 said: <b>#a ruler</b> sha256: {'ab' * 32}" in words.text


def test_the_answers_of_headline_claims_come_first(words: Words) -> None:
    answer = "Larger steps do end lower"
    first, second = (found.start() for found in re.finditer(answer, words.text))
    assert first < words.text.index("Contents") < words.text.index(f"Do they {HOSTILE}") < second < words.text.index("in tables", second)


def test_what_is_known_of_a_claim_is_set_and_nothing_else(copy: Path) -> None:
    claims = read_json(RESULTS / "claims.json")
    claims[0] |= {"chance": None, "controls": [], "decided_by": None}
    write_json(RESULTS / "claims.json", claims)
    bare = [name for name, _ in chapter_of(compose(load_config({}))[0])["claims"][0]["rows"]]
    assert bare == ["In full", "Reported, second-hand", "Measured", "Outcome", "Rule"]
    claims[0] |= {
        "outcome": "undecided",
        "reach": "reduced",
        "chance": {"if_true": 0.97, "if_false": 0.85, "spread": 0.125, "expected": 0.5, "otherwise": 0.0},
        "detectable": 0.375,
        "decided_by": {"look": 2, "looks": 3, "alpha": 0.01, "spent": 0.015},
        "alpha": 0.01,
        "to_decide": 40,
        "controls": [
            {"id": "K1", "sentence": "SGD is SGD.", "passed": True, "why": "the same"},
            {"id": "K2", "sentence": "Noise is noise.", "passed": None, "why": "too few"},
        ],
    }
    write_json(RESULTS / "claims.json", claims)
    rows = dict(chapter_of(compose(load_config({}))[0])["claims"][0]["rows"])
    (chances,) = rows["Chances by plan"]
    assert chances.startswith("97 % to find it where it holds (effect 0.5 nats), 85 % to notice that it does not (effect 0 nats)")
    assert rows["Decided by"] == ["look 2 of 3; each bound is wrong with a probability of 0.01, 0.015 with the looks before; primary"]
    assert rows["To decide it"] == ["about 40 replicas an arm, were the effect as large as measured"]
    assert rows["Reduced"][0].startswith("toys alone")
    assert rows["Controls"] == ["K1 passed: SGD is SGD. (the same)", "K2 not decided: Noise is noise. (too few)"]


def test_a_headline_shows_one_panel_of_its_figure(place: Path) -> None:
    content, _ = compose(load_config({}))
    (headline,) = content["questions"][0]["headlines"]
    assert (headline["figure"], headline["size"], headline["box"]) == ("toypdf/curve", [600, 300], (300.0, 0.0, 300.0, 300.0))


def test_what_is_missing_is_said(copy: Path) -> None:
    (RESULTS / "claims.json").unlink()
    (RESULTS / "figures/curve.svg").unlink()
    (RESULTS / "grid.runs.json").unlink()
    build_pdf(load_config({}), Path("report.pdf"))
    said = Words(typeset(compose(load_config({}))[0], format="html").decode()).text
    for name in ("claims.json", "figures/curve.svg", "grid.runs.json"):
        assert f"{RESULTS}/{name}" in said
    assert "Missing when this document was made:" in said


def test_a_name_that_does_not_exist_is_an_error_with_its_file(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = copy / "secondlook"
    shutil.copytree(context.PACKAGE, package)
    (package / "papers/toypdf/answer.md").write_text('{{ claims["T9"].effect }}')
    monkeypatch.setattr(context, "PACKAGE", package)
    with pytest.raises(UserError, match=r"answer\.md: .*Names that can be used"):
        build_pdf(load_config({}), copy / "report.pdf")
    assert not (copy / "report.pdf").exists()


def test_a_chapter_starts_on_a_page_of_its_own(place: Path) -> None:
    content, _ = compose(load_config({}))
    one = pages(content)
    (question,) = content["questions"]
    other = json.loads(json.dumps(question).replace("toypdf/", "another/")) | {"number": 8}
    content["drawings"] |= {name.replace("toypdf/", "another/"): svg for name, svg in content["drawings"].items()}
    content["questions"].append(other)
    assert pages(content) >= one + 2  # a chapter and an appendix more
    assert one >= 5  # answers, contents, a chapter, its tables, provenance


def test_nothing_at_all_is_a_report_too(place: Path) -> None:
    content, _ = compose(load_config({}))
    content["questions"][0] |= {"headlines": [], "tally": [], "usual": ""}
    chapter = chapter_of(content)
    lists = ("claims", "sections", "families", "idle", "figures", "not_drawn", "tuning", "experiments", "deviations", "missing")
    chapter |= {key: [] for key in lists}
    assert pages(content) >= 4
    content["questions"][0]["papers"] = []
    assert "Not tested yet." in Words(typeset(content, format="html").decode()).text


def test_a_long_word_does_not_leave_the_page(place: Path) -> None:
    """It may break anywhere; the same line of words that are short needs no more pages."""
    content, _ = compose(load_config({}))
    chapter_of(content)["claims"][0]["plain"] = "x" * 2000
    content["provenance"][0][1] = ["/".join(["folder"] * 60)]
    said = Words(typeset(content, format="html").decode()).text
    assert "x" * 2000 in said
    assert "/".join(["folder"] * 60) in said
    assert pages(content) <= 12


def test_the_text_can_be_taken_out_of_the_pdf(place: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    build_pdf(load_config({}), place / "text.pdf")
    done = subprocess.run(["pdftotext", "-layout", place / "text.pdf", "-"], capture_output=True, text=True, check=True)
    said = re.sub(r"\s+", " ", done.stdout)
    assert "What the words mean" in said
    assert "Larger steps do end lower" in said  # the headline
    assert '#panic("x") $x^2$' in said


def test_a_claims_picture_shows_the_papers_number_beside_ours(copy: Path) -> None:
    claims = read_json(RESULTS / "claims.json")
    claims[0]["reported"]["value"] = 0.75
    write_json(RESULTS / "claims.json", claims)
    content, _ = compose(load_config({}))
    chapter = chapter_of(content)
    (shown,) = [claim for section in chapter["sections"] for claim in section["claims"]]
    assert [claim["key"] for claim in chapter["idle"]] == ["T2"]  # not run
    picture = shown["bar"]
    assert picture["range"][0] < picture["dot"] < picture["range"][1] < picture["paper"]
    assert picture["zero"]
    assert "as claimed" in Words(typeset(content, format="html").decode()).text


def chapter_of(content: dict[str, Any]) -> dict[str, Any]:
    """The only paper of the only question."""
    (question,) = content["questions"]
    (paper,) = question["papers"]
    return paper
