"""The games against closed forms and against the adversarial loop, and smoothed labels against autograd."""

import numpy as np
import pytest
import torch
from torch import nn

from secondlook.papers.salimans2016 import games, smoothing
from secondlook.train.duel import Duel
from secondlook.train.game import Game, normal_noise
from secondlook.train.losses import AdversarialLoss, smoothed
from secondlook.train.updates import SGD

CPU = torch.device("cpu")


def rows(result) -> dict:
    return {(replica, metric): value for replica, _, metric, value in result.history.rows}


def test_without_averaging_the_radius_grows_by_the_closed_form(make_job) -> None:
    found = rows(games.run(make_job(values={"game": "xy", "averaging": 0}, seeds=(0, 1))))
    assert found[0, "growth_gap"] < 1e-9
    assert found[0, "late_distance"] == pytest.approx(514, abs=1)  # the trial of the design
    assert found[0, "converged"] == 0


@pytest.mark.parametrize(("averaging", "distance"), [(0.05, 5e-4), (0.2, 5.2e-3), (1, 0.346)])
def test_the_last_radius_of_a_known_trial(averaging: float, distance: float) -> None:
    path = games.play(games.Settings(game="xy", averaging=averaging), np.array([[1.0, 0.0]]))
    assert np.linalg.norm(path[-1]) == pytest.approx(distance, rel=0.05)


def test_slopes_are_those_of_the_value() -> None:
    x, y, h = np.array([-0.7, 0.3, 1.2]), np.array([0.5, -0.4, 2.0]), 1e-6

    def value(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (np.where(x < 0, x, x**2) - 1) * (y - 1)

    by_x, by_y = games.slopes("piecewise", x, y)
    np.testing.assert_allclose(by_x, (value(x + h, y) - value(x - h, y)) / (2 * h), atol=1e-6)
    np.testing.assert_allclose(by_y, (value(x, y + h) - value(x, y - h)) / (2 * h), atol=1e-6)


def test_a_game_that_leaves_has_diverged_and_is_no_success(make_job) -> None:
    result = games.run(make_job(values={"game": "piecewise", "averaging": 0}, seeds=(0, 1)))
    assert {metric for _, _, metric, _ in result.history.rows} == {"diverged"}
    assert all(status.startswith("diverged") for status in result.status.values())


def test_a_game_is_the_same_alone_and_among_others(make_job) -> None:
    values = {"game": "piecewise", "averaging": 0.1, "steps": 200}
    together = games.run(make_job(values=values, seeds=(0, 1, 2))).history.rows
    assert [row for row in together if row[0] == 1] == games.run(make_job(values=values, seeds=(1,))).history.rows


class One(nn.Module):
    """A net that is one number; its output is that number for each example."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor([[value]], dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.value.expand(1, x.shape[1]) if x.ndim < 4 else self.value


def test_the_adversarial_loop_plays_the_same_game() -> None:
    """x is a generator that makes x, y a discriminator whose output on a sample s is s y: so V = x y."""

    class Product(One):
        def forward(self, samples: torch.Tensor) -> torch.Tensor:
            return samples * self.value

    loss = AdversarialLoss(lambda real, fake: -fake.mean(-1), lambda fake: fake.mean(-1), shown=torch.sigmoid)
    game = Game(
        generator=lambda seeds: One(0.6),
        discriminator=lambda seeds: Product(0.8),
        loss=loss,
        generator_rule=SGD(0.05),
        discriminator_rule=SGD(0.05),
        data=lambda seed, draw: torch.zeros(4, dtype=torch.float64),
        noise=normal_noise(1),
        batch=4,
        steps=60,
        record=(60,),
        measure=lambda moment: [],
        simultaneous=True,
        historical=0.2,
        together=True,
    )
    duel, path = Duel(game, (0,), CPU), games.play(games.Settings(game="xy", averaging=0.2, steps=60), np.array([[0.6, 0.8]]))
    for step in range(1, 61):
        duel.advance(step)
        if step == 60:
            duel.rows()
        now = [duel.g_parameters[0].item(), duel.d_parameters[0].item()]
        np.testing.assert_allclose(now, path[step, 0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.9, 0.0), (0.9, 0.1)])
def test_the_closed_form_is_where_the_smoothed_loss_is_flat(alpha: float, beta: float) -> None:
    data, fakes = np.array([0.2, 0.5, 1e-4]), np.array([0.3, 1e-3, 0.4])
    best = smoothing.closed_form(data, fakes, alpha, beta)
    logit = torch.tensor(np.log(best / (1 - best)), requires_grad=True)
    pair = smoothed(alpha, beta)
    weights = torch.tensor(np.stack([data, fakes]))
    loss = sum(weights[0, i] * pair.discriminator(logit[i : i + 1], torch.zeros(1)) for i in range(3))
    loss = loss + sum(weights[1, i] * pair.discriminator(torch.zeros(1), logit[i : i + 1]) for i in range(3))
    (slope,) = torch.autograd.grad(loss, [logit])
    torch.testing.assert_close(slope, torch.zeros(3, dtype=torch.float64), atol=1e-12, rtol=0)
    np.testing.assert_allclose(smoothing.solved(data, fakes, alpha, beta), best, atol=1e-12)


def test_the_push_is_the_slope_of_log_d() -> None:
    from scipy import stats

    x, h = np.array([-1.0, 2.0, 3.2]), 1e-6

    def log_d(x: np.ndarray) -> np.ndarray:
        return np.log(smoothing.closed_form(stats.norm.pdf(x), stats.norm.pdf(x, 6), 0.9, 0.1))

    np.testing.assert_allclose(smoothing.push(x, 6, 0.9, 0.1), (log_d(x + h) - log_d(x - h)) / (2 * h), atol=1e-5)


def test_only_two_sided_smoothing_takes_the_push_away(make_job) -> None:
    shares = {}
    for name in smoothing.TARGETS:
        found = rows(smoothing.run(make_job(values={"smoothing": name})))
        assert found[0, "best_gap"] < 1e-12
        shares[name] = found[0, "far_push_share"], found[0, "far_value"]
    assert shares["one_sided"] == pytest.approx((1, 0), abs=1e-6)
    assert shares["two_sided"] == pytest.approx((0, 0.1), abs=1e-6)
