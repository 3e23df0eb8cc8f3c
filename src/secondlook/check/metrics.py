"""Every metric that a claim, a control, a selection or a figure reads, against those that the experiments write."""

from __future__ import annotations

import fnmatch
import importlib
from collections.abc import Sequence
from typing import Any

from secondlook.check.references import Found
from secondlook.check.settings import Measurement, Written
from secondlook.errors import Mistake
from secondlook.plan.runs import matching
from secondlook.protocol.claims import Claim, Control
from secondlook.protocol.paper import Protocol
from secondlook.protocol.project import Project, figure_module
from secondlook.protocol.rules import Equal, arms_of, metrics_of
from secondlook.protocol.schema import SCALES

#: written by the loops whatever the settings
ALWAYS = {"diverged"}


def check_metrics(project: Project, written: Written) -> list[Mistake]:
    """Check what is read of every paper. To be called within `secondlook.check.stand_ins.stand_ins`, since figures are imported."""
    mistakes = []
    for paper, protocol in project.protocols.items():
        found = Found(str(project.file(paper)), project.documents.get(paper))
        for kind, items in (("controls", protocol.controls), ("claims", protocol.claims)):
            for key, item in items.items():
                if item.test:
                    _test(found, paper, protocol, item, [kind, key, "test"], written)
        for key, selection in protocol.selections.items():
            place = ["selections", key, "metric"]
            if _documented(found, protocol, selection.metric, place):
                for name in selection.experiments:
                    for scale in SCALES:
                        _written(found, written.get((paper, name, scale), []), selection.metric, name, place)
        for key in protocol.figures:
            _figure(found, project, paper, key, written)
        mistakes += found.mistakes
    return mistakes


def _documented(found: Found, protocol: Protocol, metric: str, place: Sequence[str]) -> bool:
    """Whether a reader can look up what the metric means; an entry ``share_*`` stands for all that begin so."""
    if any(fnmatch.fnmatchcase(metric, name) for name in protocol.metrics):
        return True
    return found.known(metric, protocol.metrics, place, "metric: it has no entry in 'metrics:' of this file or of papers/metrics.yaml")


def _test(found: Found, paper: str, protocol: Protocol, item: Claim | Control, place: list[str], written: Written) -> None:
    test = item.test
    assert test is not None and item.experiment is not None
    behind = Protocol.experiments_behind(item)
    for metric in metrics_of(test):
        said = [key for key in (test.kind, "to", "given", "beside", "given_lower") if getattr(test, key, None) == metric]
        here = [*place, *said[:1]]
        if not _documented(found, protocol, metric, here):
            continue
        for scale in SCALES:
            if any(scale not in protocol.experiments[name].scales for name in behind):
                continue
            if isinstance(test, Equal):
                measured = written.get((paper, item.experiment, scale), [])
                _written(found, _in(measured, test.cells, whole=False), metric, item.experiment, here)
            for arm in arms_of(test):
                name = arm.experiment or item.experiment
                _written(found, _in(written.get((paper, name, scale), []), arm.cells, whole=True), metric, name, here)


def _in(measured: list[Measurement], cells: Any, *, whole: bool) -> list[Measurement]:
    wanted = {cell.name for cell in matching([one.cell for one in measured], cells, whole=whole)}
    return [one for one in measured if one.cell.name in wanted]


def _written(found: Found, measured: list[Measurement], metric: str, experiment: str, place: Sequence[str]) -> None:
    for one in measured:
        if not found.known(metric, sorted(one.metrics | ALWAYS), place, f"metric: {experiment} does not write it there"):
            break


def _figure(found: Found, project: Project, paper: str, key: str, written: Written) -> None:
    """The module of a figure, its draw, and the metrics that it says it reads: each written by one of its experiments, at some scale."""
    figure = project.protocols[paper].figures[key]
    place = ["figures", key, "draw"]
    name = figure.draw or key
    own = project.file(paper).parent / "figures" / f"{name}.py"
    shared = name in project.shared_figures
    if shared and own.exists():
        found.say(place, f"both this paper and figures/shared have a module '{name}'; give one another name", name)
        return
    if not shared and not own.exists():
        names = {path.stem for path in own.parent.glob("*.py")} - {"__init__"} | set(project.shared_figures)
        found.known(name, names, place, "figure module")
        return
    try:
        module = importlib.import_module(figure_module(paper, name, shared=shared))
    except Exception as error:  # whatever a module may do wrong when it is imported, the user is told which one
        found.say(place, f"the module cannot be imported: {type(error).__name__}: {error}", name)
        return
    if not callable(getattr(module, "draw", None)):
        found.say(place, "the module has no function draw(data)", name)
        return
    reads: frozenset[str] = getattr(module, "METRICS", frozenset())
    there = {
        metric for table in figure.tables for scale in SCALES for one in written.get((paper, table, scale), []) for metric in one.metrics
    }
    complete = all(
        written.get((paper, table, scale)) is not None
        for table in figure.tables
        for scale in SCALES
        if scale in project.protocols[paper].experiments[table].scales
    )
    for metric in sorted(reads):
        if _documented(found, project.protocols[paper], metric, ["figures", key]) and complete:
            found.known(metric, sorted(there | ALWAYS), ["figures", key, "tables"], f"metric, which the module '{name}' reads")
