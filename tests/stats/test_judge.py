"""The rule of each kind of test, on samples written by hand: every outcome it can give."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from made_claims import CORRELATION, COUNTS, DIFFERENCE, EQUIVALENCE, LOW, ORDERING, RATIO, SHARE, WITHIN, make, up
from scipy import stats

from secondlook.stats.judge import ALPHA, FEWEST, judge, verdicts
from secondlook.stats.zones import DECIDED

WIDE = [-4.0, 6.0, 2.0, 0.0, 5.0]

CASES: list[tuple[dict[str, Any], list[list[float]], str, str]] = [
    (DIFFERENCE, [LOW, up(2)], "supported", ""),
    (DIFFERENCE, [LOW, up(0.5)], "weaker than claimed", ""),
    (DIFFERENCE, [LOW, LOW], "contradicted", "absent"),
    (DIFFERENCE, [LOW, up(-2)], "contradicted", "opposite"),
    (DIFFERENCE, [LOW, up(1.0)], "undecided", "whether it is large enough"),  # the estimate reaches 1, its lower bound does not
    (DIFFERENCE, [LOW, WIDE], "undecided", "both sides"),
    (DIFFERENCE | {"paired": True}, [LOW, [*up(2.5)[:4], 3.6]], "supported", ""),
    (DIFFERENCE | {"paired": True}, [LOW, [*up(2), 3.0]], "undecided", "do not have the same replicas"),
    (RATIO, [LOW, [3 * value for value in LOW]], "supported", ""),
    (RATIO, [LOW, [1.3 * value for value in LOW]], "weaker than claimed", ""),
    (RATIO, [LOW, LOW], "contradicted", "absent"),
    (RATIO, [LOW, [value / 3 for value in LOW]], "contradicted", "opposite"),
    (RATIO, [LOW, [0.0, *LOW]], "undecided", "needs positive values"),
    (ORDERING, [LOW, up(2), up(4)], "supported", ""),
    (ORDERING, [LOW, up(2), up(2.5)], "weaker than claimed", ""),
    (ORDERING, [LOW, up(2), up(2)], "contradicted", "absent"),
    (ORDERING, [LOW, up(2), up(1)], "contradicted", "opposite"),
    (ORDERING, [LOW, up(3), WIDE], "undecided", ""),
    (COUNTS, [[0] * 10, [1] * 9 + [0]], "supported", ""),
    (COUNTS | {"smallest_effect": 0.9}, [[0] * 20, [1] * 12 + [0] * 8], "weaker than claimed", ""),
    (COUNTS | {"smallest_effect": 0.6}, [[0] * 10, [0] * 10], "contradicted", "absent"),
    (COUNTS, [[1] * 10, [0] * 10], "contradicted", "opposite"),
    (COUNTS, [[0] * 3, [0] * 3], "undecided", "both sides"),
    (COUNTS, [[0] * 3, [0, 1, 1]], "undecided", ""),
    (EQUIVALENCE, [LOW, up(0.1)], "supported", ""),
    (EQUIVALENCE, [LOW, up(2)], "contradicted", "larger"),
    (EQUIVALENCE, [LOW, up(-2)], "contradicted", "smaller"),
    (EQUIVALENCE, [LOW, up(0.95)], "undecided", ""),
    (EQUIVALENCE, [WIDE, WIDE], "undecided", ""),  # alike, with too few replicas to say that they are
    (WITHIN, [LOW], "supported", ""),
    (WITHIN | {"low": 5.0, "high": 6.0}, [LOW], "contradicted", "smaller"),
    (WITHIN | {"low": 1.0, "high": 6.0}, [LOW], "undecided", ""),
    (WITHIN | {"low": None}, [LOW], "supported", ""),
    (SHARE, [[1] * 14], "supported", ""),
    (SHARE, [[1] * 6], "undecided", ""),  # 0.05^(1/6) = 0.61
    (SHARE, [[0] * 5 + [1]], "contradicted", "smaller"),
    (CORRELATION, [[0.8, 0.9, 0.85]], "supported", ""),
    (CORRELATION, [[0.1, 0.12, 0.11]], "weaker than claimed", ""),
    (CORRELATION, [[-0.1, 0.1, 0.0, 0.05, -0.05]], "contradicted", "absent"),
    (CORRELATION, [[-0.8, 0.9, 0.1]], "undecided", ""),
]


@pytest.mark.parametrize(("test", "samples", "outcome", "why"), CASES, ids=[f"{make(case[0]).kind}-{case[2]}" for case in CASES])
def test_outcomes(test: dict[str, Any], samples: list[list[float]], outcome: str, why: str) -> None:
    judgement = judge(make(test), [np.array(sample, float) for sample in samples])
    assert judgement.outcome == outcome
    assert why in judgement.why
    if outcome in DECIDED:
        assert judgement.effect is not None
        assert judgement.interval is not None
        assert judgement.interval[0] <= judgement.effect <= judgement.interval[1]


def test_every_kind_and_every_outcome_is_among_the_cases() -> None:
    assert {make(case[0]).kind for case in CASES} == {
        *("difference", "ratio", "ordering", "counts", "equivalence", "within", "share", "correlation"),
    }
    assert {case[2] for case in CASES} == {*DECIDED, "undecided"}


@pytest.mark.parametrize(
    "test", [DIFFERENCE, RATIO, ORDERING, COUNTS, EQUIVALENCE, WITHIN, SHARE, CORRELATION], ids=lambda test: next(iter(test))
)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_replicas_decide_nothing(test: dict[str, Any], count: int) -> None:
    """Of 0/1, too: none of none is no share."""
    arms = {"ordering": 3, "within": 1, "share": 1, "correlation": 1}.get(make(test).kind, 2)
    judgement = judge(make(test), [np.ones(count)] + [np.ones(5)] * (arms - 1))
    assert (judgement.outcome, judgement.effect, judgement.interval) == ("undecided", None, None)
    assert "a verdict needs 3" in judgement.why
    assert FEWEST == 3


@pytest.mark.parametrize("test", [DIFFERENCE, RATIO, ORDERING, EQUIVALENCE, WITHIN, CORRELATION], ids=lambda test: next(iter(test)))
def test_no_spread_is_undecided(test: dict[str, Any]) -> None:
    """[-0.9, -0.9] was "not replicated", and three zeros of three were "replicated"."""
    arms = {"ordering": 3, "within": 1, "correlation": 1}.get(make(test).kind, 2)
    judgement = judge(make(test), [np.full(20, 0.9 + 2 * arm) for arm in range(arms)])
    assert (judgement.outcome, judgement.interval) == ("undecided", None)
    assert judgement.effect is not None
    assert judgement.why == "all replicas have the same value, which is no certainty"


def test_unless_the_metric_has_a_resolution() -> None:
    samples = [np.full(5, 2.0), np.full(5, 8.0)]
    for test in (DIFFERENCE, RATIO, EQUIVALENCE):
        assert judge(make(test, resolution=1.0), samples).outcome == ("contradicted" if test is EQUIVALENCE else "supported")
    assert judge(make(WITHIN, low=7.0, high=9.0, resolution=1.0), samples[1:]).outcome == "supported"


def test_zeros_and_ones_have_binomial_bounds_and_no_t() -> None:
    """Three of three were a mean of 1 -+ 0: wrong in 0.45^3 = 9 % of experiments with a share of 0.45."""
    judgement = judge(make(SHARE, low=0.5), [np.ones(3)])
    assert judgement.outcome == "undecided"
    assert judgement.interval == pytest.approx((0.05 ** (1 / 3), 1.0))


def test_three_of_three_against_none_of_three_is_evidence_in_both_directions() -> None:
    """Fisher's p = 0.1 could never support and the interval could refute; Boschloo's is 1/64 on one side."""
    none, all_ = np.zeros(3), np.ones(3)
    assert judge(make(COUNTS, smallest_effect=0.1), [none, all_]).outcome == "supported"
    assert judge(make(COUNTS, smallest_effect=0.1), [all_, none]).outcome == "contradicted"
    assert judge(make(COUNTS, smallest_effect=0.1), [none, all_], ALPHA / 6).outcome == "undecided"


def test_the_lower_bound_must_reach_the_smallest_effect_and_not_the_estimate() -> None:
    """With a true effect of 0.8 of the smallest, an estimate that reaches it in one experiment of three is support in hardly any."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 0.5, (2000, 5)), rng.normal(0.8, 0.5, (2000, 5))
    supported, _ = verdicts(make(DIFFERENCE), [first, second], ALPHA)
    assert (second.mean(1) - first.mean(1) >= 1).mean() > 0.2
    assert supported.mean() < 0.03


