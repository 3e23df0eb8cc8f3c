"""Typed models of decision rules: arms, and the kinds of tests that claims and controls name.

A test names its kind together with the metric that it looks at, ``counts: success``. Arms may be named (the protocol's ``arms``); value
where diverged, unit and smallest effect come from the protocol's ``metrics`` unless the test gives its own. Both are filled in while a
protocol is read (`secondlook.protocol.paper`), so that a test on its own says everything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationInfo, model_validator

from secondlook.errors import did_you_mean
from secondlook.protocol.metrics import Metric
from secondlook.protocol.schema import FactorValue, Name, Schema

Values = Annotated[
    list[FactorValue],
    Field(min_length=1),
    BeforeValidator(lambda value: value if isinstance(value, list) else [value], json_schema_input_type=FactorValue | list[FactorValue]),
]


class Arm(Schema):
    """Cells that one side of a comparison may take."""

    label: str
    """Its name in tables and figures."""
    cells: dict[Name, Values] = {}
    """Factor values of its cells; a factor that is not named must be absent from the cell."""
    pick: str | None = None
    """With several cells: the metric whose mean is lowest picks one; not the metric tested, which would be low by luck as well."""
    experiment: Name | None = None
    """The experiment that has its cells, where it is not the claim's."""


def _named_arm(value: Any, info: ValidationInfo) -> Any:
    """The arm that a name stands for."""
    if not isinstance(value, str):
        return value
    arms = (info.context or {}).get("arms", {})
    if value not in arms:
        raise ValueError(f"unknown arm.{did_you_mean(value, arms)}")
    return arms[value]


OneArm = Annotated[Arm, BeforeValidator(_named_arm, json_schema_input_type=str | Arm)]


class _Kind(Schema):
    """What all kinds of tests have: the metric, under the name of the kind."""

    kind: ClassVar[str]

    @property
    def metric(self) -> str:
        """The metric tested."""
        return str(getattr(self, self.kind))


class Equal(_Kind):
    """A numerical identity: every replica's final value equals a known one. What varies by chance is no identity."""

    kind = "equal"
    equal: str
    """The metric tested."""
    to: str | float
    """A number, or the metric that holds the known value."""
    tolerance: float = Field(0.0, ge=0)
    """Largest absolute difference that counts as equal."""
    cells: dict[Name, Values] = {}
    """Only cells with these factor values."""
    given: str | None = None
    """Only replicas where this metric is 1 (a theorem's premise)."""


def _may_be_the_metrics(schema: dict[str, Any]) -> None:
    """In a file ``diverged`` need not stand in the test: the metric may have it."""
    schema["required"] = [name for name in schema.get("required", []) if name != "diverged"]


class Statistic(_Kind):
    """What every test of measured values says."""

    model_config = ConfigDict(json_schema_extra=_may_be_the_metrics)
    #: what the metric has that is taken from there
    taken: ClassVar[tuple[str, ...]] = ("diverged", "unit", "smallest_effect", "resolution")

    cells: dict[Name, Values] = {}
    """Factor values that all arms share."""
    at: float = Field(1.0, gt=0, le=1)
    """Point of training as a share of its updates; 1 is the end."""
    diverged: float
    """Value of a diverged replica, which must be the worst there is; the metric's own where it has one."""
    unit: str = ""
    """Unit of the effect; the metric's own by default."""
    resolution: float | None = Field(None, gt=0)
    """Smallest step between two values; the metric's own by default."""

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, data: Any, info: ValidationInfo) -> Any:
        """Take what is not said here from the metric, and give the arms the factor values that they share."""
        if not isinstance(data, dict):
            return data
        filled = dict(data)
        name = data.get(cls.kind)
        metric = (info.context or {}).get("metrics", {}).get(name) if isinstance(name, str) else None
        for key in cls.taken:
            if isinstance(metric, Metric) and key in cls.model_fields and key not in data and (value := getattr(metric, key)) is not None:
                filled[key] = value
        if isinstance(shared := filled.pop("cells", None), dict):
            for key in ("first", "second", "arm"):
                if key in filled:
                    filled[key] = _with_cells(filled[key], shared, info)
            if isinstance(filled.get("arms"), list):
                filled["arms"] = [_with_cells(arm, shared, info) for arm in filled["arms"]]
        elif shared is not None:
            filled["cells"] = shared
        return filled


