"""The jobs of the plan that make products, rule by rule, with the files that each declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from secondlook.plan.plan import Plan
from secondlook.plan.targets import claims_file, figure_files


@dataclass(frozen=True)
class PlannedJob:
    """A job as the workflow's rules see it."""

    rule: str
    #: the first names its seal (`secondlook.seals`)
    outputs: tuple[str, ...]
    #: wildcards of its rule, but for the scale
    names: tuple[tuple[str, str], ...] = ()


def planned_jobs(plan: Plan) -> Iterator[PlannedJob]:
    """Every job that makes a product, but for data sets, whose content is checked on reading."""
    for paper in plan.papers:
        for key in plan.experiments(paper):
            yield from _experiment(plan, paper, key)
    for paper, protocol in plan.protocols.items():
        experiments = set(plan.experiments(paper))
        for key, selection in protocol.selections.items():
            if experiments & set(selection.experiments):
                yield PlannedJob("select", (plan.selection(paper, key),), (("paper", paper), ("selection", key)))
        yield PlannedJob("decide", (claims_file(plan, paper),), (("paper", paper),))
        for figure in plan.figures(paper):
            yield PlannedJob("figure", tuple(figure_files(plan, paper, figure)), (("paper", paper), ("figure", figure)))
    report = f"results/{plan.scale}/report"
    yield PlannedJob("report", (f"{report}/index.html",))
    yield PlannedJob("pdf", (f"{report}/report.pdf",))


def _experiment(plan: Plan, paper: str, key: str) -> Iterator[PlannedJob]:
    names = (("paper", paper), ("experiment", key))
    for bundle in plan.bundles(paper, key):
        run = bundle.leader
        files = tuple(f"{plan.folder(run)}/{name}" for name in ("job.json", "job.sha256"))
        yield PlannedJob("run", files, (*names, ("cell", run.cell.name), ("seeds", run.seeds_name)))
    looks = {asked for run in plan.runs(paper, key) if (asked := plan.asks(run))}
    for asked in sorted(looks):
        yield PlannedJob("interim", (asked,), (*names, ("look", asked.rpartition("/")[2].removesuffix(".json"))))
    yield PlannedJob("collect", (plan.table(paper, key), plan.records(paper, key)), names)