def test_a_smaller_alpha_is_a_wider_interval() -> None:
    found = [judge(make(DIFFERENCE), [np.array(LOW), np.array(up(2))], alpha).interval for alpha in (0.05, 0.005)]
    assert found[1][0] < found[0][0] < found[0][1] < found[1][1]
    theirs = stats.ttest_ind(up(2), LOW, equal_var=False).confidence_interval(0.99)
    assert found[1] == pytest.approx(tuple(theirs))


def test_steps_all_have_their_lower_bounds_and_share_alpha_for_the_upper() -> None:
    samples = [np.array(LOW), np.array(up(2)), np.array(up(4)) * 1.1]
    judgement = judge(make(ORDERING), samples)
    steps = [stats.ttest_ind(b, a, equal_var=False) for a, b in itertools.pairwise(samples)]
    low = min(step.confidence_interval(0.9).low for step in steps)
    high = min(step.confidence_interval(0.95).high for step in steps)  # alpha / 2 on that side
    assert judgement.interval == pytest.approx((low, high))


def test_where_a_replica_diverged_ranks_are_compared() -> None:
    """Imputed as a number, 1e6 makes any interval hold everything."""
    second = np.array([*up(3)[:4], 1e6])
    assert judge(make(DIFFERENCE), [np.array(LOW), second]).outcome == "undecided"
    judgement = judge(make(DIFFERENCE), [np.array(LOW), second], ranks=True)
    assert judgement.outcome == "supported"
    assert judgement.effect < 3.3
    ratio = judge(make(RATIO), [np.array(LOW), second], ranks=True)
    assert ratio.outcome == "supported"
    assert ratio.interval[0] == pytest.approx(np.exp(np.sort(np.subtract.outer(np.log(second), np.log(LOW)).ravel())[4]))


