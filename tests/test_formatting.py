"""How numbers read in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from secondlook.formatting import (
    FILTERS,
    MISSING,
    amount,
    command,
    duration,
    effect,
    estimate,
    interval,
    mean,
    measured,
    number,
    said,
    signed,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.00123456, "0.00123"),
        (1e-17, "1e-17"),
        (-0.5, "-0.5"),
        (0.12345, "0.123"),
        (1.0, "1.00"),
        (1.954, "1.95"),
        (-12.3, "-12.30"),
        (1234.5678, "1234.57"),
        (3, "3.00"),
        (None, MISSING),
    ],
)
def test_number(value: float | None, text: str) -> None:
    assert number(value) == text


def test_a_unit_follows_a_number_and_only_a_number() -> None:
    assert number(1.5, "%") == "1.50 %"
    assert signed(1.5, "percentage points") == "+1.50 percentage points"
    assert interval([0.1, 2.0], "%") == "[+0.1, +2.00] %"
    assert number(None, "%") == signed(None, "%") == interval(None, "%") == MISSING


@pytest.mark.parametrize(("value", "text"), [(0.25, "+0.25"), (-0.25, "-0.25"), (0.0, "0"), (12.0, "+12.00"), (None, MISSING)])
def test_signed(value: float | None, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(
    ("bounds", "text"),
    [([-1.0, 2.5], "[-1.00, +2.50]"), ([0.0, 0.0], "[0, 0]"), ([None, 0.5], "[-∞, +0.5]"), ([0.5, None], "[+0.5, +∞]"), (None, MISSING)],
)
def test_interval(bounds: list[float] | None, text: str) -> None:
    assert interval(bounds) == text


def claim(**fields: Any) -> dict[str, Any]:
    arms = [{"diverged": 0}, {"diverged": 0}]
    return {
        "effect": 1.95,
        "interval": [1.5, 2.4],
        "n": [5, 4],
        "unit": "%",
        "arms": arms,
        "counts": None,
        "reach": "reduced",
        "kind": "difference",
    } | fields


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "+1.95 % [1.50, 2.40], n = 5 + 4"),
        ({"arms": [{"diverged": 0}, {"diverged": 2}]}, "+1.95 % [1.50, 2.40], n = 5 + 4, 2 diverged"),
        ({"interval": None, "n": [30], "arms": [], "unit": "", "effect": 0.0, "reach": "identity"}, "off by 0 at most, n = 30"),
        ({"counts": [[1, 5], [4, 4]], "unit": ""}, "4 of 4 against 1 of 5: +1.95 [1.50, 2.40], n = 5 + 4"),
        ({"interval": None}, "+1.95 %, n = 5 + 4"),
        ({"kind": "ratio", "unit": ""}, "1.9 times [1.5, 2.4], n = 5 + 4"),
        ({"kind": "within", "n": [5]}, "1.95 % [1.50, 2.40], n = 5"),
        ({"effect": None, "interval": None, "n": [], "arms": []}, MISSING),
        ({"effect": None, "interval": None, "n": [2, 2]}, MISSING),
    ],
)
def test_measured(fields: dict[str, Any], text: str) -> None:
    assert measured(claim(**fields)) == text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "+1.95 % [1.50, 2.40]"),
        ({"effect": 123.456, "interval": [100.0, 150.0]}, "+123 % [100, 150]"),
        ({"effect": 12345.6, "interval": [10000.0, 15000.0], "unit": ""}, "+12,300 [10,000, 15,000]"),
        ({"effect": -0.0123, "interval": [-0.0200, -0.0046], "unit": "pp"}, "−0.0123 points [−0.0200, −0.0046]"),
        ({"effect": 0.001, "interval": [-1.0, 1.0], "unit": ""}, "0.0 [−1.0, 1.0]"),  # nothing is no gain
        ({"effect": 20.0, "interval": [0.5, 830.0], "kind": "ratio"}, "20 times [0.50, 830]"),
        ({"effect": 1.0001, "interval": [0.9953, 1.0049], "kind": "ratio"}, "1.0001 times [0.9953, 1.0049]"),
        ({"interval": [None, -0.5], "effect": -1.954}, "−1.95 % [−∞, −0.50]"),
        ({"counts": [[1, 5], [4, 4]]}, "4 of 4 against 1 of 5"),
        ({"counts": [[3, 3]], "kind": "share"}, "3 of 3"),
        ({"effect": 4.44e-16, "interval": None, "unit": "", "reach": "identity"}, "off by 4.4 × 10⁻¹⁶ at most"),
        ({"effect": 0.000196, "interval": None, "unit": "", "reach": "identity"}, "off by 0.00020 at most"),
        ({"effect": None, "interval": None}, MISSING),
    ],
)
def test_an_estimate_has_the_digits_that_its_interval_supports(fields: dict[str, Any], text: str) -> None:
    assert estimate(claim(**fields)) == text
    assert amount(claim(**fields)) == text.removeprefix("+")


def test_an_effect_alone() -> None:
    assert effect(claim()) == "+1.95 %"
    assert effect(claim(effect=None)) == MISSING


@pytest.mark.parametrize(
    ("outcome", "how", "reach", "text"),
    [
        ("supported", None, "paper's setting", "supported (replicated at the paper's setting)"),
        ("supported", None, "reduced", "supported (reduced)"),
        ("supported", None, "identity", "supported (identity)"),
        ("contradicted", "opposite", "reduced", "contradicted (opposite; reduced)"),
        ("contradicted", "absent", "paper's setting", "contradicted (absent; paper's setting)"),
        ("not run", None, None, "not run"),
    ],
)
def test_only_what_is_supported_at_the_papers_setting_is_called_replicated(outcome: str, how: str, reach: str, text: str) -> None:
    assert said({"outcome": outcome, "how": how, "reach": reach}) == text


def test_mean() -> None:
    assert mean([1.0, 2.0, 4.5]) == "2.50"
    assert mean([]) == MISSING


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (61, "1 min 1 s"),
        (3599.4, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (90_061, "25 h 1 min"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("toy",), "snakemake --cores all toy"),
        (("toy", "paper"), "snakemake --cores all toy --config scale=paper"),
        (("toy", "paper", 5), "snakemake --cores all toy --config scale=paper seeds=5"),
        (("toy", None, "protocol"), "snakemake --cores all toy"),
        (("toy", None, None), "snakemake --cores all toy"),
        (("toy", None, 5), "snakemake --cores all toy --config seeds=5"),
    ],
)
def test_command(arguments: tuple[Any, ...], text: str) -> None:
    assert command(*arguments) == text


def test_every_function_is_a_filter_of_the_templates() -> None:
    for function in (number, signed, interval, measured, said, effect, estimate, amount, mean, duration):
        assert FILTERS[function.__name__] is function
    assert len(FILTERS) == 10
