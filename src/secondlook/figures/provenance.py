"""A figure's card: what it shows and what it was made from, kept inside the file, so that a copy in a talk or a mail can still say it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from PIL import Image

from secondlook.errors import UserError
from secondlook.formatting import command
from secondlook.machine import git_commit
from secondlook.protocol.document import load_document

#: what a card says, in the order in which it is printed; a card without these keys is not ours
FIELDS = ("title", "paper", "figure", "scale", "commit", "config", "tables", "data", "command")
PROGRAM = "Second Look"
PAPERS = Path(__file__).parents[1] / "papers"
DESCRIPTION = "{http://purl.org/dc/elements/1.1/}description"


def make_card(paper: str, figure: str, sources: Iterable[Path]) -> dict[str, Any]:
    """Describe a figure of a paper.

    Nothing of the hour or of the machine is in it: the same commit, configuration and data make the same card. The configuration comes from
    the environment (`secondlook.plan.environment`) and not from an argument, since a change of it must not draw a figure again.

    Args:
        paper: the paper's name.
        figure: the figure's name in its protocol.
        sources: the tables and the arrays that were drawn, and claims.json where verdicts were.
    """
    config = json.loads(os.environ.get("SECONDLOOK_CONFIG") or "null")
    sources = sorted(sources)
    return {
        "title": _title(paper, figure),
        "paper": paper,
        "figure": figure,
        "scale": config["scale"] if config else "unknown",
        "commit": git_commit(),
        "config": _digest([json.dumps(config, sort_keys=True).encode()]) if config else "unknown",
        "tables": [_name(path) for path in sources],
        "data": _digest(part for path in sources for part in (_name(path).encode(), path.read_bytes())),
        "command": command(f"{paper}_{figure}", *((config["scale"], config.get("seeds", "protocol")) if config else ())),
    }


def metadata(card: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    """What matplotlib's savefig takes as ``metadata`` for an SVG or a PNG; None for other formats, which carry no card."""
    common = {"Title": card["title"], "Source": card["commit"], "Description": json.dumps(card, ensure_ascii=False)}
    if kind == "svg":
        return common | {"Creator": PROGRAM, "Identifier": f"{card['paper']}/{card['figure']}", "Date": None}
    return common | {"Software": PROGRAM} if kind == "png" else None


def read_card(path: Path) -> dict[str, Any]:
    """Return the card of a figure file, wherever it was copied to; the content tells its format, not the name.

    Raises:
        UserError: the file cannot be read, is no SVG or PNG, or carries no card.
    """
    try:
        start = path.read_bytes()[:8]
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None
    try:
        text = _png_text(path) if start == b"\x89PNG\r\n\x1a\n" else _svg_text(path)
    except (ElementTree.ParseError, OSError, ValueError, SyntaxError):
        raise UserError(f"{path}: neither an SVG nor a PNG. Only the figures of this project carry a card, as SVG or PNG.") from None
    try:
        card = json.loads(text or "null")
    except ValueError:
        card = None
    if not isinstance(card, dict) or not set(FIELDS) <= set(card):
        raise UserError(
            f"{path}: carries no card. It was not drawn by this project, or a program that saved it again dropped its metadata; "
            "ask the original file."
        )
    return card


def say(card: Mapping[str, Any]) -> str:
    """Set a card for reading, a line a field."""
    names = {"config": "config digest", "data": "data digest", "command": "rebuild with"}
    lines = []
    for key in FIELDS:
        value = ", ".join(map(str, card[key])) if isinstance(card[key], list) else str(card[key])
        # a stranger's file must not steer the terminal
        plain = "".join(letter if letter.isprintable() else " " for letter in value)
        lines.append(f"{names.get(key, key) + ':':<15}{plain}")
    return "\n".join(lines)


def _title(paper: str, figure: str) -> str:
    """The figure's title in the paper's protocol; its name where there is none."""
    protocol = PAPERS / paper / "protocol.yaml"
    if not protocol.exists():
        return figure
    figures = load_document(protocol).get("figures") or {}
    return str(figures.get(figure, {}).get("title", figure))


def _name(source: Path) -> str:
    """A table's own name; the arrays of every run have the same one, so theirs begins with experiment, cell and seeds."""
    return "/".join(source.parts[-4:]) if source.suffix == ".safetensors" else source.name


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def _png_text(path: Path) -> str | None:
    with Image.open(path, formats=["PNG"]) as image:
        return image.info.get("Description")


def _svg_text(path: Path) -> str | None:
    root = ElementTree.parse(path).getroot()
    if root.tag.rpartition("}")[2] != "svg":
        raise ValueError("no SVG")
    return root.findtext(f".//{DESCRIPTION}")