def test_too_few_replicas_for_ranks_and_arms_that_diverged_as_a_whole() -> None:
    """Four against four: one order in 70."""
    first, second = np.array(LOW[:4]), np.array([*up(2)[:3], 90.0])
    few = judge(make(DIFFERENCE), [first, second], 0.01, ranks=True)
    assert (few.outcome, few.why, few.interval) == ("undecided", "too few replicas for an interval of ranks", None)
    assert judge(make(DIFFERENCE), [first, second], 0.05, ranks=True).outcome == "supported"
    lost = judge(make(DIFFERENCE), [np.full(6, 90.0)] * 2, ranks=True)
    assert (lost.outcome, lost.interval) == ("undecided", None)
    assert judge(make(DIFFERENCE), [np.array(LOW), np.full(5, 90.0)], ranks=True).outcome == "supported"


SIMULATED = [DIFFERENCE, DIFFERENCE | {"paired": True}, RATIO, ORDERING, COUNTS, EQUIVALENCE, WITHIN, SHARE]


@pytest.mark.parametrize("test", SIMULATED, ids=lambda test: next(iter(test)))
def test_experiments_judged_at_once_have_the_outcomes_of_each(test: dict[str, Any]) -> None:
    rng, rule = np.random.default_rng(7), make(test)
    arms = {"ordering": 3, "within": 1, "share": 1}.get(rule.kind, 2)
    samples = [np.exp(rng.normal(0.4 * arm, 0.3, (60, 6))) for arm in range(arms)]
    if rule.kind in ("counts", "share"):
        samples = [(rng.random((60, 6)) < share).astype(float) for share in (0.15, 0.85)[:arms]]
    yes, no = verdicts(rule, samples, 0.05)
    each = [judge(rule, [sample[row] for sample in samples], 0.05).outcome for row in range(60)]
    assert [outcome == "supported" for outcome in each] == yes.tolist()
    assert [outcome in DECIDED - {"supported"} for outcome in each] == no.tolist()
    assert yes.any() or no.any()
