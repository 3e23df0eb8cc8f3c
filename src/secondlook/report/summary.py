"""A small summary of results that is kept in git: docs/claims.json, docs/claims.md written from it, and the answers in the README."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from secondlook.errors import UserError
from secondlook.files import read_json, write_json, write_text
from secondlook.formatting import measured, said
from secondlook.plan.plan import Plan, make_plan
from secondlook.protocol.config import Config
from secondlook.protocol.project import load_project
from secondlook.protocol.schema import Scale
from secondlook.report.context import tally
from secondlook.report.reductions import reduction

PACKAGE = Path(__file__).parents[1]
ROOT = PACKAGE.parents[1]
BEGIN, END = "<!-- answers -->", "<!-- /answers -->"
BLOCK = re.compile(f"{BEGIN}\n.*?{END}", re.DOTALL)


def summarise(scale: Scale, results: Path = Path("results"), folder: Path = ROOT) -> None:
    """Write docs/claims.json and docs/claims.md of the checkout ``folder`` from ``results``, and the answers in its README.md.

    Raises:
        UserError: there are no results of that scale, or the README has no place for the answers.
    """
    plan = make_plan(load_project(PACKAGE / "papers"), Config(scale=scale))
    summary = collect_claims(plan, results)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    if len(BLOCK.findall(readme)) != 1:
        raise UserError(f"{folder / 'README.md'}: the lines {BEGIN} and {END} must stand there once, with the table between them.")
    write_json(folder / "docs/claims.json", summary)
    write_text(folder / "docs/claims.md", claims_page(summary))
    write_text(folder / "README.md", BLOCK.sub(lambda _: answers(plan, results), readme))


def ordered(plan: Plan) -> list[str]:
    """Papers in the order of the report."""
    return sorted(plan.protocols, key=lambda paper: (plan.protocols[paper].question, plan.protocols[paper].year, paper))


def collect_claims(plan: Plan, results: Path) -> list[dict[str, Any]]:
    """Return one plain entry per claim, in the order of the questions; what is too long for a table is left out.

    Raises:
        UserError: there are no results of that scale.
    """
    entries = [
        _entry(claim, plan, paper, results / plan.scale / paper)
        for paper in ordered(plan)
        if (results / plan.scale / paper / "claims.json").exists()
        for claim in read_json(results / plan.scale / paper / "claims.json")
    ]
    if not entries:
        raise UserError(f"{results / plan.scale}: no claims.json there. Make it first: snakemake --cores all --config scale={plan.scale}")
    return entries


def answers(plan: Plan, results: Path) -> str:
    """The README's block with its two marks: a row per question, the answers of its headline claims and the tally of all."""
    rows = [["question", "answer", "claims"], ["---"] * 3]
    for number, text in plan.questions.items():
        papers = [paper for paper in ordered(plan) if plan.protocols[paper].question == number]
        paths = [results / plan.scale / paper / "claims.json" for paper in papers]
        claims = [claim for path in paths if path.exists() for claim in read_json(path)]
        answer = " ".join(map(headline, headline_claims(claims))) or ("not run" if papers else "not built yet")
        counted = ", ".join(f"{count} {outcome}" for outcome, count in tally(claims).items()) or "–"
        rows.append([f"{number}. {_cell(text)}", answer, counted])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{BEGIN}\n{table}\n\nScale {plan.scale}. Every claim with its numbers: [docs/claims.md](docs/claims.md).\n{END}"


