"""One alpha for several looks and several claims: by hand on small examples, and by simulation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from made_claims import DIFFERENCE, make
from statsmodels.stats.multitest import multipletests

from secondlook.stats.judge import ALPHA, Judgement, judge
from secondlook.stats.looks import Look, decide_alone, decide_together, spending

UNDECIDED = Judgement("undecided", "open")


def with_p(*p_values: float) -> Look:
    """A test that decides at a look where its p-value there is at most alpha."""

    def look(at: int, alpha: float) -> Judgement:
        return Judgement("supported", "", float(at)) if p_values[at] <= alpha * (1 + 1e-9) else UNDECIDED

    return look


@pytest.mark.parametrize("looks", [1, 2, 3, 4, 7])
def test_alpha_is_spent_in_proportion_to_the_look_and_adds_up(looks: int) -> None:
    shares = spending(looks)
    assert sum(shares) == pytest.approx(0.05)
    assert shares == pytest.approx([shares[0] * look for look in range(1, looks + 1)])
    assert spending(4) == pytest.approx([0.005, 0.010, 0.015, 0.020])


def test_the_first_look_that_decides_stands() -> None:
    """0.04 would be enough for one look alone; of four, the first has 0.005."""
    decision = decide_alone(with_p(0.04, 0.012, 0.001, 0.0), looks=4, seen=4)
    assert (decision.look, decision.looks, decision.alpha, decision.judgement.effect) == (3, 4, pytest.approx(0.015), 2.0)
    assert decision.spent == pytest.approx(0.03)
    assert decision.decided


def test_no_look_is_taken_before_it_has_its_replicas() -> None:
    decision = decide_alone(with_p(0.04, 0.0, 0.0, 0.0), looks=4, seen=1)
    assert (decision.look, decision.decided, decision.spent) == (1, False, pytest.approx(0.005))
    assert decide_alone(with_p(0.001, 0.0), looks=2, seen=0).look == 1  # what there is is judged as a first look


def test_a_claims_share_of_alpha() -> None:
    assert not decide_alone(with_p(0.03), 1, 1, share=0.5).decided
    assert decide_alone(with_p(0.03), 1, 1).decided
    assert decide_alone(with_p(0.02), 1, 1, share=0.5).alpha == pytest.approx(0.025)


def together(tests: Mapping[str, tuple[float, ...]], planned: int | None = None) -> dict[str, tuple[bool, float]]:
    judged = {key: (with_p(*p_values), len(p_values), len(p_values)) for key, p_values in tests.items()}
    found = decide_together(judged, planned or len(tests))
    return {key: (decision.decided, decision.alpha) for key, decision in found.items()}


def test_holms_steps_by_hand() -> None:
    """0.01 <= 0.05 / 3; then 0.02 <= 0.05 / 2; then 0.04 <= 0.05. By Bonferroni alone one would be decided."""
    found = together({"a": (0.04,), "b": (0.01,), "c": (0.02,)})
    assert found == {"b": (True, pytest.approx(0.05 / 3)), "c": (True, pytest.approx(0.025)), "a": (True, pytest.approx(0.05))}
    found = together({"a": (0.04,), "b": (0.01,), "c": (0.03,)})
    assert found == {"b": (True, pytest.approx(0.05 / 3)), "c": (False, pytest.approx(0.025)), "a": (False, pytest.approx(0.025))}
    assert not together({"a": (0.02,), "b": (0.02,), "c": (0.02,)})["a"][0]


def test_holm_is_that_of_statsmodels() -> None:
    for p_values in np.random.default_rng(0).random((40, 6)) ** 3:
        theirs = multipletests(p_values, alpha=ALPHA, method="holm")[0]
        found = together({str(place): (p,) for place, p in enumerate(p_values)})
        assert [found[str(place)][0] for place in range(6)] == theirs.tolist()


def test_a_claim_that_was_planned_and_could_not_be_judged_keeps_its_share() -> None:
    assert not together({"a": (0.02,), "b": (0.9,)}, planned=3)["a"][0]
    assert together({"a": (0.02,), "b": (0.9,)})["a"][0]


def test_holm_opens_earlier_looks_again_with_the_alpha_that_is_left() -> None:
    """Two looks at a third and two thirds of alpha; b decides first, then a is decided at its first look."""
    tests = {"a": (with_p(0.015, 0.9), 2, 2), "b": (with_p(0.001, 0.9), 2, 2)}
    found = decide_together(tests, 2)
    assert (found["a"].look, found["a"].alpha) == (1, pytest.approx(0.05 / 3))
    assert not decide_alone(*tests["a"], share=0.5).decided


def test_a_decision_is_frozen() -> None:
    """Whoever adds looks and replicas afterwards does not change it."""
    p_values = (0.004, 0.9, 0.9, 0.9)
    assert [decide_alone(with_p(*p_values), 4, seen).look for seen in (1, 2, 3, 4)] == [1, 1, 1, 1]


LOOKS = (3, 6, 12, 24)


def share_supported(alphas: list[float], experiments: int) -> float:
    """Of experiments with an effect at the very bound, those in which any look supports the claim."""
    test, rng = make(DIFFERENCE), np.random.default_rng(4)
    first, second = rng.normal(0, 1, (experiments, 24)), rng.normal(1, 1, (experiments, 24))
    hits = 0
    for a, b in zip(first, second, strict=True):
        hits += any(judge(test, [a[:n], b[:n]], alpha).outcome == "supported" for n, alpha in zip(LOOKS, alphas, strict=True))
    return hits / experiments


def test_four_looks_decide_wrongly_no_more_often_than_one() -> None:
    """Adding seeds until it is decided, with all of alpha each time, goes beyond 5 %: what inviting the reader to add seeds did."""
    assert share_supported(spending(4), 1000) <= 0.05
    assert share_supported([0.05] * 4, 1000) > 0.08


def test_six_claims_together_decide_wrongly_no_more_often_than_one() -> None:
    """All at the bound of where they hold; false support, false exclusion: each at most 5 % and three standard errors."""
    test, rng = make(DIFFERENCE), np.random.default_rng(5)
    wrong = np.zeros(2)
    for _ in range(400):
        samples = [(rng.normal(0, 1, 6), rng.normal(1, 1, 6)) for _ in range(6)]
        looks = {str(key): ((lambda at, alpha, arms=arms: judge(test, arms, alpha)), 1, 1) for key, arms in enumerate(samples)}
        outcomes = {decision.judgement.outcome for decision in decide_together(looks, 6).values() if decision.decided}
        wrong += "supported" in outcomes, bool(outcomes - {"supported"})
    assert (wrong / 400 <= 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5).all()
