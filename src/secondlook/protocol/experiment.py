"""Typed models of one experiment: its grid, what it reads, and its budget at each scale."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from secondlook.data.registry import DATASETS
from secondlook.errors import did_you_mean
from secondlook.protocol.schema import FactorValue, Fidelity, Identifier, Model, Name

Scale = Literal["smoke", "quick", "paper"]

#: whatever JSON can hold; its keys are text, as in JSON
Settings = Annotated[dict[str, Any], BeforeValidator(lambda value: text_keys(value))]

SAFE_VALUE = re.compile(r"[A-Za-z0-9._+-]+")  # a factor's value becomes part of a folder's name
COLUMNS = {"replica", "step", "metric", "value"}  # of every table


def text_keys(value: Any) -> Any:
    """Turn the keys of mappings into text, at every depth."""
    if isinstance(value, dict):
        return {str(key): text_keys(item) for key, item in value.items()}
    return [text_keys(item) for item in value] if isinstance(value, list) else value


class Selected(Model):
    """A factor whose value an earlier experiment's outcome decides."""

    select: Name
    """Name of a selection of this protocol."""
    take: Literal["best", "beyond"] = "best"
    """best: the chosen value. beyond: the next value outside the grid, if the best lies at its edge; else the run is not needed."""


Levels = FactorValue | list[FactorValue] | Selected


class Resources(Model):
    """What a job asks for; none of it changes a number except ``threads``."""

    gpu: Literal[0, 1] = 0
    """1: the job uses a GPU where config ``device`` lets it."""
    mem_mb: int = Field(2000, gt=0)
    """Memory, MB."""
    runtime: int = Field(10, gt=0)
    """Time limit on a cluster, minutes; doubled on each further attempt."""
    threads: int = Field(1, gt=0)
    """CPU threads. Part of the protocol: floating-point sums depend on it."""


class Seeds(Model):
    """A run of consecutive seeds."""

    first: int = Field(0, ge=0)
    """The first seed."""
    count: int = Field(gt=0)
    """How many."""


class Budget(Model):
    """One experiment at one scale."""

    fidelity: Fidelity
    """exact: the paper's own setting as far as it is stated (deviations say the rest), or an exact computation. reduced: anything less."""
    reduction: str | None = None
    """What was reduced, in a sentence; required when fidelity is reduced."""
    seeds: Seeds
    """One replica a seed."""
    block: Literal["all"] | Annotated[int, Field(gt=0)] = "all"
    """Seeds a job runs: all where start-up costs more than a replica, 1 for long trainings."""
    settings: Settings = {}
    """Overlay on the experiment's settings."""
    cells: list[dict[Name, Levels]] | None = None
    """Replaces the experiment's cells."""
    resources: Resources | None = None
    """Replaces the experiment's resources."""

    @model_validator(mode="after")
    def _says_what_is_reduced(self) -> Self:
        if (self.fidelity == "reduced") != (self.reduction is not None):
            raise ValueError("'reduction' must say what was reduced when fidelity is 'reduced', and only then")
        return self


class ArrayInput(Model):
    """Arrays of an earlier experiment, or of an instrument, that every job of this one reads."""

    experiment: Name | None = None
    """The earlier experiment of this paper."""
    instrument: Name | None = None
    """Or the experiment of the instruments."""
    cell: dict[Name, FactorValue] = {}
    """Factors of the cell that is read; the value "same" stands for what this job has there: its own factor, else its setting."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.experiment is None) == (self.instrument is None):
            raise ValueError("give 'experiment' (of this paper) or 'instrument', one of them")
        return self


class Experiment(Model):
    """A module and a grid of factors."""

    title: str
    """What it does, in a few words."""
    module: Identifier
    """Module beside the protocol, with a function run(job)."""
    cells: list[dict[Name, Levels]] = [{}]
    """The grid: a union of products. In each product a factor has one value, a list of values, or a selection."""
    settings: Settings = {}
    """Values that every cell shares; factors overlay them."""
    datasets: list[str] = []
    """Data sets that the job reads."""
    inputs: dict[Name, ArrayInput] = {}
    """Arrays of earlier experiments and of instruments."""
    fixed_seeds: bool = False
    """True: config ``seeds`` does not change it (a tuning grid, say)."""
    resources: Resources = Resources()
    """What a job asks for."""
    scales: dict[Scale, Budget]
    """Budget at each scale; the experiment does not run at a scale it does not name."""

    @property
    def products(self) -> list[dict[str, Levels]]:
        """Every product of the grid, at whatever scale."""
        return [*self.cells, *(product for budget in self.scales.values() for product in budget.cells or [])]

    @field_validator("datasets")
    @classmethod
    def _datasets_exist(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in DATASETS:
                raise ValueError(f"unknown dataset '{name}'.{did_you_mean(name, DATASETS)}")
        return names

    @model_validator(mode="after")
    def _values_fit_into_a_path(self) -> Self:
        for product in self.products:
            for factor, levels in product.items():
                if factor in COLUMNS:
                    raise ValueError(f"factor '{factor}' would be a second column of that name in every table; choose another name")
                for value in levels if isinstance(levels, list) else [levels]:
                    if not isinstance(value, Selected) and not SAFE_VALUE.fullmatch(str(value)):
                        raise ValueError(
                            f"factor '{factor}' has the value '{value}'; letters, digits, '.', '_', '+' and '-' fit into a folder's name"
                        )
        return self
