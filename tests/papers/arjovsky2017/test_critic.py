"""The shape of a discriminator and of a critic between two Gaussians."""

import numpy as np
import pytest

from secondlook.errors import UserError
from secondlook.papers.arjovsky2017 import critic

X = np.linspace(-8, 8, 161)


def test_a_sigmoid_is_flat_and_its_logit_straight() -> None:
    """The optimal D of N(-3, 1) against N(3, 1) is the sigmoid of -6 x; its slope is below 0.001 from x = 1.45 on."""
    output = 1 / (1 + np.exp(6 * X))
    own = {"output": output, "raw": -6 * X, "slope": -6 * output * (1 - output)}
    found = critic.summary(X, own, critic.density(X + 3), critic.density(X - 3))
    assert found["flat"] == pytest.approx(0.93, abs=0.02)  # P(N(3, 1) > 1.45) = 0.939
    assert found["steepest"] == pytest.approx(1.5)
    assert found["raw_r2"] == pytest.approx(1.0)
    assert found["r2"] < 0.85


def test_flatness_of_a_critic_depends_on_no_scale() -> None:
    own = {"output": 1e-4 * X, "raw": 1e-4 * X, "slope": np.full_like(X, 1e-4)}
    found = critic.summary(X, own, critic.density(X + 3), critic.density(X - 3))
    assert (found["flat"], found["flat_relative"]) == (pytest.approx(1.0), 0.0)
    assert found["r2"] == pytest.approx(1.0)


@pytest.mark.parametrize("scale", [1.0, 1e-4])
def test_by_duality_a_line_finds_all_of_w1_and_a_bent_one_less(scale: float) -> None:
    """W1 of N(-3, 1) and N(3, 1) is 6. f(x) = -x finds it; f(x) = -max(x, 0) finds E max(x, 0), which is 3 but for the tails: half."""
    straight = {"output": -scale * X, "raw": -scale * X, "slope": np.full_like(X, -scale)}
    bent = {"output": -scale * X.clip(0), "raw": -scale * X.clip(0), "slope": np.where(X > 0, -scale, 0.0)}
    densities = critic.density(X + 3), critic.density(X - 3)
    assert critic.summary(X, straight, *densities)["dual"] == pytest.approx(1, abs=1e-3)
    assert critic.summary(X, bent, *densities)["dual"] == pytest.approx(0.5, abs=1e-3)


def test_updates_to_nine_tenths_of_the_way_to_the_best() -> None:
    """1,000 updates in parts of 20; a rise that goes on to the end, one that ends at a quarter, and one from far below."""
    rising, early = np.linspace(0, 1, 1000), np.minimum(np.linspace(0, 4, 1000), 1.0)
    assert critic.updates_to_best(rising) == pytest.approx(900, abs=20)
    assert critic.updates_to_best(early) == pytest.approx(225, abs=20)
    assert critic.updates_to_best(early - 50) == critic.updates_to_best(early)


def test_a_constant_is_flat_and_no_line() -> None:
    own = dict.fromkeys(("output", "raw", "slope"), np.zeros_like(X))
    found = critic.summary(X, own, critic.density(X + 3), critic.density(X - 3))
    assert (found["flat_relative"], found["r2"], found["dual"]) == (pytest.approx(1.0), 0.0, 0.0)


@pytest.mark.parametrize(("loss", "rule", "clip"), [("wasserstein", "rmsprop", 0.05), ("minimax", "adam", None)])
def test_both_are_high_on_the_data(make_job, loss, rule, clip) -> None:
    values = {"loss": loss, "optimizer": rule, "clip": clip, "steps": 60, "batch": 32, "width": 16, "d_lr": 0.005}
    rows = critic.run(make_job(values=values, seeds=(0, 1))).history.rows
    for replica in (0, 1):
        table = {(step, metric): value for seed, step, metric, value in rows if seed == replica}
        at_data, at_fakes = table[50, "output"], table[110, "output"]
        assert (table[50, "x"], table[110, "x"]) == (pytest.approx(-3), pytest.approx(3))
        assert at_data > at_fakes
        assert {metric for step, metric in table if step == 160} == critic.Settings(**values).metrics()
        slope = (table[81, "raw"] - table[79, "raw"]) / 0.2
        if loss == "wasserstein":
            assert slope == pytest.approx(table[80, "slope"], rel=0.5)


@pytest.mark.parametrize(("mean", "message"), [(7.0, "'mean' must be at least 0 and below 6, got 7.0"), (0.0, "'mean' must be above 0")])
def test_gaussians_must_lie_within_the_fitted_range(mean: float, message: str) -> None:
    with pytest.raises(UserError, match=message):
        critic.Settings(loss="minimax", steps=1, batch=2, d_lr=0.1, mean=mean)
