"""Every setting of every cell at every scale, built as its job would build it; and what each cell will measure."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from secondlook.errors import Mistake, UserError
from secondlook.plan.runs import Cell, cells
from secondlook.protocol.document import line_of
from secondlook.protocol.experiment import Selected
from secondlook.protocol.paper import Instruments, Protocol
from secondlook.protocol.project import INSTRUMENTS, Project, experiment_module
from secondlook.protocol.schema import SCALES, Scale
from secondlook.runner.settings import wrong_settings


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A cell of an experiment, and the metrics that its runs write at a scale."""

    cell: Cell
    metrics: frozenset[str]


#: (paper or instruments, experiment, scale) -> its cells; an experiment with wrong settings there is left out
Written = dict[tuple[str, str, str], list[Measurement]]


def check_settings(project: Project) -> tuple[list[Mistake], Written]:
    """Build the settings of every cell. To be called within `secondlook.check.stand_ins.stand_ins`, or where the libraries are loaded."""
    mistakes: list[Mistake] = []
    written: Written = {}
    sources: list[tuple[str, Protocol | Instruments]] = [*project.protocols.items(), (INSTRUMENTS, project.instruments)]
    for paper, source in sources:
        document, file = project.documents.get(paper), str(project.file(paper))
        for key, experiment in source.experiments.items():
            place = ["experiments", key, "module"]
            module, what = _load(experiment_module(paper, experiment.module), project.file(paper).with_name(f"{experiment.module}.py"))
            if what:
                mistakes.append(Mistake(file, line_of(document, place), ".".join(place), what, experiment.module))
                continue
            protocol = source if isinstance(source, Protocol) else None
            for scale in (scale for scale in SCALES if scale in experiment.scales):
                found: list[Measurement] = []
                grid = list(cells(experiment.cells_at(scale)))
                for cell in grid:
                    values = {**experiment.settings_at(scale), **cell.fixed, **_chosen(protocol, cell, scale)}
                    wrong = list(_wrong(module.Settings, values))
                    mistakes += [Mistake(file, *_where(document, key, scale, name, cell), problem) for name, problem in wrong]
                    if not wrong:
                        found.append(Measurement(cell, frozenset(module.Settings(**values).metrics())))
                if len(found) == len(grid):
                    written[paper, key, scale] = found
    return mistakes, written


def _load(name: str, path: Path) -> tuple[Any, str | None]:
    """An experiment's module, and what is wrong with it."""
    if not path.exists():
        return None, f"there is no file {path.name} beside the protocol"
    try:
        module = importlib.import_module(name)
    except Exception as error:  # whatever a module may do wrong when it is imported, the user is told which one
        return None, f"the module cannot be imported: {type(error).__name__}: {error}"
    if not callable(getattr(module, "run", None)):
        return None, "the module has no function run(job)"
    model = getattr(module, "Settings", None)
    if not (isinstance(model, type) and dataclasses.is_dataclass(model) and callable(getattr(model, "metrics", None))):
        return None, "the module has no dataclass Settings with a method metrics() that names what its runs write"
    return module, None


def _wrong(model: Any, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Setting (or "" where it is none in particular) and what is wrong with it."""
    if wrong := wrong_settings(model, values):
        yield from wrong.items()
        return
    try:
        model(**values)
    except (UserError, ValueError) as error:
        named = [name for name in re.findall(r"'(\w+)'", str(error)) if name in values]
        yield (named[0] if named else ""), str(error)


def _chosen(protocol: Protocol | None, cell: Cell, scale: Scale) -> dict[str, Any]:
    """A value that a selection could give, for each factor that one decides: the first of its candidates."""
    found = {}
    for factor, value in cell.factors.items():
        if isinstance(value, Selected) and protocol and value.select in protocol.selections:
            rivals = [protocol.experiments[name] for name in protocol.selections[value.select].experiments if name in protocol.experiments]
            grids = [cells(rival.cells_at(scale)) for rival in rivals if scale in rival.scales]
            found[factor] = next((other.fixed[factor] for grid in grids for other in grid if factor in other.fixed), None)
    return {factor: value for factor, value in found.items() if value is not None}


def _where(document: Any, key: str, scale: str, name: str, cell: Cell) -> tuple[int | None, str]:
    """Line and key of a setting: of the scale or else of the experiment, among its settings or in its grid."""
    kind = "cells" if name in cell.factors else "settings"
    here, everywhere = ["experiments", key, "scales", scale, kind], ["experiments", key, kind]
    place = [*(here if _has(document, here if kind == "cells" else [*here, name]) else everywhere), *([name] if name else [])]
    return line_of(document, place), ".".join(place)


def _has(document: Any, place: list[str]) -> bool:
    for part in place:
        if not isinstance(document, Mapping) or part not in document:
            return False
        document = document[part]
    return True
