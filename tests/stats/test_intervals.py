"""Intervals against scipy and statsmodels, against distributions that are counted out, and against what they promise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind

from secondlook.stats import intervals

FIRST, SECOND = [7.65, 7.5, 7.8, 7.6, 7.7], [7.7, 7.65, 7.75, 7.9, 7.95]


def ends(found: intervals.Estimate) -> tuple[float, float]:
    return float(found.low), float(found.high)


# -- Student -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paired", [False, True])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 6, 0.0005])
def test_differences_are_scipys(paired: bool, alpha: float) -> None:
    """One-sided alpha on each side: scipy's level is 1 - 2 alpha."""
    theirs = stats.ttest_rel(SECOND, FIRST) if paired else stats.ttest_ind(SECOND, FIRST, equal_var=False)
    ours = intervals.difference(FIRST, SECOND, alpha, paired=paired)
    assert ends(ours) == pytest.approx(tuple(theirs.confidence_interval(1 - 2 * alpha)), rel=1e-9)
    assert float(ours.effect) == pytest.approx(np.mean(SECOND) - np.mean(FIRST), rel=1e-12)


@pytest.mark.parametrize(("first", "second"), [([0.1, 0.11], [5.0, 1.0, 9.0, 3.0, 2.0, 8.0]), ([1e-9, 2e-9, 4e-9], [3e-9, 1e-9, 2e-9])])
def test_unequal_sizes_and_small_numbers(first: list[float], second: list[float]) -> None:
    theirs = stats.ttest_ind(second, first, equal_var=False).confidence_interval(0.9)
    assert ends(intervals.difference(first, second, 0.05)) == pytest.approx(tuple(theirs), rel=1e-9, abs=0)
    low, high = ends(intervals.difference(second, first, 0.05))
    assert (-high, -low) == pytest.approx(tuple(theirs), rel=1e-9, abs=0)


def test_a_mean_is_scipys() -> None:
    theirs = stats.ttest_1samp(FIRST, 0).confidence_interval(0.9)
    assert ends(intervals.mean(FIRST, 0.05)) == pytest.approx(tuple(theirs), rel=1e-9)


def test_a_ratio_is_a_difference_of_logarithms() -> None:
    found = intervals.ratio([1.0, 2.0, 4.0], [3.0, 6.0, 12.5], 0.05)
    theirs = stats.ttest_ind(np.log([3.0, 6.0, 12.5]), np.log([1.0, 2.0, 4.0]), equal_var=False).confidence_interval(0.9)
    assert ends(found) == pytest.approx(tuple(np.exp(theirs)), rel=1e-9)
    assert float(found.effect) == pytest.approx(stats.gmean([3.0, 6.0, 12.5]) / 2.0, rel=1e-12)


def test_an_interval_in_a_margin_is_both_one_sided_tests() -> None:
    """TOST: the smallest margin that the 90 % interval fits into is the one at which statsmodels gives p = 0.05."""
    margin = max(map(abs, ends(intervals.difference(FIRST, SECOND, 0.05))))
    p, *_ = ttost_ind(np.array(SECOND), np.array(FIRST), -margin, margin, usevar="unequal")
    assert p == pytest.approx(0.05, rel=1e-6)


def test_experiments_are_judged_at_once_as_one_by_one() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, (7, 4)), rng.normal(1, 2, (7, 6))
    for paired, other in ((False, second), (True, second[:, :4])):
        together = intervals.difference(first, other, 0.05, paired=paired)
        for row in range(7):
            assert ends(intervals.difference(first[row], other[row], 0.05, paired=paired)) == (together.low[row], together.high[row])
    together = intervals.share(np.array([0, 3, 5]), 5, 0.05)
    assert [ends(intervals.share(np.array(hits), 5, 0.05)) for hits in (0, 3, 5)] == list(zip(together.low, together.high, strict=True))


def test_bounds_are_wrong_as_often_as_they_say() -> None:
    """Four replicas against six with unequal spread. Standard error of the share: 0.3 points; the normal quantile would give 8.7 %."""
    rng = np.random.default_rng(1)
    found = intervals.difference(rng.normal(0, 1, (6000, 4)), rng.normal(2, 2, (6000, 6)), 0.05)
    for wrong in (found.low > 2, found.high < 2):
        assert 0.04 < wrong.mean() < 0.06


