"""How numbers and results read in a sentence; the filters of the report's templates and of every answer.md."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

MISSING = "not measured"
#: kinds of tests whose effect is a value and no difference
VALUES = {"ratio", "within", "share"}
#: units in words
UNITS = {"pp": "points"}
POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None, unit: str = "") -> str:
    """Three significant digits, or two decimals from one on: 0, 0.00123, 1.95, 12.30."""
    if value is None:
        return MISSING
    text = f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def signed(value: float | None, unit: str = "") -> str:
    """The same with its sign."""
    return MISSING if value is None else ("+" if value > 0 else "") + number(value, unit)


def interval(bounds: Sequence[float | None] | None, unit: str = "", signs: bool = True) -> str:
    """Both ends of an interval; an open end is infinite. Values, which are no differences, have no plus sign."""
    if bounds is None:
        return MISSING
    say = signed if signs else number
    low, high = ("-∞" if bounds[0] is None else say(bounds[0]), "+∞" if bounds[1] is None else say(bounds[1]))
    return f"[{low}, {high}] {unit}".strip()


def measured(claim: Mapping[str, Any]) -> str:
    """What was measured of a claim in a few words: counts, or effect and interval, and n."""
    if claim["effect"] is None:
        return MISSING
    parts = [estimate(claim)]
    if claim["counts"]:
        parts[0] += f": {_effect(claim)} {_ends(claim)}".rstrip()
    parts.append(f"n = {' + '.join(map(str, claim['n']))}")
    diverged = sum(arm["diverged"] for arm in claim["arms"])
    return ", ".join([*parts, *([f"{diverged} diverged"] if diverged else [])])


def places(interval: Sequence[float | None] | None, value: float) -> int:
    """How many decimals an interval supports: two digits of half its width; of a value without one, three digits of itself."""
    ends = [end for end in interval or [] if end is not None]
    width = (max(ends) - min(ends)) / 2 if len(ends) == 2 else 0.0
    if width > 0:
        return 1 - math.floor(math.log10(width))
    return 2 - math.floor(math.log10(abs(value))) if value else 0


def rounded(value: float, decimals: int) -> str:
    """A number with so many decimals, six at most; fewer than none rounds to tens. A true minus; a tiny number is a power of ten."""
    if decimals > 6 and 0 < abs(value) < 1e-3:
        power = math.floor(math.log10(abs(value)))
        head = f"{value / 10.0**power:.{max(0, min(1, decimals + power))}f}".removesuffix(".0")
        return f"{head} × 10{str(power).translate(POWERS)}".replace("-", "−")
    decimals = min(decimals, 6)
    text = f"{round(value, decimals):,.{max(0, decimals)}f}"
    return (text.removeprefix("-") if not float(text.replace(",", "")) else text).replace("-", "−")


def effect(claim: Mapping[str, Any]) -> str:
    """A claim's effect with the digits that its interval supports, and its unit; of an identity, how far off it is."""
    text = " ".join(part for part in (_effect(claim), unit_text(claim)) if part)
    return f"off by {text} at most" if claim["reach"] == "identity" and claim["effect"] is not None else text


def estimate(claim: Mapping[str, Any]) -> str:
    """The same with its interval; of shares of runs, the counts."""
    if claim["reach"] == "identity":
        return effect(claim)
    main, ends = estimate_parts(claim)
    return " ".join(part for part in (main, "" if claim["counts"] else unit_text(claim), ends) if part)


def amount(claim: Mapping[str, Any]) -> str:
    """The same without a plus sign: "lower by 0.48 [0.30, 0.66]"."""
    return estimate(claim).removeprefix("+")


def estimate_parts(claim: Mapping[str, Any]) -> tuple[str, str]:
    """What was measured, and its interval where it has one: "+0.98", "[0.85, 1.11]"."""
    if claim["effect"] is None:
        return MISSING, ""
    if claim["counts"]:
        runs = [f"{hits} of {size}" for hits, size in claim["counts"]]
        return " against ".join(reversed(runs)), ""  # the arm that is claimed to succeed first
    return _effect(claim), _ends(claim)


def _ends(claim: Mapping[str, Any]) -> str:
    if claim["interval"] is None:
        return ""
    low, high = (_digits(claim, end) if end is not None else None for end in claim["interval"])
    return f"[{low or '−∞'}, {high or '∞'}]"


def _digits(claim: Mapping[str, Any], value: float) -> str:
    """An effect, or an end of its interval. Ratios whose interval is wide have two digits each, since their ends differ in size."""
    bounds = claim["interval"]
    if claim["kind"] == "ratio" and bounds and None not in bounds and 0 < 1.5 * bounds[0] < bounds[1] and value > 0:
        return rounded(value, 1 - math.floor(math.log10(value)))
    return rounded(value, places(bounds, claim["effect"]))


def _effect(claim: Mapping[str, Any]) -> str:
    value = claim["effect"]
    if value is None:
        return MISSING
    if claim["reach"] == "identity":
        return rounded(value, 1 - math.floor(math.log10(abs(value))) if value else 0)
    text = _digits(claim, value)
    return f"+{text}" if value > 0 and claim["kind"] not in VALUES and text.strip("0.") else text


def unit_text(claim: Mapping[str, Any]) -> str:
    """The unit of a claim's effect in words; none of counts, which say it themselves."""
    if claim["effect"] is None or claim["counts"]:
        return ""
    return "times" if claim["kind"] == "ratio" else UNITS.get(claim["unit"], claim["unit"] or "")


def said(claim: Mapping[str, Any]) -> str:
    """A verdict in words: its outcome, how, and its reach. Only what is supported at the paper's setting is called replicated."""
    if claim["outcome"] == "supported" and claim["reach"] == "paper's setting":
        return "supported (replicated at the paper's setting)"
    details = [word for word in (claim["how"], claim["reach"]) if word]
    return f"{claim['outcome']} ({'; '.join(details)})" if details else str(claim["outcome"])


def mean(values: Sequence[float]) -> str:
    """Mean of the replicas of an arm."""
    return number(sum(values) / len(values)) if values else MISSING


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def command(target: str, scale: str | None = None, seeds: int | str | None = "protocol") -> str:
    """The command that makes a target with the knobs that decide its numbers; how and where it runs is the reader's own choice."""
    knobs = [f"scale={scale}"] if scale else []
    knobs += [f"seeds={seeds}"] if seeds not in ("protocol", None) else []
    return " ".join(["snakemake --cores all", target, *(["--config", *knobs] if knobs else [])])


FILTERS = {
    "number": number,
    "signed": signed,
    "interval": interval,
    "measured": measured,
    "said": said,
    "effect": effect,
    "estimate": estimate,
    "amount": amount,
    "mean": mean,
    "duration": duration,
}
