"""Build the report's pages from results and from the papers' own texts, with no number typed by hand.

The pages and the folder ``assets`` beside them are all that a reader needs: no network, no server.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from secondlook.files import write_text
from secondlook.formatting import FILTERS, estimate, estimate_parts, unit_text
from secondlook.protocol.config import Config
from secondlook.protocol.paper import Protocol
from secondlook.report.changes import changes
from secondlook.report.context import PACKAGE, gather
from secondlook.report.curves import curves_script
from secondlook.report.drawings import crop, panels, themed
from secondlook.report.export import exported
from secondlook.report.forest import bar, strip
from secondlook.report.formulas import markdown

TEMPLATES = PACKAGE.parents[1] / "reports"
ASSETS = ("style.css", "report.js")
#: panels side by side that a page may cut a figure into
MOST_COLUMNS = 3


def build_report(config: Config, out: Path) -> None:
    """Write the report of the configured scale and papers.

    Args:
        config: what to report.
        out: the front page, index.html; beside it stand question-N.html, runs.html and the folder assets.
    """
    content = gather(config)
    for chapter in content["chapters"]:
        _set_text(chapter)
        for claim in chapter["claims"]:
            claim["bar"], claim["strip"] = bar(claim), strip(claim["arms"])
    write_assets(content, out.parent / "assets")
    environment = environment_of()
    pages = {"index.html": "index.html.j2", "runs.html": "runs.html.j2"}
    for name, template in pages.items():
        write_text(out.parent / name, environment.get_template(template).render(content, here=name))
    asked = [question for question in content["questions"] if question["page"]]
    for question in asked:
        page = environment.get_template("question.html.j2").render(content, question=question, here=question["page"])
        write_text(out.parent / question["page"], page)
    for stale in {path.name for path in out.parent.glob("question-*.html")} - {question["page"] for question in asked}:
        (out.parent / stale).unlink()  # of a paper that is no longer chosen


def build_changes(old: Mapping[str, Any], new: Mapping[str, Any], out: Path) -> None:
    """Write what changed between two reports as a page, with the folder assets beside it."""
    assets = out.parent / "assets"
    assets.mkdir(parents=True, exist_ok=True)
    for name in ASSETS:
        shutil.copyfile(TEMPLATES / name, assets / name)
    content = {
        "old": old,
        "new": new,
        "changes": changes(old, new),
        "questions": [],
        "here": "",
        "scale": new["scale"],
        "commit": new["commit"],
    }
    write_text(out, environment_of().get_template("changes.html.j2").render(content))


def environment_of() -> Environment:
    """The templates with all that they may call."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= FILTERS | {
        "cited": cited,
        "crop": lambda size, box: crop(size, tuple(box)),
        "bar_text": bar_text,
        "estimate_parts": estimate_parts,
        "file_size": file_size,
        "levels": levels,
        "step_styles": step_styles,
        "unit_text": unit_text,
    }
    return environment


def _set_text(chapter: dict[str, Any]) -> None:
    """Turn the Markdown of a chapter's answer into HTML. Markup in the text or in a result stays text."""
    parser = markdown()
    for number, section in enumerate(chapter["sections"], 1):
        section["id"] = f"{chapter['paper']}-part-{number}"
        title = section["title"]
        section["title"] = Markup(parser.renderInline(title)) if title else None
        section["plain_title"] = title and re.sub(r"[`*$]", "", title)
        for row in section["rows"]:
            row["html"] = Markup(parser.render(row["text"]))


