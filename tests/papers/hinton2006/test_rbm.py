"""The Boltzmann machine against enumerated states, and contrastive divergence against the same thing written image by image."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from secondlook.papers.hinton2006.rbm import RBM


def machine(units: str = "logistic", replicas: int = 2, visible: int = 5, hidden: int = 3) -> RBM:
    """A machine with all parameters drawn, in double precision."""
    made = RBM(visible, hidden, units, [torch.Generator().manual_seed(seed) for seed in range(replicas)])
    draw = torch.Generator().manual_seed(9)
    made.weight_RVH, made.hidden_R1H, made.visible_R1V = (
        torch.randn(each.shape, generator=draw, dtype=torch.float64) for each in made.parameters
    )
    made.moves = [torch.zeros_like(each) for each in made.parameters]
    return made


def states(count: int) -> torch.Tensor:
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=count)), dtype=torch.float64)


def energies(made: RBM, replica: int) -> torch.Tensor:
    """-log of the unnormalised probability of every visible (rows) with every hidden state (columns)."""
    weight, hidden, visible = (each[replica] for each in made.parameters)
    v, h = states(weight.shape[0]), states(weight.shape[1])
    return -(v @ weight @ h.T + v @ visible[0][:, None] + (h @ hidden[0])[None])


def log_likelihood(made: RBM, replica: int, data: torch.Tensor) -> float:
    logs = -energies(made, replica)
    of_visible = logs.logsumexp(1) - logs.logsumexp((0, 1))
    rows = (states(data.shape[1])[None] == data[:, None]).all(2).int().argmax(1)
    return float(of_visible[rows].mean())


@pytest.mark.parametrize("replica", [0, 1])
def test_both_conditionals_are_those_of_the_enumerated_energies(replica: int) -> None:
    made = machine()
    joint = (-energies(made, replica)).exp()
    given_visible = joint @ states(3) / joint.sum(1, keepdim=True)
    given_hidden = joint.T @ states(5) / joint.sum(0)[:, None]
    torch.testing.assert_close(made.up(states(5).expand(2, -1, -1))[replica], given_visible)
    torch.testing.assert_close(made.down(states(3).expand(2, -1, -1))[replica], given_hidden)


def test_linear_hidden_units_have_the_mean_of_their_gaussian_and_variance_1() -> None:
    made = machine("linear")
    v = states(5)[:7].expand(2, -1, -1)
    torch.testing.assert_close(made.up(v), v @ made.weight_RVH + made.hidden_R1H)
    noise = made.noise(20_000, [torch.Generator().manual_seed(seed) for seed in (1, 2)])
    drawn = made.draw(torch.zeros(2, 20_000, 3), noise)
    assert noise.shape == (2, 20_000, 3) and not torch.equal(noise[0], noise[1])
    assert abs(float(drawn.mean())) < 0.02 and float(drawn.var()) == pytest.approx(1, abs=0.03)


def test_logistic_states_are_on_as_often_as_their_means_say() -> None:
    made = machine()
    means = torch.tensor([0.1, 0.5, 0.8]).expand(2, 20_000, 3)
    drawn = made.draw(means, made.noise(20_000, [torch.Generator().manual_seed(seed) for seed in (1, 2)]))
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(drawn.mean((0, 1)), torch.tensor([0.1, 0.5, 0.8]), atol=0.015, rtol=0)


@pytest.mark.parametrize("units", ["logistic", "linear"])
def test_the_direction_of_cd_1_image_by_image(units: str) -> None:
    made = machine(units)
    data = torch.rand(2, 6, 5, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    noise = made.noise(6, [torch.Generator().manual_seed(seed) for seed in (5, 6)]).double()
    found = made.slopes(data, noise)

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    for replica in range(2):
        weight, hidden, visible = (each[replica].numpy() for each in made.parameters)
        slow = [np.zeros_like(each) for each in (weight, hidden, visible)]
        for image, draws in zip(data[replica].numpy(), noise[replica].numpy(), strict=True):
            inputs = image @ weight + hidden[0]
            positive = sigmoid(inputs) if units == "logistic" else inputs
            state = (positive > draws).astype(float) if units == "logistic" else positive + draws
            dream = sigmoid(weight @ state + visible[0])
            again = dream @ weight + hidden[0]
            again = sigmoid(again) if units == "logistic" else again
            slow[0] += (np.outer(image, positive) - np.outer(dream, again)) / 6
            slow[1] += (positive - again) / 6
            slow[2] += (image - dream) / 6
        for one, other in zip(found, slow, strict=True):
            np.testing.assert_allclose(one[replica].numpy(), other, atol=1e-12)


def test_an_update_is_momentum_times_the_last_move_plus_the_step_with_decay_of_the_weights_alone() -> None:
    made, noise = machine(), torch.rand(2, 4, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    data = torch.rand(2, 4, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    moves = [torch.zeros_like(each) for each in made.parameters]
    for _ in range(3):
        before, slopes = [each.clone() for each in made.parameters], made.slopes(data, noise)
        slopes[0] = slopes[0] - 0.0002 * before[0]
        moves = [0.7 * move + 0.05 * slope for move, slope in zip(moves, slopes, strict=True)]
        made.learn(data, noise, 0.05, 0.7)
        for parameter, old, move in zip(made.parameters, before, moves, strict=True):
            torch.testing.assert_close(parameter, old + move)


def test_learning_raises_the_enumerated_likelihood() -> None:
    made = RBM(5, 4, "logistic", [torch.Generator().manual_seed(seed) for seed in range(2)])
    data = torch.tensor([[1.0, 1, 0, 0, 1], [0, 0, 1, 1, 0], [1, 1, 0, 0, 0]])
    scores = [[log_likelihood_of(made, replica, data) for replica in range(2)]]
    for update in range(600):
        noise = made.noise(3, [torch.Generator().manual_seed(1000 * update + seed) for seed in range(2)])
        made.learn(data.expand(2, -1, -1), noise, 0.1, 0.5)
    scores.append([log_likelihood_of(made, replica, data) for replica in range(2)])
    assert all(after > before + 0.8 for before, after in zip(*scores, strict=True))
    assert max(scores[0]) == pytest.approx(-5 * np.log(2), abs=0.3), "at the start all states are about as likely"


def log_likelihood_of(made: RBM, replica: int, data: torch.Tensor) -> float:
    twin = RBM(*made.weight_RVH.shape[1:], made.units, [torch.Generator()] * 2)
    twin.weight_RVH, twin.hidden_R1H, twin.visible_R1V = (each.double() for each in made.parameters)
    return log_likelihood(twin, replica, data.double())


def test_the_start_is_a_tenth_wide_and_differs_between_replicas() -> None:
    made = RBM(200, 100, "logistic", [torch.Generator().manual_seed(seed) for seed in range(2)])
    assert float(made.weight_RVH.std()) == pytest.approx(0.1, rel=0.02)
    assert not torch.equal(*made.weight_RVH) and not made.hidden_R1H.any() and not made.visible_R1V.any()
