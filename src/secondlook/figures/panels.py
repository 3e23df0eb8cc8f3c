"""Where a figure's panels lie, so that a page can show one of them alone, or stack them on a phone."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.transforms import BboxBase

#: label (``axis.set_label``) of the axes that stand for their figure where there is room for one panel
KEY = "key"
POINTS = 72  # an inch, and the unit of an SVG


def find_panels(figure: Figure) -> dict[str, Any]:
    """Return the figure's size, the boxes of its axes with all that belongs to them, and those of legends and texts of the figure itself.

    A box is [left, top, width, height] in points from the figure's upper left corner. An axes object that was given a label
    (``axis.set_label``) says what it shows, "step 100 | WGAN": the page lets readers step through such panels.
    """
    figure.draw_without_rendering()  # the layout is made while drawing
    height = figure.bbox.height

    def box(found: BboxBase | None) -> list[float] | None:
        scale = POINTS / figure.dpi
        return [round(scale * float(value), 1) for value in (found.x0, height - found.y1, found.width, found.height)] if found else None

    axes = [(box(axis.get_tightbbox()), axis.get_label()) for axis in figure.axes]
    return {
        "size": [round(POINTS * float(side), 1) for side in figure.get_size_inches()],
        "axes": [{"box": place, "label": str(label)} for place, label in axes if place],
        "legends": [box(artist.get_window_extent()) for artist in (*figure.legends, *figure.texts) if artist.get_visible()],
    }