def _with_cells(arm: Any, shared: Mapping[str, Any], info: ValidationInfo) -> Any:
    arm = (info.context or {}).get("arms", {}).get(arm, arm) if isinstance(arm, str) else arm
    if isinstance(arm, Arm):
        return arm.model_copy(
            update={"cells": {name: value if isinstance(value, list) else [value] for name, value in shared.items()} | arm.cells}
        )
    if not isinstance(arm, dict):
        return arm
    own = arm.get("cells", {})
    return {**arm, "cells": {**shared, **own}} if isinstance(own, dict) else arm


class Difference(Statistic):
    """Mean of the second arm minus mean of the first."""

    kind = "difference"
    difference: str
    """The metric compared."""
    first: OneArm
    """The arm the claim says is lower."""
    second: OneArm
    """The arm the claim says is higher."""
    smallest_effect: float = Field(0.0, ge=0)
    """second - first must reach this to count as the effect claimed."""
    paired: bool = False
    """True: replicas with the same seed share what the seed decides (data, say), and are compared one with one."""
    given_lower: str | None = None
    """The claim speaks only of a second arm whose mean of this metric is not above the first's; else it is undecided."""


class Ratio(Statistic):
    """Geometric mean of the second arm over that of the first."""

    kind = "ratio"
    taken = ("diverged", "smallest_effect", "resolution")  # a ratio has no unit
    ratio: str
    """The metric compared."""
    first: OneArm
    """The arm the claim says is smaller."""
    second: OneArm
    """The arm the claim says is larger."""
    smallest_effect: float = Field(1.0, ge=1)
    """The ratio must reach this."""
    paired: bool = False
    """True: replicas with the same seed are compared one with one."""


class Ordering(Statistic):
    """Means of three arms or more in the order claimed: every step from one to the next must be there."""

    kind = "ordering"
    ordering: str
    """The metric compared."""
    arms: list[OneArm] = Field(min_length=3)
    """Arms, the lowest first."""
    smallest_effect: float = Field(0.0, ge=0)
    """Each step must reach this."""


class Counts(Statistic):
    """Share of replicas that succeed (metric 1, else 0): the second arm's minus the first's."""

    kind = "counts"
    counts: str
    """The metric that is 1 for a success."""
    first: OneArm
    """The arm the claim says succeeds less often."""
    second: OneArm
    """The arm the claim says succeeds more often."""
    smallest_effect: float = Field(0.0, ge=0, le=1)
    """The difference of shares must reach this."""
    diverged: Literal[0] = 0
    """A diverged replica is no success."""


class Equivalence(Statistic):
    """Means of two arms that differ by less than a margin (two one-sided tests)."""

    kind = "equivalence"
    equivalence: str
    """The metric compared."""
    first: OneArm
    """One arm."""
    second: OneArm
    """The other."""
    margin: float = Field(gt=0)
    """Largest difference that does not matter."""
    paired: bool = False
    """True: replicas with the same seed are compared one with one."""


class _Range(Statistic):
    """What must lie between two bounds, of which one may be left out."""

    low: float | None = None
    """Lower bound; none by default."""
    high: float | None = None
    """Upper bound; none by default."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("give 'low' or 'high', or both")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"'low' {self.low:g} must lie below 'high' {self.high:g}")
        return self


class Within(_Range):
    """The mean of an arm lies between two bounds."""

    kind = "within"
    within: str
    """The metric tested."""
    arm: OneArm
    """The cells."""


class Share(_Range):
    """The share of an arm's replicas whose metric is 1 (else 0) lies between two bounds: "every run ..." is a share near 1."""

    kind = "share"
    share: str
    """The metric that is 1 or 0."""
    arm: OneArm
    """The cells."""
    given: str | None = None
    """Only replicas where this metric is 1."""
    diverged: Literal[0, 1] = 0
    """What a diverged replica counts as."""


