"""Every name in a protocol that must be that of something else: experiments, selections, factors, levels, controls, figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from secondlook.errors import Mistake, UserError, did_you_mean
from secondlook.plan.plan import Plan
from secondlook.plan.runs import Cell, cells, matching
from secondlook.protocol.claims import Claim, Control
from secondlook.protocol.config import Config
from secondlook.protocol.document import line_of
from secondlook.protocol.experiment import Selected
from secondlook.protocol.paper import Protocol
from secondlook.protocol.project import Project
from secondlook.protocol.rules import Arm, Equal, Ordering, arms_of
from secondlook.protocol.schema import SCALES, Scale, read

#: folders beside those of a paper's experiments
TAKEN = {"figures", "looks", "selections"}


class Found:
    """The mistakes of one file."""

    def __init__(self, file: str, document: Any) -> None:
        self.file, self.document = file, document
        self._found: dict[tuple[tuple[str | int, ...], str, Any], list[str]] = {}

    def say(self, place: Sequence[str | int], what: str, value: Any = None, scale: str | None = None) -> None:
        """Note what is wrong at ``place``, at a scale or at every one."""
        scales = self._found.setdefault((tuple(place), what, value), [])
        if scale and scale not in scales:
            scales.append(scale)

    @property
    def mistakes(self) -> list[Mistake]:
        """What was noted, each once with its scales."""
        return [
            Mistake(
                self.file,
                line_of(self.document, place),
                ".".join(map(str, place)),
                what + (f" (scale {', '.join(scales)})" if scales else ""),
                value,
            )
            for (place, what, value), scales in self._found.items()
        ]

    def known(self, name: Any, names: Iterable[Any], place: Sequence[str | int], what: str) -> bool:
        """Tell whether ``name`` is one of ``names``, and note it where it is not."""
        names = list(names)
        if name not in names:
            self.say(place, f"unknown {what}.{did_you_mean(str(name), map(str, names))}", name)
        return name in names


def check_references(project: Project) -> list[Mistake]:
    """Check the names of all protocols."""
    mistakes = []
    for paper, protocol in project.protocols.items():
        found = Found(str(project.file(paper)), project.documents.get(paper))
        _names(found, project, protocol)
        if not found.mistakes:  # what follows asks names for what they stand for
            for scale in SCALES:
                _inputs(found, project, paper, scale)
            for kind, items in (("controls", protocol.controls), ("claims", protocol.claims)):
                for key, item in items.items():
                    for scale in SCALES:
                        _arms(found, protocol, [kind, key, "test"], item, scale)
        mistakes += found.mistakes
    return mistakes


def _names(found: Found, project: Project, protocol: Protocol) -> None:
    experiments = protocol.experiments
    if project.questions:
        found.known(protocol.question, project.questions, ["question"], "question (papers/questions.yaml)")
    for key in set(experiments) & TAKEN:
        found.say(["experiments", key], f"'{key}' is the name of a folder of results; choose another")
    for key, experiment in experiments.items():
        for name, array in experiment.inputs.items():
            place = ["experiments", key, "inputs", name]
            if array.experiment:
                found.known(array.experiment, experiments, [*place, "experiment"], "experiment")
            else:
                found.known(array.instrument, project.instruments.experiments, [*place, "instrument"], "instrument")
        for scale in experiment.scales:
            for product in experiment.cells_at(scale):
                for factor, levels in product.items():
                    if isinstance(levels, Selected):
                        _selected(found, protocol, key, scale, product, factor, levels)
    for key, selection in protocol.selections.items():
        for name in selection.experiments:
            if not found.known(name, experiments, ["selections", key, "experiments"], "experiment"):
                continue
            factors = {factor for product in experiments[name].products for factor in product}
            found.known(selection.factor, factors, ["selections", key, "factor"], f"factor of {name}")
            for factor in selection.per:
                found.known(factor, factors | set(experiments[name].settings), ["selections", key, "per"], f"factor or setting of {name}")
    for name, block in protocol.arms.items():
        _, wrong = read(Arm, block, found.file)
        for mistake in wrong:
            found.say(["arms", name, *mistake.key.split(".")], mistake.what, mistake.value)
    ids = set(protocol.claims) & set(protocol.controls)
    for key in ids:
        found.say(["controls", key], "a claim has the same id")
    for kind, items in (("controls", protocol.controls), ("claims", protocol.claims)):
        for key, item in items.items():
            if item.experiment:
                found.known(item.experiment, experiments, [kind, key, "experiment"], "experiment")
            for arm in arms_of(item.test) if item.test else ():
                if arm.experiment:
                    found.known(arm.experiment, experiments, [kind, key, "test"], f"experiment of the arm '{arm.label}'")
            for name in item.controls if isinstance(item, Claim) else ():
                found.known(name, protocol.controls, [kind, key, "controls"], "control")
    for key, figure in protocol.figures.items():
        for name in figure.tables:
            found.known(name, experiments, ["figures", key, "tables"], "experiment")
        for name in figure.arrays:
            found.known(name, experiments, ["figures", key, "arrays"], "experiment")


def _selected(found: Found, protocol: Protocol, key: str, scale: str, product: Mapping[str, Any], factor: str, levels: Selected) -> None:
    place = ["experiments", key, "cells"]
    if not found.known(levels.select, protocol.selections, place, f"selection, for the factor '{factor}'"):
        return
    selection = protocol.selections[levels.select]
    if selection.factor != factor:
        found.say(place, f"selection '{levels.select}' chooses '{selection.factor}', and stands for the factor '{factor}'")
    if not any(name in protocol.experiments and scale in protocol.experiments[name].scales for name in selection.experiments):
        found.say(place, f"no experiment of selection '{levels.select}' runs at scale {scale}")
    for name in selection.per:
        found.known(name, product, place, f"factor of this grid, and selection '{levels.select}' is made per '{name}'")


def _inputs(found: Found, project: Project, paper: str, scale: Scale) -> None:
    """Whether every run finds the arrays that it reads."""
    alone = {paper: project.protocols[paper]}
    try:
        plan = Plan(alone, Config(scale=scale), project.instruments)
    except UserError as error:
        whose = re.match(rf"{paper}/([\w-]+) ", str(error))
        found.say(["experiments", *([whose[1], "inputs"] if whose else [])], str(error), scale=scale)
        return
    for key in plan.experiments(paper):
        for run in plan.runs(paper, key):
            try:
                plan.earlier(run)
            except UserError as error:
                found.say(["experiments", key, "inputs"], str(error), scale=scale)
                break


def _arms(found: Found, protocol: Protocol, place: list[str], item: Claim | Control, scale: Scale) -> None:
    """Whether every arm has its cells, at a scale at which the claim is decided, or the control's experiments run."""
    test = item.test
    if test is None or any(scale not in protocol.experiments[name].scales for name in Protocol.experiments_behind(item)):
        return
    if isinstance(item, Claim) and item.scales and scale not in item.scales:
        return
    if isinstance(test, Equal):
        _cells_of(found, protocol, item.experiment, test.cells, place, scale, whole=False)
        return
    names = [["arms", str(index)] for index in range(len(test.arms))] if isinstance(test, Ordering) else [["arm"]]
    names = [["first"], ["second"]] if hasattr(test, "first") else names
    for name, arm in zip(names, arms_of(test), strict=True):
        chosen = _cells_of(found, protocol, arm.experiment or item.experiment, arm.cells, [*place, *name], scale, whole=True)
        if len(chosen) > 1 and arm.pick is None:
            found.say(
                [*place, *name], f"the arm '{arm.label}' has {len(chosen)} cells and no 'pick', the metric whose lowest mean picks one"
            )


