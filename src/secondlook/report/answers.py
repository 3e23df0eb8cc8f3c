"""A paper's own text, answer.md: its numbers filled in from results, its Markdown turned into HTML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt
from markupsafe import Markup

from secondlook.errors import UserError
from secondlook.formatting import FILTERS

#: the paragraph that the front page shows starts so
LEAD = "**In one sentence.**"
NAMES = "Names that can be used: claims[ID].effect, .interval, .n, .outcome, .answer, .arms; the filter said; scale."


def render_answer(path: Path, results: Mapping[str, Any]) -> Markup:
    """Return the whole text as HTML. Markup in the text or in a result stays text.

    Raises:
        UserError: the text names a result that does not exist.
    """
    return _html(filled(path, results))


def render_lead(path: Path, results: Mapping[str, Any]) -> Markup | None:
    """Return the paragraph that starts with "**In one sentence.**", without these words; None where the text has none.

    Raises:
        UserError: the text names a result that does not exist.
    """
    for paragraph in filled(path, results).split("\n\n"):
        if paragraph.strip().startswith(LEAD):
            return _html(paragraph.strip().removeprefix(LEAD).strip())
    return None


def filled(path: Path, results: Mapping[str, Any]) -> str:
    """Fill the numbers of an answer.md in from results; what comes back is still Markdown.

    Raises:
        UserError: the text names a result that does not exist.
    """
    environment = SandboxedEnvironment(undefined=StrictUndefined)
    environment.filters |= FILTERS
    try:
        return environment.from_string(path.read_text(encoding="utf-8")).render(results)
    except (TemplateError, TypeError, ValueError) as error:  # a filter that gets an undefined name
        raise UserError(f"{path}: {error}. {NAMES}") from error


def _html(text: str) -> Markup:
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
