"""What a scale reduces, in words: every setting that differs from scale paper, the seeds, the cells; and what settings cannot say."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from secondlook.check.descriptions import Described, describe_settings
from secondlook.check.stand_ins import stand_ins
from secondlook.plan.plan import Plan
from secondlook.plan.runs import Cell, cells
from secondlook.protocol.experiment import Experiment
from secondlook.protocol.project import experiment_module
from secondlook.protocol.schema import Scale

FULL: Scale = "paper"


@dataclasses.dataclass(frozen=True)
class Reduction:
    """How one experiment at one scale differs from the paper's protocol."""

    #: what settings cannot say, at this scale or already at scale paper
    prose: tuple[str, ...]
    #: one entry per difference, "generator steps (steps): 1,600 instead of 35,000"
    changes: tuple[str, ...]

    def __str__(self) -> str:
        """All of it in one sentence."""
        return "; ".join([*self.prose, *self.changes])


def reduction(paper: str, experiment: Experiment, scale: Scale, seeds: int | Literal["protocol"] = "protocol") -> Reduction | None:
    """Return what is reduced at a scale at which the experiment runs; None where it is exact and nothing differs.

    Args:
        paper: its name.
        experiment: its protocol.
        scale: the scale asked about.
        seeds: config ``seeds``, which stands in for the protocol's own number.
    """
    budget, full = experiment.scales[scale], experiment.scales.get(FULL)
    prose = [full.reduced if full else None, budget.reduced]
    changes: list[str] = []
    if full:
        known = describe_settings(experiment_module(paper, experiment.module)) if scale != FULL else {}
        changes += [*_settings(experiment, scale, known), *_cells(experiment, scale)]
        count = budget.seeds.count if experiment.fixed_seeds or seeds == "protocol" else seeds
        if count != full.seeds.count:
            changes.append(f"seeds: {count} instead of {full.seeds.count}")
    said = tuple(dict.fromkeys(text for text in prose if isinstance(text, str)))
    return Reduction(said, tuple(changes)) if said or changes else None


def reductions_digest(plan: Plan) -> str:
    """Digest of all reductions of a plan, in words: comments and defaults of settings stand in them, which no digest of code sees."""
    with stand_ins():
        said = {
            f"{paper}/{key}": str(reduction(paper, plan.experiment(paper, key), plan.scale, plan.config.seeds))
            for paper in plan.protocols
            for key in plan.experiments(paper)
        }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _settings(experiment: Experiment, scale: Scale, known: Mapping[str, Described]) -> list[str]:
    here, there = experiment.settings_at(scale), experiment.settings_at(FULL)
    factors = {factor for product in [*experiment.cells_at(scale), *experiment.cells_at(FULL)] for factor in product}
    found = []
    for name in dict.fromkeys([*there, *here]):
        described = known.get(name, Described("", dataclasses.MISSING))
        values = [settings.get(name, described.default) for settings in (here, there)]
        ours, theirs = _pair(*values)
        if ours == theirs or (name in factors and not (name in here and name in there)):
            continue
        what = name if described.text in ("", name) else f"{described.text} ({name})"
        found.append(f"{what}: {ours} instead of {theirs}")
    return found


def _pair(ours: Any, theirs: Any) -> tuple[str, str]:
    """Two values of one setting as people write them. Where one is a count, that of images say, None is all of them."""
    counts = any(isinstance(value, int) and not isinstance(value, bool) for value in (ours, theirs))
    first, second = ("all" if counts and value is None else plain(value) for value in (ours, theirs))
    return first, second


def _cells(experiment: Experiment, scale: Scale) -> list[str]:
    """Levels of factors that are left out or added, and how many cells of the grid are run where that does not say it."""
    here, there = (list(cells(experiment.cells_at(each))) for each in (scale, FULL))
    found = []
    for factor in dict.fromkeys(factor for cell in [*there, *here] for factor in cell.labels):
        ours = _levels(here, factor, experiment.settings_at(scale))
        theirs = _levels(there, factor, experiment.settings_at(FULL))
        if not ours:
            found.append(f"without the cells with {factor} {', '.join(theirs)}")
        elif not theirs:
            found.append(f"with cells of {factor} {', '.join(ours)}, which scale {FULL} does not have")
        elif set(ours) != set(theirs):
            found.append(f"{factor}: {', '.join(ours)} instead of {', '.join(theirs)}")
    if not found and {cell.name for cell in here} != {cell.name for cell in there}:
        found.append(f"cells of the grid: {len(here)} instead of {len(there)}")
    return found


def _levels(grid: Iterable[Cell], factor: str, settings: Mapping[str, Any]) -> list[str]:
    """Values of a factor in a grid; where no cell has it, what all of them share."""
    levels = list(dict.fromkeys(plain(cell.labels[factor]) for cell in grid if factor in cell.labels))
    return levels or ([plain(settings[factor])] if factor in settings else [])


def plain(value: Any) -> str:
    """A setting's value as people write it; a value that is the same for every loss, say, stands once."""
    if isinstance(value, Mapping):
        items = {key: plain(item) for key, item in value.items()}
        same = len(items) > 1 and len(set(items.values())) == 1
        return next(iter(items.values())) if same else ", ".join(f"{item} ({key})" for key, item in items.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or "none"
    if value is None or value is dataclasses.MISSING:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:.12g}" if isinstance(value, float) else str(value)
