"""Typed models of one experiment: its grid, what it reads, and its budget at each scale."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, field_validator, model_validator

from secondlook.data.registry import DATASETS
from secondlook.errors import did_you_mean
from secondlook.protocol.schema import FactorValue, Fidelity, Identifier, Name, Scale, Schema

SAFE_VALUE = re.compile(r"[A-Za-z0-9._+-]+")  # a factor's value becomes part of a folder's name
COLUMNS = {"replica", "step", "metric", "value"}  # of every table
MOST_SEEDS = 10_000


class Selected(Schema):
    """A factor whose value an earlier experiment's outcome decides."""

    select: Name
    """Name of a selection of this protocol."""
    take: Literal["best", "beyond"] = "best"
    """best: the chosen value. beyond: the next value outside the grid, if the best lies at its edge; else the run is not needed."""


def _as_levels(value: Any) -> Any:
    """A factor's levels; one message where they are none, not one per thing that they might have been."""
    if isinstance(value, dict | Selected):
        return Selected.model_validate(value)
    levels = value if isinstance(value, list) else [value]
    if not levels:
        raise ValueError("give at least 1 level")
    for level in levels:
        if not isinstance(level, bool | int | float | str):
            raise ValueError("a level is a word, a number, true or false; several stand in a list, and a selection is {select: NAME}")
        if isinstance(level, float) and not math.isfinite(level):
            raise ValueError(f"a level must be a finite number, got {level}")
        if not SAFE_VALUE.fullmatch(str(level)):
            raise ValueError(f"'{level}' does not fit into a folder's name; letters, digits, '.', '_', '+' and '-' do")
    if len({str(level) for level in levels}) < len(levels):
        raise ValueError("a level has a value twice")
    return value


LevelsInFile = FactorValue | Annotated[list[FactorValue], Field(min_length=1)] | Selected
Levels = Annotated[FactorValue | list[FactorValue] | Selected, PlainValidator(_as_levels, json_schema_input_type=LevelsInFile)]
Product = dict[Name, Levels]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


#: a union of products: in each a factor has one value, a list of values, or a selection; a single product may stand alone
Grid = Annotated[list[Product], Field(min_length=1), BeforeValidator(_as_list, json_schema_input_type=Product | list[Product])]


class Resources(Schema):
    """What a job asks for; none of it changes a number except ``threads``."""

    gpu: Literal[0, 1] = 0
    """1: the job uses a GPU where config ``device`` lets it."""
    mem_mb: int = Field(2000, gt=0)
    """Memory, MB."""
    runtime: int = Field(10, gt=0)
    """Time limit on a cluster, minutes; doubled on each further attempt."""
    threads: int = Field(1, gt=0)
    """CPU threads. Part of the protocol: floating-point sums depend on it."""


class Seeds(Schema):
    """A run of consecutive seeds."""

    first: int = Field(0, ge=0)
    """The first seed."""
    count: int = Field(gt=0, le=MOST_SEEDS)
    """How many."""


def _as_seeds(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"count": value}
    if isinstance(value, str) and (match := re.fullmatch(r"(\d{1,9})-(\d{1,9})", value)):
        return {"first": int(match[1]), "count": int(match[2]) - int(match[1]) + 1}
    if isinstance(value, dict | Seeds):
        return value
    raise ValueError("give a number of seeds, counted from 0, or the first and the last: 100-109")


SeedRange = Annotated[Seeds, BeforeValidator(_as_seeds, json_schema_input_type=Annotated[int, Field(gt=0)] | str)]
Cut = Literal["all"] | Annotated[int, Field(gt=0)]


