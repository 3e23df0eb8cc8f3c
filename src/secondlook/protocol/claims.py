"""Typed models of claims: the sentence, the paper's number, and the rule that decides it, written before the run."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator
from pydantic.json_schema import SkipJsonSchema

from secondlook.protocol.rules import Spread, Test
from secondlook.protocol.schema import Name, Scale, Schema


class Reported(Schema):
    """The paper's number. Only what was read in the paper or in a named go-between may stand here."""

    text: str
    """The number with its spread and unit, as printed."""
    value: float | None = None
    """The effect as a number in the claim's own unit and sign, where the text gives one."""
    read: Literal["first-hand", "second-hand"]
    """first-hand: read in the source. second-hand: read in a go-between."""
    source: str
    """Where it stands: table, figure, section."""
    via: str | None = None
    """The go-between of a second-hand number."""

    @model_validator(mode="after")
    def _second_hand_names_its_source(self) -> Self:
        if (self.read == "second-hand") != (self.via is not None):
            raise ValueError("a second-hand number names its go-between in 'via'; a first-hand one has none")
        return self


class Control(Schema):
    """A comparison whose outcome is known. Where it comes out otherwise, no claim that rests on it can be decided."""

    id: SkipJsonSchema[str] = ""
    """Its key."""
    sentence: str
    """What must come out."""
    experiment: Name
    """The experiment that it reads."""
    test: Test
    """What is compared."""
    expect: Literal["effect", "no effect"]
    """effect: the test must come out as a claim that is replicated. no effect: its interval must hold 0 (1 for a ratio)."""


class Claim(Schema):
    """A testable sentence and the rule that decides it, written before the run."""

    id: SkipJsonSchema[str] = ""
    """Its key."""
    sentence: str
    """What is claimed."""
    source: str
    """Where the paper says it."""
    reported: Reported | None = None
    """The paper's number."""
    experiment: Name | None = None
    """The experiment that tests it."""
    test: Test | None = None
    """How it is decided."""
    controls: list[str] = []
    """Controls that it rests on."""
    spread: Spread | None = None
    """Standard deviation between replicas that the calibration assumes; the metric's own by default."""
    not_run: str | None = None
    """Why it is not tested at all."""

    @property
    def reported_value(self) -> float | None:
        """The paper's number; None where it gives none."""
        return self.reported.value if self.reported else None

    def spread_at(self, scale: Scale) -> float | None:
        """The spread that the calibration assumes at a scale."""
        return getattr(self.spread, scale) if self.spread else None

    @model_validator(mode="after")
    def _tested_or_not(self) -> Self:
        if (self.test is None) != (self.experiment is None) or (self.test is None) != (self.not_run is not None):
            raise ValueError("give 'experiment' and 'test', or 'not_run' with the reason")
        return self
