"""The quadrature against the closed table, and what the theorem says and does not say."""

import numpy as np
import pytest

from secondlook.errors import UserError
from secondlook.papers.mao2017 import divergences

# t: JSD, 2 C(G) of (-1, 1, 0), of (0, 1, 1), W1; integrated once by other means
TABLE = {
    1.0: (0.1114, 0.408, 0.602, 1.0),
    2.0: (0.3368, 1.101, 0.775, 2.0),
    4.0: (0.6327, 1.863, 0.966, 4.0),
    8.0: (0.6931, 1.9998, 1.000, 8.0),
    16.0: (0.6931, 2.0, 1.000, 16.0),
}


@pytest.mark.parametrize("t", TABLE)
def test_table(t: float) -> None:
    row = divergences.measure(t, 200)
    np.testing.assert_allclose([row[name] for name in ("jsd", "chi2", "binary", "w1")], TABLE[t], atol=6e-4)


def test_equal_densities_are_the_minimum_of_both_codings() -> None:
    row = divergences.measure(0.0, 100)
    assert row["chi2"] == pytest.approx(0.0, abs=1e-12)
    assert row["binary"] == pytest.approx(0.5, abs=1e-12)
    assert row["jsd"] == pytest.approx(0.0, abs=1e-12)


def test_the_identity_of_all_codings_would_notice_a_wrong_one(monkeypatch) -> None:
    assert max(map(abs, divergences.coding_gaps(1.0, 200))) < 1e-12
    monkeypatch.setattr(divergences, "split", lambda a, b, c: ((a + b) / 2 - c, a - b))
    assert min(map(abs, divergences.coding_gaps(1.0, 200))) > 0.1


def test_losses_of_the_generator_by_another_sum() -> None:
    row = divergences.measure(2.0, 100)
    x = np.random.default_rng(0).normal(2.0, 1.0, 400_000)
    d = 1 / (1 + np.exp(2 * x - 2))  # p_d / (p_d + p_g)
    assert row["g_loss_0_1_1"] == pytest.approx(np.mean((d - 1) ** 2) / 2, abs=2e-3)
    assert row["g_loss_neg1_1_0"] == pytest.approx(np.mean((2 * d - 1) ** 2) / 2, abs=2e-3)


def test_a_run_is_a_sweep_over_the_shift(make_job) -> None:
    result = divergences.run(make_job(values={"shifts": [0, 0.25, 8, 16], "density": 50}))
    last = {metric: value for _, step, metric, value in result.history.rows if step == 3}
    assert set(last) == divergences.Settings(shifts=(0, 0.25, 8, 16)).metrics()
    assert last["t"] == 16
    assert last["chi2_gap"] < 1e-9
    assert last["coding_gap"] < 1e-9
    assert last["zero_sum_gap"] < 1e-9
    assert last["follows_neg1_1_0"] == pytest.approx(0.25**2 / 4, rel=0.05)
    assert last["follows_0_1_1"] == pytest.approx(1, abs=0.05)
    assert last["far_gap"] < 1e-3
    assert 0 < last["chi2_change"] < 1e-3
    assert last["w1_change"] == pytest.approx(8.0, abs=1e-6)
    assert {step for _, step, metric, _ in result.history.rows if metric == "chi2_gap"} == {3}


@pytest.mark.parametrize("values", [{"shifts": [1, 0, 8, 16]}, {"shifts": [0, 1, 8]}, {"shifts": [0, 8, 8, 16]}, {"far": [8]}, {"near": 1}])
def test_shifts_that_cannot_be_used(values: dict) -> None:
    with pytest.raises(UserError, match="must rise and hold both"):
        divergences.Settings(**{"shifts": [0, 0.25, 8, 16]} | values)


def test_a_shift_that_is_no_number() -> None:
    with pytest.raises(UserError, match="'shifts' must be a number, and finite, got '8'"):
        divergences.Settings(shifts=[0, "8", 16])
