"""Typed models of a paper's ``protocol.yaml``: the only place that says what may stand in one.

Closed: an unknown key is an error that names the nearest known one. The Snakefile imports this file at every start, so it imports
neither torch nor pandas.
"""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from secondlook.claims import Claim, Control, arms_of
from secondlook.data.registry import DATASETS
from secondlook.errors import did_you_mean
from secondlook.model import FactorValue, Fidelity, Identifier, Model, Name, load_yaml, validate

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
    """Arrays of an earlier experiment that every job of this one reads."""

    experiment: Name
    """The earlier experiment."""
    cell: dict[Name, FactorValue] = {}
    """Factors of the earlier cell; the value "same" stands for this cell's own value."""


class Experiment(Model):
    """A module and a grid of factors."""

    title: str
    """What it does, in a few words."""
    module: Identifier
    """Module of the paper's folder with a function run(job)."""
    cells: list[dict[Name, Levels]] = [{}]
    """The grid: a union of products. In each product a factor has one value, a list of values, or a selection."""
    settings: Settings = {}
    """Values that every cell shares; factors overlay them."""
    datasets: list[str] = []
    """Data sets that the job reads."""
    inputs: dict[Name, ArrayInput] = {}
    """Arrays of earlier experiments."""
    fixed_seeds: bool = False
    """True: config ``seeds`` does not change it (a tuning grid, say)."""
    resources: Resources = Resources()
    """What a job asks for."""
    scales: dict[Scale, Budget]
    """Budget at each scale; the experiment does not run at a scale it does not name."""

    @field_validator("datasets")
    @classmethod
    def _datasets_exist(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in DATASETS:
                raise ValueError(f"unknown dataset '{name}'.{did_you_mean(name, DATASETS)}")
        return names

    @model_validator(mode="after")
    def _values_fit_into_a_path(self) -> Self:
        for product in [*self.cells, *(product for budget in self.scales.values() for product in budget.cells or [])]:
            for factor, levels in product.items():
                if factor in COLUMNS:
                    raise ValueError(f"factor '{factor}' would be a second column of that name in every table; choose another name")
                for value in levels if isinstance(levels, list) else [levels]:
                    if not isinstance(value, Selected) and not SAFE_VALUE.fullmatch(str(value)):
                        raise ValueError(
                            f"factor '{factor}' has the value '{value}'; letters, digits, '.', '_', '+' and '-' fit into a folder's name"
                        )
        return self


class Selection(Model):
    """A choice among the cells of a grid, made from their outcome and written to a small JSON file."""

    experiments: list[Name] = Field(min_length=1)
    """Whose cells compete; those that do not run at a scale are left out there."""
    factor: Name
    """The factor whose value is chosen."""
    metric: str
    """The metric compared: its last value, averaged over seeds. A diverged cell is worse than any other."""
    goal: Literal["minimise", "maximise"] = "minimise"
    """Which way is better."""
    per: list[Name] = []
    """One choice for each combination of these factors."""
    extend_by: float = Field(2.0, gt=1)
    """The value beyond an edge is the edge times, or divided by, this."""


class Figure(Model):
    """A figure: the module figures/<name>.py with a function draw(tables, claims)."""

    title: str
    """Its heading."""
    caption: str
    """One to three sentences: what to see."""
    tables: list[Name] = Field(min_length=1)
    """Experiments whose tables it draws; at a scale where one does not run, the figure is left out."""
    claims: bool = False
    """True: it also draws verdicts."""


class Deviation(Model):
    """What the paper says, what we do, why."""

    paper: str
    """What the paper or its code says, or that it does not say."""
    ours: str
    """What is done here."""
    why: str
    """The reason."""


class Protocol(Model):
    """One paper."""

    title: str
    """Title of the paper."""
    authors: str
    """Its authors."""
    venue: str
    """Where it appeared."""
    year: int
    """When."""
    url: Annotated[str, Field(pattern=r"^https?://")]
    """A link to it."""
    question: int = Field(ge=1)
    """Number of the report's question that it belongs to."""
    question_text: str
    """The question."""
    experiments: dict[Name, Experiment]
    """Experiments by name."""
    selections: dict[Name, Selection] = {}
    """Selections by name."""
    claims: list[Claim]
    """Claims, in the order of the report."""
    controls: list[Control] = []
    """Comparisons whose outcome is known; claims name those that they rest on."""
    figures: dict[Identifier, Figure] = {}
    """Figures by name, in the order of the report."""
    deviations: list[Deviation] = []
    """Deviations from the paper."""

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        if taken := {"figures", "selections"} & set(self.experiments):
            raise ValueError(f"experiments: '{min(taken)}' is the name of a folder of results; choose another")
        for key, selection in self.selections.items():
            for name in selection.experiments:
                _known(name, self.experiments, f"selections.{key}.experiments")
        for key, experiment in self.experiments.items():
            for name, array in experiment.inputs.items():
                _known(array.experiment, self.experiments, f"experiments.{key}.inputs.{name}.experiment")
            for scale, budget in experiment.scales.items():
                for product in budget.cells or experiment.cells:
                    for factor, levels in product.items():
                        if isinstance(levels, Selected):
                            self._check_selected(f"experiments.{key} ({scale}), factor {factor}", scale, product, factor, levels)
        for item in [*self.claims, *self.controls]:
            for name in self.experiments_behind(item):
                _known(name, self.experiments, f"claims.{item.id}.experiment")
        for claim in self.claims:
            for name in claim.controls:
                _known(name, {control.id for control in self.controls}, f"claims.{claim.id}.controls")
        for key, figure in self.figures.items():
            for name in figure.tables:
                _known(name, self.experiments, f"figures.{key}.tables")
        self._no_experiment_waits_for_itself()
        ids = [item.id for item in [*self.claims, *self.controls]]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"claims and controls: id '{twice[0]}' stands twice")
        return self

    def _check_selected(self, where: str, scale: str, product: dict[str, Any], factor: str, levels: Selected) -> None:
        _known(levels.select, self.selections, f"{where}, select")
        selection = self.selections[levels.select]
        if selection.factor != factor:
            raise ValueError(f"{where}: selection '{levels.select}' chooses '{selection.factor}'")
        if not any(scale in self.experiments[name].scales for name in selection.experiments):
            raise ValueError(f"{where}: no experiment of selection '{levels.select}' runs at that scale")
        for name in selection.per:
            _known(name, product, f"{where}: selection '{levels.select}' is made per")

    @staticmethod
    def experiments_behind(item: Claim | Control) -> list[str]:
        """Experiments whose tables a claim or a control reads."""
        if item.experiment is None or item.test is None:
            return []
        return list(dict.fromkeys([item.experiment, *(arm.experiment for arm in arms_of(item.test) if arm.experiment)]))

    def needs(self) -> dict[str, set[str]]:
        """Experiment -> the experiments that decide a factor of it or whose arrays it reads."""
        found: dict[str, set[str]] = {}
        for key, experiment in self.experiments.items():
            products = [*experiment.cells, *(product for budget in experiment.scales.values() for product in budget.cells or [])]
            chosen = {levels.select for product in products for levels in product.values() if isinstance(levels, Selected)}
            found[key] = {name for selection in chosen for name in self.selections[selection].experiments}
            found[key] |= {array.experiment for array in experiment.inputs.values()}
        return found

    def _no_experiment_waits_for_itself(self) -> None:
        try:
            list(TopologicalSorter(self.needs()).static_order())
        except CycleError as error:
            raise ValueError(f"experiments: these wait for each other: {' -> '.join(error.args[1])}") from error


def _known(name: str, names: Any, what: str) -> None:
    if name not in names:
        raise ValueError(f"{what}: unknown '{name}'.{did_you_mean(name, names)}")


def load_protocol(path: str | Path) -> Protocol:
    """Read a protocol.

    Raises:
        UserError: naming the file, the key, the value and what was expected.
    """
    return validate(Protocol, load_yaml(path), str(path))
