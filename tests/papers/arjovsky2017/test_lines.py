"""Example 1: closed forms, and that the trained offset moves towards the data (the sign that public ports got wrong)."""

import math

import numpy as np
import pytest
import torch

from secondlook.errors import UserError
from secondlook.papers.arjovsky2017 import line_game, lines
from secondlook.runner.job import History, Result


def rows_of(result, metric: str, replica: int = 0) -> list[float]:
    return [value for seed, _, name, value in result.history.rows if (seed, name) == (replica, metric)]


def test_distances_are_the_closed_forms(make_job) -> None:
    result = lines.run(make_job(values={"offsets": 5, "points": 20}, seeds=(0, 1)))
    assert {row[2] for row in result.history.rows} == lines.Settings().metrics()
    assert rows_of(result, "theta") == [-1, -0.5, 0, 0.5, 1]
    np.testing.assert_allclose(rows_of(result, "w1", 1), [1, 0.5, 0, 0.5, 1], atol=1e-12)
    np.testing.assert_allclose(rows_of(result, "js"), [math.log(2), math.log(2), 0, math.log(2), math.log(2)], atol=1e-12)
    np.testing.assert_allclose(rows_of(result, "tv"), [1, 1, 0, 1, 1], atol=1e-12)
    assert rows_of(result, "kl") == [math.inf, math.inf, 0, math.inf, math.inf]
    for metric, bound in (("largest_gap", 1e-12), ("jump_gap", 1e-12), ("gradient_gap", 1e-8)):
        (gap,) = rows_of(result, metric)
        assert 0 <= gap < bound


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [({"w1": 0.4}, 0.1), ({"js": 0.0}, math.log(2)), ({"tv": 0.75}, 0.25), ({"kl": math.log(2)}, 0.5)],
)
def test_a_wrong_distance_shows_in_the_gap(wrong, expected) -> None:
    right = {"w1": 0.5, "js": math.log(2), "tv": 1.0, "kl": math.inf}
    assert lines.gap(-0.5, right) == 0
    assert lines.gap(-0.5, right | wrong) == pytest.approx(expected)


def test_theorem_3_fails_with_a_distance_of_another_slope(monkeypatch) -> None:
    z = np.linspace(0, 1, 7)
    assert lines.theorem_3_gap(-0.5, z) < 1e-8
    w1 = lines.w1
    monkeypatch.setattr(lines, "w1", lambda x, y: 2 * w1(x, y))
    assert lines.theorem_3_gap(-0.5, z) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"offsets": 4}, "'offsets' must be odd, so that 0 is one of them, got 4"),
        ({"offsets": 1}, "'offsets' must be at least 3, got 1"),
        ({"points": 0}, "'points' must be at least 1, got 0"),
    ],
)
def test_ranges(values, message) -> None:
    with pytest.raises(UserError, match=message):
        lines.Settings(**values)


GAME = {"steps": 60, "records": 6, "batch": 32, "width": 16, "optimizer": "rmsprop", "d_lr": 0.002, "g_lr": 0.01, "d_steps": 5}


@pytest.mark.parametrize("start", [1.0, -1.0])
@pytest.mark.parametrize("loss", ["wasserstein", "non-saturating"])
def test_the_offset_moves_towards_the_data_and_the_estimate_starts_positive(make_job, loss, start) -> None:
    clip = 0.05 if loss == "wasserstein" else None
    values = GAME | {"loss": loss, "clip": clip, "start": start}
    result = line_game.run(make_job(values=values, seeds=(0, 1, 2)))
    assert {row[2] for row in result.history.rows} == line_game.Settings(**values).metrics()
    for replica in (0, 1, 2):
        theta = rows_of(result, "theta", replica)
        assert theta[0] == start
        assert abs(theta[3]) < 0.9
        assert rows_of(result, "distance", replica) == [abs(value) for value in theta]
        if loss == "wasserstein":
            assert rows_of(result, "d_loss", replica)[0] < 0


def test_an_offset_that_swings_through_0_is_not_near_it() -> None:
    """Replica 0 passes 0 at its last row but one, which an end alone would not show; replica 1 never comes near."""
    history = History()
    for step, near, far in ((0, 1.0, 1.0), (25, 0.3, 0.9), (50, -0.09, 0.8), (75, 0.5, 0.7), (100, 0.0, 0.6)):
        history.add(0, step, distance=abs(near))
        history.add(1, step, distance=abs(far))
        history.add(2, step, distance=1.0)
    count = len(history.rows)
    line_game.add_arrival(Result(history, status={0: "completed", 1: "completed", 2: "diverged at step 100"}), 100)
    assert history.rows[count:] == [
        (0, 100, "late_distance", 0.5),
        (0, 100, "arrival", 50.0),
        (1, 100, "late_distance", 0.7),
        (1, 100, "arrival", 200.0),
    ]


def test_a_generator_makes_its_line() -> None:
    net = line_game.LineGenerator(2, 0.5)
    z = torch.rand(2, 3, 1)
    points = net(z)
    assert torch.equal(points, torch.cat([torch.full_like(z, 0.5), z], -1))
    points[0].sum().backward()
    assert net.theta.grad.tolist() == [3.0, 0.0]


def test_a_replica_is_the_same_alone_and_among_others(make_job) -> None:
    values = GAME | {"loss": "minimax", "steps": 6}
    together = line_game.run(make_job(values=values, seeds=(0, 1, 2))).history.rows
    assert [row for row in together if row[0] == 1] == line_game.run(make_job(values=values, seeds=(1,))).history.rows
