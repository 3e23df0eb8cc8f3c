"""The ring that moves to and fro: its distance is what it is said to be, and the critic and its rows are a replica's own."""

import math

import numpy as np
import pytest
import torch

from secondlook.data.mixtures import mixture
from secondlook.errors import UserError
from secondlook.metrics.wasserstein import w1
from secondlook.papers.arjovsky2017 import shifted

VALUES = {
    "loss": "wasserstein", "optimizer": "rmsprop", "clip": 0.1, "d_lr": 0.002, "steps": 40, "knots": 3, "records": 8, "d_steps": 5,
    "batch": 32, "width": 32, "layers": 2,
}  # fmt: skip


def curve(result, metric: str, replica: int = 0) -> list[float]:
    return [value for seed, _, name, value in result.history.rows if (seed, name) == (replica, metric)]


def test_the_length_of_the_shift_is_the_exact_distance() -> None:
    """Of a sample and its shifted copy, by the network simplex; and half a step of the ring's symmetry does not shorten it."""
    points = mixture("ring").sample(200, torch.Generator().manual_seed(1)).double().numpy()
    for shift in shifted.path(shifted.Settings(**VALUES), 7)[::13]:
        assert w1(points, points + shift) == pytest.approx(np.linalg.norm(shift), rel=1e-9)


def test_a_path_is_a_line_of_its_seeds_own_without_a_trend() -> None:
    settings = shifted.Settings(**VALUES | {"steps": 400, "knots": 20, "reach": 1.5, "records": 1})
    paths = [shifted.path(settings, seed) for seed in range(60)]
    for points in paths[:5]:
        assert points.shape == (400, 2)
        assert np.linalg.matrix_rank(points, tol=1e-9) == 1
        assert np.linalg.norm(points, axis=1).max() <= 1.5
    assert not np.allclose(paths[0], paths[1])
    lengths = np.linalg.norm(paths, axis=2)
    slopes = np.polyfit(np.linspace(0, 1, 400), lengths.T, 1)[0]
    assert abs(slopes.mean()) < 3 * slopes.std() / math.sqrt(60), "up as often as down"


@pytest.mark.parametrize("arm", [{}, {"penalty": 0.1, "clip": None}, {"loss": "non-saturating"}, {"clip_when": "before"}])
def test_rows_are_a_replicas_own_and_those_that_the_settings_name(make_job, arm: dict) -> None:
    values = VALUES | arm
    result = shifted.run(make_job(values=values, seeds=(0, 1)))
    assert {row[2] for row in result.history.rows} == shifted.Settings(**values).metrics()
    assert len(curve(result, "estimate")) == 8
    assert shifted.run(make_job(values=values, seeds=(1,))).history.rows == [row for row in result.history.rows if row[0] == 1]


def test_the_critics_estimate_follows_fakes_that_move_and_none_that_stand_still(make_job) -> None:
    long = VALUES | {"steps": 120, "records": 40, "knots": 6, "d_steps": 10}
    moving, still = (shifted.run(make_job(values=long | {"still": still}, seeds=range(4))) for still in (False, True))
    follows = [curve(moving, "tracking", replica)[0] for replica in range(4)]
    stands = [curve(still, "tracking", replica)[0] for replica in range(4)]
    assert min(follows) > 0.5
    assert abs(np.mean(stands)) < 0.6 < np.mean(follows)
    assert curve(moving, "w1") == curve(still, "w1"), "the path is the same, and not theirs"


def test_estimates_are_of_w_and_of_js(make_job) -> None:
    for loss, clip, of in (("wasserstein", 0.1, lambda value: -value), ("minimax", None, lambda value: math.log(2) - value / 2)):
        result = shifted.run(make_job(values=VALUES | {"loss": loss, "clip": clip}))
        estimates = curve(result, "estimate")
        assert estimates == [pytest.approx(of(value)) for value in curve(result, "d_loss")]
        assert curve(result, "late_estimate") == [pytest.approx(np.mean(estimates[4:]))]


def test_a_replica_that_diverges_has_no_more_rows(make_job) -> None:
    result = shifted.run(make_job(values=VALUES | {"clip": None, "d_lr": 1e30, "optimizer": "sgd"}))
    assert curve(result, "diverged") == [1.0]
    assert curve(result, "tracking") == []
    assert result.status[0].startswith("diverged at step")


@pytest.mark.parametrize(
    ("wrong", "message"), [({"knots": 1}, "'knots' must be at least 2, got 1"), ({"reach": 0.0}, "'reach' must be above 0")]
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        shifted.Settings(**VALUES | wrong)
