"""The report as a PDF: the content of `secondlook.report.context` handed to Typst as data, so that no text is ever read as markup."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import typst

from secondlook.files import atomic
from secondlook.formatting import duration, estimate_parts, unit_text
from secondlook.protocol.config import Config
from secondlook.report.appendix import claim_entry, experiment_row, provenance_rows, tuning_table, wrong_by_chance_text
from secondlook.report.context import PACKAGE, gather
from secondlook.report.drawings import panels
from secondlook.report.forest import bar
from secondlook.report.markdown import parse

PROMISE = "Well-known answers about training deep networks, tested again. Every claim is decided by a rule written before the run."
LAYOUT = PACKAGE.parents[1] / "reports/report.typ"
#: what a scale can say; the smallest says nothing
NOTES = {
    "smoke": "Scale smoke: this report shows that the pipeline works. Its trainings are far too short to say anything about a claim.",
    "quick": "Scale quick: exact where an exact computation is cheap, reduced trainings elsewhere. "
    "A verdict on a reduced training says so.",
}


def build_pdf(config: Config, out: Path) -> None:
    """Write the report of the configured scale and papers to ``out`` (report.pdf). The same results make the same bytes.

    Raises:
        UserError: an answer names a result that does not exist.
    """
    content, when = compose(config)
    try:
        pdf = typeset(content, format="pdf", timestamp=when, pdf_standards="ua-1")  # tagged and checked for screen readers
    except typst.TypstError:  # a sign that no font has, say: the standard refuses it, a reader does not
        pdf = typeset(content, format="pdf", timestamp=when)
    with atomic(out) as temporary:
        temporary.write_bytes(pdf)


def typeset(content: Mapping[str, Any], **options: Any) -> Any:
    """Run Typst on the layout with ``content`` as its data. System fonts are left out: they differ between machines."""
    compiler = typst.Compiler(
        LAYOUT, root=LAYOUT.parent, ignore_system_fonts=True, sys_inputs={"report": json.dumps(content, ensure_ascii=False)}
    )
    return compiler.compile(**options)


def compose(config: Config) -> tuple[dict[str, Any], int]:
    """Return what the layout sets, as plain JSON, and the time of the last run (seconds since 1970), which dates the PDF."""
    found = gather(config)
    started = [
        datetime.datetime.fromisoformat(record["started"])
        for chapter in found["chapters"]
        for experiment in chapter["experiments"]
        for record in experiment["records"]
        if record.get("started")
    ]
    last = max(started, default=None)
    made = found["provenance"]
    content = {
        "title": "Second Look",
        "promise": PROMISE,
        "facts": f"{len(found['claims'])} claims of {len(found['chapters'])} papers; {made['runs']} runs, "
        f"{duration(made['wall_seconds'])} of computing on {'; '.join(made['devices']) or 'no machine'}",
        "scale": config.scale,
        "note": NOTES.get(config.scale, ""),
        "date": found["newest"],
        "outcomes": [{"name": name, "kind": kind, "meaning": meaning} for name, (_, kind, meaning) in found["outcomes"].items()],
        "reaches": [[name, meaning] for name, meaning in found["reaches"].items()],
        "questions": [_question(question) for question in found["questions"]],
        "drawings": _drawings(found),
        "provenance": provenance_rows(found),
    }
    return content, int(last.timestamp()) if last else 0


def _drawings(found: Mapping[str, Any]) -> dict[str, Any]:
    """Every figure by its name in the project: the SVG and its size in points, where it says that."""
    figures = [figure for chapter in found["chapters"] for figure in chapter["all_figures"] if figure["present"]]
    return {f"{figure['paper']}/{figure['name']}": _svg(figure["svg"]) for figure in figures}


def _question(question: Mapping[str, Any]) -> dict[str, Any]:
    """A question: the usual answer, its headlines, and a chapter a paper."""
    return {
        "number": question["number"],
        "text": question["text"],
        "usual": question["usual"] or "",
        "tally": [[outcome, count] for outcome, count in question["tally"].items()],
        "headlines": [_headline(headline) for headline in question["headlines"]],
        "papers": [_chapter(chapter) for chapter in question["chapters"]],
    }


def _headline(headline: Mapping[str, Any]) -> dict[str, Any]:
    claim, figure = headline["claim"], headline["figure"]
    cut = panels(_svg(figure["svg"])) if figure and figure["present"] else None
    return {
        "id": claim["id"],
        "label": claim["headline"]["label"],
        "answer": claim["answer"],
        "outcome": claim["outcome"],
        "how": claim["how"] or "",
        "reach": claim["reach"] or "",
        "figure": f"{figure['paper']}/{figure['name']}" if figure and figure["present"] else "",
        "alt": figure["title"] if figure else "",
        "size": cut["size"] if cut else None,
        "box": cut["key"] if cut else None,
    }


def _chapter(chapter: Mapping[str, Any]) -> dict[str, Any]:
    protocol = chapter["protocol"]
    reductions = {experiment["name"]: experiment["reduction"] for experiment in chapter["experiments"]}
    return {
        "paper": chapter["paper"],
        "short": f"{_short(protocol.authors)} {protocol.year}",
        "citation": {"authors": protocol.authors, "title": protocol.title, "venue": protocol.venue, "url": str(protocol.url)},
        "missing": chapter["missing"],
        "sections": [_section(section) for section in chapter["sections"]],
        "families": [_line(claim) for family in chapter["families"] for claim in family],
        "figures": [_figure(figure) for figure in chapter["figures"]],
        "idle": [_line(claim) for claim in chapter["idle"]],
        "not_drawn": chapter["missing_figures"],
        "wrong_by_chance": wrong_by_chance_text(chapter["wrong_by_chance"]),
        "claims": [claim_entry(claim, reductions) for claim in chapter["claims"]],
        "tuning": [tuning_table(name, selection) for name, selection in chapter["selections"].items()],
        "experiments": [experiment_row(experiment) for experiment in chapter["experiments"]],
        "instruments": [
            [run["experiment"], run["title"], run["cell"], run["seeds"], [f"{name}: {value}" for name, value in run["facts"].items()]]
            for run in chapter["instruments"]
        ],
        "command": chapter["command"],
        "deviations": [[deviation.paper, deviation.ours, deviation.why] for deviation in protocol.deviations],
    }


def _section(section: Mapping[str, Any]) -> dict[str, Any]:
    """A part of an answer: heading, rows of text and figures, its claims."""
    title = parse(section["title"])[0]["body"] if section["title"] else []
    return {
        "title": title,
        "rows": [{"text": parse(row["text"]), "figures": [_figure(figure) for figure in row["figures"]]} for row in section["rows"]],
        "claims": [_line(claim) for family in section["families"] for claim in family],
    }


def _figure(figure: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "key": f"{figure['paper']}/{figure['name']}" if figure["present"] else "",
        "title": figure["title"],
        "caption": figure["caption"],
        "alt": figure["alt"],
        "file": str(figure["svg"]),
    }


def _line(claim: Mapping[str, Any]) -> dict[str, Any]:
    """A claim as a row of its section: its sentence, its picture on the scale that all claims share, what was measured."""
    main, ends = estimate_parts(claim)
    needs = claim["needs"] or {}
    lacks = f"scale {needs['scale']}" if needs.get("scale") else needs.get("data") or needs.get("code") or ""
    runs = " + ".join(map(str, claim["n"]))
    measured_ = [main, ends, " · ".join(part for part in (unit_text(claim), f"n = {runs}" if runs else "") if part)]
    return {
        "id": claim["id"],
        "key": claim["key"],
        "plain": claim["plain"],
        "own": claim["own"],
        "primary": claim["primary"],
        "outcome": claim["outcome"],
        "how": claim["how"] or "",
        "reach": claim["reach"] or "",
        "bar": bar(claim),
        "measured": [f"needs {lacks}" if lacks else "", "", ""] if claim["effect"] is None else measured_,
    }


def _short(authors: str) -> str:
    """Authors as a citation names them: Kingma & Welling; Wilson et al."""
    names = [name.split()[-1] for name in _split(authors) if name.split()]
    return " & ".join(names) if len(names) < 3 else f"{names[0]} et al."


def _split(authors: str) -> Iterable[str]:
    return authors.replace(" and ", ", ").replace(" & ", ", ").split(",")


def _svg(path: Path) -> str:
    return path.read_text(encoding="utf-8")
