"""All that a report says, gathered from results alone; the page and the PDF are two ways to set it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from secondlook.formatting import command
from secondlook.machine import git_commit
from secondlook.plan.plan import Plan, make_plan
from secondlook.protocol.claims import Claim
from secondlook.protocol.config import Config
from secondlook.protocol.paper import Protocol
from secondlook.protocol.project import INSTRUMENTS, load_project
from secondlook.protocol.rules import metrics_of
from secondlook.report.answers import read_answer
from secondlook.report.placing import alternative, place
from secondlook.report.provenance import code_of, instruments_of, newest, provenance, read_results
from secondlook.report.reductions import reduction
from secondlook.report.runs import runs_of
from secondlook.runner.status import seeds_that_ran
from secondlook.stats.judge import ALPHA
from secondlook.stats.verdicts import without_verdict

PACKAGE = Path(__file__).parents[1]
#: outcome -> (sign, class, meaning)
OUTCOMES = {
    "supported": ("●", "supported", "the whole interval lies where the claim holds; at the paper's setting that is called replicated"),
    "weaker than claimed": ("◐", "weaker", "the effect is there, and smaller than what was said to count before the run"),
    "contradicted": ("✕", "contradicted", "the interval excludes the claim: the effect is absent, or opposite"),
    "undecided": ("?", "undecided", "the evidence does not tell, or a control failed"),
    "not run": ("–", "not-run", "not tested at this scale; the claim says what it needs"),
}
#: reach -> meaning
REACHES = {
    "paper's setting": "as the paper did it, as far as that is stated",
    "reduced": "smaller than the paper's setting; what differs is listed",
    "identity": "a numerical identity, verified to its tolerance",
}


def tally(claims: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Outcome -> how many claims have it, in the order of the outcomes."""
    found = Counter(claim["outcome"] for claim in claims)
    return {outcome: found[outcome] for outcome in OUTCOMES if found[outcome]}


