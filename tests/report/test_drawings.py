"""A figure on a page: colours for both themes, panels, steps."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest

from secondlook.figures.panels import find_panels
from secondlook.figures.style import LOOKS
from secondlook.report.drawings import crop, darkened, panels, themed

SVG = """<?xml version="1.0"?>
<!DOCTYPE svg>
<svg width="10pt" viewBox="0 0 10 10">
 <path d="M 1.23456 2
L 3 4.5" style="fill: #ffffff; stroke: #0072b2"/>
 <text>#0072b2</text>
</svg>
"""


def test_colours_become_variables_with_a_dark_set() -> None:
    found = themed(SVG)
    assert found.startswith('<svg width="10pt" viewBox="0 0 10 10"><style>:root{--c0072b2:#0072b2;--cffffff:#ffffff;}')
    assert "@media(prefers-color-scheme:dark){:root{--c0072b2:#" in found
    assert 'd="M 1.23 2 L 3 4.5" style="fill: var(--cffffff); stroke: var(--c0072b2)"' in found
    assert "<text>#0072b2</text>" in found
    assert themed(SVG) == found


def test_a_drawing_without_colours_of_its_own_stays_as_it_is() -> None:
    plain = '<svg><path d="M1.23456 2" stroke="#06c"/></svg>'
    assert themed(plain) == plain


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.colour)
def test_every_colour_of_a_figure_can_be_seen_on_both_grounds(look: Any) -> None:
    assert contrast(look.colour, "#ffffff") >= 3
    assert contrast(darkened(look.colour.lower()), darkened("#ffffff")) >= 3


def test_greys_trade_places_and_pale_grounds_become_dark() -> None:
    assert luminance(darkened("#ffffff")) < 0.02
    assert luminance(darkened("#000000")) > 0.7
    assert luminance(darkened("#262626")) > 0.5
    assert luminance(darkened("#d9e8f5")) < 0.1
    stylesheet = (Path(__file__).parents[2] / "reports/style.css").read_text(encoding="utf-8")
    (ground,) = re.findall(r"--paper: light-dark\(#ffffff, (#[0-9a-f]{6})\)", stylesheet)
    assert ground == darkened("#ffffff")


def card(**panel: Any) -> str:
    return f"<svg><dc:description>{json.dumps({'panels': panel}).replace('<', '&lt;')}</dc:description></svg>"


def axis(left: float, top: float, width: float, height: float, label: str = "") -> dict[str, Any]:
    return {"box": [left, top, width, height], "label": label}


def test_panels_tile_the_drawing() -> None:
    found = panels(card(size=[500, 200], axes=[axis(10, 10, 200, 150), axis(240, 10, 250, 150)], legends=[[100, 170, 300, 20]]))
    assert found is not None
    first, second = found["rows"]
    assert first == {"cells": [(0.0, 0.0, 225.0, 165.0), (225.0, 0.0, 275.0, 165.0)], "legend": False}
    assert second == {"cells": [(96, 165.0, 308, 35.0)], "legend": True}
    assert found["key"] == first["cells"][0]
    assert found["steps"] == []


def test_the_panel_that_stands_for_the_figure_is_labelled_so() -> None:
    found = panels(card(size=[500, 200], axes=[axis(10, 10, 200, 150), axis(240, 10, 250, 150, "key")], legends=[]))
    assert found is not None
    assert found["key"] == (225.0, 0.0, 275.0, 200.0)


def test_panels_that_overlap_are_not_parted() -> None:
    found = panels(card(size=[500, 200], axes=[axis(10, 10, 300, 150), axis(240, 10, 250, 150)], legends=[]))
    assert found is not None
    assert [len(row["cells"]) for row in found["rows"]] == [1]


def test_steps_are_the_same_of_every_arm() -> None:
    sheet = [axis(10 * step, 10 * row, 8, 8, f"step {step} | arm {row}") for row in (0, 1) for step in (0, 1, 2)]
    found = panels(card(size=[30, 20], axes=sheet, legends=[]))
    assert found is not None
    assert [[(each["step"], each["arm"]) for each in step] for step in found["steps"]][1] == [("step 1", "arm 0"), ("step 1", "arm 1")]
    found = panels(card(size=[30, 20], axes=sheet[:-1], legends=[]))
    assert found is not None
    assert found["steps"] == []


def test_a_file_that_names_no_panels_is_shown_whole() -> None:
    assert panels("<svg/>") is None
    assert panels("<svg><dc:description>{}</dc:description></svg>") is None


def test_a_crop_shows_its_box() -> None:
    assert crop([200, 100], (50, 25, 100, 50)) == "--ratio:100/50;--wide:200%;--left:-50%;--top:-50%"


def test_a_figure_names_its_panels() -> None:
    figure, axes = plt.subplots(1, 2, figsize=(4, 2), dpi=100, layout="constrained")
    axes[1].set_label("key")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="upper center")
    axes[0].plot([0, 1], [0, 1], label="one")
    figure.supxlabel("below all")
    found = find_panels(figure)
    plt.close(figure)
    assert found["size"] == [288.0, 144.0]
    (left, _, width, _), (other, *_) = (each["box"] for each in found["axes"])
    assert 0 <= left < left + width < other
    assert [each["label"] for each in found["axes"]] == ["", "key"]
    assert len(found["legends"]) == 2
