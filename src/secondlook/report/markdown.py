"""Markdown as a tree of plain JSON, for a typesetter that takes data and no markup: nothing is escaped, since nothing is read again."""

from __future__ import annotations

from typing import Any

from markdown_it.tree import SyntaxTreeNode

from secondlook.report.formulas import markdown, tree

Node = dict[str, Any]


def parse(text: str) -> list[Node]:
    """Return the blocks of a CommonMark text (with tables and formulas). Raw HTML stays text, an image becomes its description.

    A block or a span is ``{"kind": ..., "body": [...]}``, a leaf has ``text`` in place of the body. A link whose scheme could run code
    stays text: markdown-it refuses it.
    """
    return _nodes(SyntaxTreeNode(markdown().parse(text)))


def _nodes(parent: SyntaxTreeNode) -> list[Node]:
    return [part for child in parent.children for part in _node(child)]


def _node(node: SyntaxTreeNode) -> list[Node]:
    match node.type:
        case "inline":
            return _nodes(node)
        case "text" | "text_special" | "html_inline" | "html_block":
            return [{"kind": "text", "text": node.content}] if node.content else []
        case "softbreak":
            return [{"kind": "text", "text": " "}]
        case "hardbreak":
            return [{"kind": "break"}]
        case "hr":
            return [{"kind": "rule"}]
        case "formula" | "formula_block":
            return [{"kind": node.type, "text": node.content, "tree": tree(node.content)}]
        case "code_inline":
            return [{"kind": "code", "text": node.content}]
        case "fence" | "code_block":
            return [{"kind": "listing", "text": node.content.rstrip("\n")}]
        case "image":
            return [{"kind": "text", "text": node.content}]
        case "link":
            return [{"kind": "link", "url": str(node.attrs.get("href", "")), "body": _nodes(node)}]
        case "heading":
            return [{"kind": "heading", "level": int(node.tag[1:]), "body": _nodes(node)}]
        case "ordered_list":
            return [{"kind": "numbers", "start": int(node.attrs.get("start", 1)), "items": [_nodes(item) for item in node.children]}]
        case "bullet_list":
            return [{"kind": "list", "items": [_nodes(item) for item in node.children]}]
        case "table":
            rows = [[_nodes(cell) for cell in row.children] for part in node.children for row in part.children]
            return [{"kind": "table", "rows": rows}]
        case kind:  # paragraph, blockquote, strong, em
            return [{"kind": kind, "body": _nodes(node)}]