def wrong_by_chance(claims: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How many of a paper's outcomes are wrong by chance at most, on average: of its primary claims together, and of each secondary one."""
    random = [claim for claim in claims if claim["alpha"] is not None]
    secondary = sum(not claim["primary"] for claim in random)
    primary = len(random) - secondary
    return {
        "primary": primary,
        "of_primary": ALPHA if primary else 0.0,
        "secondary": secondary,
        "of_secondary": round(secondary * ALPHA, 2),
    }


def gather(config: Config) -> dict[str, Any]:
    """Return the content of the report of the configured scale and papers, read from results/<scale> below the working directory.

    Chapters stand in the order of their questions. A chapter's answer names its text, its figures name their SVG files. What a run did not
    leave is named under ``missing``, and its place is filled with what says so; a report of partial results can always be built.
    """
    plan = make_plan(load_project(PACKAGE / "papers", config.papers), config)
    unread: list[str] = []  # what is missing of the instruments, the chapters that use them say
    instruments = [
        record for key in plan.experiments(INSTRUMENTS) for record in read_results(Path(plan.records(INSTRUMENTS, key)), [], unread)
    ]
    chapters = sorted(
        (_chapter(plan, paper) for paper in plan.protocols), key=lambda chapter: (chapter["protocol"].question, chapter["protocol"].year)
    )
    return {
        "chapters": chapters,
        "questions": _questions(chapters, plan),
        "claims": [claim for chapter in chapters for claim in chapter["claims"]],
        "tally": tally(claim for chapter in chapters for claim in chapter["claims"]),
        "runs": runs_of(plan, {chapter["paper"]: chapter["protocol"].title for chapter in chapters}),
        "newest": newest(record for chapter in chapters for experiment in chapter["experiments"] for record in experiment["records"]),
        "missing": list(dict.fromkeys(path for chapter in chapters for path in chapter["missing"])),
        "config": config.reported,
        "scale": config.scale,
        "outcomes": OUTCOMES,
        "reaches": REACHES,
        "commit": git_commit(),
        "instruments": provenance(instruments),
        "provenance": provenance(
            [record for chapter in chapters for experiment in chapter["experiments"] for record in experiment["records"]] + instruments
        ),
    }


def _questions(chapters: list[dict[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    """The questions of the report in their order, each with the chapters of its papers; one without a paper has no page."""
    numbers = {*plan.questions, *(chapter["protocol"].question for chapter in chapters)}
    found = []
    for number in sorted(numbers):
        own = [chapter for chapter in chapters if chapter["protocol"].question == number]
        found.append(
            {
                "number": number,
                "text": plan.questions.get(number, f"Question {number}"),
                "usual": plan.usual.get(number),
                "page": question_page(number) if own else None,
                "chapters": own,
                "headlines": headlines(own),
                "tally": tally(claim for chapter in own for claim in chapter["claims"]),
                "reached": reached(claim for chapter in own for claim in chapter["claims"]),
            }
        )
    return found


def reached(claims: Iterable[Mapping[str, Any]]) -> list[tuple[str, str | None]]:
    """Outcome and reach of each claim, in the order of the outcomes: the cells of a tally bar."""
    order = [*OUTCOMES]
    return sorted(((claim["outcome"], claim["reach"]) for claim in claims), key=lambda cell: (order.index(cell[0]), cell[1] == "reduced"))


def headlines(chapters: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The claims that answer a question, in their order: the claim, its paper, and the figure that shows it where there is one."""
    found = [
        {
            "claim": claim,
            "paper": chapter["paper"],
            "figure": next((figure for figure in chapter["all_figures"] if figure["name"] == claim["headline"]["figure"]), None),
        }
        for chapter in chapters
        for claim in chapter["claims"]
        if claim["headline"]
    ]
    return sorted(found, key=lambda headline: headline["claim"]["headline"]["order"])


def question_page(number: int) -> str:
    """File name of a question's page."""
    return f"question-{number}.html"


def _chapter(plan: Plan, paper: str) -> dict[str, Any]:
    """All that the template needs of one paper."""
    protocol = plan.protocols[paper]
    results = Path(f"results/{plan.scale}/{paper}")
    missing: list[str] = []
    claims = _claims(paper, protocol.claims.values(), read_results(results / "claims.json", [], missing), results / "claims.json")
    experiments = [_experiment(plan, paper, key, missing) for key in plan.experiments(paper)]
    selections = {
        key: read_results(Path(plan.selection(paper, key)), None, missing)
        for key in protocol.selections
        if set(protocol.selections[key].experiments) & set(plan.experiments(paper))
    }
    records = {experiment["name"]: experiment["records"] for experiment in experiments}
    figures = _figures(plan, paper, protocol, missing)
    by_key = {claim["key"]: claim for claim in claims}
    for figure in figures:
        figure["alt"] = alternative(figure, claims)
    used = {
        choice.select
        for experiment in experiments
        for run in plan.runs(paper, experiment["name"])
        for choice in _selected(run.cell.factors)
    }
    return {
        "paper": paper,
        "protocol": protocol,
        "claims": claims,
        **place(read_answer(PACKAGE / "papers" / paper / "answer.md", by_key, plan.scale), claims, figures),
        "experiments": experiments,
        "selections": {key: selection for key, selection in selections.items() if key in used and selection is not None},
        "all_figures": figures,
        "instruments": instruments_of(plan, paper, missing),
        "missing": missing,
        "missing_figures": [protocol.figures[key].title for key in protocol.figures if key not in plan.figures(paper)],
        "wrong_by_chance": wrong_by_chance(claims),
        "metrics": {name: protocol.metrics[name] for name in _metrics_read(protocol) if name in protocol.metrics},
        "code": {key: code_of(plan.module(paper, key), records.get(key, [])) for key in protocol.experiments},
        "command": command(paper, plan.scale, plan.config.seeds),
        "provenance": provenance([record for found in records.values() for record in found]),
        "costs": [(key, provenance(found)) for key, found in records.items()],
    }


def _figures(plan: Plan, paper: str, protocol: Protocol, missing: list[str]) -> list[dict[str, Any]]:
    """The figures of a paper that are drawn at this scale, each with its tables and the command that draws it."""
    results = Path(f"results/{plan.scale}/{paper}")
    figures: list[dict[str, Any]] = [
        {
            "name": key,
            "paper": paper,
            "svg": results / "figures" / f"{key}.svg",
            "title": protocol.figures[key].title,
            "caption": protocol.figures[key].caption,
            "experiments": protocol.figures[key].experiments,
            "present": (results / "figures" / f"{key}.svg").exists(),
            "tables": [
                {"name": name, "csv": Path(plan.table(paper, name)), "present": Path(plan.table(paper, name)).exists()}
                for name in protocol.figures[key].tables
            ],
            "command": command(f"{paper}_{key}", plan.scale, plan.config.seeds),
        }
        for key in plan.figures(paper)
    ]
    missing += [str(figure["svg"]) for figure in figures if not figure["present"]]
    missing += sorted({str(table["csv"]) for figure in figures for table in figure["tables"] if not table["present"]})
    return figures


def _experiment(plan: Plan, paper: str, key: str, missing: list[str]) -> dict[str, Any]:
    """What ran of one experiment, and how it differs from scale paper."""
    protocol, budget = plan.experiment(paper, key), plan.budget(paper, key)
    records = read_results(Path(plan.records(paper, key)), [], missing)
    ran = [record["status"][str(seed)] for record in records for seed in seeds_that_ran(record)]
    return {
        "name": key,
        "protocol": protocol,
        "budget": budget,
        "records": records,
        "seeds": sorted({seed for run in plan.runs(paper, key) for seed in run.seeds}),
        "replicas": len(ran),
        "diverged": sum(status.startswith("diverged") for status in ran),
        "not_needed": sum(len(record["seeds"]) for record in records) - len(ran),
        "settings": protocol.settings_at(plan.scale),
        "reduction": reduction(paper, protocol, plan.scale, plan.config.seeds),
    }


def _claims(paper: str, claims: Iterable[Claim], decided: list[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    """The decided claims, each with its key in the paper; one that the file lacks stands there as not run, and says why."""
    present = {claim["id"] for claim in decided}
    lost = [
        without_verdict(claim, paper) | {"why": claim.not_run or f"its result is missing from {path}"}
        for claim in claims
        if f"{paper}/{claim.id}" not in present
    ]
    return [claim | {"key": claim["id"].rpartition("/")[2]} for claim in [*decided, *lost]]


def _metrics_read(protocol: Protocol) -> list[str]:
    """Metrics that the claims and controls of a paper read, in their order."""
    tests = [item.test for item in protocol.decided if item.test]
    return list(dict.fromkeys(metric for test in tests for metric in metrics_of(test)))


def _selected(factors: Mapping[str, Any]) -> list[Any]:
    """The selections that decide a factor by their best value."""
    return [value for value in factors.values() if getattr(value, "take", None) == "best"]
