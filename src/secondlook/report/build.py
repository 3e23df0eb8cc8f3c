"""Build the report's pages from results and from the papers' own texts, with no number typed by hand.

The pages and the folder ``assets`` beside them are all that a reader needs: no network, no server.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from secondlook.files import write_text
from secondlook.formatting import FILTERS
from secondlook.protocol.config import Config
from secondlook.protocol.paper import Protocol
from secondlook.report.answers import render_answer, render_lead
from secondlook.report.context import PACKAGE, gather, tally
from secondlook.report.forest import forest

TEMPLATES = PACKAGE.parents[1] / "reports"
ASSETS = ("style.css", "report.js")


def build_report(config: Config, out: Path) -> None:
    """Write the report of the configured scale and papers: ``out`` (index.html), question-N.html beside it, and the folder assets."""
    content = gather(config)
    for chapter in content["chapters"]:
        results = {"claims": {claim["key"]: claim for claim in chapter["claims"]}, "scale": config.scale}
        chapter["lead"] = render_lead(chapter["answer"], results)
        chapter["answer"] = render_answer(chapter["answer"], results)
        chapter["tally"] = tally(chapter["claims"])
        for claim in chapter["claims"]:
            claim["picture"] = forest(claim)
    content["tally"] = tally([claim for chapter in content["chapters"] for claim in chapter["claims"]])
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= FILTERS | {
        "cited": cited,
        "file_size": file_size,
        "levels": levels,
        "combined": lambda first, second: dict(first) | dict(second),
    }
    copy_assets(content, out.parent / "assets")
    pages = {question["page"] for question in content["questions"]}
    for question in content["questions"]:
        write_text(out.parent / question["page"], environment.get_template("question.html.j2").render(content, question=question))
    for stale in set(out.parent.glob("question-*.html")) - {out.parent / page for page in pages}:
        stale.unlink()  # of a paper that is no longer chosen
    write_text(out, environment.get_template("index.html.j2").render(content))


def copy_assets(content: Mapping[str, Any], folder: Path) -> None:
    """Copy style, script, figures and the tables that they draw into ``folder``; note on each its name there and its size.

    The folder is made under another name and put in place whole.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".assets.") as temporary:
        fresh = Path(temporary) / "assets"
        fresh.mkdir()
        for name in ASSETS:
            shutil.copyfile(TEMPLATES / name, fresh / name)
        for chapter in content["chapters"]:
            for figure in chapter["figures"]:
                if figure["present"]:
                    figure["file"] = f"{chapter['paper']}-{figure['name']}.svg"
                    shutil.copyfile(figure["svg"], fresh / figure["file"])
                for table in figure["tables"]:
                    if table["present"]:
                        table["file"] = f"{chapter['paper']}-{table['name']}.csv"
                        shutil.copyfile(table["csv"], fresh / table["file"])
                        table["bytes"] = table["csv"].stat().st_size
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        fresh.rename(folder)


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
