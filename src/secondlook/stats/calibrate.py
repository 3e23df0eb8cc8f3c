"""How often the verdicts are wrong: every kind of test, and every claim of the papers, on simulated experiments with a known truth.

`make calibrate` writes the table. A share of false "replicated" verdicts above 5 % is an error of the instrument, not of a paper.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from scipy import stats

from secondlook.files import atomic
from secondlook.protocol.project import load_project
from secondlook.protocol.rules import Correlation, Equal, MeasuredTest, arms_of
from secondlook.stats.judge import ALPHA
from secondlook.stats.power import claimed_effect, rates_of, simulator

COLUMNS = (
    *("paper", "claim", "scale", "kind", "n", "spread", "effect", "experiments"),
    *("false_replicated", "false_replicated_low", "false_replicated_high", "power", "false_not_replicated"),
)


@dataclass(frozen=True)
class Case:
    """A test, its sizes, and the truth that is simulated."""

    paper: str
    claim: str
    scale: str
    test: MeasuredTest
    #: replicas of each arm
    sizes: tuple[int, ...]
    spread: float
    effect: float
    #: cells each arm is picked from
    candidates: tuple[int, ...] = (1, 1)


def _arm(label: str) -> dict[str, Any]:
    return {"label": label, "cells": {"arm": [label]}}


def examples() -> Iterator[Case]:
    """Every kind of test at the sizes that papers have: three, five and ten replicas an arm."""
    two = {"diverged": 0, "first": _arm("a"), "second": _arm("b")}
    one = {"diverged": 0, "arm": _arm("a")}
    three = {"diverged": 0, "arms": [_arm(name) for name in "abc"]}
    kinds: dict[str, tuple[dict[str, Any], int, float, float]] = {  # test, arms, spread, effect
        "difference": ({"difference": "m", **two, "smallest_effect": 1.0}, 2, 0.5, 2.0),
        "difference, paired": ({"difference": "m", **two, "smallest_effect": 1.0, "paired": True}, 2, 0.5, 2.0),
        "ordering": ({"ordering": "m", **three, "smallest_effect": 1.0}, 3, 0.5, 2.0),
        "counts": ({"counts": "m", **two, "smallest_effect": 0.5}, 2, 0.1, 0.8),
        "ratio": ({"ratio": "m", **two, "smallest_effect": 1.5}, 2, 0.2, 2.5),
        "correlation over steps": ({"correlation": "m", **one, "beside": "q", "smallest_effect": 0.3}, 1, 0.3, 0.7),
        "correlation over replicas": ({"correlation": "m", **one, "beside": "q", "over": "replicas", "smallest_effect": 0.3}, 2, 1.0, 0.8),
        "equivalence": ({"equivalence": "m", **two, "margin": 1.0}, 2, 0.3, 0.0),
        "within": ({"within": "m", **one, "low": -1.0, "high": 1.0}, 1, 0.3, 0.0),
    }
    adapter: TypeAdapter[MeasuredTest] = TypeAdapter(MeasuredTest)
    for name, (fields, arms, spread, effect) in kinds.items():
        for size in (3, 5, 10):
            yield Case("(examples)", name, "", adapter.validate_python(fields), (size,) * arms, spread, effect)


def claims(papers: Path) -> Iterator[Case]:
    """Every claim that is tested on samples and names a spread, with the protocol's own n at scales quick and paper."""
    for paper, protocol in load_project(papers).protocols.items():
        for claim in protocol.claims.values():
            if claim.test is None or claim.experiment is None or isinstance(claim.test, Equal) or claim.spread is None:
                continue
            effect = claimed_effect(claim.test, claim.reported_value)
            arms = arms_of(claim.test)
            experiments = [protocol.experiments[arm.experiment or claim.experiment] for arm in arms]
            for scale in ("quick", "paper"):
                spread = claim.spread_at(scale)
                if effect is None or spread is None or any(scale not in experiment.scales for experiment in experiments):
                    continue
                candidates = tuple(max(map(len, arm.cells.values()), default=1) for arm in arms)
                sizes = tuple(experiment.scales[scale].seeds.count for experiment in experiments)
                yield Case(paper, claim.id, scale, claim.test, sizes, spread, effect, candidates)


def measure(case: Case, experiments: int) -> dict[str, Any]:
    """Simulate a case and return its row; the share of false "replicated" verdicts has its exact 95 % interval (Clopper & Pearson 1934)."""
    arms = arms_of(case.test)
    luck = case.candidates[0] if arms[0].pick == case.test.metric else 1
    rates = rates_of(case.test, simulator(case.test, case.sizes, case.spread, case.candidates), case.effect, 1 - ALPHA / luck, experiments)
    wrong = round(rates["false_replicated"] * experiments)
    bounds = stats.binomtest(wrong, experiments).proportion_ci(method="exact")
    return {
        "paper": case.paper,
        "claim": case.claim,
        "scale": case.scale,
        "kind": case.test.kind,
        "n": " + ".join(map(str, case.sizes)),
        "spread": case.spread,
        "effect": case.effect,
        "experiments": experiments,
        "false_replicated": rates["false_replicated"],
        "false_replicated_low": round(bounds.low, 4),
        "false_replicated_high": round(bounds.high, 4),
        "power": rates["replicated"],
        "false_not_replicated": rates["false_not_replicated"],
    }


def calibrate(papers: Path, out: Path, experiments: int) -> None:
    """Write the table of all cases as CSV, a line of progress a case on stderr; the bootstrap's cases get a tenth of the experiments."""
    cases = [*examples(), *claims(papers)]
    with atomic(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for index, case in enumerate(cases, 1):
            slow = isinstance(case.test, Correlation) and case.test.over == "replicas"
            row = measure(case, max(experiments // 10, 1) if slow else experiments)
            writer.writerow(row)
            print(
                f"{index}/{len(cases)} {case.claim} {case.scale} n = {row['n']}: false replicated {row['false_replicated']:.3f}",
                file=sys.stderr,
            )
