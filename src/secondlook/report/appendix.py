"""The tables at the end of the PDF: everything known of each claim, what was tuned, what ran, where it comes from."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from secondlook.formatting import MISSING, duration, mean, measured, number, said
from secondlook.report.reductions import Reduction


def claim_entry(claim: Mapping[str, Any], reductions: Mapping[str, Reduction | None]) -> dict[str, Any]:
    """A claim with everything known of it: rows of a name and lines of text."""
    reported = claim.get("reported")
    through = f", as quoted by {reported['via']}" if reported and reported.get("via") else ""
    reduction = reductions.get(claim.get("experiment") or "")
    rows = [
        ("In full", [f"{claim['sentence']} ({claim['source']})" if claim.get("source") else claim["sentence"]]),
        (
            "Reported, second-hand" if reported and reported.get("read") == "second-hand" else "The paper reports",
            [f"{reported['text']} ({reported['source']}{through})" if reported else "no number that could be checked"],
        ),
        ("Measured", [measured(claim), *map(_arm, claim["arms"])]),
        ("Outcome", [f"{said(claim)}: {claim['why']}" if claim["why"] not in ("", claim["how"]) else said(claim)]),
        ("Decided by", [_decided_by(claim)]),
        ("Rule", [claim["rule"]]),
        ("Chances by plan", [_chances(claim)]),
        (
            "To decide it",
            [f"about {claim['to_decide']} replicas an arm, were the effect as large as measured" if claim["to_decide"] else ""],
        ),
        ("It needs", [f"{kind}: {value}" for kind, value in (claim["needs"] or {}).items() if value]),
        ("Reduced", [str(reduction) if reduction and claim["reach"] == "reduced" else ""]),
        ("Controls", [_control(control) for control in claim["controls"]]),
    ]
    return {
        "id": claim["id"],
        "outcome": claim["outcome"],
        "how": claim["how"] or "",
        "reach": claim["reach"] or "",
        "plain": claim["plain"],
        "own": claim["own"],
        "rows": [[name, lines] for name, lines in rows if any(lines)],
    }


def _decided_by(claim: Mapping[str, Any]) -> str:
    """The look at which a claim was decided, and the chance of error that it spent."""
    if not claim["decided_by"]:
        return ""
    look = claim["decided_by"]
    spent = f", {number(look['spent'])} with the looks before" if look["look"] > 1 else ""
    role = "primary" if claim["primary"] else f"secondary, beside {claim['family']}"
    more = "; exploratory, with more seeds than were planned" if claim["exploratory"] else ""
    return (
        f"look {look['look']} of {look['looks']}; each bound is wrong with a probability of {number(claim['alpha'])}{spent}; {role}{more}"
    )


def _chances(claim: Mapping[str, Any]) -> str:
    """How often the plan expects a right decision."""
    if not claim["chance"]:
        return ""
    plan, unit = claim["chance"], claim["unit"]
    there = f"{100 * plan['if_true']:.0f} % to find it where it holds (effect {number(plan['expected'], unit)})"
    absent = f"{100 * plan['if_false']:.0f} % to notice that it does not (effect {number(plan['otherwise'], unit)})"
    least = f"; least effect found in 80 %: {number(claim['detectable'], unit)}" if claim["detectable"] is not None else ""
    return f"{there}, {absent}, with a spread of {number(plan['spread'])} between replicas{least}"


def wrong_by_chance_text(found: Mapping[str, Any]) -> str:
    """How many outcomes of a paper are wrong by chance."""
    if not found["primary"] + found["secondary"]:
        return ""
    secondary = f", and {number(found['of_secondary'])} of the {found['secondary']} secondary ones" if found["secondary"] else ""
    first = f"{number(found['of_primary'])} of the {found['primary']} primary outcomes that chance has a part in"
    return f"Wrong by chance, on average at most: {first}{secondary}."


def _arm(arm: Mapping[str, Any]) -> str:
    """An arm's mean and every replica of it."""
    values = [value for value in arm.get("values") or [] if value is not None and math.isfinite(value)]
    return f"{arm['label']}: mean {mean(values)} of {', '.join(map(number, values))}" if values else f"{arm['label']}: {MISSING}"


def _control(control: Mapping[str, Any]) -> str:
    passed = control.get("passed")
    outcome = "not decided" if passed is None else "passed" if passed else "failed"
    return f"{control['id']} {outcome}: {control['sentence']} ({control.get('why') or 'no reason given'})"


def tuning_table(name: str, selection: Mapping[str, Any]) -> dict[str, Any]:
    """What a selection chose, a row a group."""
    rows = [
        [
            " ".join(map(str, choice["group"].values())) or "all",
            str(choice["best"]),
            str(len(choice["candidates"])),
            str(sum(candidate["score"] is None for candidate in choice["candidates"])),
            f"yes, the {choice['edge']} one: the best may lie outside" if choice["edge"] else "no",
        ]
        for choice in selection["choices"]
    ]
    how = f"Chosen by the lowest final {selection['metric']}, the {selection['by']} of the tuning seeds."
    return {"name": name, "factor": selection["factor"], "how": how, "rows": rows}


def experiment_row(experiment: Mapping[str, Any]) -> list[Any]:
    """What ran of an experiment and how it differs from scale paper."""
    budget, records, reduction = experiment["budget"], experiment["records"], experiment["reduction"]
    settings = experiment["settings"] | {"seeds": ", ".join(map(str, experiment["seeds"]))}
    return [
        experiment["name"],
        experiment["protocol"].title,
        ": ".join([budget.fidelity, *(["; ".join(reduction.prose)] if reduction and reduction.prose else [])]),
        list(reduction.changes) if reduction else [],
        str(len(records)),
        str(experiment["replicas"]),
        str(experiment["diverged"]),
        duration(sum(record["wall_seconds"] for record in records)),
        ", ".join(dict.fromkeys(record["code"] for record in records)),
        [f"{key}: {_plain(value)}" for key, value in settings.items()],
    ]


def provenance_rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """Rows of a name, lines, and whether they are code."""
    made = found["provenance"]
    cost = (
        f"{duration(made['wall_seconds'])} of runs, {duration(made['cpu_seconds'])} of processor time, "
        f"at most {number(made['peak_memory_mb'], 'MB')} in one job"
    )
    return [
        ["This document", [found["commit"]], True],
        ["Runs", [f"{made['runs']} runs, {made['replicas']} replicas"], False],
        ["Commits of the runs", made["commits"], True],
        ["Configuration", [f"{key}: {_plain(value)}" for key, value in found["config"].items()], True],
        ["Data (digest of the decoded arrays)", made["data"], True],
        ["Device", made["devices"], False],
        ["Versions", made["versions"], False],
        ["Determinism", made["determinism"], False],
        ["Cost", [cost], False],
    ]


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