# -- no spread is no certainty -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 20])
@pytest.mark.parametrize("value", [0.0, -0.9, 1e6 / 3])
def test_replicas_that_do_not_differ_say_nothing_of_the_next(value: float, size: int) -> None:
    """Such a sample once had the interval [-0.9, -0.9]."""
    assert ends(intervals.mean([value] * size, 0.05)) == (-math.inf, math.inf)
    found = intervals.difference([value] * size, [value + 1] * size, 0.05)
    assert (float(found.effect), *ends(found)) == (pytest.approx(1.0), -math.inf, math.inf)
    assert ends(intervals.ratio([2.0] * size, [3.0] * size, 0.05)) == (0.0, math.inf)


def test_rounding_is_no_spread() -> None:
    """Pairs that differ by 0.001 each differ by 0.001 -+ 1e-13 in floating point, and logarithms of equal numbers by 1e-16."""
    first = np.array([900.0, 641.7, 33.7, 200.3])
    assert np.std(first + 0.001 - first) > 1e-12 * 0.001
    assert ends(intervals.difference(first, first + 0.001, 0.05, paired=True)) == (-math.inf, math.inf)
    near = np.nextafter(1.0, 2.0)
    assert ends(intervals.ratio([1.0, near, 1.0], [near, 1.0, near], 0.05)) == (0.0, math.inf)
    assert ends(intervals.difference(first, first + 0.001 + [0, 1e-6, 2e-6, 0], 0.05, paired=True))[0] > 0


def test_a_declared_resolution_is_a_spread() -> None:
    """Numbers of modes: rounding to whole ones has a variance of 1/12."""
    found = intervals.difference([8.0] * 4, [2.0] * 4, 0.05, resolution=1.0)
    assert ends(found) == pytest.approx((-6 - stats.t.ppf(0.95, 6) * math.sqrt(2 / 48), -6 + stats.t.ppf(0.95, 6) * math.sqrt(2 / 48)))
    assert ends(intervals.mean([8.0] * 4, 0.05, 1.0)) == pytest.approx(
        (8 - stats.t.ppf(0.95, 3) / 48**0.5, 8 + stats.t.ppf(0.95, 3) / 48**0.5)
    )
    paired = intervals.difference([8.0] * 4, [2.0] * 4, 0.05, paired=True, resolution=1.0)
    assert ends(paired) == pytest.approx((-6 - stats.t.ppf(0.95, 3) * math.sqrt(2 / 48), -6 + stats.t.ppf(0.95, 3) * math.sqrt(2 / 48)))
    wide = [1.0, 9.0, 4.0, 6.0]
    assert ends(intervals.mean(wide, 0.05, 1.0)) == ends(intervals.mean(wide, 0.05))  # a spread of their own is enough
    ratio = intervals.ratio([100.0] * 3, [200.0] * 3, 0.05, resolution=1.0)
    freedom = (1 + 0.25) ** 2 / (1 / 2 + 0.25**2 / 2)
    reach = stats.t.ppf(0.95, freedom) * math.sqrt((1e-4 + 0.25e-4) / 36)
    assert ends(ratio) == pytest.approx((2 * math.exp(-reach), 2 * math.exp(reach)), rel=1e-9)


def test_one_arm_without_spread_is_given_that_of_the_other() -> None:
    """And not taken for known, which would give 2.5 -+ the error of the second alone."""
    second = [2.0, 2.5, 3.0]
    found = intervals.difference([0.0] * 3, second, 0.05)
    reach = stats.t.ppf(0.95, 2) * math.sqrt(2 * np.var(second, ddof=1) / 3)
    assert ends(found) == pytest.approx((2.5 - reach, 2.5 + reach), rel=1e-12)
    assert ends(intervals.difference(second, [0.0] * 3, 0.05)) == pytest.approx((-2.5 - reach, -2.5 + reach), rel=1e-12)


# -- ranks ---------------------------------------------------------------------------------------------------------------------------


