"""What the workflow makes of the plan: the files that claims, figures and the report are made from, and those that targets ask for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from secondlook.plan.plan import Plan
from secondlook.protocol.project import INSTRUMENTS


def claim_experiments(plan: Plan, paper: str) -> list[str]:
    """Experiments that claims and controls read and that run at this scale."""
    protocol = plan.protocols[paper]
    wanted = {key for item in protocol.decided for key in protocol.experiments_behind(item)}
    return [key for key in plan.experiments(paper) if key in wanted]


def paper_design(plan: Plan, paper: str) -> dict[str, Any]:
    """What was planned for a paper's claims, as plain JSON: replicas and looks by protocol, whatever config ``seeds`` says."""
    return plan.protocols[paper].design(plan.scale)


def claims_file(plan: Plan, paper: str) -> str:
    """A paper's decided claims."""
    return f"results/{plan.scale}/{paper}/claims.json"


def figure_files(plan: Plan, paper: str, figure: str) -> list[str]:
    """Files of a figure."""
    return [f"results/{plan.scale}/{paper}/figures/{figure}.{kind}" for kind in ("svg", "png")]


def drawn_jobs(plan: Plan, paper: str, figure: str) -> list[str]:
    """What the jobs say that made the runs whose arrays a figure draws."""
    experiments = plan.protocols[paper].figures[figure].arrays
    return plan.records_of(run for key in experiments for run in plan.runs(paper, key))


def paper_products(plan: Plan, paper: str) -> list[str]:
    """All that a paper adds to the report."""
    experiments = plan.experiments(paper)
    selections = plan.protocols[paper].selections
    return [
        claims_file(plan, paper),
        *(plan.records(paper, key) for key in experiments),
        *(plan.selection(paper, key) for key, selection in selections.items() if set(selection.experiments) & set(experiments)),
        *(path for figure in plan.figures(paper) for path in figure_files(plan, paper, figure)),
    ]


def paper_targets(plan: Plan, paper: str) -> list[str]:
    """All that a paper adds to the report, and what its jobs made.

    Not the products alone: a failed job loses its outputs, and Snakemake leaves a lost file alone where what was made of it is still there,
    so the next start would keep the numbers of the code before.
    """
    return paper_products(plan, paper) + _run_records(plan, paper, plan.experiments(paper))


def figure_targets(plan: Plan, paper: str, figure: str) -> list[str]:
    """A figure, and what the jobs behind it made, for the same reason."""
    return figure_files(plan, paper, figure) + _run_records(plan, paper, plan.protocols[paper].figures[figure].experiments)


def report_products(plan: Plan) -> list[str]:
    """What the report is made of, apart from its sources."""
    tables = {
        plan.table(paper, key)
        for paper, protocol in plan.protocols.items()
        for figure in plan.figures(paper)
        for key in protocol.figures[figure].tables
    }
    return [
        *(path for paper in plan.protocols for path in paper_products(plan, paper)),
        *(plan.records(INSTRUMENTS, key) for key in plan.experiments(INSTRUMENTS)),
        *sorted(tables),
    ]


def _run_records(plan: Plan, paper: str, experiments: Iterable[str]) -> list[str]:
    """What the jobs say that made the runs of these experiments and of those that they need."""
    return plan.records_of(plan.runs_behind(paper, experiments))
