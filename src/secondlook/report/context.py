"""All that a report says, gathered from results alone; the page and the PDF are two ways to set it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from secondlook.config import Config
from secondlook.files import read_json
from secondlook.machine import git_commit
from secondlook.plan import Plan, load_plan

PACKAGE = Path(__file__).parents[1]
#: verdict -> (sign, class, meaning)
VERDICTS = {
    "replicated": ("●", "yes", "the paper's own setting shows the effect claimed"),
    "direction only": ("◐", "partly", "the direction agrees; size or fidelity fall short"),
    "not replicated": ("○", "no", "the paper's own setting shows no such effect"),
    "inconclusive": ("?", "open", "too little evidence either way"),
    "not run": ("–", "none", "not tested at this scale"),
}


def gather(config: Config) -> dict[str, Any]:
    """Return the content of the report of the configured scale and papers, read from results/<scale> below the working directory.

    Chapters stand in the order of their questions. A chapter's answer names its text, its figures name their SVG files.
    """
    plan = load_plan(PACKAGE / "papers", config)
    chapters = sorted(
        (_chapter(plan, paper) for paper in plan.protocols), key=lambda chapter: (chapter["protocol"].question, chapter["protocol"].year)
    )
    return {
        "chapters": chapters,
        "config": config.model_dump(mode="json"),
        "scale": config.scale,
        "verdicts": VERDICTS,
        "commit": git_commit(),
        "provenance": _provenance(
            [record for chapter in chapters for experiment in chapter["experiments"] for record in experiment["records"]]
        ),
    }


def _chapter(plan: Plan, paper: str) -> dict[str, Any]:
    """All that the template needs of one paper."""
    protocol = plan.protocols[paper]
    results = Path(f"results/{plan.scale}/{paper}")
    claims = read_json(results / "claims.json")
    experiments = [
        {
            "name": key,
            "protocol": protocol.experiments[key],
            "budget": plan.budget(paper, key),
            "records": read_json(plan.records(paper, key)),
        }
        for key in plan.experiments(paper)
    ]
    selections = {
        key: read_json(plan.selection(paper, key))
        for key in protocol.selections
        if set(protocol.selections[key].experiments) & set(plan.experiments(paper))
    }
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
        "answer": PACKAGE / "papers" / paper / "answer.md",
        "experiments": experiments,
        "selections": {key: selection for key, selection in selections.items() if key in used},
        "figures": [
            {
                "name": key,
                "svg": results / "figures" / f"{key}.svg",
                "title": protocol.figures[key].title,
                "caption": protocol.figures[key].caption,
            }
            for key in plan.figures(paper)
        ],
        "missing_figures": [protocol.figures[key].title for key in protocol.figures if key not in plan.figures(paper)],
    }


def _selected(factors: Mapping[str, Any]) -> list[Any]:
    """The selections that decide a factor by their best value."""
    return [value for value in factors.values() if getattr(value, "take", None) == "best"]


def _provenance(records: list[dict[str, Any]]) -> dict[str, Any]:
    """What the runs had in common, or the list of what they had."""

    def distinct(key: str) -> list[Any]:
        return sorted({str(record[key]) for record in records})

    return {
        "commits": distinct("commit"),
        "devices": sorted({f"{record['device']}: {record['device_name']}" for record in records}),
        "determinism": distinct("determinism"),
        "versions": sorted({", ".join(f"{name} {version}" for name, version in record["versions"].items()) for record in records}),
        "data": sorted({f"{name}: {digest}" for record in records for name, digest in record["data"].items()}),
        "jobs": len(records),
        "replicas": sum(len(record["seeds"]) for record in records),
        "wall_seconds": sum(record["wall_seconds"] for record in records),
        "cpu_seconds": sum(record["cpu_seconds"] for record in records),
        "peak_memory_mb": max((record["peak_memory_mb"] for record in records), default=0),
    }