class Budget(Schema):
    """One experiment at one scale. Exactly one of ``exact`` and ``reduced`` stands in it."""

    model_config = ConfigDict(json_schema_extra={"required": []})  # of an experiment that is like another, what is missing is taken over

    exact: Literal[True] | None = None
    """True: the paper's own setting as far as it is stated (deviations say the rest), or an exact computation."""
    reduced: Literal[True] | str | None = None
    """Anything less. The program lists the settings that differ from scale paper; a sentence in place of true says what they cannot."""
    seeds: SeedRange
    """One replica per seed: how many, from seed 0, or "first-last"."""
    looks: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=2)] | None = None
    """Numbers of replicas at which claims may be decided, the last being all; what a decided claim alone reads then stops."""
    settings: dict[str, Any] = {}
    """Overlay on the experiment's settings."""
    cells: Grid | None = None
    """Replaces the experiment's cells."""
    resources: Resources | None = None
    """Overlay on the experiment's resources."""
    seeds_per_job: Cut | None = None
    """Replaces the experiment's."""
    cells_per_job: Cut | None = None
    """Replaces the experiment's."""

    @property
    def fidelity(self) -> Fidelity:
        """Exact or reduced."""
        return "exact" if self.exact else "reduced"

    @model_validator(mode="after")
    def _says_how_faithful_it_is(self) -> Self:
        if (self.exact is None) == (self.reduced is None):
            raise ValueError("give one of 'exact: true' and 'reduced: true' (or 'reduced:' with a sentence that says what settings cannot)")
        return self

    @model_validator(mode="after")
    def _looks_end_with_all_seeds(self) -> Self:
        if self.looks and (self.looks != sorted(set(self.looks)) or self.looks[-1] != self.seeds.count):
            raise ValueError(f"'looks' must rise and end with the number of seeds, {self.seeds.count}; got {self.looks}")
        return self


class ArrayInput(Schema):
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


#: in a file the name of an input set may stand in their place; `secondlook.protocol.overlay` writes it out
Inputs = Annotated[dict[Name, ArrayInput], BeforeValidator(lambda value: value, json_schema_input_type=str | dict[Name, ArrayInput])]


class Experiment(Schema):
    """A module and a grid of factors."""

    model_config = ConfigDict(json_schema_extra={"required": ["title"]})  # the rest may be taken over

    title: str
    """What it does, in a few words."""
    like: Name | None = None
    """Another experiment of this file, which this one overlays: settings, resources, inputs and scales key by key, all else whole."""
    only: Annotated[list[Scale], Field(min_length=1)] | None = None
    """Of the scales that it has from the other experiment, only these."""
    module: Identifier = ""
    """Module beside the protocol, with a dataclass Settings and a function run(job)."""
    cells: Grid = [{}]
    """The grid: a union of products. In each product a factor has one value, a list of values, or a selection."""
    settings: dict[str, Any] = {}
    """Values that every cell shares; factors overlay them."""
    datasets: list[str] = []
    """Data sets that the job reads."""
    inputs: Inputs = {}
    """Arrays of earlier experiments and of instruments; the name of one of the instruments' input sets stands for all that it lists."""
    fixed_seeds: bool = False
    """True: config ``seeds`` does not change it (a tuning grid, say)."""
    resources: Resources = Resources()
    """What a job asks for."""
    seeds_per_job: Cut = "all"
    """Seeds that a job runs: all where start-up costs more than a replica, 1 for long trainings."""
    cells_per_job: Cut = 1
    """Cells that a job runs, one after the other: more than 1 where start-up costs as much as a cell."""
    scales: dict[Scale, Budget]
    """Budget at each scale; the experiment does not run at a scale it does not name."""

    @property
    def products(self) -> list[Product]:
        """Every product of the grid, at whatever scale."""
        return [*self.cells, *(product for budget in self.scales.values() for product in budget.cells or [])]

    def settings_at(self, scale: Scale) -> dict[str, Any]:
        """Settings at a scale at which it runs."""
        return {**self.settings, **self.scales[scale].settings}

    def cells_at(self, scale: Scale) -> list[Product]:
        """The grid at a scale at which it runs."""
        return self.scales[scale].cells or self.cells

    def resources_at(self, scale: Scale) -> Resources:
        """What a job asks for at a scale at which it runs."""
        over = self.scales[scale].resources
        return self.resources.model_copy(update={name: getattr(over, name) for name in over.model_fields_set}) if over else self.resources

    @field_validator("datasets")
    @classmethod
    def _datasets_exist(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in DATASETS:
                raise ValueError(f"unknown dataset '{name}'.{did_you_mean(name, DATASETS)}")
        return names

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.module:
            raise ValueError("name its module, or another experiment that it is like")
        for product in self.products:
            for factor in product:
                if factor in COLUMNS:
                    raise ValueError(f"factor '{factor}' would be a second column of that name in every table; choose another name")
        return self
