"""The verdicts on a paper's claims, by the rules that the protocol wrote down before the run.

A verdict has an *outcome* (`secondlook.stats.zones.OUTCOMES`) and a *reach*: "paper's setting", "reduced", or "identity" for a numerical
identity that was verified. Nothing is capped: a reduced experiment may contradict a claim, and its reach says that it is a reduced one.
Where a control came out otherwise than it must, the claims that rest on it are undecided.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from secondlook.protocol.claims import Claim, Control
from secondlook.protocol.paper import Protocol
from secondlook.protocol.rules import Counts, Equal, Ratio, Share
from secondlook.stats import chance
from secondlook.stats.design import Budgets, PaperDesign
from secondlook.stats.judge import Judgement
from secondlook.stats.looks import Decision, decide_alone, decide_together
from secondlook.stats.rule_text import rule_text
from secondlook.stats.samples import Tables, gaps_of
from secondlook.stats.tested import Looked, Tested, share_of_alpha, tested_claims
from secondlook.stats.zones import DECIDED, HOW, zone_of

Checked = Mapping[str, Mapping[str, Any]]


def decide(claims: Sequence[Claim], controls: Sequence[Control], tables: Tables, design: PaperDesign, paper: str) -> list[dict[str, Any]]:
    """Return the verdict on each claim of a paper as plain JSON.

    Args:
        claims: all claims of the paper; those that do not stand at this scale count nowhere and are not run.
        controls: its controls.
        tables: experiment -> collected table, of those that ran.
        design: what was planned.
        paper: its name, the first part of the claims' ids in the project.

    Raises:
        UserError: a claim names a factor, a value or a metric that its table does not have.
    """
    checked = {control.id: check_control(control, tables, design.budgets) for control in controls}
    tested = tested_claims(claims, tables, design)
    judged = {key: (one.look, one.looks, one.seen) for key, one in tested.items() if one.worth_running}
    primary = {key: how for key, how in judged.items() if tested[key].claim.primary}
    decisions = decide_together(primary, share_of_alpha(claims, design))
    decisions |= {key: decide_alone(*how) for key, how in judged.items() if key not in primary}
    return [
        _said(claim, paper) | _verdict(claim, tested.get(claim.id), decisions.get(claim.id), tables, checked, design) for claim in claims
    ]


def check_control(control: Control, tables: Tables, budgets: Budgets) -> dict[str, Any]:
    """Return a control's outcome: ``passed`` is None where it did not run, or the evidence does not decide.

    It is judged at the looks of its experiments like a claim, with an alpha of its own.
    """
    said = {"id": control.id, "sentence": control.sentence}
    if missing := sorted(set(Protocol.experiments_behind(control)) - set(tables)):
        return said | {"passed": None, "why": f"{missing[0]} does not run at this scale"}
    if isinstance(control.test, Equal):
        judgement = _identity(control.test, gaps_of(control.test, tables[control.experiment]))
    else:
        one = Looked(control, tables, budgets)
        judgement = decide_alone(one.look, one.looks, one.seen).judgement
    passed = None if judgement.outcome not in DECIDED else judgement.outcome == "supported"
    ends = f": {judgement.effect:.4g} [{judgement.interval[0]:.4g}, {judgement.interval[1]:.4g}]" if judgement.interval else ""
    return said | {"passed": passed, "why": judgement.why + ends}


def _identity(test: Equal, gaps: np.ndarray) -> Judgement:
    """Judge an identity: every replica agrees, or it is none."""
    if not len(gaps):
        return Judgement("undecided", f"no replica meets the premise {test.given}")
    agree, largest = int((gaps <= test.tolerance).sum()), float(gaps.max())
    why = f"{agree} of {len(gaps)} replicas agree; largest difference {largest:.3g}, allowed {test.tolerance:g}"
    return Judgement("supported" if agree == len(gaps) else "contradicted", why, largest if math.isfinite(largest) else None)


# -- as JSON -------------------------------------------------------------------------------------------------------------------------


def _said(claim: Claim, paper: str) -> dict[str, Any]:
    """What the protocol says of a claim."""
    test = claim.test
    measured = test if test is not None and not isinstance(test, Equal) else None
    zone = zone_of(measured) if measured else None
    reported = claim.reported.model_dump() if claim.reported else None
    if reported is not None:
        reported["on_scale"] = zone.position(claim.reported_value) if zone else None
    return {
        "id": f"{paper}/{claim.id}" if paper else claim.id,
        "sentence": claim.sentence,
        "plain": claim.plain,
        "own": claim.own,
        "family": claim.family or claim.id,
        "primary": claim.primary,
        "headline": claim.headline.model_dump(include={"order", "label", "figure"}) if claim.headline else None,
        "source": claim.source,
        "reported": reported,
        "experiment": claim.experiment,
        "kind": test.kind if test else None,
        "metric": test.metric if test else None,
        "unit": getattr(test, "unit", ""),
        "rule": rule_text(test) if test else "",
        "zone": zone.as_json() if zone else None,
        "tolerance": test.tolerance if isinstance(test, Equal) else None,
    }


def _answer(claim: Claim, outcome: str) -> str | None:
    """The headline's sentence for an outcome."""
    if claim.headline is None:
        return None
    answer = claim.headline.answer
    sentences = {
        "supported": answer.supported,
        "weaker than claimed": answer.weaker or answer.contradicted,
        "contradicted": answer.contradicted,
        "undecided": answer.undecided,
        "not run": answer.not_run,
    }
    return sentences[outcome]


