"""Build the report: one self-contained page, made from results and from the papers' own texts, with no number typed by hand."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt
from markupsafe import Markup

from secondlook.config import Config
from secondlook.errors import UserError
from secondlook.files import read_json, write_text
from secondlook.machine import git_commit
from secondlook.plan import Plan, load_plan
from secondlook.words import FILTERS

PACKAGE = Path(__file__).parents[1]
TEMPLATES = PACKAGE.parents[1] / "reports"
VERDICTS = {
    "replicated": ("●", "yes", "the paper's own setting shows the effect claimed"),
    "direction only": ("◐", "partly", "the direction agrees; size or fidelity fall short"),
    "not replicated": ("○", "no", "the paper's own setting shows no such effect"),
    "inconclusive": ("?", "open", "too little evidence either way"),
    "not run": ("–", "none", "not tested at this scale"),
}


def build_report(config: Config, out: Path) -> None:
    """Write the report of the configured scale and papers to ``out``.

    Args:
        config: the checked configuration; results are read from results/<scale> below the working directory.
        out: index.html.
    """
    plan = load_plan(PACKAGE / "papers", config)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= FILTERS
    chapters = sorted(
        (_chapter(plan, paper) for paper in plan.protocols), key=lambda chapter: (chapter["protocol"].question, chapter["protocol"].year)
    )
    page = environment.get_template("page.html.j2").render(
        chapters=chapters,
        config=config.model_dump(mode="json"),
        scale=config.scale,
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),  # our own file
        verdicts=VERDICTS,
        commit=git_commit(),
        provenance=_provenance(
            [record for chapter in chapters for experiment in chapter["experiments"] for record in experiment["records"]]
        ),
    )
    write_text(out, page)


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
        "answer": render_answer(
            PACKAGE / "papers" / paper / "answer.md", {"claims": {claim["id"]: claim for claim in claims}, "scale": plan.scale}
        ),
        "experiments": experiments,
        "selections": {key: selection for key, selection in selections.items() if key in used},
        "figures": [
            {
                "name": key,
                "image": _data_uri(results / "figures" / f"{key}.svg"),
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


def render_answer(path: Path, results: Mapping[str, Any]) -> Markup:
    """Fill the numbers of an answer.md in from results and turn it into HTML. Markup in the text or in a result stays text.

    Raises:
        UserError: the text names a result that does not exist.
    """
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    environment.filters |= FILTERS
    try:
        text = environment.from_string(path.read_text(encoding="utf-8")).render(results)
    except (TemplateError, TypeError, ValueError) as error:  # a filter that gets an undefined name
        raise UserError(f"{path}: {error}. Names that can be used: claims[ID].effect, .interval, .n, .verdict, .arms; scale.") from error
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))


def _data_uri(svg: Path) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.read_bytes()).decode()


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
