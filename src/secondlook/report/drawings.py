"""A figure's SVG as a page shows it: smaller, in colours that follow the page's theme, and cut into its panels.

The colours become variables with a dark set inside of the file: `prefers-color-scheme` in an embedded SVG follows the page that embeds it,
also where a reader chose the theme. Panels are boxes that the figure's card names (`secondlook.figures.panels`).
"""

from __future__ import annotations

import colorsys
import html
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from secondlook.figures.panels import KEY

Box = tuple[float, float, float, float]  # left, top, width, height in points

PROLOGUE = re.compile(r"^.*?(?=<svg\b)", re.DOTALL)
STYLED = re.compile(r'style="[^"]*"')
COLOUR = re.compile(r"#[0-9a-f]{6}\b")
PATH = re.compile(r' d="[^"]*"')
LONG = re.compile(r"(\.\d\d)\d+")
CARD = re.compile(r"<dc:description>(.*?)</dc:description>", re.DOTALL)
#: behind the figures in the dark theme; the stylesheet's --paper
DARK = 0.12
#: lightness of a colour in the dark theme, at least
BRIGHT = 0.62


def themed(svg: str) -> str:
    """Return the same drawing with colours for both themes; one without colours of its own stays as it is."""
    colours = sorted({colour for style in STYLED.findall(svg) for colour in COLOUR.findall(style)})
    if not colours:
        return svg
    small = PATH.sub(lambda path: LONG.sub(r"\1", path[0]).replace("\n", " "), PROLOGUE.sub("", svg, count=1))
    small = re.sub(r"\n\s*<", "<", small)
    small = STYLED.sub(lambda style: COLOUR.sub(lambda colour: f"var(--c{colour[0][1:]})", style[0]), small)
    light = "".join(f"--c{colour[1:]}:{colour};" for colour in colours)
    dark = "".join(f"--c{colour[1:]}:{darkened(colour)};" for colour in colours)
    rules = f"<style>:root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}</style>"
    return re.sub(r"(<svg\b[^>]*>)", lambda start: start[0] + rules, small, count=1)


def darkened(colour: str) -> str:
    """A colour of a figure on a dark ground: greys trade black for white, colours become lighter, pale grounds become dark ones."""
    hue, light, saturation = colorsys.rgb_to_hls(*(int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)))
    grey = saturation < 0.05 or light > 0.97
    if grey or light > 0.88:
        light = DARK + (0.92 - DARK) * (1 - light)
        hue, saturation = (0.6, 0.08) if grey else (hue, min(saturation, 0.4))
    else:
        light = max(light, BRIGHT)
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, light, saturation))


def panels(svg: str) -> dict[str, Any] | None:
    """Return how a drawing can be cut: ``size``, ``rows`` of cells that tile it, and ``steps`` of a sheet of samples.

    None where the file names no panels. A row has ``cells`` (boxes); one that holds the legend of all panels has the key ``legend``.
    """
    found = CARD.search(svg)
    card = json.loads(html.unescape(found[1])) if found else {}
    if not card.get("panels"):
        return None
    size, axes = card["panels"]["size"], card["panels"]["axes"]
    rows = _rows(size, [each["box"] for each in axes], card["panels"]["legends"])
    cells = [cell for row in rows if not row["legend"] for cell in row["cells"]]
    return {"size": size, "rows": rows, "steps": _steps(axes), "key": _key(axes, cells)}


def _key(axes: Sequence[Mapping[str, Any]], cells: Sequence[Box]) -> Box | None:
    """The cell that stands for the figure where there is room for one: the one that was labelled so, else the first."""
    for axis in axes:
        if axis["label"] == KEY:
            x, y = axis["box"][0] + axis["box"][2] / 2, axis["box"][1] + axis["box"][3] / 2
            return next((cell for cell in cells if cell[0] <= x <= cell[0] + cell[2] and cell[1] <= y <= cell[1] + cell[3]), None)
    return cells[0] if cells else None


def _rows(size: Sequence[float], axes: Sequence[Sequence[float]], legends: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    lanes = _lanes([(top, top + height) for _, top, _, height in [*axes, *legends]], size[1])
    rows = []
    for top, bottom in lanes:
        inside = [box for box in axes if top <= box[1] + box[3] / 2 <= bottom]
        wide = [box for box in legends if inside and top <= box[1] + box[3] / 2 <= bottom]
        columns = _lanes([(left, left + width) for left, _, width, _ in [*inside, *wide]], size[0])
        if not inside:  # a legend alone: no wider than it is
            columns = [(max(0.0, min(box[0] for box in legends) - 4), min(size[0], max(box[0] + box[2] for box in legends) + 4))]
        cells = [(left, top, round(right - left, 1), round(bottom - top, 1)) for left, right in columns]
        rows.append({"cells": cells, "legend": not inside})
    return rows


def _lanes(spans: Iterable[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    """Cut 0 to ``end`` between spans that do not overlap, half way."""
    merged: list[list[float]] = []
    for low, high in sorted(spans):
        if merged and low < merged[-1][1] + 0.5:
            merged[-1][1] = max(merged[-1][1], high)
        else:
            merged.append([low, high])
    cuts = [round((before[1] + after[0]) / 2, 1) for before, after in itertools.pairwise(merged)]
    return list(zip([0.0, *cuts], [*cuts, float(end)], strict=True))


def _steps(axes: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """For each step of a sheet its panels, one an arm; empty where panels are no steps or the arms have not as many."""
    arms: dict[str, list[dict[str, Any]]] = {}
    for axis in axes:
        step, bar, arm = axis["label"].partition(" | ")
        if bar:
            arms.setdefault(arm, []).append({"step": step, "arm": arm, "box": tuple(axis["box"])})
    columns = list(arms.values())
    return [list(step) for step in zip(*columns, strict=True)] if len({len(column) for column in columns}) == 1 else []


def crop(size: Sequence[float], box: Box) -> str:
    """CSS of the frame and of the image in it that show one box of a drawing."""
    left, top, width, height = box
    return (
        f"--ratio:{width:.5g}/{height:.5g};--wide:{100 * size[0] / width:.5g}%;"
        f"--left:{-100 * left / width:.5g}%;--top:{-100 * top / height:.5g}%"
    )
