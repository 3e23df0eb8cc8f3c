"""The gradient of a frozen generator, against the chain rule done by hand."""

import functools
import math

import numpy as np
import pytest
import torch

from secondlook.errors import UserError
from secondlook.nets.mlp import StackedMLP
from secondlook.papers.goodfellow2014 import saturation
from secondlook.papers.goodfellow2014.saturation import Settings, gradient, ratio_gap, shifted
from secondlook.train.losses import adversarial_loss

VALUES = {"distance": 4.0, "width": 8, "layers": 1, "points": 50, "batch": 16, "steps": 20, "records": 5, "d_lr": 0.01, "loss": "minimax"}
#: derivative of the generator's loss with respect to the output
SLOPES = {
    "minimax": lambda output: -1 / (1 + math.exp(-output)),
    "non-saturating": lambda output: -1 / (1 + math.exp(output)),
    "ls-0-1-1": lambda output: output - 1,
    "ls-neg1-1-0": lambda output: output,
    "wasserstein": lambda output: -1.0,
}


def generator(distance: float = 4.0, replicas: int = 1) -> StackedMLP:
    return StackedMLP([2, 2], [torch.Generator()] * replicas, initialise=shifted(distance), shape=(2,)).double()


def linear(weight: tuple[float, float], bias: float) -> StackedMLP:
    """D(x) = weight x + bias."""
    net = StackedMLP([2, 1], [torch.Generator()]).double()
    with torch.no_grad():
        net.layers[0].weight.copy_(torch.tensor(weight)[None, :, None])
        net.layers[0].bias.fill_(bias)
    return net


def test_the_generator_shifts_by_the_distance() -> None:
    noise = torch.randn(2, 5, 2, dtype=torch.float64)
    torch.testing.assert_close(generator(3.0, 2)(noise), noise + torch.tensor([3.0, 0.0], dtype=torch.float64))


@pytest.mark.parametrize("loss", SLOPES)
@pytest.mark.parametrize("bias", [-3.0, 0.7])
def test_the_gradient_is_that_of_the_chain_rule(loss: str, bias: float) -> None:
    weight, noise = np.array([0.5, -0.25]), np.array([[0.3, -1.2], [1.0, 0.4], [-0.8, 0.1]])
    outputs = (noise + np.array([4.0, 0.0])) @ weight + bias
    slopes = np.array([SLOPES[loss](output) for output in outputs])
    shift = slopes.mean() * weight
    matrix = (slopes[:, None, None] * noise[:, :, None] * weight).mean(0)
    found = gradient(generator(), linear(tuple(weight), bias), adversarial_loss(loss), torch.from_numpy(noise)[None])
    assert found["gradient_norm"].item() == pytest.approx(math.sqrt((shift**2).sum() + (matrix**2).sum()), rel=1e-6)
    assert found["slope"].item() == pytest.approx(np.abs(slopes).mean(), rel=1e-6)
    assert found["output"].item() == pytest.approx(outputs.mean(), rel=1e-6)


def test_float64_keeps_a_gradient_that_float32_would_lose() -> None:
    found = gradient(generator(), linear((0.1, 0.1), -200.0), adversarial_loss("minimax"), torch.zeros(1, 3, 2, dtype=torch.float64))
    assert 0 < found["gradient_norm"].item() < 1e-80


def test_rows_are_at_0_and_evenly_spaced_in_the_logarithm() -> None:
    steps = Settings(**VALUES | {"steps": 4000, "records": 40}).record_steps()
    assert steps[:4] == (0, 1, 2, 3)
    assert steps[-1] == 4000
    assert 30 < len(steps) <= 41
    ratios = [after / before for before, after in zip(steps[-10:], steps[-9:], strict=False)]
    assert max(ratios) / min(ratios) < 1.05


@pytest.mark.parametrize("wrong", [{"distance": -1.0}, {"points": 0}, {"width": 0}, {"layers": -1}, {"records": 21}])
def test_ranges(wrong: dict) -> None:
    with pytest.raises(UserError, match=f"setting '{next(iter(wrong))}' must be at"):
        Settings(**VALUES | wrong)


def table(result) -> dict:
    rows: dict = {}
    for replica, step, metric, value in result.history.rows:
        rows.setdefault((replica, step), {})[metric] = value
    return rows


def test_a_run_measures_the_trained_and_the_untrained_discriminator(make_job) -> None:
    result = saturation.run(make_job(values=VALUES | {"steps": 300}, seeds=(2, 5)))
    rows = table(result)
    assert {step for _, step in rows} == {0, 1, 4, 17, 72, 300}
    assert {row[2] for row in result.history.rows} == Settings(**VALUES).metrics()
    last = rows[5, 300]
    assert rows[5, 0]["decades"] == rows[5, 0]["null_decades"] == 0
    assert last["decades"] == pytest.approx(math.log10(last["gradient_norm"] / rows[5, 0]["gradient_norm"]))
    assert last["output"] < -2, "the discriminator rejects the samples"
    assert last["slope"] < 0.2 < rows[5, 0]["slope"]
    assert abs(last["null_decades"]) < 0.3


def test_minimax_and_non_saturating_meet_the_same_discriminator(make_job) -> None:
    minimax, other = (table(saturation.run(make_job(values=VALUES | {"loss": loss}))) for loss in ("minimax", "non-saturating"))
    assert all(minimax[key]["output"] == other[key]["output"] for key in minimax)
    assert minimax[0, 20]["gradient_norm"] < other[0, 20]["gradient_norm"]


@pytest.mark.parametrize("output", [-30.0, -2.0, 0.0, 5.0])
def test_the_ratio_of_both_losses_slopes_is_an_identity(output: float) -> None:
    assert SLOPES["non-saturating"](output) / SLOPES["minimax"](output) == pytest.approx(math.exp(-output))
    assert ratio_gap(torch.tensor([[output, 1.0]], dtype=torch.float64)) < 1e-12


def test_another_loss_would_break_the_identity(monkeypatch) -> None:
    monkeypatch.setattr(saturation, "PAIR", ("ls-0-1-1", "minimax"))
    assert ratio_gap(torch.tensor([[-2.0, 1.0], [0.0, 0.5]], dtype=torch.float64)).min() > 0.1


def test_a_seed_has_the_same_bits_alone_and_among_others(make_job) -> None:
    play = functools.partial(make_job, values=VALUES | {"loss": "wasserstein", "optimizer": "rmsprop", "clip": 0.01})
    both = saturation.run(play(seeds=(2, 5))).history.rows
    assert [row for row in both if row[0] == 5] == saturation.run(play(seeds=(5,))).history.rows


def test_a_clipped_critic_leaves_a_small_gradient_that_stays(make_job) -> None:
    rows = table(saturation.run(make_job(values=VALUES | {"loss": "wasserstein", "optimizer": "rmsprop", "clip": 0.01})))
    assert rows[0, 20]["slope"] == pytest.approx(1.0)
    assert rows[0, 20]["gradient_norm"] < 0.01 * rows[0, 0]["gradient_norm"]


def test_a_discriminator_that_is_not_finite_is_a_result(make_job) -> None:
    values = VALUES | {"loss": "ls-0-1-1", "optimizer": "sgd", "d_lr": 1e30}
    result = saturation.run(make_job(values=values))
    (step,) = (step for _, step, metric, _ in result.history.rows if metric == "diverged")
    assert result.status == {0: f"diverged at step {step}"}
    assert max(row[1] for row in result.history.rows) == step
    assert all(math.isfinite(value) for *_, value in result.history.rows)
