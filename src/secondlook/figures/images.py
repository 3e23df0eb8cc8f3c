"""How figures show images: without ticks and frame, many laid out as one, and a word where no run saved any.

Shapes: N images, C channels (1 or 3), H height, W width, D pixels of a square image.
"""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from secondlook.figures.style import WIDTH

#: images along each edge of a square of them
SIDE = 4


def show(axis: Axes, image: np.ndarray, white: float = 255) -> None:
    """Draw an image [H, W] from 0, black, to ``white``, or a coloured one [H, W, 3], pixel by pixel."""
    axis.imshow(image, cmap="gray", vmin=0, vmax=white, interpolation="nearest")
    leave_bare(axis)


def leave_bare(axis: Axes) -> None:
    """Take ticks, grid and frame away."""
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)


def nothing_to_show(why: str) -> Figure:
    """A figure that says why there is nothing in it."""
    figure = plt.figure(figsize=(WIDTH, 1))
    figure.text(0.5, 0.5, why, ha="center", va="center")
    return figure


def tile(images_NCHW: np.ndarray) -> np.ndarray:
    """Lay the first images out in a square with a grey line between them: [H', W'] of grey ones, [H', W', 3] of colour ones."""
    count = min(SIDE, int(len(images_NCHW) ** 0.5))
    framed = np.pad(images_NCHW[: count**2], ((0, 0), (0, 0), (1, 0), (1, 0)), constant_values=128)
    rows = framed.reshape(count, count, *framed.shape[1:]).transpose(0, 3, 1, 4, 2)
    tiled = rows.reshape(count * framed.shape[2], count * framed.shape[3], framed.shape[1])[1:, 1:]
    return tiled[..., 0] if tiled.shape[-1] == 1 else tiled


def sheet(images: np.ndarray) -> np.ndarray:
    """Lay images [rows, columns, D] out as one [H, W]."""
    rows, columns, pixels = images.shape
    side = math.isqrt(pixels)
    return images.reshape(rows, columns, side, side).swapaxes(1, 2).reshape(rows * side, columns * side)
