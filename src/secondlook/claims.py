"""Typed models of claims: the sentence, the paper's number, and the rule that decides it, written before the run."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from secondlook.model import FactorValue, Model, Name


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


class Difference(Model):
    """Mean of one arm minus mean of another."""

    kind: Literal["difference"]
    """Type of the test."""
    metric: str
    """The metric compared."""
    at: float = Field(1.0, gt=0, le=1)
    """Point of training as a share of its updates; 1 is the end."""
    first: Arm
    """The arm the claim says is lower."""
    second: Arm
    """The arm the claim says is higher."""
    smallest_effect: float = Field(0.0, ge=0)
    """second - first must reach this to count as the effect claimed."""
    diverged: float
    """Value of a diverged replica."""
    given_lower: str | None = None
    """The claim speaks only of a second arm whose mean of this metric is not above the first's; else it is inconclusive."""
    unit: str = ""
    """Unit of the metric."""


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
    test: Annotated[Exact | Difference, Field(discriminator="kind")] | None = None
    """How it is decided."""
    not_run: str | None = None
    """Why it is not tested at all."""

    @model_validator(mode="after")
    def _tested_or_not(self) -> Self:
        if (self.test is None) != (self.experiment is None) or (self.test is None) != (self.not_run is not None):
            raise ValueError(f"claim {self.id}: give 'experiment' and 'test', or 'not_run' with the reason")
        return self
