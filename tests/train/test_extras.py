import math

import pytest
import torch

from secondlook.train.extras import Clip, GradientPenalty, constant_steps, one_step, wgan_steps


def test_constant_steps() -> None:
    assert [constant_steps(5)(step) for step in (0, 1, 999)] == [5, 5, 5]
    assert [one_step(step) for step in (0, 1, 999)] == [1, 1, 1]


def test_steps_of_the_official_wgan_code() -> None:
    """main.py: Diters = 100 if gen_iterations < 25 or gen_iterations % 500 == 0 else opt.Diters."""
    schedule = wgan_steps(5, 100)
    hundreds = [step for step in range(1501) if schedule(step) == 100]
    assert hundreds == [*range(25), 500, 1000, 1500]
    assert {schedule(step) for step in range(1501)} == {5, 100}


def test_clip_clamps_weights_in_place_and_keeps_what_is_inside() -> None:
    weights = [torch.tensor([-2.0, -0.01, 0.005, 0.02], requires_grad=True), torch.tensor([[0.5]], requires_grad=True)]
    Clip(0.01)(weights)
    assert weights[0].tolist() == pytest.approx([-0.01, -0.01, 0.005, 0.01], rel=1e-6)
    assert weights[1].tolist() == [[pytest.approx(0.01, rel=1e-6)]]
    assert all(weight.is_leaf and weight.requires_grad for weight in weights)


@pytest.mark.parametrize("shape", [(2,), (1, 4, 4)])
def test_the_penalty_of_a_linear_critic_is_known(shape) -> None:
    """Gulrajani et al. 2017, Eq. 3: a linear critic has one slope everywhere, here 3 in replica 0 and 1 in replica 1."""
    direction = torch.ones(2, 1, *shape) / math.prod(shape) ** 0.5 * torch.tensor([3.0, 1.0]).reshape(2, *[1] * (len(shape) + 1))
    direction.requires_grad_()
    seen = []

    def critic(points: torch.Tensor) -> torch.Tensor:
        seen.append(points.detach())
        return (points * direction).flatten(2).sum(-1)

    real, fake = torch.zeros(2, 5, *shape), torch.ones(2, 5, *shape)
    chances = [torch.Generator().manual_seed(seed) for seed in (1, 2)]
    penalty = GradientPenalty(10.0)(critic, real, fake, chances)
    assert penalty.tolist() == [pytest.approx(40.0), pytest.approx(0.0, abs=1e-5)]
    (between,) = seen
    assert ((between > 0) & (between < 1)).all(), "between data and fakes"
    assert torch.equal(between, between.flatten(2)[..., :1].reshape(2, 5, *[1] * len(shape)).expand_as(between)), "on the line of a pair"
    assert between.flatten(2)[..., 0].unique().numel() == 10, "a share for each pair"
    (slope,) = torch.autograd.grad(penalty[0], direction)
    assert slope[0].abs().sum() > 0, "the penalty trains the critic"
