"""Typed models of what is measured: what a metric means, and numbers that a plan counts with, one for every scale or one a scale."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from secondlook.protocol.schema import SCALES, Schema

Positive = Annotated[float, Field(gt=0)]


class Spreads(Schema):
    """A standard deviation between replicas, a number per scale."""

    smoke: Positive | None = None
    """At scale smoke."""
    quick: Positive | None = None
    """At scale quick."""
    paper: Positive | None = None
    """At scale paper."""


class Effects(Schema):
    """An effect, a number per scale."""

    smoke: float | None = None
    """At scale smoke."""
    quick: float | None = None
    """At scale quick."""
    paper: float | None = None
    """At scale paper."""


def _as_scales(value: Any) -> Any:
    return dict.fromkeys(SCALES, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


#: one number stands for every scale
Spread = Annotated[Spreads, BeforeValidator(_as_scales, json_schema_input_type=Positive | Spreads)]
Effect = Annotated[Effects, BeforeValidator(_as_scales, json_schema_input_type=float | Effects)]


class Metric(Schema):
    """What a metric means, and what tests of it share."""

    model_config = ConfigDict(json_schema_extra={"required": []})  # a paper's entry is laid over that of papers/metrics.yaml

    means: str
    """What is measured, in a sentence that a reader of the report understands."""
    unit: str = ""
    """Unit of its value and of an effect."""
    diverged: float | None = None
    """Its value for a replica that diverged."""
    spread: Spread | None = None
    """Standard deviation between replicas that the plan counts with: one number, or one a scale."""
    resolution: float | None = Field(None, gt=0)
    """Smallest step between two values, 1 for a number of modes: equal values of all replicas then still have an interval."""
    smallest_effect: float | None = Field(None, ge=0)
    """An effect must reach this to count as the one claimed."""
