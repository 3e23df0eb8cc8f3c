"""Sheets of samples: which are found in a run, and how they are laid out."""

from __future__ import annotations

import numpy as np
import pytest

from secondlook.figures.data import FigureData
from secondlook.figures.images import tile
from secondlook.figures.shared.sheets import draw, draw_sheets, sheets
from secondlook.protocol.schema import FactorValue
from secondlook.tables.arrays import Record


def test_sheets_are_found_by_their_step() -> None:
    record = Record({}, (3, 4), {"3/sheet_0": np.zeros(1), "3/sheet_1000": np.ones(1), "3/samples": np.ones(2)})
    assert {step: array.item() for step, array in sheets(record).items()} == {0: 0.0, 1000: 1.0}


@pytest.mark.parametrize("channels", [1, 3])
def test_images_stand_in_reading_order_with_a_line_between_them(channels: int) -> None:
    images = np.zeros((17, channels, 2, 3), np.uint8) + np.arange(17, dtype=np.uint8)[:, None, None, None]
    laid = tile(images)
    assert laid.shape == ((4 * 3 - 1, 4 * 4 - 1) if channels == 1 else (4 * 3 - 1, 4 * 4 - 1, 3))
    for place in range(16):
        row, column = divmod(place, 4)
        assert np.all(laid[row * 3 : row * 3 + 2, column * 4 : column * 4 + 3] == place)
    assert np.all(laid[2] == 128)
    assert np.all(laid[:, 3] == 128)


def test_colours_stay_with_their_channel() -> None:
    images = np.zeros((4, 3, 2, 2), np.uint8)
    images[1, 2] = 200
    assert np.all(tile(images)[:2, 3:] == (0, 0, 200))


def test_few_images_make_a_smaller_square() -> None:
    assert tile(np.zeros((8, 1, 5, 5), np.uint8)).shape == (11, 11)


def test_an_arm_without_sheets_is_left_out_and_the_first_and_last_step_are_drawn() -> None:
    found = {step: np.zeros((4, 1, 2, 2), np.uint8) for step in (0, 10, 20, 30, 1000)}
    figure = draw_sheets({"one": found, "diverged": {}}, columns=3)
    assert [axis.get_title(loc="center") for axis in figure.axes] == ["step 0", "step 20", "step 1,000"]
    assert figure.axes[0].get_ylabel() == "one"


def test_no_step_is_drawn_twice() -> None:
    found = {step: np.zeros((4, 1, 2, 2), np.uint8) for step in (0, 40, 80)}
    assert [axis.get_title(loc="center") for axis in draw_sheets({"one": found}).axes] == ["step 0", "step 40", "step 80"]


def record(cell: dict[str, FactorValue], seed: int, side: int = 2) -> Record:
    return Record(cell, (seed,), {f"{seed}/sheet_0": np.zeros((4, 1, side, side), np.uint8)})


def test_a_row_is_labelled_by_its_factors_in_their_order_and_has_the_lowest_seed() -> None:
    records = [
        record({"loss": "minimax"}, seed=1, side=3),
        record({"loss": "minimax"}, seed=0, side=5),
        record({"d_steps": 5, "simultaneous": False, "loss": "non-saturating"}, seed=0),
        record({"loss": "minimax", "d_batch_norm": False}, seed=0),
    ]
    figure = draw(FigureData(arrays={"gan": records}), rows=["loss", "simultaneous", "d_steps"])
    assert [axis.get_ylabel() for axis in figure.axes] == ["GAN, minimax", "GAN, non-saturating\nin turn\nk = 5"]
    assert figure.axes[0].images[0].get_size() == (11, 11)