#: fields of a verdict that a claim without one has as well
NOTHING: dict[str, Any] = {
    "how": None,
    "reach": None,
    "effect": None,
    "interval": None,
    "alpha": None,
    "n": [],
    "counts": None,
    "values": [],
    "arms": [],
    "decided_by": None,
    "chance": None,
    "detectable": None,
    "to_decide": None,
    "exploratory": False,
    "controls": [],
    "needs": None,
}


def without_verdict(claim: Claim, paper: str) -> dict[str, Any]:
    """A claim as it stands in claims.json where nothing was decided."""
    return _said(claim, paper) | NOTHING | {"outcome": "not run", "why": "", "answer": _answer(claim, "not run")}


def _not_run(claim: Claim, design: PaperDesign, unfit: Tested | None) -> dict[str, Any]:
    fields = NOTHING | {"outcome": "not run", "answer": _answer(claim, "not run")}
    if claim.not_run is not None:
        return fields | {"why": claim.not_run, "needs": claim.needs.model_dump() if claim.needs else None}
    if unfit is not None and unfit.chance is not None:
        chances = f"{unfit.chance.if_true:.2f} if the claim holds and {unfit.chance.if_false:.2f} if not"
        why = f"by plan its test would decide rightly with a chance of {chances}; {chance.LEAST:g} is asked"
        return fields | {"why": why, "needs": {"scale": design.next_scale(claim.id), "data": None, "code": None}}
    scale, below = design.next_scale(claim.id), " and ".join(design.scales.get(claim.id, ()))
    why = f"needs scale {scale}" if scale else f"decided at scale {below} alone" if below else "its experiments run at no scale together"
    return fields | {"why": why, "needs": {"scale": scale, "data": None, "code": None}}


def _verdict(
    claim: Claim, one: Tested | None, decision: Decision | None, tables: Tables, checked: Checked, design: PaperDesign
) -> dict[str, Any]:
    if one is not None and decision is not None:
        judgement, fields = _measured(one, decision, design)
    elif isinstance(claim.test, Equal) and design.stands(claim.id) and claim.experiment in tables:
        judgement, fields = _identical(claim.test, tables[str(claim.experiment)])
    else:
        return _not_run(claim, design, one)
    controls = [dict(checked[name]) for name in claim.controls if name in checked]
    outcome, why = judgement.outcome, judgement.why
    if failed := [control["id"] for control in controls if control["passed"] is False]:
        outcome, why = "undecided", f"control failed: {', '.join(failed)}; without it the outcome would be {outcome}"
    if open_ := [control["id"] for control in controls if control["passed"] is None]:
        why += f"; not decided: control {', '.join(open_)}"
    return fields | {
        "outcome": outcome,
        "how": judgement.why if outcome == "contradicted" and judgement.why in HOW else None,
        "why": why,
        "answer": _answer(claim, outcome),
        "effect": judgement.effect if judgement.effect is not None and math.isfinite(judgement.effect) else None,
        "interval": _finite(judgement.interval),
        "controls": controls,
    }


def _identical(test: Equal, table: pd.DataFrame) -> tuple[Judgement, dict[str, Any]]:
    gaps = gaps_of(test, table)
    finite = [float(value) if math.isfinite(value) else None for value in gaps]
    return _identity(test, gaps), NOTHING | {"n": [len(gaps)], "values": finite, "reach": "identity"}


def _finite(interval: tuple[float, float] | None) -> list[float | None] | None:
    """An interval as JSON; an open end is null."""
    return [end if math.isfinite(end) else None for end in interval] if interval else None


def _measured(one: Tested, decision: Decision, design: PaperDesign) -> tuple[Judgement, dict[str, Any]]:
    arms, judgement = one.arms_at(decision.look - 1), decision.judgement
    exploratory = one.seen == 0  # fewer replicas than at the first look that was planned
    if not decision.decided and one.beyond_plan:
        exploratory, arms = True, one.arms_at(None)
        judgement = one.judged(arms, decision.alpha)
    counted = isinstance(one.test, Counts | Share)
    reduced = any(design.budgets.fidelity(name) == "reduced" for name in one.experiments)
    fields = NOTHING | {
        "reach": "reduced" if reduced else "paper's setting",
        "alpha": decision.alpha,
        "n": [len(arm.values) for arm in arms],
        "counts": [[int(arm.values.sum()), len(arm.values)] for arm in arms] if counted else None,
        "arms": [arm.as_json() for arm in arms],
        "decided_by": {"look": decision.look, "looks": decision.looks, "alpha": decision.alpha, "spent": decision.spent},
        "exploratory": exploratory,
    }
    if one.design and one.chance:
        fields["chance"] = {
            "if_true": one.chance.if_true,
            "if_false": one.chance.if_false,
            "spread": one.design.spread,
            "expected": one.design.expected,
            "otherwise": one.design.otherwise,
        }
        fields["detectable"] = chance.detectable(one.design)
        if (
            judgement.outcome == "undecided"
            and judgement.effect is not None
            and not (isinstance(one.test, Ratio) and judgement.effect <= 0)
        ):
            fields["to_decide"] = chance.replicas_needed(one.test, judgement.effect, one.design.spread, decision.alpha)
    return judgement, fields
