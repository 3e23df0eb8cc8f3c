"""The terms on a line, where integrals are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from secondlook.papers.makhzani2015 import losses
from secondlook.papers.makhzani2015.losses import SHIFTS, closed_form, decomposition, run


def test_charges_of_shifted_codes(make_job) -> None:
    """KL(N(t, 1) || N(0, 1)) = t^2 / 2; the Jensen-Shannon divergence goes from 0 to log 2."""
    table = {name: {} for name in ("charge_kl", "charge_adversary", "charge_shift")}
    for _, step, metric, value in run(make_job(values={"draws": 1000})).history.rows:
        if metric in table:
            table[metric][step] = value
    assert list(table["charge_shift"].values()) == list(SHIFTS)
    for step, shift in enumerate(SHIFTS):
        assert table["charge_kl"][step] == pytest.approx(shift**2 / 2, abs=1e-9)
    adversary = list(table["charge_adversary"].values())
    assert adversary[0] == pytest.approx(0, abs=1e-12) and np.all(np.diff(adversary) > 0) and 0.68 < adversary[-1] < math.log(2)


def test_replicas_differ_and_are_the_same_alone(make_job) -> None:
    def last(seeds: tuple[int, ...], seed: int) -> list[tuple]:
        return [row[1:] for row in run(make_job(values={"draws": 1000}, seeds=seeds)).history.rows if row[0] == seed]

    assert last((3, 4), 4) == last((4,), 4) != [(step, name, value) for step, name, value in last((3,), 3)]


def test_the_closed_form_agrees_with_quadrature_and_draws() -> None:
    draws = np.random.default_rng(0)
    mean, log_variance = (torch.from_numpy(draws.normal(size=(5, 3))) for _ in range(2))
    found = closed_form(mean, log_variance, 200_000, draws)
    assert found["kl_gap"] < 1e-12
    assert 0 < abs(found["kl_monte_carlo_gap"]) < 0.02


def test_codes_that_tell_their_image_carry_all_information() -> None:
    """Four codes far apart: log 4; four equal ones: none, and the aggregate is each of them."""
    apart = decomposition(np.array([-15.0, -5.0, 5.0, 15.0]), np.zeros(4))
    assert apart["information"] == pytest.approx(math.log(4), abs=1e-4)
    assert apart["mean_kl"] == pytest.approx((15**2 + 5**2) / 4)
    equal = decomposition(np.full(4, 1.0), np.full(4, math.log(0.25)))
    assert equal["information"] == pytest.approx(0, abs=1e-9)
    assert equal["aggregate_kl"] == pytest.approx(equal["mean_kl"], abs=1e-9)
    for found in (apart, equal):
        assert abs(found["decomposition_gap"]) < 1e-8


def test_the_line_covers_the_codes() -> None:
    assert losses.GRID[0] <= -30 and losses.GRID[-1] >= max(SHIFTS) + 30
