"""The collapse of the ring, and what is kept for a figure."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from secondlook.figures.data import FigureData
from secondlook.papers.mao2017 import ring
from secondlook.papers.mao2017.figures import ring_modes
from secondlook.runner.job import History, Result

VALUES = {"data": "ring-as-coded", "loss": "ls-0-1-1", "steps": 6, "batch": 16, "records": 3, "width": 8, "noise": 4, "points": 100}
VALUES |= {"d_lr": 1e-4, "g_lr": 1e-3, "simultaneous": True}


@pytest.mark.parametrize(
    ("modes", "lost"),
    [
        ([5, 8, 8, 8], 31),  # never lost
        ([5, 8, 7, 8], 31),  # recovered
        ([5, 8, 7, 6], 20),
        ([5, 8, 8, 7], 30),
        ([5, 6, 7, 7], 0),  # never had them
    ],
)
def test_collapse_is_the_first_record_after_which_modes_stay_lost(modes: list[int], lost: int) -> None:
    assert ring.collapse_step(dict(zip((0, 10, 20, 30), modes, strict=True)), 8, 30) == lost


def test_a_run_keeps_samples_of_its_first_seed(make_job) -> None:
    result = ring.run(make_job(values=VALUES, seeds=(3, 4)))
    assert {row[2] for row in result.history.rows} == ring.Settings(**VALUES).metrics()
    assert set(result.arrays) == {f"3/samples_{step}" for step in (0, 2, 4, 6)}
    assert result.arrays["3/samples_6"].shape == (ring.KEPT, 2)
    assert not np.array_equal(result.arrays["3/samples_0"], result.arrays["3/samples_6"])
    ends = {(replica, metric): value for replica, step, metric, value in result.history.rows if step == 6}
    for seed in (3, 4):
        assert ends[seed, "kept"] == (ends[seed, "held"] == 8)
        assert (ends[seed, "collapse_step"] == 7) == (ends[seed, "kept"] == 1)


def test_a_replica_that_diverged_has_no_collapse(make_job, monkeypatch) -> None:
    rows = [(0, 0, "held", 8), (0, 6, "held", 8), (1, 0, "held", 8), (1, 3, "diverged", 1)]
    monkeypatch.setattr(ring, "train_adversarial", lambda *_: Result(History(rows), status={0: "completed", 1: "diverged at step 3"}))
    added = ring.run(make_job(values=VALUES, seeds=(0, 1))).history.rows[len(rows) :]
    assert added == [
        (0, 6, "collapse_step", 7.0),
        (0, 6, "kept", 1.0),
        (0, 6, "ever_all", 1.0),
        (0, 6, "lost", 0.0),
        (0, 6, "d_step_size", 1e-4),
    ]


@pytest.mark.parametrize(
    ("modes", "kept", "ever_all", "lost"),
    [
        ([5, 8, 7, 8], 1, 1, 0),  # recovered
        ([5, 8, 7, 6], 0, 1, 1),
        ([5, 6, 7, 7], 0, 0, 0),  # what a run never had it has not lost
    ],
)
def test_only_modes_that_were_there_are_lost(make_job, monkeypatch, modes: list[int], kept: int, ever_all: int, lost: int) -> None:
    rows = [(0, step, "held", value) for step, value in zip((0, 2, 4, 6), modes, strict=True)]
    monkeypatch.setattr(ring, "train_adversarial", lambda *_: Result(History(rows), status={0: "completed"}))
    added = {metric: value for _, _, metric, value in ring.run(make_job(values=VALUES)).history.rows[len(rows) :]}
    assert (added["kept"], added["ever_all"], added["lost"]) == (kept, ever_all, lost)


@pytest.mark.parametrize(("block", "levels"), [("data", ["ring-as-coded", "ring"]), ("shared_noise", ["True", "False"])])
def test_a_figure_has_a_block_of_rows_for_each_level(block, levels: list[str]) -> None:
    rows = [
        (level, "ls-0-1-1", 0, step, metric, 1.0)
        for level in levels
        for step in (0, 10)
        for metric in ("held", "high_quality", "reverse_kl")
    ]
    rows += [(levels[1], "ls-0-1-1", 0, 10, "lost", 1.0), (levels[1], "ls-0-1-1", 0, 10, "collapse_step", 10.0)]
    table = pd.DataFrame(rows, columns=[block, "loss", "replica", "step", "metric", "value"])
    figure = ring_modes.draw(FigureData({"ring": table}), block)
    bars = [[line for line in axis.lines if line.get_marker() == "|" and len(line.get_xdata())] for axis in figure.axes]
    plt.close(figure)
    assert [len(lines) for lines in bars] == [0, 0, 0, 1, 0, 0]
