"""How numbers and results read in a sentence; the filters of the report's templates and of every answer.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MISSING = "not measured"
#: kinds of tests whose effect is a value and no difference
VALUES = {"ratio", "within", "share"}


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
    runs = f"n = {' + '.join(map(str, claim['n']))}"
    if claim["reach"] == "identity":
        return f"off by {number(claim['effect'], claim['unit'])} at most, {runs}"
    counts = ", ".join(f"{hits} of {size}" for hits, size in claim["counts"] or [])
    diverged = sum(arm["diverged"] for arm in claim["arms"])
    signs = claim["kind"] not in VALUES
    effect = (signed if signs else number)(claim["effect"], "times" if claim["kind"] == "ratio" else claim["unit"])
    parts = [f"{counts}: " if counts else "", effect, f" {interval(claim['interval'], signs=signs)}" if claim["interval"] else ""]
    return "".join([*parts, f", {runs}", f", {diverged} diverged" if diverged else ""])


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
    "mean": mean,
    "duration": duration,
}