def _cells_of(
    found: Found,
    protocol: Protocol,
    experiment: str | None,
    wanted: Mapping[str, Sequence[Any]],
    place: Sequence[str],
    scale: Scale,
    *,
    whole: bool,
) -> list[Cell]:
    assert experiment is not None
    grid = list(cells(protocol.experiments[experiment].cells_at(scale)))
    chosen = matching(grid, wanted, whole=whole)
    for what in _unmatched(grid, wanted, chosen, experiment):
        found.say(place, what, scale=scale)
    return chosen


def _unmatched(grid: Sequence[Cell], wanted: Mapping[str, Sequence[Any]], chosen: Sequence[Cell], experiment: str) -> Iterator[str]:
    """Why cells are missing: an unknown factor, an unknown level, or a combination that is not run."""
    factors = list(dict.fromkeys(factor for cell in grid for factor in cell.labels))
    levels = {factor: {str(cell.labels[factor]) for cell in grid if factor in cell.labels} for factor in factors}
    complete = True
    for factor, values in wanted.items():
        if factor not in levels:
            yield f"'{factor}' is no factor of {experiment}.{did_you_mean(factor, factors)}"
            complete = False
            continue
        for value in values:
            if str(value) not in levels[factor]:
                yield f"'{value}' is no level of {factor} in {experiment}.{did_you_mean(str(value), levels[factor])}"
                complete = False
    if complete and not chosen:
        names = ", ".join(cell.name for cell in grid[:6]) + (", ..." if len(grid) > 6 else "")
        said = "+".join(f"{factor}={'|'.join(map(str, values))}" for factor, values in wanted.items()) or "no factor"
        yield f"{experiment} has no cell with just {said}; it has {names}"
