"""The report as a PDF: the content of `secondlook.report.context` handed to Typst as data, so that no text is ever read as markup."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import typst

from secondlook.files import atomic
from secondlook.formatting import MISSING, duration, mean, measured, number, said
from secondlook.protocol.config import Config
from secondlook.report.answers import filled
from secondlook.report.context import PACKAGE, gather
from secondlook.report.forest import forest
from secondlook.report.markdown import Node, parse
from secondlook.report.reductions import Reduction

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
    texts = {question["number"]: question["text"] for question in found["questions"]}
    chapters = [_chapter(chapter, texts, config.scale) for chapter in found["chapters"]]
    started = [
        datetime.datetime.fromisoformat(record["started"])
        for chapter in found["chapters"]
        for experiment in chapter["experiments"]
        for record in experiment["records"]
        if record.get("started")
    ]
    last = max(started, default=None)
    content = {
        "title": "Second Look",
        "question": "Does what these papers say about training deep networks still hold, and on what evidence?",
        "promise": "Every claim below was decided by a rule written down before the run.",
        "scale": config.scale,
        "note": NOTES.get(config.scale, ""),
        "date": f"{last.day} {last:%B %Y}" if last else "",
        "outcomes": [{"name": name, "kind": kind, "meaning": meaning} for name, (_, kind, meaning) in found["outcomes"].items()],
        "reaches": [[name, meaning] for name, meaning in found["reaches"].items()],
        "questions": [_question(question) for question in found["questions"]],
        "chapters": chapters,
        "provenance": _provenance(found),
    }
    return content, int(last.timestamp()) if last else 0


def _chapter(chapter: Mapping[str, Any], questions: Mapping[int, str], scale: str) -> dict[str, Any]:
    protocol = chapter["protocol"]
    reductions = {experiment["name"]: experiment["reduction"] for experiment in chapter["experiments"]}
    return {
        "paper": chapter["paper"],
        "number": protocol.question,
        "question": questions[protocol.question],
        "short": f"{_short(protocol.authors)} {protocol.year}",
        "citation": {"authors": protocol.authors, "title": protocol.title, "venue": protocol.venue, "url": str(protocol.url)},
        "missing": chapter["missing"],
        "answer": _answer(chapter, scale),
        "wrong_by_chance": _wrong_by_chance(chapter["wrong_by_chance"]),
        "claims": [_claim(claim, reductions) | {"picture": _picture(claim)} for claim in chapter["claims"]],
        "figures": [
            {"title": figure["title"], "caption": figure["caption"], "file": str(figure["svg"]), "svg": _svg(figure["svg"])}
            for figure in chapter["figures"]
        ],
        "not_drawn": chapter["missing_figures"],
        "tuning": [_tuning(name, selection) for name, selection in chapter["selections"].items()],
        "experiments": [_experiment(experiment) for experiment in chapter["experiments"]],
        "instruments": [
            [run["experiment"], run["title"], run["cell"], run["seeds"], [f"{name}: {value}" for name, value in run["facts"].items()]]
            for run in chapter["instruments"]
        ],
        "command": chapter.get("command", ""),
        "deviations": [[deviation.paper, deviation.ours, deviation.why] for deviation in protocol.deviations],
    }


def _answer(chapter: Mapping[str, Any], scale: str) -> list[Node]:
    """The chapter's text with its numbers."""
    return parse(filled(chapter["answer"], {"claims": {claim["key"]: claim for claim in chapter["claims"]}, "scale": scale}))


def _claim(claim: Mapping[str, Any], reductions: Mapping[str, Reduction | None]) -> dict[str, Any]:
    """A claim's card: what is asserted, and rows of a name and lines of text."""
    reported = claim.get("reported")
    through = f", as quoted by {reported['via']}" if reported and reported.get("via") else ""
    reduction = reductions.get(claim.get("experiment") or "")
    rows = [
        ("In full", [f"{claim['sentence']} ({claim['source']})" if claim.get("source") else claim["sentence"]]),
        (
            "Reported, second-hand" if reported and reported.get("read") == "second-hand" else "The paper reports",
            [f"{reported['text']} ({reported['source']}{through})" if reported else "no number that could be checked"],
        ),
        ("Measured", [measured(claim), *map(_arm, claim["arms"])]),
        ("Outcome", [f"{said(claim)}: {claim['why']}" if claim["why"] not in ("", claim["how"]) else said(claim)]),
        ("Decided by", [_decided_by(claim)]),
        ("Rule", [claim["rule"]]),
        ("Chances by plan", [_chances(claim)]),
        (
            "To decide it",
            [f"about {claim['to_decide']} replicas an arm, were the effect as large as measured" if claim["to_decide"] else ""],
        ),
        ("It needs", [f"{kind}: {value}" for kind, value in (claim["needs"] or {}).items() if value]),
        ("Reduced", [str(reduction) if reduction and claim["reach"] == "reduced" else ""]),
        ("Controls", [_control(control) for control in claim["controls"]]),
    ]
    return {
        "id": claim["id"],
        "outcome": claim["outcome"],
        "how": claim["how"] or "",
        "reach": claim["reach"] or "–",
        "measured": measured(claim),
        "plain": claim["plain"],
        "own": claim["own"],
        "rows": [[name, lines] for name, lines in rows if any(lines)],
    }


def _decided_by(claim: Mapping[str, Any]) -> str:
    """The look at which a claim was decided, and the chance of error that it spent."""
    if not claim["decided_by"]:
        return ""
    look = claim["decided_by"]
    spent = f", {number(look['spent'])} with the looks before" if look["look"] > 1 else ""
    role = "primary" if claim["primary"] else f"secondary, beside {claim['family']}"
    more = "; exploratory, with more seeds than were planned" if claim["exploratory"] else ""
    return (
        f"look {look['look']} of {look['looks']}; each bound is wrong with a probability of {number(claim['alpha'])}{spent}; {role}{more}"
    )


