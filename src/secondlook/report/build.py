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
from secondlook.files import write_text
from secondlook.report.context import PACKAGE, gather
from secondlook.words import FILTERS

TEMPLATES = PACKAGE.parents[1] / "reports"


def build_report(config: Config, out: Path) -> None:
    """Write the report of the configured scale and papers to ``out`` (index.html)."""
    content = gather(config)
    for chapter in content["chapters"]:
        results = {"claims": {claim["id"]: claim for claim in chapter["claims"]}, "scale": config.scale}
        chapter["answer"] = render_answer(chapter["answer"], results)
        for figure in chapter["figures"]:
            figure["image"] = _data_uri(figure["svg"])
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= FILTERS
    style = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))  # our own file
    write_text(out, environment.get_template("page.html.j2").render(content, style=style))


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
