"""Formulas of an answer: ``$p^2$`` in a line, ``$$ ... $$`` as a paragraph of its own. A page gets MathML, a typesetter the tree of it."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markupsafe import Markup, escape

from secondlook.errors import UserError

#: no blank inside of the dollars, no digit behind them: "$5 and $6" is no formula
INLINE = re.compile(r"\$(?!\s)([^$`\n]+?)(?<![\s\\])\$(?!\d)")
#: a sign by its number, markup's own left out
SIGN = re.compile(r"&#x0*([1-9A-Fa-f][0-9A-Fa-f]{2,});")
MATHML = "{http://www.w3.org/1998/Math/MathML}"


def markdown() -> MarkdownIt:
    """The Markdown of an answer: CommonMark with tables and formulas, and no HTML."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.inline.ruler.before("escape", "formula", _inline)
    parser.block.ruler.before("fence", "formula", _block, {"alt": ["paragraph", "list"]})
    parser.add_render_rule("formula", lambda _, tokens, index, options, env: mathml(tokens[index].content))
    parser.add_render_rule("formula_block", lambda _, tokens, index, options, env: _framed(tokens[index].content))
    return parser


def mathml(latex: str, *, block: bool = False) -> Markup:
    """A formula as MathML, with its LaTeX for programs that cannot read it.

    Raises:
        UserError: it is no LaTeX.
    """
    plain = latex.replace("<", r"\lt ").replace(">", r"\gt ")  # in \text they would become markup
    try:
        found = convert(plain, display="block" if block else "inline")
    except Exception as error:  # the library has many
        raise UserError(f"a formula of an answer cannot be read: {latex} ({error or type(error).__name__})") from error
    found = found.replace("<mi>&#x0007E;</mi>", "<mo>∼</mo>")  # \sim: is distributed as
    found = found.replace("<mi>&</mi>", "<mi>&amp;</mi>")
    found = SIGN.sub(lambda sign: chr(int(sign[1], 16)), found)
    return Markup(found.replace("<math ", f'<math alttext="{escape(latex)}" ', 1))


def _framed(latex: str) -> str:
    return f'<div class="formula" tabindex="0" role="group" aria-label="Formula">{mathml(latex, block=True)}</div>\n'


def tree(latex: str) -> dict[str, Any]:
    """The MathML of a formula as plain JSON: ``tag``, and ``text`` or ``body``."""
    return _node(ElementTree.fromstring(mathml(latex)))


def _node(element: ElementTree.Element) -> dict[str, Any]:
    tag = element.tag.removeprefix(MATHML)
    if len(element):
        return {"tag": tag, "body": [_node(child) for child in element]}
    return {"tag": tag, "text": element.text or ""}


def _inline(state: StateInline, silent: bool) -> bool:
    found = INLINE.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("formula", "math", 0).content = found[1]
    state.pos = found.end()
    return True


def _block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Lines from one that begins with two dollars to one that ends with two."""
    lines = []
    for line in range(first, last):
        lines.append(state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip())
        if not lines[0].startswith("$$"):
            return False
        if lines[-1].endswith("$$") and (len(lines) > 1 or len(lines[0]) > 4):
            break
    else:
        return False
    if not silent:
        token = state.push("formula_block", "math", 0)
        token.content = " ".join(lines)[2:-2].strip()
        token.block = True
        token.map = [first, first + len(lines)]
    state.line = first + len(lines)
    return True
