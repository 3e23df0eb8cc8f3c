"""A discriminator trained to the formula; and why the sum of the code and the mean of the paper are one loss under Adam and RMSProp."""

import numpy as np
import pytest
import torch

from secondlook.errors import UserError
from secondlook.papers.mao2017 import optimal
from secondlook.train.losses import least_squares
from secondlook.train.updates import Adam, RMSProp, Updater


@pytest.mark.parametrize(("loss", "ends"), [("ls-0-1-1", (1.0, 0.0)), ("ls-neg1-1-0", (1.0, -1.0))])
def test_training_comes_close_to_the_formula(make_job, loss: str, ends: tuple[float, float]) -> None:
    values = {"loss": loss, "steps": 300, "batch": 128, "width": 16, "lr": 0.005, "records": 3}
    result = optimal.run(make_job(values=values, seeds=(0, 1)))
    assert {row[2] for row in result.history.rows} == optimal.Settings(**values).metrics()
    errors = {(replica, step): value for replica, step, metric, value in result.history.rows if metric == "error"}
    assert {step for _, step in errors} == {0, 100, 200, 300}
    for seed in (0, 1):
        assert errors[seed, 300] < 0.06 < errors[seed, 0]
        x, trained, best = result.arrays[f"{seed}/grid"]
        weight = np.exp(-(x**2) / 2) + np.exp(-((x - 2) ** 2) / 2)
        measured = np.average(np.abs(trained - best), weights=weight) / (ends[0] - ends[1])
        assert measured == pytest.approx(errors[seed, 300])
        np.testing.assert_allclose(best[[0, -1]], ends, atol=1e-3)
        assert np.interp(1.0, x, best) == pytest.approx(sum(ends) / 2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"loss": "minimax"}, "'minimax' is none of LSGAN's"),
        ({"records": 11}, "'records' must be at most 'steps'"),
        ({"shift": -1.0}, "'shift' must be at least 0, got -1.0"),
    ],
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        optimal.Settings(**{"loss": "ls-0-1-1", "steps": 10} | wrong)


def test_a_replica_is_the_same_alone_and_among_others(make_job) -> None:
    values = {"loss": "ls-0-1-1", "steps": 20, "batch": 16, "width": 8, "records": 2}
    together = optimal.run(make_job(values=values, seeds=(0, 1, 2))).history.rows
    assert [row for row in together if row[0] == 1] == optimal.run(make_job(values=values, seeds=(1,))).history.rows


@pytest.mark.parametrize("rule", [Adam(1e-3, 0.5), RMSProp(1e-3, 0.9)], ids=["adam", "rmsprop"])
def test_the_sum_over_a_batch_and_its_mean_are_one_under_adaptive_rules(rule) -> None:
    """The official code sums 64 squares (tf.nn.l2_loss), the paper takes their mean: the same step but for epsilon."""
    loss, weights = least_squares(0.0, 1.0, 1.0), []
    for factor in (1.0, 64.0):
        generator = torch.Generator().manual_seed(0)
        weight = torch.randn(3, 1, generator=generator).requires_grad_()
        updater = Updater(rule, [weight])
        for _ in range(20):
            real, fake = torch.randn(2, 64, 3, generator=generator)
            value = factor * loss.discriminator((real @ weight)[:, 0], (fake @ weight)[:, 0])
            updater.step(torch.autograd.grad(value, [weight]))
        weights.append(weight.detach())
    torch.testing.assert_close(weights[0], weights[1], rtol=0, atol=1e-6)
    start = torch.randn(3, 1, generator=torch.Generator().manual_seed(0))
    assert (weights[0] - start).abs().min() > 1e-3
