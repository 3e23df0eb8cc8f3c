"""What a plan could show: against the noncentral t, binomial sums and what was declared; never against a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_claims import CORRELATION, COUNTS, DIFFERENCE, EQUIVALENCE, ORDERING, RATIO, SHARE, WITHIN, make
from scipy import stats

from secondlook.stats.chance import Design, chance, detectable, draw, edges_of, rates, replicas_needed
from secondlook.stats.looks import spending


def design(test: dict[str, Any], spread: float, expected: float, otherwise: float, *sizes: int, share: float = 1.0) -> Design:
    arms = {"ordering": 3, "within": 1, "share": 1, "correlation": 1}.get(make(test).kind, 2)
    return Design(make(test), tuple((size,) * arms for size in sizes), spread, expected, otherwise, share)


def test_the_chance_of_a_difference_is_that_of_the_noncentral_t() -> None:
    """Five against five, a spread of 0.5: two effects from the bound on both sides."""
    found = chance(design(DIFFERENCE, 0.5, 2.0, 0.0, 5), 4000)
    bound, distance = stats.t.ppf(0.95, 8), 1.0 / (0.5 * np.sqrt(2 / 5))
    power = 1 - stats.nct.cdf(bound, 8, distance)
    assert found.if_true == pytest.approx(power, abs=0.03)
    assert found.if_false == pytest.approx(power, abs=0.03)
    assert found.enough == (min(found.if_true, found.if_false) >= 0.8)


@pytest.mark.parametrize("size", [13, 14])
def test_the_chance_of_a_share_is_a_sum_of_binomials(size: int) -> None:
    """All of 14 are needed for 0.8, so that 13 have no chance at all."""
    found = chance(design(SHARE | {"low": 0.8}, 1.0, 1.0, 0.4, size), 4000)
    assert found.if_true == (1.0 if size == 14 else 0.0)
    most = max(hits for hits in range(size) if stats.binomtest(hits, size).proportion_ci(0.9).high < 0.8)
    assert found.if_false == pytest.approx(stats.binom.cdf(most, size, 0.4), abs=0.02)


def test_a_smaller_part_of_alpha_is_a_smaller_chance() -> None:
    alone, shared = (chance(design(DIFFERENCE, 0.6, 2.0, 0.0, 5, share=share)) for share in (1.0, 1 / 6))
    assert shared.if_true < alone.if_true - 0.1
    assert design(DIFFERENCE, 0.6, 2.0, 0.0, 3, 6, share=0.5).alphas == pytest.approx([alpha / 2 for alpha in spending(2)])


def test_looks_add_chances_and_the_first_that_decides_counts() -> None:
    """As many replicas in the end, and little of alpha lost on the way."""
    one, four = chance(design(DIFFERENCE, 1.0, 2.0, 0.0, 24)), chance(design(DIFFERENCE, 1.0, 2.0, 0.0, 3, 6, 12, 24))
    assert one.if_true - 0.1 < four.if_true <= one.if_true + 0.02
    assert sum(rates(design(DIFFERENCE, 1.0, 2.0, 0.0, 3, 6, 12, 24), 1.0, 2, 2000)) <= 0.1


def test_an_effect_that_cannot_be_seen_has_no_chance() -> None:
    assert not chance(design(DIFFERENCE, 5.0, 2.0, 0.0, 3)).enough
    assert chance(design(DIFFERENCE, 0.1, 2.0, 0.0, 2)).if_true == 0.0  # fewer replicas than an interval needs
    assert chance(design(DIFFERENCE, 0.1, 2.0, 0.0, 2, 5)).if_true > 0.9


def test_a_correlation_needs_as_many_replicas_as_the_permutation_does() -> None:
    """Three replicas have six orders: however large the excess, p is 1/6 at least."""
    for size, most in ((3, 0.0), (4, 1.0)):
        found = chance(design(CORRELATION, 0.02, 0.8, 0.0, size))
        assert found.if_true == most
        assert found.if_false == 1.0
    assert chance(design(CORRELATION, 0.02, 0.8, 0.0, 5, share=1 / 6)).if_true == 1.0  # 1/120 is 0.05/6
    assert chance(design(CORRELATION, 0.02, 0.8, 0.0, 5, share=1 / 7)).if_true == 0.0


def test_equal_plans_make_equal_chances() -> None:
    plan = design(COUNTS, 0.2, 0.7, 0.0, 10)
    assert chance(plan) == chance(plan)
    assert rates(plan, 0.0, 0, 200) != rates(plan, 0.0, 1, 200)


@pytest.mark.parametrize(
    ("test", "spread", "effect", "arms"),
    [
        (DIFFERENCE, 0.5, 2.0, [0.0, 2.0]),
        (DIFFERENCE | {"paired": True}, 0.5, 2.0, [0.0, 2.0]),
        (ORDERING, 0.5, 2.0, [0.0, 2.0, 4.0]),
        (COUNTS, 0.3, 0.5, [0.3, 0.8]),
        (COUNTS, 0.8, 0.5, [0.8, 1.0]),
        (EQUIVALENCE, 0.5, -1.0, [0.0, -1.0]),
        (WITHIN, 0.5, 3.0, [3.0]),
        (SHARE, 1.0, 0.9, [0.9]),
        (CORRELATION, 0.1, 0.6, [0.6]),
    ],
    ids=str,
)
def test_what_is_drawn_has_the_effect_and_the_spread(test: dict[str, Any], spread: float, effect: float, arms: list[float]) -> None:
    samples = draw(design(test, spread, effect, 0.0, 20), effect, np.random.default_rng(0), 500)
    assert [sample.shape for sample in samples] == [(500, 20)] * len(arms)
    assert [sample.mean() for sample in samples] == pytest.approx(arms, abs=0.03)
    if make(test).kind in ("counts", "share"):
        assert {value for sample in samples for value in np.unique(sample)} <= {0.0, 1.0}
    else:
        apart = samples[1] - samples[0] if getattr(make(test), "paired", False) else samples[-1]
        assert apart.std() == pytest.approx(spread, rel=0.03)


def test_a_ratio_is_drawn_on_logarithms() -> None:
    samples = draw(design(RATIO, 0.2, 3.0, 1.0, 20), 3.0, np.random.default_rng(0), 500)
    assert np.log(samples[1]).mean() - np.log(samples[0]).mean() == pytest.approx(np.log(3), abs=0.02)
    assert np.log(samples[0]).std() == pytest.approx(0.2, rel=0.03)


def test_the_hardest_effects_are_the_bounds() -> None:
    assert edges_of(make(DIFFERENCE)) == [1.0]
    assert edges_of(make(RATIO)) == [1.5]
    assert edges_of(make(EQUIVALENCE)) == [-1.0, 1.0]
    assert edges_of(make(WITHIN)) == [0.5, 1.5]
    assert edges_of(make(WITHIN, low=None)) == [1.5]  # and no sentinel that stands for none


def test_the_least_effect_that_would_be_found_is_found_in_four_of_five_experiments() -> None:
    for test, size in ((DIFFERENCE, 5), (DIFFERENCE | {"paired": True}, 8), (RATIO, 6)):
        plan = design(test, 0.5, 2.0, 1.0, size, share=0.5)
        least = detectable(plan)
        assert least is not None
        assert rates(plan, least, 0, 4000)[0] == pytest.approx(0.8, abs=0.03)
    assert detectable(design(SHARE, 1.0, 1.0, 0.2, 14)) is None
    assert detectable(design(DIFFERENCE, 0.5, 2.0, 0.0, 2)) is None


@pytest.mark.parametrize(
    ("test", "effect", "spread"),
    [(DIFFERENCE, 1.8, 1.0), (DIFFERENCE, 0.4, 0.5), (DIFFERENCE | {"paired": True}, 1.5, 0.5), (RATIO, 2.0, 0.3), (WITHIN, 1.2, 0.4)],
)
def test_with_the_replicas_that_are_needed_it_is_decided(test: dict[str, Any], effect: float, spread: float) -> None:
    needed = replicas_needed(make(test), effect, spread)
    assert needed is not None
    plan = design(test, spread, effect, 0.0, needed)
    assert sum(rates(plan, effect, 0, 2000)) >= 0.76
    few = replace(plan, sizes=tuple(tuple(max(size // 2, 3) for size in sizes) for sizes in plan.sizes))
    assert sum(rates(few, effect, 0, 2000)) < 0.76


def test_at_a_bound_no_number_of_replicas_is_enough() -> None:
    assert replicas_needed(make(DIFFERENCE), 1.0, 0.5) is None
    assert replicas_needed(make(DIFFERENCE), 1.001, 0.5) is None
    assert replicas_needed(make(RATIO), 0.0, 0.5) is None
    assert replicas_needed(make(SHARE), 0.9, 1.0) == replicas_needed(make(SHARE), 0.9, 99.0)  # the share itself says its spread
    assert replicas_needed(make(DIFFERENCE), 2.0, 0.5, 0.01) > replicas_needed(make(DIFFERENCE), 2.0, 0.5)
