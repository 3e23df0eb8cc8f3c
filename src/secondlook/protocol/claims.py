"""Typed models of claims: the sentence, the paper's number, and the rule that decides it, written before the run."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from secondlook.protocol.schema import FactorValue, Model, Name


class Reported(Model):
    """The paper's number. Only what was read in the paper (S) or in a named go-between (S2) may stand here."""

    text: str
    """The number with its spread and unit, as printed."""
    value: float | None = None
    """The effect as a number in the claim's own unit and sign, where the text gives one."""
    mark: Literal["S", "S2"]
    """S: read in the source. S2: read second-hand."""
    source: str
    """Where it stands: table, figure, section."""
    through: str | None = None
    """The go-between of an S2 figure."""

    @model_validator(mode="after")
    def _second_hand_names_its_source(self) -> Self:
        if (self.mark == "S2") != (self.through is not None):
            raise ValueError("an S2 figure names its go-between in 'through'; an S figure has none")
        return self


class Exact(Model):
    """Every replica's final value equals a known one."""

    kind: Literal["exact"]
    """Type of the test."""
    metric: str
    """The metric tested."""
    equals: str | float
    """A number, or the metric that holds the known value."""
    tolerance: float = Field(0.0, ge=0)
    """Largest absolute difference that counts as equal."""
    where: dict[str, list[FactorValue]] = {}
    """Only cells with these factor values."""
    given: str | None = None
    """Only replicas where this metric is 1 (a theorem's premise)."""


class Arm(Model):
    """Cells that one side of a comparison may take."""

    label: str
    """Its name in tables and figures."""
    where: dict[str, list[FactorValue]]
    """Factor values of its cells; a factor that is not named must be absent from the cell."""
    pick: str | None = None
    """With several cells: the metric whose mean is lowest picks one."""
    experiment: Name | None = None
    """The experiment that has its cells, where it is not the claim's."""


class Measured(Model):
    """What every test of measured values says."""

    metric: str
    """The metric compared."""
    at: float = Field(1.0, gt=0, le=1)
    """Point of training as a share of its updates; 1 is the end."""
    diverged: float
    """Value of a diverged replica."""
    unit: str = ""
    """Unit of the effect."""


class Difference(Measured):
    """Mean of the second arm minus mean of the first."""

    kind: Literal["difference"]
    """Type of the test."""
    first: Arm
    """The arm the claim says is lower."""
    second: Arm
    """The arm the claim says is higher."""
    smallest_effect: float = Field(0.0, ge=0)
    """second - first must reach this to count as the effect claimed."""
    paired: bool = False
    """True: replicas with the same seed share what the seed decides (data, say), and are compared one with one."""
    given_lower: str | None = None
    """The claim speaks only of a second arm whose mean of this metric is not above the first's; else it is inconclusive."""


class Ordering(Measured):
    """Means of three arms or more in the order claimed; every step from one to the next is a comparison (Holm)."""

    kind: Literal["ordering"]
    """Type of the test."""
    arms: list[Arm] = Field(min_length=3)
    """Arms, the lowest first."""
    smallest_effect: float = Field(0.0, ge=0)
    """Each step must reach this."""


class Counts(Measured):
    """Share of replicas that succeed (metric 1, else 0): the second arm's minus the first's."""

    kind: Literal["counts"]
    """Type of the test."""
    first: Arm
    """The arm the claim says succeeds less often."""
    second: Arm
    """The arm the claim says succeeds more often."""
    smallest_effect: float = Field(0.0, ge=0, le=1)
    """The difference of shares must reach this."""
    diverged: Literal[0] = 0
    """A diverged replica is no success."""


class Ratio(Measured):
    """Geometric mean of the second arm over that of the first."""

    kind: Literal["ratio"]
    """Type of the test."""
    first: Arm
    """The arm the claim says is smaller."""
    second: Arm
    """The arm the claim says is larger."""
    smallest_effect: float = Field(1.0, ge=1)
    """The ratio must reach this."""


class Correlation(Measured):
    """Spearman's rank correlation of two metrics of one arm."""

    kind: Literal["correlation"]
    """Type of the test."""
    diverged: Literal[0] = 0
    """A diverged replica has no correlation."""
    beside: str
    """The other metric."""
    arm: Arm
    """The cells."""
    over: Literal["steps", "replicas"] = "steps"
    """steps: along training, one correlation a replica, and their mean. replicas: of final values, one correlation in all."""
    sign: Literal[1, -1] = 1
    """The sign that is claimed."""
    smallest_effect: float = Field(0.0, ge=0, lt=1)
    """The correlation, times the sign, must reach this."""


class Equivalence(Measured):
    """Means of two arms that differ by less than a margin (two one-sided tests)."""

    kind: Literal["equivalence"]
    """Type of the test."""
    first: Arm
    """One arm."""
    second: Arm
    """The other."""
    margin: float = Field(gt=0)
    """Largest difference that does not matter."""


class Within(Measured):
    """The mean of an arm lies within an interval, the paper's own or one that a control must meet."""

    kind: Literal["within"]
    """Type of the test."""
    arm: Arm
    """The cells."""
    low: float
    """Lower end."""
    high: float
    """Upper end."""


Test = Annotated[Exact | Difference | Ordering | Counts | Ratio | Correlation | Equivalence | Within, Field(discriminator="kind")]


def arms_of(test: Test) -> list[Arm]:
    """The arms of a test, in the order in which its samples stand."""
    if isinstance(test, Exact):
        return []
    if isinstance(test, Ordering):
        return list(test.arms)
    return [test.arm] if isinstance(test, Correlation | Within) else [test.first, test.second]


class Control(Model):
    """A comparison whose outcome is known. Where it comes out otherwise, no claim that rests on it can be decided."""

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9.]*$")]
    """Unique among the paper's controls and claims."""
    sentence: str
    """What must come out."""
    experiment: Name
    """The experiment that it reads."""
    test: Test
    """What is compared."""
    expect: Literal["effect", "no effect"]
    """effect: the test must come out as a claim that is replicated. no effect: its interval must hold 0 (1 for a ratio)."""


class Claim(Model):
    """A testable sentence and the rule that decides it, written before the run."""

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9.]*$")]
    """Unique within the paper."""
    sentence: str
    """What is claimed."""
    where: str
    """Where the paper says it."""
    reported: Reported | None = None
    """The paper's number."""
    experiment: Name | None = None
    """The experiment that tests it."""
    test: Test | None = None
    """How it is decided."""
    controls: list[str] = []
    """Controls that it rests on."""
    spread: float | None = Field(None, gt=0)
    """Standard deviation between replicas that the calibration assumes, in the metric's unit."""
    not_run: str | None = None
    """Why it is not tested at all."""

    @model_validator(mode="after")
    def _tested_or_not(self) -> Self:
        if (self.test is None) != (self.experiment is None) or (self.test is None) != (self.not_run is not None):
            raise ValueError(f"claim {self.id}: give 'experiment' and 'test', or 'not_run' with the reason")
        return self
