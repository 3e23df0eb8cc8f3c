"""The rule of each kind of test, on samples written by hand: every verdict it can give."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from secondlook.protocol.claims import Test as AnyTest
from secondlook.stats.judge import judge, rule_text

A, B, C = ({"label": name, "cells": {"arm": [name]}} for name in "abc")
TWO = {"diverged": 0, "first": A, "second": B}
ONE = {"diverged": 0, "arm": A}
ORDER = {"ordering": "m", "diverged": 0, "arms": [A, B, C], "smallest_effect": 1.0}
WITH = {"correlation": "m", **ONE, "beside": "q", "smallest_effect": 0.5}
LOW = [1.0, 1.1, 0.9, 1.05, 0.95]


def up(by: float) -> list[float]:
    return [value + by for value in LOW]


def make(**fields) -> AnyTest:
    return TypeAdapter(AnyTest).validate_python(fields)


def kind(test: dict) -> str:
    return make(**test).kind


CASES = [
    (ORDER, [LOW, up(2), up(4)], "replicated"),
    (ORDER, [LOW, up(2), up(2.4)], "direction only"),
    (ORDER, [LOW, up(2), up(1)], "not replicated"),
    (ORDER, [LOW, up(2), up(2)], "not replicated"),  # a step that is surely smaller than what counts
    (ORDER, [LOW, up(3), [2.0, 6.0, 5.0, 3.5, 6.5]], "inconclusive"),
    ({"counts": "m", **TWO, "smallest_effect": 0.5}, [[0] * 10, [1] * 9 + [0]], "replicated"),
    ({"counts": "m", **TWO, "smallest_effect": 0.95}, [[0] * 10, [1] * 9 + [0]], "direction only"),
    ({"counts": "m", **TWO, "smallest_effect": 0.5}, [[0] * 10, [0] * 10], "not replicated"),
    ({"counts": "m", **TWO, "smallest_effect": 0.5}, [[0] * 3, [1] * 3], "inconclusive"),  # Fisher: p = 0.1
    ({"ratio": "m", **TWO, "smallest_effect": 1.5}, [LOW, [3 * value for value in LOW]], "replicated"),
    ({"ratio": "m", **TWO, "smallest_effect": 5.0}, [LOW, [3 * value for value in LOW]], "direction only"),
    ({"ratio": "m", **TWO, "smallest_effect": 1.5}, [LOW, LOW], "not replicated"),
    ({"ratio": "m", **TWO, "smallest_effect": 1.5}, [LOW, [0.0, *LOW]], "inconclusive"),  # no logarithm
    (WITH, [[0.8, 0.9, 0.85]], "replicated"),
    (WITH, [[0.3, 0.32, 0.31]], "direction only"),
    (WITH, [[-0.1, 0.1, 0.0, 0.05, -0.05]], "not replicated"),
    (WITH | {"sign": -1}, [[-0.8, -0.9, -0.85]], "replicated"),
    (WITH, [[-0.8, 0.9, 0.1]], "inconclusive"),
    (WITH | {"over": "replicas"}, [list(range(12)), [0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10]], "replicated"),
    (WITH | {"over": "replicas"}, [[1, 2, 3], [4, 5, 6]], "inconclusive"),  # in order by luck one time in six
    ({"equivalence": "m", **TWO, "margin": 1.0}, [LOW, up(0.1)], "replicated"),
    ({"equivalence": "m", **TWO, "margin": 0.5}, [LOW, up(2)], "not replicated"),
    ({"equivalence": "m", **TWO, "margin": 0.1}, [LOW, up(0.09)], "inconclusive"),
    ({"within": "m", **ONE, "low": 0.5, "high": 1.5}, [LOW], "replicated"),
    ({"within": "m", **ONE, "low": 5.0, "high": 6.0}, [LOW], "not replicated"),
    ({"within": "m", **ONE, "low": 1.0, "high": 6.0}, [LOW], "inconclusive"),
    ({"difference": "m", **TWO, "paired": True}, [LOW, [*up(1), 3.0]], "inconclusive"),  # a replica without its partner
]


@pytest.mark.parametrize(("test", "samples", "verdict"), CASES, ids=[f"{kind(case[0])}-{case[2]}" for case in CASES])
def test_verdicts(test: dict, samples: list, verdict: str) -> None:
    assert judge(make(**test), samples).verdict == verdict


@pytest.mark.parametrize("test", [ORDER, WITH, {"within": "m", **ONE, "low": 0, "high": 1}], ids=kind)
def test_two_replicas_decide_nothing(test: dict) -> None:
    judgement = judge(make(**test), [[1.0, 2.0]] * 3)
    assert judgement.verdict == "inconclusive"
    assert judgement.estimate is None
    assert "a verdict needs 3" in judgement.why


def test_an_effect_the_wrong_way_is_never_replicated() -> None:
    for test, samples, verdict in CASES:
        if verdict == "replicated" and kind(test) in ("counts", "ratio", "ordering"):
            assert judge(make(**test), samples[::-1]).verdict == "not replicated", kind(test)


@pytest.mark.parametrize("test", [case[0] for case in CASES], ids=kind)
def test_the_rule_in_words_names_every_verdict(test: dict) -> None:
    text = rule_text(make(**test))
    for word in ("replicated if", "not replicated if", "inconclusive"):
        assert word in text


def test_a_stricter_level_is_said_and_kept() -> None:
    test = make(difference="m", **TWO)
    assert "98.3 % interval" in rule_text(test, 1 - 0.05 / 3)
    found = [judge(test, [LOW, up(0.12)], level=level).estimate for level in (0.9, 0.99)]
    assert found[1].low < found[0].low < found[0].high < found[1].high
