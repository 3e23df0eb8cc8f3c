"""What counts as a success, and where batch normalization is left out."""

import pytest

from secondlook.errors import UserError
from secondlook.papers.mao2017 import images
from secondlook.runner.job import History, Result

VALUES = {"dataset": "mnist", "side": 16, "loss": "ls-0-1-1", "steps": 4, "batch": 16, "records": 2, "d_lr": 1e-3, "g_lr": 1e-3}


@pytest.mark.parametrize(("bn", "expected"), [("all", (True, True)), ("not_in_g", (False, True)), ("none", (False, False))])
def test_where_batch_normalization_is_left_out(make_job, monkeypatch, bn: str, expected: tuple[bool, bool]) -> None:
    seen = []

    def note(job, settings, device):
        seen.append((settings.g_batch_norm, settings.d_batch_norm))

    def train(job, make_game):
        make_game(None)
        return Result(History(), status={0: "diverged at step 1"})

    monkeypatch.setattr(images, "image_game", note)
    monkeypatch.setattr(images, "train_adversarial", train)
    images.run(make_job(values=VALUES | {"bn": bn}))
    assert seen == [expected]


@pytest.mark.parametrize(
    ("classes", "fids", "values", "success", "best"),
    [
        (10, (1000, 35, 39), {}, 1, (35, 2)),  # the floor is 8: two thirds of the way are a distance of 40
        (9, (1000, 35, 30), {}, 0, (30, 4)),  # a class is missing
        (10, (1000, 35, 41), {}, 0, (35, 2)),  # above, though it was below
        (10, (630, 90, 85), {}, 0, (85, 4)),  # a seventh of the start, yet eleven times the floor: MNIST after a hundred updates
        (10, (1, 90, 90), {}, 0, (90, 2)),  # the untrained generator is not the best; of equals the first
        (5, (800, 400, 80), {"least_classes": 5, "fid_way": 0.5}, 1, (80, 4)),
    ],
)
def test_success_and_best(make_job, monkeypatch, classes, fids, values, success, best) -> None:
    rows = [(0, step, "fid_a", fid) for step, fid in zip((0, 2, 4), fids, strict=True)]
    rows += [(0, step, "fid_a_floor", 8.0) for step in (0, 2, 4)]
    rows += [(0, step, "classes_a", made) for step, made in ((0, 10), (2, 10), (4, classes))]
    monkeypatch.setattr(images, "train_adversarial", lambda *_: Result(History(rows), status={0: "completed"}))
    added = {metric: (step, value) for _, step, metric, value in images.run(make_job(values=VALUES | values)).history.rows[len(rows) :]}
    assert set(added) < images.Settings(**VALUES).metrics()
    assert added == {"success": (4, success), "best_fid_a": (4, best[0]), "best_step": (4, best[1]), "judged": (4, 10000)}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"fid_way": 1.1}, "'fid_way' must be from 0 to 1, got 1.1"),
        ({"least_classes": 11}, "'least_classes' must be from 1 to 10, got 11"),
    ],
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        images.Settings(**VALUES | wrong)


def test_a_run_that_diverged_has_neither(make_job, monkeypatch) -> None:
    rows = [(0, 0, "fid_a", 500.0), (0, 1, "diverged", 1.0)]
    monkeypatch.setattr(images, "train_adversarial", lambda *_: Result(History(rows), status={0: "diverged at step 1"}))
    assert images.run(make_job(values=VALUES)).history.rows == rows