def write_assets(content: dict[str, Any], folder: Path) -> None:
    """Fill ``folder`` with style, script, figures, the tables and curves behind them, logs and all results; note on each its name there.

    The folder is made under another name and put in place whole.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".assets.") as temporary:
        fresh = Path(temporary) / "assets"
        fresh.mkdir()
        for name in ASSETS:
            shutil.copyfile(TEMPLATES / name, fresh / name)
        for chapter in content["chapters"]:
            curves = _write_curves(chapter, fresh)
            for figure in chapter["all_figures"]:
                _write_figure(figure, fresh)
                figure["curves"] = [curves[name] for name in figure["experiments"] if name in curves]
        _write_logs(content, fresh)
        (fresh / "report.json").write_text(json.dumps(exported(content), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        fresh.rename(folder)


def _write_figure(figure: dict[str, Any], folder: Path) -> None:
    figure["panels"], figure["stacks"] = None, False
    if figure["present"]:
        svg = figure["svg"].read_text(encoding="utf-8")
        figure["file"] = f"{figure['paper']}-{figure['name']}.svg"
        (folder / figure["file"]).write_text(themed(svg), encoding="utf-8")
        figure["panels"] = panels(svg)
    if figure["panels"]:
        widest = max((len(row["cells"]) for row in figure["panels"]["rows"]), default=1)
        cells = sum(len(row["cells"]) for row in figure["panels"]["rows"])
        figure["stacks"] = not figure["panels"]["steps"] and widest <= MOST_COLUMNS and cells > 1
    for table in figure["tables"]:
        if table["present"]:
            table["file"] = f"{figure['paper']}-{table['name']}.csv"
            if not (folder / table["file"]).exists():
                shutil.copyfile(table["csv"], folder / table["file"])
            table["bytes"] = table["csv"].stat().st_size


def _write_curves(chapter: Mapping[str, Any], folder: Path) -> dict[str, dict[str, str]]:
    """Scripts with every replica's curves, of the experiments whose tables a figure draws: experiment -> what a button needs."""
    protocol: Protocol = chapter["protocol"]
    means = {name: metric.means for name, metric in protocol.metrics.items()}
    tables = {table["name"]: table["csv"] for figure in chapter["all_figures"] for table in figure["tables"] if table["present"]}
    found = {}
    for name, path in tables.items():
        key = f"{chapter['paper']}/{name}"
        script = curves_script(key, path, means, list(chapter["metrics"]))
        if script:
            file = f"{chapter['paper']}-{name}.curves.js"
            (folder / file).write_text(script, encoding="utf-8")
            found[name] = {"key": key, "file": file, "name": name}
    return found


def _write_logs(content: Mapping[str, Any], folder: Path) -> None:
    copied: dict[Path, str] = {}
    for group in content["runs"]:
        for experiment in group["experiments"]:
            for row in experiment["rows"]:
                path = row["path"]
                if path and path not in copied:
                    copied[path] = f"logs/{group['paper']}-{experiment['name']}-{len(copied) + 1}.txt"
                    (folder / "logs").mkdir(exist_ok=True)
                    shutil.copyfile(path, folder / copied[path])
                row["log"] = copied.get(path)


def bar_text(claim: Mapping[str, Any]) -> str:
    """What the small picture of a claim shows."""
    place = {
        "supported": "wholly where the claim holds",
        "weaker than claimed": "between no effect and the smallest that counts",
        "contradicted": "wholly where the claim does not hold",
        "undecided": "on both sides of the zone's edge, or from too few runs",
    }
    return f"Measured: {estimate(claim)}; it lies {place[claim['outcome']]}."


def step_styles(figure: Mapping[str, Any]) -> str:
    """The steps of a sheet of samples as JSON: its name, and how each arm's panel is cut out."""
    size = figure["panels"]["size"]
    return json.dumps(
        [
            {"step": step[0]["step"] if len({arm["step"] for arm in step}) == 1 else f"{step[0]['step']} and as far in the others",
             "styles": [crop(size, arm["box"]) for arm in step]}
            for step in figure["panels"]["steps"]
        ]
    )  # fmt: skip


def file_size(size: int) -> str:
    """Bytes as people say them."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


def levels(value: Any) -> str:
    """The levels of a factor as they stand in the protocol."""
    if hasattr(value, "select"):
        return f"{value.take} of {value.select}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def cited(protocol: Protocol) -> str:
    """A paper as one cites it in a sentence: Wilson et al. 2017."""
    surnames = [(name.split() or [name])[-1] for name in re.split(r", | and | & ", protocol.authors)]
    who = surnames[0] if len(surnames) == 1 else " and ".join(surnames) if len(surnames) == 2 else f"{surnames[0]} et al."
    return f"{who} {protocol.year}"