def _chances(claim: Mapping[str, Any]) -> str:
    """How often the plan expects a right decision."""
    if not claim["chance"]:
        return ""
    plan, unit = claim["chance"], claim["unit"]
    there = f"{100 * plan['if_true']:.0f} % to find it where it holds (effect {number(plan['expected'], unit)})"
    absent = f"{100 * plan['if_false']:.0f} % to notice that it does not (effect {number(plan['otherwise'], unit)})"
    least = f"; least effect found in 80 %: {number(claim['detectable'], unit)}" if claim["detectable"] is not None else ""
    return f"{there}, {absent}, with a spread of {number(plan['spread'])} between replicas{least}"


def _wrong_by_chance(found: Mapping[str, Any]) -> str:
    """How many outcomes of a paper are wrong by chance."""
    if not found["primary"] + found["secondary"]:
        return ""
    secondary = f", and {number(found['of_secondary'])} of the {found['secondary']} secondary ones" if found["secondary"] else ""
    first = f"{number(found['of_primary'])} of the {found['primary']} primary outcomes that chance has a part in"
    return f"Wrong by chance, on average at most: {first}{secondary}."


def _question(question: Mapping[str, Any]) -> dict[str, Any]:
    """A question and its headlines."""
    return {
        "number": question["number"],
        "text": question["text"],
        "headlines": [
            {
                "id": headline["claim"]["id"],
                "label": headline["claim"]["headline"]["label"],
                "answer": headline["claim"]["answer"],
                "outcome": headline["claim"]["outcome"],
                "how": headline["claim"]["how"] or "",
                "reach": headline["claim"]["reach"] or "",
            }
            for headline in question["headlines"]
        ],
    }


def _arm(arm: Mapping[str, Any]) -> str:
    """An arm's mean and every replica of it."""
    values = [value for value in arm.get("values") or [] if value is not None and math.isfinite(value)]
    return f"{arm['label']}: mean {mean(values)} of {', '.join(map(number, values))}" if values else f"{arm['label']}: {MISSING}"


def _picture(claim: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where the marks of the claim's picture stand, in per cent of its width; the replicas' own axis is left to the page."""
    effect = (forest(claim) or {}).get("effect")
    if not effect or not effect["interval"]:
        return None
    marks = {key: effect[key] for key in ("effect", "interval", "reported", "nothing", "lines")}
    return marks | {"ticks": [[effect["axis"].at(value), name] for value, name in effect["axis"].ticks], "unit": claim.get("unit") or ""}


def _control(control: Mapping[str, Any]) -> str:
    passed = control.get("passed")
    outcome = "not decided" if passed is None else "passed" if passed else "failed"
    return f"{control['id']} {outcome}: {control['sentence']} ({control.get('why') or 'no reason given'})"


def _tuning(name: str, selection: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        [
            " ".join(map(str, choice["group"].values())) or "all",
            str(choice["best"]),
            str(len(choice["candidates"])),
            str(sum(candidate["score"] is None for candidate in choice["candidates"])),
            f"yes, the {choice['edge']} one: the best may lie outside" if choice["edge"] else "no",
        ]
        for choice in selection["choices"]
    ]
    how = f"Chosen by the lowest final {selection['metric']}, the {selection['by']} of the tuning seeds."
    return {"name": name, "factor": selection["factor"], "how": how, "rows": rows}


def _experiment(experiment: Mapping[str, Any]) -> list[Any]:
    budget, records, reduction = experiment["budget"], experiment["records"], experiment["reduction"]
    settings = experiment["settings"] | {"seeds": ", ".join(map(str, experiment["seeds"]))}
    return [
        experiment["name"],
        experiment["protocol"].title,
        ": ".join([budget.fidelity, *(["; ".join(reduction.prose)] if reduction and reduction.prose else [])]),
        list(reduction.changes) if reduction else [],
        str(len(records)),
        str(experiment["replicas"]),
        str(experiment["diverged"]),
        duration(sum(record["wall_seconds"] for record in records)),
        ", ".join(dict.fromkeys(record["code"] for record in records)),
        [f"{key}: {_plain(value)}" for key, value in settings.items()],
    ]


def _provenance(found: Mapping[str, Any]) -> list[list[Any]]:
    """Rows of a name, lines, and whether they are code."""
    made = found["provenance"]
    cost = (
        f"{duration(made['wall_seconds'])} of runs, {duration(made['cpu_seconds'])} of processor time, "
        f"at most {number(made['peak_memory_mb'], 'MB')} in one job"
    )
    return [
        ["This document", [found["commit"]], True],
        ["Runs", [f"{made['runs']} runs, {made['replicas']} replicas"], False],
        ["Commits of the runs", made["commits"], True],
        ["Configuration", [f"{key}: {_plain(value)}" for key, value in found["config"].items()], True],
        ["Data (digest of the decoded arrays)", made["data"], True],
        ["Device", made["devices"], False],
        ["Versions", made["versions"], False],
        ["Determinism", made["determinism"], False],
        ["Cost", [cost], False],
    ]


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _short(authors: str) -> str:
    """Authors as a citation names them: Kingma & Welling; Wilson et al."""
    names = [name.split()[-1] for name in _split(authors) if name.split()]
    return " & ".join(names) if len(names) < 3 else f"{names[0]} et al."


def _split(authors: str) -> Iterable[str]:
    return authors.replace(" and ", ", ").replace(" & ", ", ").split(",")


def _svg(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