def u_of(a: np.ndarray, b: np.ndarray) -> int:
    return int((np.subtract.outer(b, a) > 0).sum())


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 3), (3, 5), (4, 2), (5, 5)])
def test_the_distribution_of_u_is_that_of_all_orders(m: int, n: int) -> None:
    ranks = np.arange(m + n)
    counted = np.zeros(m * n + 1)
    for chosen in itertools.combinations(ranks, m):
        counted[u_of(ranks[list(chosen)], np.delete(ranks, chosen))] += 1
    assert intervals._u_counts(m, n).tolist() == counted.tolist()


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_the_distribution_of_signed_ranks_is_that_of_all_signs(n: int) -> None:
    counted = np.zeros(n * (n + 1) // 2 + 1)
    for signs in itertools.product((0, 1), repeat=n):
        counted[np.dot(signs, range(1, n + 1))] += 1
    assert intervals._signed_rank_counts(n).tolist() == counted.tolist()


def test_large_samples_have_as_many_orders_as_there_are() -> None:
    counts = intervals._u_counts(24, 24)
    assert counts.sum() == pytest.approx(math.comb(48, 24), rel=1e-12)
    assert counts == pytest.approx(counts[::-1], rel=1e-9)
    assert (counts > 0).all()


@pytest.mark.parametrize("alpha", [0.05, 0.01, 0.2])
@pytest.mark.parametrize(("m", "n"), [(3, 3), (4, 5), (6, 6), (8, 5)])
def test_the_interval_of_ranks_holds_what_the_exact_test_does_not_reject(m: int, n: int, alpha: float) -> None:
    """Inversion of scipy's exact test: a shift just inside a bound is not rejected at alpha, one just outside is."""
    rng = np.random.default_rng(m * n)
    a, b = rng.normal(0, 1, m), rng.normal(1, 2, n)
    low, high = ends(intervals.shift(a, b, alpha))

    def p(shift: float, side: str) -> float:
        return float(stats.mannwhitneyu(b - shift, a, alternative=side, method="exact").pvalue)

    if math.isinf(low):
        assert 1 / math.comb(m + n, m) > alpha
        return
    assert p(low - 1e-9, "greater") <= alpha < p(low + 1e-9, "greater")
    assert p(high + 1e-9, "less") <= alpha < p(high - 1e-9, "less")


@pytest.mark.parametrize("alpha", [0.05, 0.01])
@pytest.mark.parametrize("n", [4, 5, 7, 10])
def test_the_paired_interval_of_ranks_inverts_wilcoxons_test(n: int, alpha: float) -> None:
    rng = np.random.default_rng(n)
    a, b = rng.normal(0, 1, n), rng.normal(1, 1, n)
    low, high = ends(intervals.shift(a, b, alpha, paired=True))

    def p(shift: float, side: str) -> float:
        return float(stats.wilcoxon(b - a - shift, alternative=side, method="exact").pvalue)

    if math.isinf(low):
        assert 0.5**n > alpha
        return
    assert p(low - 1e-9, "greater") <= alpha < p(low + 1e-9, "greater")
    assert p(high + 1e-9, "less") <= alpha < p(high - 1e-9, "less")


def test_three_against_three_are_just_enough_for_five_per_cent() -> None:
    """One order in twenty; at any smaller alpha the interval is open."""
    a, b = [1.0, 2.0, 4.0], [11.0, 12.5, 13.0]
    assert ends(intervals.shift(a, b, 0.05)) == (7.0, 12.0)
    assert ends(intervals.shift(a, b, 0.0499)) == (-math.inf, math.inf)
    assert float(intervals.shift(a, b, 0.05).effect) == np.median(np.subtract.outer(b, a))


def test_how_bad_a_divergence_is_said_to_be_does_not_matter() -> None:
    """90 or 1e6 for the one that diverged: both are the worst there is. As numbers they would inflate Welch's interval without bound."""
    first, second = [1.0, 1.2, 0.9, 1.1, 1.3], [5.0, 5.5, 6.0, 5.2]
    found = [intervals.shift(first, [*second, diverged], 0.05) for diverged in (90.0, 1e6)]
    assert (float(found[0].effect), float(found[0].low)) == (float(found[1].effect), float(found[1].low))
    assert float(found[0].low) > 3
    assert float(intervals.difference(first, [*second, 1e6], 0.05).low) < 0


def test_ranks_of_no_width_are_no_certainty_either() -> None:
    """Both arms diverged as a whole: nothing is known of their difference."""
    assert ends(intervals.shift([90.0] * 5, [90.0] * 5, 0.05)) == (-math.inf, math.inf)
    assert ends(intervals.shift([90.0] * 6, [90.0] * 6, 0.05, paired=True)) == (-math.inf, math.inf)
    low, high = ends(intervals.shift([1.0, 1.2, 0.9, 1.1, 1.3], [90.0] * 5, 0.05))  # one of them alone: that is a result
    assert 88.7 <= low < high <= 89.1


def test_bounds_of_ranks_are_wrong_at_most_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    wrong = np.zeros(2)
    for _ in range(1500):
        low, high = ends(intervals.shift(rng.standard_cauchy(5), rng.standard_cauchy(6) + 1, 0.05))
        wrong += low > 1, high < 1
    assert (wrong / 1500 < 0.06).all()
    assert (wrong / 1500 > 0.02).all()


# -- shares --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 6, 14, 30])
@pytest.mark.parametrize("alpha", [0.05, 0.05 / 6])
def test_a_share_has_scipys_exact_bounds(size: int, alpha: float) -> None:
    for hits in range(size + 1):
        theirs = stats.binomtest(hits, size).proportion_ci(1 - 2 * alpha, method="exact")
        ours = intervals.share(np.array(hits), size, alpha)
        assert ends(ours) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
        assert float(ours.effect) == hits / size


def test_none_of_two_says_next_to_nothing() -> None:
    """Closed form: 1 - alpha^(1/n). None of 2 leaves room for 78 %, none of 6 for 39 %; both once passed for "never"."""
    assert float(intervals.share(np.array(0), 2, 0.05).high) == pytest.approx(1 - 0.05**0.5)
    assert float(intervals.share(np.array(0), 6, 0.05).high) == pytest.approx(1 - 0.05 ** (1 / 6))
    assert float(intervals.share(np.array(14), 14, 0.05).low) == pytest.approx(0.05 ** (1 / 14))
    assert float(intervals.share(np.array(13), 13, 0.05).low) < 0.8 < float(intervals.share(np.array(14), 14, 0.05).low)


@pytest.mark.parametrize(("sizes", "alpha"), [((3, 3), 0.05), ((5, 10), 0.05), ((10, 10), 0.05), ((20, 20), 0.05), ((20, 20), 0.05 / 6)])
def test_a_difference_of_shares_is_wrong_at_most_as_often_as_it_says(sizes: tuple[int, int], alpha: float) -> None:
    """Counted out over all outcomes, at differences up to a half and base shares on a grid. Newcombe's bounds with Wilson's fail this."""
    grid = np.meshgrid(*(np.arange(size + 1) for size in sizes), indexing="ij")
    found = intervals.difference_of_shares((grid[0], grid[1]), sizes, alpha)
    for there in (0.0, 0.1, 0.2, 0.3, 0.5):
        for base in np.linspace(0, 1 - there, 21):
            chances = [stats.binom.pmf(np.arange(size + 1), size, share) for size, share in zip(sizes, (base, base + there), strict=True)]
            weights = np.outer(*chances)
            assert weights[found.low > there + 1e-9].sum() <= alpha * 1.1
            assert weights[found.high < there - 1e-9].sum() <= alpha * 1.1


def test_a_difference_of_shares_by_hand() -> None:
    """None of three against three of three: 1 - sqrt(2) (1 - 0.05^(1/3)) to 1."""
    found = intervals.difference_of_shares((np.array(0), np.array(3)), (3, 3), 0.05)
    assert (float(found.effect), *ends(found)) == pytest.approx((1.0, 1 - math.sqrt(2) * (1 - 0.05 ** (1 / 3)), 1.0))
    other = intervals.difference_of_shares((np.array(3), np.array(0)), (3, 3), 0.05)
    assert ends(other) == pytest.approx((-1.0, -1 + math.sqrt(2) * (1 - 0.05 ** (1 / 3))))


def test_boschloo_is_scipys_and_three_against_none_is_evidence() -> None:
    """The chance of 0 and 3 of 3 is p^3 (1 - p)^3 with one p, 1/64 at most; Fisher's test says 1/20 and could never find more."""
    assert intervals.more_successes_p((0, 3), (3, 3)) == pytest.approx(1 / 64, rel=1e-3)
    assert stats.fisher_exact([[0, 3], [3, 0]], alternative="less").pvalue == pytest.approx(0.05)
    assert intervals.more_successes_p((3, 0), (3, 3)) == pytest.approx(1.0, abs=1e-6)
    theirs = stats.boschloo_exact([[2, 7], [8, 4]], alternative="less").pvalue
    assert intervals.more_successes_p((2, 7), (10, 11)) == pytest.approx(theirs)
