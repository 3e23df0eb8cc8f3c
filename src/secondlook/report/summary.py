"""A small summary of results that is kept in git, docs/claims.json, and the README's table of claims, which is written from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from secondlook.errors import UserError
from secondlook.files import read_json, write_json, write_text
from secondlook.formatting import measured
from secondlook.plan.plan import load_plan
from secondlook.protocol.config import Config

PACKAGE = Path(__file__).parents[1]
ROOT = PACKAGE.parents[1]
BEGIN, END = "<!-- claims -->", "<!-- /claims -->"
BLOCK = re.compile(f"{BEGIN}\n.*?{END}", re.DOTALL)


def summarise(scale: str, results: Path = Path("results"), folder: Path = ROOT) -> None:
    """Write docs/claims.json of the checkout ``folder`` from ``results``, and rewrite the table in its README.md.

    Raises:
        UserError: there are no results of that scale, or the README has no place for the table.
    """
    summary = collect_claims(scale, results)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    if len(BLOCK.findall(readme)) != 1:
        raise UserError(f"{folder / 'README.md'}: the lines {BEGIN} and {END} must stand there once, with the table between them.")
    write_json(folder / "docs/claims.json", summary)
    write_text(folder / "README.md", BLOCK.sub(lambda _: block(summary), readme))


def collect_claims(scale: str, results: Path) -> list[dict[str, Any]]:
    """Return one plain entry a claim, in the order of the questions; what is too long for a README is left out.

    Raises:
        UserError: there are no results of that scale.
    """
    plan = load_plan(PACKAGE / "papers", Config(scale=scale))
    papers = sorted(plan.protocols, key=lambda paper: (plan.protocols[paper].question, plan.protocols[paper].year, paper))
    entries = [
        _entry(claim, paper, scale, results / scale / paper)
        for paper in papers
        if (results / scale / paper / "claims.json").exists()
        for claim in read_json(results / scale / paper / "claims.json")
    ]
    if not entries:
        raise UserError(f"{results / scale}: no claims.json there. Make it first: snakemake --cores all --config scale={scale}")
    return entries


def block(summary: Iterable[Mapping[str, Any]]) -> str:
    """The README's block of claims with its two marks, as Markdown."""
    summary = list(summary)
    rows = [
        [
            _cell(entry["paper"]),
            f"**{_cell(entry['id'])}** {_cell(entry['sentence'])}",
            _cell(entry["reported"] or "no number that could be checked"),
            f"**{_cell(entry['verdict'])}**",
            _cell(entry["fidelity"] or "–"),
            _cell(entry["measured"]),
        ]
        for entry in summary
    ]
    head = ["paper", "claim", "reported", "verdict", "fidelity", "measured"]
    table = "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
    commits = _distinct(
        commit[:12] + ("+changes" if commit.endswith("+changes") else "") for entry in summary for commit in entry["commits"]
    )
    devices = _distinct(device for entry in summary for device in entry["devices"])
    scales = _distinct(entry["scale"] for entry in summary)
    made = f"Scale {', '.join(scales)}; commit {', '.join(commits) or 'none'}; {', '.join(devices) or 'nothing ran'}."
    return f"{BEGIN}\n{table}\n\n{_cell(made)} Written by `python -m secondlook summary` from docs/claims.json.\n{END}"


def _entry(claim: Mapping[str, Any], paper: str, scale: str, folder: Path) -> dict[str, Any]:
    records = []
    path = folder / f"{claim.get('experiment')}.runs.json"
    if claim["verdict"] != "not run" and path.exists():
        records = read_json(path)
    return {
        "id": claim["id"],
        "paper": paper,
        "sentence": claim["sentence"],
        "reported": _reported(claim.get("reported")),
        "verdict": claim["verdict"],
        "fidelity": claim.get("fidelity"),
        "measured": measured(claim),
        "n": claim["n"],
        "commits": _distinct(record["commit"] for record in records),
        "devices": _distinct(f"{record['device']}: {record['device_name']}" for record in records),
        "scale": scale,
    }


def _reported(reported: Mapping[str, Any] | None) -> str | None:
    """The paper's number, its source, and who passed it on where nobody read it in the paper."""
    if not reported:
        return None
    through = f", second-hand through {reported['through']}" if reported.get("mark") == "S2" else ""
    return f"{reported['text']} ({reported['source']}{through})"


def _distinct(values: Iterable[str]) -> list[str]:
    return sorted(set(values))


def _cell(text: str) -> str:
    """Text as it stands in a cell of a Markdown table: no character of it is markup."""
    return re.sub(r"([\\`*_\[\]|~$])", r"\\\1", re.sub(r"\s+", " ", text)).replace("&", "&amp;").replace("<", "&lt;")
