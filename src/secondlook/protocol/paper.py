"""Typed models of a paper's ``protocol.yaml``, and of that of the instruments: the only place that says what may stand in one.

Closed: an unknown key is a mistake that names the nearest known one. The Snakefile imports this file at every start, so it imports
neither torch nor pandas.
"""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from secondlook.errors import Mistake
from secondlook.protocol.claims import Claim, ClaimId, Control, experiments_behind
from secondlook.protocol.document import Block, line_of, load_document
from secondlook.protocol.experiment import ArrayInput, Experiment, Selected
from secondlook.protocol.metrics import Metric
from secondlook.protocol.overlay import resolve
from secondlook.protocol.rules import Equal
from secondlook.protocol.schema import SCALES, Identifier, Name, Scale, Schema, read


class Selection(Schema):
    """A choice among the cells of a grid, made from their outcome and written to a small JSON file."""

    experiments: list[Name] = Field(min_length=1)
    """Whose cells compete; those that do not run at a scale are left out there."""
    factor: Name
    """The factor whose value is chosen."""
    metric: str
    """The metric compared, lowest first: its last value over the seeds. A diverged cell is worse than any other."""
    by: Literal["mean", "worst"] = "mean"
    """Of several tuning seeds the mean, or the worst: a step size that fails on one seed is no good step size."""
    per: list[Name] = []
    """One choice for each combination of these factors."""
    extend_by: float = Field(2.0, gt=1)
    """The value beyond an edge is the edge times, or divided by, this."""


class Figure(Schema):
    """A figure: a module with a function draw(data, **options), of this paper or one that papers share."""

    title: str
    """Its heading."""
    caption: str
    """One to three sentences: what to see."""
    draw: Identifier | None = None
    """The module, figures/<draw>.py of the paper, else secondlook/figures/shared/<draw>.py; the figure's own name by default."""
    options: dict[Name, Any] = {}
    """Keyword arguments of draw."""
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


class Deviation(Schema):
    """What the paper says, what we do, why."""

    paper: str
    """What the paper or its code says, or that it does not say."""
    ours: str
    """What is done here."""
    why: str
    """The reason."""


class Protocol(Schema):
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
    """Number of the report's question that it belongs to (papers/questions.yaml)."""
    experiments: dict[Name, Experiment]
    """Experiments by name."""
    selections: dict[Name, Selection] = {}
    """Selections by name."""
    metrics: dict[str, Metric] = {}
    """Metrics that claims, selections and figures of this paper read, beside those of papers/metrics.yaml."""
    arms: dict[Name, dict[str, Any]] = {}
    """Arms by name, for tests."""
    controls: dict[ClaimId, Control] = {}
    """Comparisons whose outcome is known; claims name those that they rest on."""
    claims: dict[ClaimId, Claim]
    """Claims by id, in the order of the report."""
    figures: dict[Identifier, Figure] = {}
    """Figures by name, in the order of the report."""
    deviations: list[Deviation] = []
    """Deviations from the paper."""

    @property
    def decided(self) -> list[Claim | Control]:
        """Controls, then claims: all that may have a test."""
        return [*self.controls.values(), *self.claims.values()]

    @staticmethod
    def experiments_behind(item: Claim | Control) -> list[str]:
        """Experiments whose tables a claim or a control reads."""
        return experiments_behind(item)

    def scales_of(self, claim: Claim) -> list[Scale]:
        """Scales at which a claim is decided: those that it names, else all, of those at which its experiments run."""
        behind = [self.experiments[name] for name in self.experiments_behind(claim) if name in self.experiments]
        wanted = claim.scales or SCALES
        return [scale for scale in SCALES if behind and scale in wanted and all(scale in experiment.scales for experiment in behind)]

    def design(self, scale: Scale) -> dict[str, Any]:
        """What is planned for the claims at a scale, as plain JSON: replicas and looks, and the scales at which each is decided."""
        behind = {key for item in self.decided for key in self.experiments_behind(item)}
        budgets = {
            key: experiment.scales[scale] for key, experiment in self.experiments.items() if key in behind and scale in experiment.scales
        }
        return {
            "scale": scale,
            "budgets": {
                key: {"fidelity": budget.fidelity, "first": budget.seeds.first, "seeds": budget.seeds.count, "looks": budget.looks}
                for key, budget in budgets.items()
            },
            "scales": {key: self.scales_of(claim) for key, claim in self.claims.items()},
        }

    def needs(self) -> dict[str, set[str]]:
        """Experiment -> the experiments that decide a factor of it or whose arrays it reads."""
        found: dict[str, set[str]] = {}
        for key, experiment in self.experiments.items():
            chosen = {levels.select for product in experiment.products for levels in product.values() if isinstance(levels, Selected)}
            found[key] = {name for selection in chosen & set(self.selections) for name in self.selections[selection].experiments}
            found[key] |= {array.experiment for array in experiment.inputs.values() if array.experiment}
        return found

    @model_validator(mode="after")
    def _no_experiment_waits_for_itself(self) -> Self:
        try:
            list(TopologicalSorter(self.needs()).static_order())
        except CycleError as error:
            raise ValueError(f"experiments wait for each other: {' -> '.join(error.args[1])}") from error
        return self