def headline_claims(claims: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The claims that answer a question, in their order."""
    return sorted((claim for claim in claims if claim["headline"]), key=lambda claim: claim["headline"]["order"])


def headline(claim: Mapping[str, Any]) -> str:
    """The answer that was written for a claim's outcome, with that outcome."""
    return f"{_cell(claim['answer'])} (**{_cell(said(claim))}**)"


def tallies(plan: Plan, results: Path) -> list[str]:
    """One line per question that has papers: its text, and how many claims have which outcome."""
    lines = []
    for number, text in plan.questions.items():
        papers = [paper for paper in ordered(plan) if plan.protocols[paper].question == number]
        paths = [results / plan.scale / paper / "claims.json" for paper in papers]
        found = tally(claim for path in paths if path.exists() for claim in read_json(path))
        if papers:
            lines.append(
                f"{number}. {text}  {', '.join(f'{count} {outcome}' for outcome, count in found.items()) or 'nothing was decided'}"
            )
    return lines


def claims_page(summary: Iterable[Mapping[str, Any]]) -> str:
    """docs/claims.md: all claims in one table, and what was reduced."""
    summary = list(summary)
    rows = [["claim", "in plain words", "reported", "outcome", "reach", "measured"], ["---"] * 6]
    rows += [
        [
            f"**{_cell(entry['id'])}**",
            _cell(entry["plain"]),
            _cell(entry["reported"] or "no number that could be checked"),
            f"**{_cell(entry['outcome'])}**{', ' + entry['how'] if entry['how'] else ''}",
            _cell(entry["reach"] or "–"),
            _cell(entry["measured"]),
        ]
        for entry in summary
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    commits = _distinct(
        commit[:12] + ("+changes" if commit.endswith("+changes") else "") for entry in summary for commit in entry["commits"]
    )
    devices = _distinct(device for entry in summary for device in entry["devices"])
    scales = _distinct(entry["scale"] for entry in summary)
    made = f"Scale {', '.join(scales)}; commit {', '.join(commits) or 'none'}; {', '.join(devices) or 'nothing ran'}."
    reduced = {f"{entry['id'].partition('/')[0]}/{entry['experiment']}": entry["reduction"] for entry in summary if entry["reduction"]}
    lines = "\n".join(f"- **{_cell(name)}**: {_cell(text)}" for name, text in reduced.items())
    return (
        "# All claims\n\nWritten by `python -m secondlook summary`; do not edit. "
        f"{_cell(made)}\n\n{table}\n\n## What was reduced\n\nExperiments behind these claims that differ from scale paper.\n\n{lines}\n"
    )


def _entry(claim: Mapping[str, Any], plan: Plan, paper: str, folder: Path) -> dict[str, Any]:
    name = claim.get("experiment")
    ran = claim["outcome"] != "not run" and name in plan.experiments(paper)
    path = folder / f"{name}.runs.json"
    records = read_json(path) if ran and path.exists() else []
    kept = ("id", "plain", "sentence", "own", "family", "primary", "headline", "answer", "outcome", "how", "reach", "why", "needs")
    return {
        **{name: claim[name] for name in kept},
        "reported": _reported(claim.get("reported")),
        "decided_by": claim["decided_by"],
        "chance": claim["chance"],
        "measured": measured(claim),
        "n": claim["n"],
        "experiment": name,
        "reduction": str(reduction(paper, plan.experiment(paper, str(name)), plan.scale, plan.config.seeds) or "") if ran else "",
        "commits": _distinct(record["commit"] for record in records),
        "devices": _distinct(f"{record['device']}: {record['device_name']}" for record in records),
        "scale": plan.scale,
    }


def _reported(reported: Mapping[str, Any] | None) -> str | None:
    """The paper's number, its source, and who passed it on where nobody read it in the paper."""
    if not reported:
        return None
    via = f", second-hand through {reported['via']}" if reported.get("read") == "second-hand" else ""
    return f"{reported['text']} ({reported['source']}{via})"


def _distinct(values: Iterable[str]) -> list[str]:
    return sorted(set(values))


def _cell(text: str) -> str:
    """Text as it stands in a cell of a Markdown table: no character of it is markup."""
    return re.sub(r"([\\`*_\[\]|~$])", r"\\\1", re.sub(r"\s+", " ", text)).replace("&", "&amp;").replace("<", "&lt;")
