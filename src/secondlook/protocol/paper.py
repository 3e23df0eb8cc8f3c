"""Typed models of a paper's ``protocol.yaml``, and of that of the instruments: the only place that says what may stand in one.

Closed: an unknown key is an error that names the nearest known one. The Snakefile imports this file at every start, so it imports
neither torch nor pandas.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from secondlook.errors import did_you_mean
from secondlook.protocol.claims import Claim, Control, arms_of
from secondlook.protocol.experiment import Experiment, Selected
from secondlook.protocol.schema import Identifier, Model, Name, load_yaml, validate


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
    """A figure: the module figures/<name>.py with a function draw(tables, claims), and arrays third where the figure names some."""

    title: str
    """Its heading."""
    caption: str
    """One to three sentences: what to see."""
    tables: list[Name] = []
    """Experiments whose tables it draws; at a scale where one does not run, the figure is left out."""
    arrays: list[Name] = []
    """Experiments whose saved arrays it draws (a sheet of samples, say); the same holds of them."""
    claims: bool = False
    """True: it also draws verdicts."""

    @property
    def experiments(self) -> list[str]:
        """Experiments that it stands on."""
        return list(dict.fromkeys([*self.tables, *self.arrays]))

    @model_validator(mode="after")
    def _draws_something(self) -> Self:
        if not self.experiments:
            raise ValueError("give 'tables' or 'arrays': experiments that the figure draws")
        return self


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
                if array.experiment:
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
            for kind in ("tables", "arrays"):
                for name in getattr(figure, kind):
                    _known(name, self.experiments, f"figures.{key}.{kind}")
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
            chosen = {levels.select for product in experiment.products for levels in product.values() if isinstance(levels, Selected)}
            found[key] = {name for selection in chosen for name in self.selections[selection].experiments}
            found[key] |= {array.experiment for array in experiment.inputs.values() if array.experiment}
        return found

    def _no_experiment_waits_for_itself(self) -> None:
        try:
            list(TopologicalSorter(self.needs()).static_order())
        except CycleError as error:
            raise ValueError(f"experiments: these wait for each other: {' -> '.join(error.args[1])}") from error


class Instruments(Model):
    """Runs that measure and belong to no paper: classifiers whose features serve a distance, say."""

    experiments: dict[Name, Experiment]
    """Experiments by name; only the runs that a paper's runs read are made, and config ``seeds`` does not change them."""

    @model_validator(mode="after")
    def _stand_on_data_alone(self) -> Self:
        for key, experiment in self.experiments.items():
            if experiment.inputs:
                raise ValueError(f"experiments.{key}.inputs: an instrument reads data sets alone, no other run")
            if any(isinstance(levels, Selected) for product in experiment.products for levels in product.values()):
                raise ValueError(f"experiments.{key}.cells: an instrument has no selection that could decide a factor")
        return self


def _known(name: str, names: Any, what: str) -> None:
    if name not in names:
        raise ValueError(f"{what}: unknown '{name}'.{did_you_mean(name, names)}")


def load_protocol(path: str | Path) -> Protocol:
    """Read a protocol.

    Raises:
        UserError: naming the file, the key, the value and what was expected.
    """
    return validate(Protocol, load_yaml(path), str(path))


def load_instruments(path: str | Path) -> Instruments:
    """Read the protocol of the instruments; there are none where there is no such file.

    Raises:
        UserError: naming the file, the key, the value and what was expected.
    """
    return validate(Instruments, load_yaml(path), str(path)) if Path(path).exists() else Instruments(experiments={})