class Instruments(Schema):
    """Runs that measure and belong to no paper: classifiers whose features serve a distance, say."""

    experiments: dict[Name, Experiment]
    """Experiments by name; only the runs that a paper's runs read are made, and config ``seeds`` does not change them."""
    input_sets: dict[Name, dict[Name, ArrayInput]] = {}
    """Inputs that several papers' experiments take together, by name."""

    @model_validator(mode="after")
    def _stand_on_data_alone(self) -> Self:
        for key, experiment in self.experiments.items():
            if experiment.inputs:
                raise ValueError(f"experiments.{key}.inputs: an instrument reads data sets alone, no other run")
            if any(isinstance(levels, Selected) for product in experiment.products for levels in product.values()):
                raise ValueError(f"experiments.{key}.cells: an instrument has no selection that could decide a factor")
            if any(budget.looks for budget in experiment.scales.values()):
                raise ValueError(f"experiments.{key}.scales: no claim is decided on an instrument, so it has no looks")
        return self


def write_out(data: Any, file: str, input_sets: Mapping[str, Any]) -> tuple[Any, list[Mistake]]:
    """Return a parsed protocol with all that its experiments take over written out, and what is wrong with how they say it."""
    if not isinstance(data, Block):
        return Block(), [Mistake(file, None, "(top level)", "a protocol is a mapping of keys to values", data)]
    if "experiments" not in data:
        return data, []
    experiments, mistakes = resolve(data["experiments"], input_sets, file)
    return Block({**data, "experiments": experiments}.items(), data.lines), mistakes


def read_protocol(data: Block, file: str, metrics: Mapping[str, Metric]) -> tuple[Protocol | None, list[Mistake]]:
    """Build a protocol from parsed YAML; None where that cannot be done, and what is wrong.

    Args:
        data: the parsed file, after `write_out`.
        file: its name, for messages.
        metrics: metrics that papers share.
    """
    known, wrong = read_metrics(data.get("metrics"), file, metrics)
    arms = data.get("arms")
    context = {"arms": arms if isinstance(arms, dict) else {}, "metrics": known}
    built, found = read(Protocol, Block({**data, "metrics": {}}.items(), data.lines), file, context)
    if built is None or wrong:
        return None, [*(mistake for mistake in found if not (wrong and mistake.key.endswith(".diverged"))), *wrong]
    return built.model_copy(
        update={"metrics": known, "claims": _with_spread(built.claims, known), "controls": _with_ids(built.controls)}
    ), []


def read_metrics(data: Any, file: str, shared: Mapping[str, Metric]) -> tuple[dict[str, Metric], list[Mistake]]:
    """The shared metrics with those of a file laid over them key by key, and what is wrong in the file."""
    found = dict(shared)
    mistakes: list[Mistake] = []
    for name, entry in data.items() if isinstance(data, dict) else ():
        below = found[name].model_dump(exclude_unset=True) if name in found and isinstance(entry, dict) else {}
        metric, wrong = read(Metric, {**below, **entry} if isinstance(entry, dict) else entry, file)
        lines = [line_of(data, [name, *place.key.split(".")]) for place in wrong]
        mistakes += [Mistake(file, line, f"metrics.{name}.{one.key}", one.what, one.value) for one, line in zip(wrong, lines, strict=True)]
        if metric is not None:
            found[name] = metric
    return found, mistakes


def _with_ids(controls: Mapping[str, Control]) -> dict[str, Control]:
    return {key: control.model_copy(update={"id": key}) for key, control in controls.items()}


def _with_spread(claims: Mapping[str, Claim], metrics: Mapping[str, Metric]) -> dict[str, Claim]:
    """Claims with their ids, and the spread of their metric where they give none."""
    found = {}
    for key, claim in claims.items():
        metric = metrics.get(claim.test.metric) if claim.test and not isinstance(claim.test, Equal) else None
        spread = metric.spread if claim.spread is None and metric else claim.spread
        found[key] = claim.model_copy(update={"id": key, "spread": spread})
    return found


def read_instruments(path: Path) -> tuple[Instruments, list[Mistake], Any]:
    """Read the protocol of the instruments: models, mistakes, and the file as parsed; there are none where there is no such file."""
    nothing = Instruments(experiments={})
    if not path.exists():
        return nothing, [], Block()
    data, mistakes = write_out(load_document(path), str(path), {})
    built, found = read(Instruments, data, str(path))
    return built or nothing, [*mistakes, *found], data
