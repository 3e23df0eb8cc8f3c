import functools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from secondlook.data.mixtures import mixture
from secondlook.errors import UserError
from secondlook.games.planar import PlanarSettings, planar_game, planar_metrics
from secondlook.metrics.wasserstein import w1
from secondlook.runner.job import Result
from secondlook.train.adversarial import train_adversarial
from secondlook.train.streams import torch_generator

SMALL = {"data": "ring", "loss": "non-saturating", "steps": 20, "records": 4, "batch": 32, "width": 32, "noise": 16, "points": 500}
SMALL |= {"d_lr": 1e-3, "g_lr": 1e-3}


def settings(**fields) -> PlanarSettings:
    return PlanarSettings(**SMALL | fields)


def play(make_job, seeds: tuple[int, ...] = (0, 1), **fields) -> Result:
    return train_adversarial(make_job(seeds=seeds), functools.partial(planar_game, settings(**fields)))


def column(result: Result, seed: int, metric: str) -> dict[int, float]:
    return {step: value for replica, step, name, value in result.history.rows if (replica, name) == (seed, metric)}


def test_twenty_steps_and_their_metrics(make_job) -> None:
    result = play(make_job, w1_points=50, fresh_steps=3)
    for seed in (0, 1):
        for metric in ("modes", "held", "high_quality", "reverse_kl", "jsd", "w1", "fresh_d_loss"):
            values = column(result, seed, metric)
            assert list(values) == [0, 5, 10, 15, 20]
            assert all(map(math.isfinite, values.values()))
        assert list(column(result, seed, "d_loss")) == [5, 10, 15, 20]
    assert result.status == {0: "completed", 1: "completed"}


@pytest.mark.parametrize("asked", [{}, {"w1_points": 20}, {"fresh_steps": 2}])
def test_a_run_writes_what_its_settings_say(make_job, asked: dict) -> None:
    metrics = {row[2] for row in play(make_job, **asked).history.rows}
    assert metrics == settings(**asked).metrics()
    assert ("w1" in metrics, "fresh_d_loss" in metrics) == ("w1_points" in asked, "fresh_steps" in asked)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"width": 0}, "'width' must be at least 1"),
        ({"noise": 0}, "'noise' must be at least 1"),
        ({"layers": -1}, "'layers' must be at least 0"),
        ({"fresh_steps": -1}, "'fresh_steps' must be at least 0"),
        ({"w1_points": 501}, "'w1_points' must be at most 'points', got w1_points 501 and points 500"),
    ],
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        settings(**wrong)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("init", ["orthogonal", "torch"])
def test_nets(activation: str, init: str) -> None:
    game = planar_game(settings(activation=activation, init=init, layers=3), torch.device("cpu"))
    generator, discriminator = game.generator((0, 1)), game.discriminator((0, 1))
    assert [tuple(layer.weight.shape) for layer in generator.layers] == [(2, 16, 32), (2, 32, 32), (2, 32, 32), (2, 32, 2)]
    assert [tuple(layer.weight.shape) for layer in discriminator.layers] == [(2, 2, 32), (2, 32, 32), (2, 32, 32), (2, 32, 1)]
    assert generator.activation is discriminator.activation is {"tanh": torch.tanh, "relu": torch.relu}[activation]
    for net in (generator, discriminator):
        weight = net.layers[1].weight[0].detach()
        orthogonal = torch.allclose(weight.T @ weight, 1.96 * torch.eye(32), atol=1e-4)
        assert orthogonal == (init == "orthogonal")
    assert not torch.equal(generator.layers[1].weight, discriminator.layers[1].weight)


def test_replicas_alone_and_together(make_job, tmp_path: Path) -> None:
    """The whole game with all it measures."""
    options = {"w1_points": 30, "fresh_steps": 2, "loss": "wasserstein", "optimizer": "rmsprop", "clip": 0.1, "d_steps": 2}
    together = play(make_job, (3, 4, 5), **options)
    alone = play(make_job, (4,), **options)
    assert [row for row in together.history.rows if row[0] == 4] == alone.history.rows


def test_data_are_the_mixtures_and_differ_by_draw_and_seed() -> None:
    game = planar_game(settings(batch=4000), torch.device("cpu"))
    ring = mixture("ring")
    points = game.data(0, 0)
    assert torch.equal(points, ring.sample(4000, torch_generator(0, "data", 0)))
    assert not torch.equal(points, game.data(0, 1))
    assert not torch.equal(points, game.data(1, 0))
    distances = np.linalg.norm(points.numpy()[:, None] - ring.centres, axis=2).min(1)
    assert distances.max() < 6 * ring.std


def test_metrics_of_the_data_themselves_and_of_a_collapsed_set() -> None:
    ring, asked = mixture("ring"), settings(w1_points=200)
    perfect = planar_metrics(ring.sample(500, torch_generator(0, "test")), ring, asked, seed=0)
    collapsed = planar_metrics(torch.tensor([[0.0, 1.0]]).expand(500, 2), ring, asked, seed=0)
    assert perfect["modes"] == perfect["held"] == 8
    assert perfect["high_quality"] == pytest.approx(0.989, abs=0.015), "1 - exp(-9 / 2) of a Gaussian is within 3 sigma"
    assert perfect["w1"] < 0.5
    assert (collapsed["modes"], collapsed["held"], collapsed["high_quality"]) == (1, 1, 1)
    assert collapsed["reverse_kl"] == pytest.approx(math.log(8))
    assert collapsed["w1"] == pytest.approx(1.26, abs=0.15), "the mean distance of the circle's points to one of them is about 4 / pi"


def test_the_distance_is_to_real_points_that_stay_the_same() -> None:
    ring, asked = mixture("ring"), settings(w1_points=40)
    samples = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    real = ring.sample(40, torch_generator(7, "eval", 1)).double().numpy()
    assert planar_metrics(samples, ring, asked, seed=7)["w1"] == w1(samples[:40].double().numpy(), real)


def test_a_fresh_critic_reveals_what_the_players_critic_does_not_know(make_job) -> None:
    """At step 0 the two sides are easy to tell: a few hundred updates bring the loss well below that of a critic at rest."""
    trained = column(play(make_job, (0,), steps=1, records=1, fresh_steps=300, d_lr=1e-2), 0, "fresh_d_loss")
    stands = column(play(make_job, (0,), steps=1, records=1, fresh_steps=3, d_lr=0.0), 0, "fresh_d_loss")
    assert trained[0] < stands[0] - 0.2


@pytest.mark.parametrize("clip_when", ["after", "before"])
def test_a_fresh_critic_is_clamped(make_job, clip_when: str) -> None:
    """Without the bound its loss would run away at this step size."""
    options = {"loss": "wasserstein", "optimizer": "rmsprop", "clip": 0.01, "clip_when": clip_when, "d_lr": 1.0}
    losses = column(play(make_job, (0,), steps=1, records=1, fresh_steps=20, **options), 0, "fresh_d_loss")
    assert all(abs(loss) < 0.1 for loss in losses.values())


def test_an_unknown_mixture(make_job) -> None:
    with pytest.raises(UserError, match="unknown mixture 'rings'"):
        play(make_job, data="rings")
