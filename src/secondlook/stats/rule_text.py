"""A test's rule in words, as it stands beside a verdict."""

from __future__ import annotations

from secondlook.formatting import number
from secondlook.protocol.rules import Correlation, Counts, Difference, Equal, Equivalence, Ordering, Ratio, Share, Test, Within
from secondlook.stats.judge import FEWEST


def rule_text(test: Test) -> str:
    """Return the rule of a test in words."""
    if isinstance(test, Equal):
        given = f", where {test.given} holds," if test.given else ""
        bound = f"differs from {test.to} by at most {test.tolerance:g}" if test.tolerance else f"equals {test.to}"
        return f"supported if in every replica{given} the final {test.metric} {bound}; else contradicted"
    when = "final" if test.at == 1 else f"after {100 * test.at:g} % of training (the first measurement, where that comes later),"
    parts = [
        f"{when} {test.metric}, {_what(test)}: supported if the whole interval lies {_zone(test)}",
        _else(test),
        f"undecided otherwise, {_too_little(test)}",
    ]
    if isinstance(test, Difference) and test.given_lower:
        parts.append(f"undecided, too, unless {test.second.label} has a mean {test.given_lower} not above that of {test.first.label}")
    if not isinstance(test, Correlation):
        parts.append(f"a diverged replica counts as {number(test.diverged)}" + _ranks(test))
    return "; ".join(parts)


def _too_little(test: Test) -> str:
    """With what no interval is made."""
    if isinstance(test, Equal | Counts | Share) or (test.resolution and not isinstance(test, Correlation)):
        return f"and with fewer than {FEWEST} replicas an arm"
    return f"with fewer than {FEWEST} replicas an arm, and where replicas do not differ at all"


def _what(test: Test) -> str:
    """The effect of a test and how its interval is made."""
    match test:
        case Difference() | Equivalence():
            return f"{test.second.label} minus {test.first.label} ({'paired t' if test.paired else 'Welch'})"
        case Ratio():
            return f"{test.second.label} over {test.first.label} ({'paired t' if test.paired else 'Welch'} on logarithms)"
        case Ordering():
            return f"{' < '.join(arm.label for arm in test.arms)}, smallest step (Welch; upper bounds for all steps together)"
        case Counts():
            how = "Newcombe with Clopper-Pearson, and Boschloo's exact test"
            return f"share of successes, {test.second.label} minus {test.first.label} ({how})"
        case Share():
            given = f" among those with {test.given}" if test.given else ""
            return f"share of the replicas of {test.arm.label}{given} (Clopper-Pearson)"
        case Correlation():
            sign = " times -1" if test.sign < 0 else ""
            along = f"rank correlation with {test.beside} along training{sign}"
            return f"{along} less that between different replicas of {test.arm.label} (t of jackknife parts)"
        case Within():
            return f"mean of {test.arm.label} (t)"
    raise TypeError(f"no words for {type(test).__name__}")


def _zone(test: Test) -> str:
    unit = getattr(test, "unit", "")
    match test:
        case Equivalence():
            return f"within ± {number(test.margin, unit)}"
        case Within() | Share() | Correlation():
            if test.low is None or test.high is None:
                bound, side = (test.high, "below") if test.low is None else (test.low, "above")
                return f"{side} {number(bound, unit)}"
            return f"within {number(test.low)} to {number(test.high, unit)}"
        case Difference() | Ratio() | Ordering() | Counts():
            return f"above {number(test.smallest_effect, unit)}"
    raise TypeError(f"no words for {type(test).__name__}")


def _else(test: Test) -> str:
    if isinstance(test, Difference | Ratio | Ordering | Counts) or (isinstance(test, Correlation) and test.high is None):
        nothing = "1" if isinstance(test, Ratio) else "0"
        weaker = f"weaker than claimed if it lies wholly below that and above {nothing}"
        return f"{weaker}, contradicted if it lies below that and reaches {nothing} or less"
    return "contradicted if it lies wholly outside"


def _ranks(test: Test) -> str:
    return (
        ", and where there is one ranks are compared (Hodges-Lehmann)"
        if isinstance(test, Difference | Ratio | Ordering | Equivalence | Within)
        else ""
    )
