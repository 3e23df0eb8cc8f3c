"""Every name in an answer, without running it: the claims and figures must exist, and nothing may be computed there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, nodes

from secondlook.errors import Mistake, did_you_mean
from secondlook.formatting import FILTERS
from secondlook.protocol.answer import pieces
from secondlook.protocol.project import Project

#: what an answer may name
NAMES = {"claims", "scale", "figure"}
#: what it may ask of a claim
FIELDS = {
    *("answer", "arms", "controls", "counts", "effect", "experiment", "how", "id", "interval", "kind", "n", "outcome", "plain", "reach"),
    *("reported", "rule", "sentence", "source", "unit", "values", "why", "zone"),
}
#: of Jinja2: text with names filled in, choices between texts, lists of what claims hold
ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const, nodes.Filter),
    *(nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Tuple, nodes.List, nodes.Keyword),
    *(nodes.For, nodes.Slice, nodes.Neg, nodes.Assign, nodes.Call),
)
#: Jinja2's own filters that choose among what results hold, or count it
CHOOSING = {
    "first",
    "join",
    "last",
    "length",
    "list",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "select",
    "selectattr",
    "sort",
    "sum",
    "unique",
}
IMAGE = re.compile(r"!\[[^\]]*\]\(|<img\b", re.IGNORECASE)


def check_answers(project: Project) -> list[Mistake]:
    """Check the answer of every paper."""
    found = []
    for paper, protocol in project.protocols.items():
        path = project.folder / paper / "answer.md"
        if not path.exists():
            found.append(Mistake(str(path), None, "(file)", "a paper has an answer.md, the text of its chapter"))
            continue
        found += check_answer(path, set(protocol.claims), set(protocol.figures))
    return found


def check_answer(path: Path, claims: set[str], figures: set[str]) -> list[Mistake]:
    """Check one answer against the ids of its paper's claims and the names of its figures."""
    text = path.read_text(encoding="utf-8")
    found = [
        Mistake(str(path), number, "(image)", 'a picture of a report is a figure of the protocol; place it with {{ figure("name") }}')
        for number, line in enumerate(text.splitlines(), 1)
        if IMAGE.search(line)
    ]
    placed: set[str] = set()
    for title, body, line in pieces(text):
        for part, above in ((title or "", line - 1), (body, line - 1)):
            try:
                template = Environment().parse(part)  # parsed, never rendered
            except TemplateSyntaxError as error:
                found.append(Mistake(str(path), error.lineno + above, "(syntax)", f"{error.message} A section is filled in on its own."))
                continue
            local = {name.name for name in template.find_all(nodes.Name) if name.ctx == "store"}
            wrong = ((node.lineno, _wrong(node, claims, local) or _misplaced(node, figures, placed)) for node in _all(template))
            found += [Mistake(str(path), number + above, *what) for number, what in wrong if what]
    return found


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


def _is_claim(node: nodes.Node) -> bool:
    """Whether it is ``claims[...]``."""
    return isinstance(node, nodes.Getitem) and getattr(node.node, "name", "") == "claims"


def _wrong(node: nodes.Node, claims: set[str], local: set[str]) -> tuple[str, str] | None:
    """Key and what is wrong with one node; None where nothing is."""
    if not isinstance(node, ALLOWED):
        return f"({type(node).__name__.lower()})", "only names, filters and choices may stand in an answer; its numbers come from results"
    if isinstance(node, nodes.Name) and node.ctx == "load" and node.name not in NAMES | local:
        return node.name, f"unknown name.{did_you_mean(node.name, NAMES | local)}"
    if isinstance(node, nodes.Filter) and node.name not in {*FILTERS, *CHOOSING}:
        return f"| {node.name}", f"unknown filter.{did_you_mean(node.name, {*FILTERS, *CHOOSING})}"
    if isinstance(node, nodes.Getitem | nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "claims":
        key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        if key not in claims:
            return f"claims[{key!r}]", f"unknown claim.{did_you_mean(str(key), claims)}"
    if isinstance(node, nodes.Getattr) and _is_claim(node.node) and node.attr not in FIELDS:
        return f"claims[...].{node.attr}", f"a claim has no such field.{did_you_mean(node.attr, FIELDS)}"
    return None


def _misplaced(node: nodes.Node, figures: set[str], placed: set[str]) -> tuple[str, str] | None:
    """Key and what is wrong with a call; only ``figure("name")`` is one, once a figure."""
    if not isinstance(node, nodes.Call):
        return None
    if getattr(node.node, "name", None) != "figure" or node.kwargs or len(node.args) != 1 or not isinstance(node.args[0], nodes.Const):
        return "(call)", 'only names, filters, choices and figure("name") may stand in an answer; its numbers come from results'
    name = str(node.args[0].value)
    if name not in figures:
        return f"figure({name!r})", f"unknown figure of this paper.{did_you_mean(name, figures)}"
    if name in placed:
        return f"figure({name!r})", "is placed twice"
    placed.add(name)
    return None
