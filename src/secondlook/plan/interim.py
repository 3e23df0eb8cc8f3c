"""What an interim decision is told: between two looks at the replicas of an experiment, which of its cells want more.

Only what can change the answer: no sentence of a claim and no fidelity stands in it, so that words run nothing again.
"""

from __future__ import annotations

from typing import Any

from secondlook.plan.plan import Plan
from secondlook.plan.runs import Run, matching
from secondlook.plan.targets import paper_design
from secondlook.protocol.claims import Claim, Control
from secondlook.protocol.rules import Equal, arms_of


def readers(plan: Plan, paper: str, experiment: str) -> dict[str, list[str]]:
    """Cell of an experiment -> claims and controls that are decided at this scale and read it, or a run that reads its arrays.

    Identities are left out: more replicas would say no more of them.
    """
    known = {run.cell.name: run.cell for run in plan.runs(paper, experiment)}
    found: dict[str, list[str]] = {name: [] for name in known}
    for item in plan.protocols[paper].decided:
        if item.test is None or not _stands(plan, paper, item):
            continue
        wanted = [(item.experiment, item.test.cells, False)] if isinstance(item.test, Equal) else []
        wanted += [(arm.experiment or item.experiment, arm.cells, True) for arm in arms_of(item.test)]
        for name, cells, whole in wanted:
            for cell in matching(known.values(), cells, whole=whole) if name == experiment else ():
                found[cell.name].append(item.id)
    for later in plan.experiments(paper):
        if any(array.experiment == experiment for array in plan.experiment(paper, later).inputs.values()):
            names = readers(plan, paper, later)
            for run in plan.runs(paper, later):
                for earlier in _earlier(plan, run, experiment):
                    found[earlier.cell.name] += names[run.cell.name]
    return {name: list(dict.fromkeys(items)) for name, items in found.items()}


def interim_jobs(plan: Plan, paper: str, experiment: str, look: int) -> list[str]:
    """What the jobs made that an interim decision looks at: of every experiment that its claims read, all up to that look."""
    return plan.records_of(
        run
        for key in _behind(plan, paper, experiment)
        for run in plan.runs(paper, key)
        if plan.planned(run) and (plan.look_of(run) or 1) <= look
    )


def interim_claims(plan: Plan, paper: str, experiment: str) -> list[dict[str, Any]]:
    """The claims that read an experiment, as plain JSON without their words."""
    named = _named(plan, paper, experiment)
    return [_wordless(claim) for key, claim in plan.protocols[paper].claims.items() if key in named]


def interim_controls(plan: Plan, paper: str, experiment: str) -> list[dict[str, Any]]:
    """The controls that do."""
    named = _named(plan, paper, experiment)
    return [_wordless(control) for key, control in plan.protocols[paper].controls.items() if key in named]


def interim_design(plan: Plan, paper: str, experiment: str) -> dict[str, Any]:
    """What was planned for the experiments that an interim decision looks at, as `paper_design` has it; other claims are only counted."""
    design = paper_design(plan, paper)
    sharing = [claim for claim in plan.protocols[paper].claims.values() if claim.primary and _stands(plan, paper, claim)]
    return {
        "scale": plan.scale,
        "budgets": {
            key: {name: design["budgets"][key][name] for name in ("first", "seeds", "looks")} for key in _behind(plan, paper, experiment)
        },
        "scales": {claim["id"]: [plan.scale] for claim in interim_claims(plan, paper, experiment)},
        "sharing": max(len(sharing), 1),
    }


def _stands(plan: Plan, paper: str, item: Claim | Control) -> bool:
    """Whether a claim that chance has a part in, or a control, is decided at this scale."""
    protocol = plan.protocols[paper]
    if isinstance(item, Claim):
        return item.random and plan.scale in protocol.scales_of(item)
    return set(protocol.experiments_behind(item)) <= set(plan.experiments(paper))


def _earlier(plan: Plan, run: Run, experiment: str) -> list[Run]:
    """Runs of an experiment of the same paper whose arrays a run reads."""
    return [one for found in plan.earlier(run).values() for one in found if (one.paper, one.experiment) == (run.paper, experiment)]


def _named(plan: Plan, paper: str, experiment: str) -> set[str]:
    """Claims and controls that read an experiment."""
    return {name for names in readers(plan, paper, experiment).values() for name in names}


def _behind(plan: Plan, paper: str, experiment: str) -> list[str]:
    """Experiments that those read."""
    protocol, named = plan.protocols[paper], _named(plan, paper, experiment)
    behind = {key for item in protocol.decided if item.id in named for key in protocol.experiments_behind(item)}
    return [key for key in plan.experiments(paper) if key in behind]


def _wordless(item: Claim | Control) -> dict[str, Any]:
    """A claim or a control as plain JSON, with nothing in its words."""
    said = item.model_dump(mode="json")
    if isinstance(item, Claim):
        reported = {"text": "", "value": item.reported_value, "read": "first-hand", "source": ""}
        said |= {"plain": "", "source": "", "own": False, "headline": None, "controls": [], "scales": None}
        said |= {"reported": reported if item.reported_value is not None else None}
    test = said["test"]
    for arm in [*(test[key] for key in ("first", "second", "arm") if key in test), *test.get("arms", [])]:
        arm["label"] = ""
    return said | {"sentence": ""}
