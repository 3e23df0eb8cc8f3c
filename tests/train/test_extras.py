import pytest
import torch

from secondlook.train.extras import Clip, constant_steps, one_step, wgan_steps


def test_constant_steps() -> None:
    assert [constant_steps(5)(step) for step in (0, 1, 999)] == [5, 5, 5]
    assert [one_step(step) for step in (0, 1, 999)] == [1, 1, 1]


def test_steps_of_the_official_wgan_code() -> None:
    """main.py: Diters = 100 if gen_iterations < 25 or gen_iterations % 500 == 0 else opt.Diters."""
    schedule = wgan_steps(5)
    hundreds = [step for step in range(1501) if schedule(step) == 100]
    assert hundreds == [*range(25), 500, 1000, 1500]
    assert {schedule(step) for step in range(1501)} == {5, 100}


def test_clip_clamps_weights_in_place_and_keeps_what_is_inside() -> None:
    weights = [torch.tensor([-2.0, -0.01, 0.005, 0.02], requires_grad=True), torch.tensor([[0.5]], requires_grad=True)]
    Clip(0.01)(weights)
    assert weights[0].tolist() == pytest.approx([-0.01, -0.01, 0.005, 0.01], rel=1e-6)
    assert weights[1].tolist() == [[pytest.approx(0.01, rel=1e-6)]]
    assert all(weight.is_leaf and weight.requires_grad for weight in weights)
