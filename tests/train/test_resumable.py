"""What the loops share, seen through a third one: a walk whose groups are of one seed or more, and which knows nothing of nets."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from secondlook.errors import UserError
from secondlook.runner.job import Job, Result
from secondlook.train import checkpoint, resumable
from secondlook.train.resumable import Progress
from secondlook.train.streams import torch_generator

CPU, STEPS = torch.device("cpu"), 4
GROUPS = ((1,), (2, 3), (4,))


class Walk:
    """Points that take a random step each: `place` is a tensor of the group, `farthest` is plain."""

    def __init__(self, seeds: tuple[int, ...]) -> None:
        self.seeds, self.step, self.farthest = seeds, 0, 0.0
        self.place = torch.zeros(len(seeds))

    def advance(self) -> None:
        self.place += torch.stack([torch.randn((), generator=torch_generator(seed, "walk", self.step)) for seed in self.seeds])
        self.farthest = max(self.farthest, float(self.place.abs().max()))
        self.step += 1

    def tensors(self) -> dict[str, torch.Tensor]:
        return {"place": self.place}

    def state(self) -> dict[str, Any]:
        return {"step": self.step, "farthest": self.farthest}

    def load(self, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> None:
        self.place.copy_(tensors["place"])
        self.step, self.farthest = state["step"], state["farthest"]


def walk(job: Job, stops: Mapping[int, int] = {}, made: list[Walk] | None = None) -> Result:
    """Walk with all seeds; seed -> step at which it is said to diverge, which ends its group."""
    progress = Progress(job, CPU, GROUPS, unit="strides")
    for group in progress.groups(Walk):
        if made is not None:
            made.append(group)
        while group.step < STEPS:
            with progress.working(len(group.seeds)):
                group.advance()
            for seed, place in zip(group.seeds, group.place, strict=True):
                progress.history.add(seed, group.step, place=float(place), farthest=group.farthest)
            if stops.get(group.seeds[0]) == group.step:
                progress.diverged(group.seeds[0], group.step)
                break
            if group.step < STEPS:
                progress.save(group)
        else:
            progress.status |= dict.fromkeys(group.seeds, "completed")
            progress.arrays |= {
                f"{seed}/{name}": array
                for seed, place in zip(group.seeds, group.place.numpy(), strict=True)
                for name, array in {"end": place.copy(), "column": np.array([[place], [1.0]]).T}.items()
            }
    return progress.result(game="walk")


def contents(result: Result) -> tuple:
    arrays = {name: (np.shape(array), np.asarray(array).tobytes()) for name, array in result.arrays.items()}
    return result.history.to_csv(), result.status, arrays


def test_a_result_holds_what_was_measured(make_job: Callable[..., Job]) -> None:
    result = walk(make_job())
    assert [row[:2] for row in result.history.rows if row[2] == "place"][:6] == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (3, 1)]
    assert result.status == dict.fromkeys((1, 2, 3, 4), "completed")
    assert result.arrays["3/end"].shape == ()
    assert set(result.facts) == {"device_name", "game", "strides_per_second"}


@pytest.mark.parametrize("stops", [{}, {1: 2}, {2: 1}, {1: 1, 2: 3, 4: 4}])
def test_killed_at_any_checkpoint_it_ends_with_the_same_bits(
    make_job: Callable[..., Job], tmp_path: Path, dies: Callable, stops: dict[int, int]
) -> None:
    """Inside a group, between two, and where one ended early."""
    straight = contents(walk(make_job(), stops))
    for after in itertools.count(1):
        job = make_job(work=tmp_path / str(after), checkpoint_seconds=0.0)
        if not dies(after, lambda job=job: walk(job, stops)):
            break
        assert contents(walk(job, stops)) == straight, f"killed after checkpoint {after}"
    lengths = [stops.get(group[0], STEPS) for group in GROUPS]
    assert after - 1 == sum(length - 1 for length in lengths) + len(GROUPS) - 1


@pytest.mark.parametrize(
    ("after", "where", "left"),
    [
        (1, "0 of 3 groups of replicas done, the next one at step 1", [(1,), (2, 3), (4,)]),
        (4, "1 of 3 groups of replicas done", [(2, 3), (4,)]),
        (6, "1 of 3 groups of replicas done, the next one at step 2", [(2, 3), (4,)]),
        (8, "2 of 3 groups of replicas done", [(4,)]),
    ],
)
def test_it_says_where_it_takes_up_and_repeats_nothing(
    make_job: Callable[..., Job], dies: Callable, capsys: pytest.CaptureFixture, after: int, where: str, left: list
) -> None:
    job, made = make_job(checkpoint_seconds=0.0), list[Walk]()
    assert dies(after, lambda: walk(job))
    assert capsys.readouterr().err == ""
    walk(job, made=made)
    assert capsys.readouterr().err == f"taking up a checkpoint: {where}\n"
    assert [group.seeds for group in made] == left


def test_a_checkpoint_is_named_by_the_steps_of_all_groups(make_job: Callable[..., Job], dies: Callable) -> None:
    """The newest is the one with the most steps, also where a group ended early."""
    job = make_job(checkpoint_seconds=0.0)
    for after, steps in enumerate((1, 2, 3, 4, 5, 6, 7), start=1):  # the first group ends after step 2: 1, 2 | 3, 4, 5, 6 | 7, ...
        assert dies(1, lambda: walk(job, {1: 2})), after
        assert checkpoint.load(job.work, job.identity)[0] == steps


def test_nothing_is_written_when_the_last_checkpoint_is_young(make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    job, now, written = make_job(checkpoint_seconds=60.0), 1000.0, []
    monkeypatch.setattr("time.monotonic", lambda: now)
    monkeypatch.setattr(checkpoint, "save", lambda folder, step, *rest: written.append((step, now)))
    progress = Progress(job, CPU, [(1,)], unit="strides")
    for group in progress.groups(Walk):
        for now in (1059.0, 1060.0, 1061.0, 1119.0, 1120.0):  # noqa: B007 - the clock
            group.advance()
            progress.save(group)
    assert written == [(2, 1060.0), (5, 1120.0)]


def test_another_computations_checkpoint_is_refused(make_job: Callable[..., Job], dies: Callable) -> None:
    assert dies(2, lambda: walk(make_job(checkpoint_seconds=0.0, identity="stride 1")))
    with pytest.raises(UserError, match="stride 2"):
        walk(make_job(identity="stride 2"))


def test_arrays_of_any_shape_and_order_survive(make_job: Callable[..., Job]) -> None:
    job = make_job(checkpoint_seconds=0.0)
    arrays = {"1/point": np.array(3), "1/columns": np.arange(6.0).reshape(2, 3).T, "1/nothing": np.zeros((0, 2), np.uint8)}
    progress = Progress(job, CPU, GROUPS, unit="strides")
    progress.arrays |= arrays
    progress.save()
    found = Progress(job, CPU, GROUPS, unit="strides").arrays
    assert {name: (array.dtype, array.tolist(), array.shape) for name, array in found.items()} == {
        name: (array.dtype, array.tolist(), array.shape) for name, array in arrays.items()
    }


def test_a_rate_is_work_over_the_time_it_took(make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> None:
    progress, now = Progress(make_job(), CPU, GROUPS, unit="images"), [10.0]
    assert "images_per_second" not in progress.result().facts
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    for seconds, images in ((2.0, 300), (1.0, 300)):
        with progress.working(images):
            now[0] += seconds
        now[0] += 100.0  # say, measuring
    assert progress.rate == 200.0
    assert progress.result().facts["images_per_second"] == 200.0


def test_a_divergence_is_a_row_a_status_and_a_line(make_job: Callable[..., Job], capsys: pytest.CaptureFixture) -> None:
    progress = Progress(make_job(), CPU, GROUPS, unit="strides")
    progress.diverged(2, 7, unit="update")
    assert progress.history.rows == [(2, 7, "diverged", 1.0)]
    assert progress.status == {2: "diverged at update 7"}
    assert capsys.readouterr().err == "seed 2: diverged at update 7\n"


def test_a_job_that_is_told_to_end_saves_and_goes_on_later(
    make_job: Callable[..., Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """As a scheduler tells it before it kills; however seldom checkpoints are written."""
    straight = contents(walk(make_job(work=tmp_path / "straight")))
    advance = Walk.advance

    def told(self: Walk) -> None:
        advance(self)
        if self.seeds == (2, 3) and self.step == 2:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Walk, "advance", told)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as ended:
            walk(make_job(work=tmp_path / "told"))
    finally:
        resumable.TOLD_TO_END.clear()
    assert ended.value.code == 128 + signal.SIGTERM
    assert "told to end" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before
    monkeypatch.setattr(Walk, "advance", advance)
    assert contents(walk(make_job(work=tmp_path / "told"))) == straight
    assert "the next one at step 2" in capsys.readouterr().err