class Correlation(_Range):
    """Spearman's rank correlation of two metrics along training, less its floor: what is left between different replicas.

    Two curves that both fall correlate whatever they are of. So each replica's own correlation is compared with those of its one metric and
    the other replicas' other one.
    """

    kind = "correlation"
    taken = ()  # a correlation is on a scale of its own
    correlation: str
    """One metric."""
    diverged: Literal[0] = 0
    """A diverged replica has no correlation."""
    beside: str
    """The other metric."""
    arm: OneArm
    """The cells."""
    sign: Literal[1, -1] = 1
    """The sign that is claimed; bounds are of the correlation times the sign."""


KINDS: tuple[type[_Kind], ...] = (Equal, Difference, Ratio, Ordering, Counts, Equivalence, Within, Share, Correlation)
NAMES_OF_KINDS = ", ".join(kind.kind for kind in KINDS)


def _kind_of(value: Any) -> str | None:
    """The kind of test that a block states: the one of its keys that is the name of a kind."""
    if isinstance(value, _Kind):
        return value.kind
    named = [kind.kind for kind in KINDS if isinstance(value, dict) and kind.kind in value]
    return named[0] if len(named) == 1 else None


Test = Annotated[
    Annotated[Equal, Tag("equal")]
    | Annotated[Difference, Tag("difference")]
    | Annotated[Ordering, Tag("ordering")]
    | Annotated[Counts, Tag("counts")]
    | Annotated[Ratio, Tag("ratio")]
    | Annotated[Correlation, Tag("correlation")]
    | Annotated[Equivalence, Tag("equivalence")]
    | Annotated[Within, Tag("within")]
    | Annotated[Share, Tag("share")],
    Discriminator(
        _kind_of,
        custom_error_type="mistake",
        custom_error_message=f"name one kind of test with its metric, for example 'difference: test_error'; kinds: {NAMES_OF_KINDS}",
    ),
]


#: every kind that compares measured values: all but `Equal`
MeasuredTest = Difference | Ratio | Ordering | Counts | Equivalence | Within | Share | Correlation


def arms_of(test: Test) -> list[Arm]:
    """The arms of a test, in the order in which its samples stand."""
    if isinstance(test, Equal):
        return []
    if isinstance(test, Ordering):
        return list(test.arms)
    return [test.arm] if isinstance(test, Correlation | Within | Share) else [test.first, test.second]


def metrics_of(test: Test) -> list[str]:
    """All metrics that a test reads."""
    named = [test.metric, *(getattr(test, key, None) for key in ("beside", "given", "given_lower")), *(arm.pick for arm in arms_of(test))]
    if isinstance(test, Equal) and isinstance(test.to, str):
        named.append(test.to)
    return list(dict.fromkeys(name for name in named if name is not None))


def bounds_of(test: MeasuredTest) -> tuple[float, float]:
    """The least and the largest effect with which a claim holds."""
    match test:
        case Difference() | Ratio() | Ordering() | Counts():
            return test.smallest_effect, math.inf
        case Equivalence():
            return -test.margin, test.margin
        case Within() | Share() | Correlation():
            return -math.inf if test.low is None else test.low, math.inf if test.high is None else test.high


def usual_effects(test: MeasuredTest, reported: float | None) -> tuple[float | None, float | None]:
    """The effect of a test where its claim holds and where it does not, unless the claim says otherwise; None where nothing says.

    Where it holds that is the paper's number, else twice the smallest effect that counts; where it does not, none.
    """
    match test:
        case Equivalence():
            return 0.0, 2 * test.margin
        case Within() | Share() | Correlation():
            if test.low is not None and test.high is not None:
                half = (test.high - test.low) / 2
                above = test.high + half
                return (test.low + test.high) / 2, above if above <= 1 or isinstance(test, Within) else max(test.low - half, 0.0)
            if isinstance(test, Correlation):
                return ((1 + test.low) / 2, 0.0) if test.low is not None else (0.0, (1 + (test.high or 0.0)) / 2)
            return None, None
        case Ratio():
            usual = test.smallest_effect**2 if test.smallest_effect > 1 else None
            return (usual if reported is None else reported), 1.0
        case Counts():
            usual = min((1 + test.smallest_effect) / 2, 2 * test.smallest_effect) or None
        case Difference() | Ordering():
            usual = 2 * test.smallest_effect or None
    return (usual if reported is None else reported), 0.0
