"""How often verdicts are wrong: every kind of test, every claim of the papers, and each paper's claims together, on simulated experiments.

`make calibrate` writes the table. The truth that is simulated is the hardest one, an effect at the very bound of where the claim holds.
There both a "supported" and a "contradicted" are wrong, and a share of either above 5 % is an error of the instrument, not of a paper.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from scipy import stats

from secondlook.files import atomic
from secondlook.protocol.claims import Claim
from secondlook.protocol.project import load_project
from secondlook.protocol.rules import MeasuredTest
from secondlook.protocol.schema import Scale
from secondlook.stats.chance import Design, chance, draw, edges_of, rates
from secondlook.stats.design import PaperDesign
from secondlook.stats.judge import ALPHA, Judgement, judge
from secondlook.stats.looks import Look, decide_together
from secondlook.stats.tested import designs

COLUMNS = (
    *("paper", "claim", "scale", "kind", "looks", "spread", "expected", "otherwise", "alpha", "experiments"),
    *("false_supported", "false_supported_high", "false_contradicted", "false_contradicted_high", "chance_if_true", "chance_if_false"),
)
SCALES: tuple[Scale, ...] = ("quick", "paper")
#: simulated papers, whose claims are judged one by one, to every so many simulated experiments of one claim
FEWER = 5


@dataclass(frozen=True)
class Case:
    """A test as it is planned."""

    paper: str
    claim: str
    scale: str
    design: Design


def _arm(label: str) -> dict[str, Any]:
    return {"label": label, "cells": {"arm": [label]}}


def examples() -> Iterator[Case]:
    """Every kind of test with three, five and ten replicas an arm at one look, and with up to 24 at four."""
    two = {"diverged": 0, "first": _arm("a"), "second": _arm("b")}
    one = {"diverged": 0, "arm": _arm("a")}
    three = {"diverged": 0, "arms": [_arm(name) for name in "abc"]}
    kinds: dict[str, tuple[dict[str, Any], int, float, float, float]] = {  # test, arms, spread, effect if it holds and if not
        "difference": ({"difference": "m", **two, "smallest_effect": 1.0}, 2, 0.5, 2.0, 0.0),
        "difference, paired": ({"difference": "m", **two, "smallest_effect": 1.0, "paired": True}, 2, 0.5, 2.0, 0.0),
        "ordering": ({"ordering": "m", **three, "smallest_effect": 1.0}, 3, 0.5, 2.0, 0.0),
        "counts": ({"counts": "m", **two, "smallest_effect": 0.3}, 2, 0.1, 0.8, 0.0),
        "ratio": ({"ratio": "m", **two, "smallest_effect": 1.5}, 2, 0.2, 2.5, 1.0),
        "correlation": ({"correlation": "m", **one, "beside": "q", "low": 0.3}, 1, 0.2, 0.7, 0.0),
        "equivalence": ({"equivalence": "m", **two, "margin": 1.0}, 2, 0.3, 0.0, 2.0),
        "within": ({"within": "m", **one, "low": -1.0, "high": 1.0}, 1, 0.3, 0.0, 2.0),
        "share": ({"share": "m", **one, "low": 0.7}, 1, 1.0, 1.0, 0.3),
    }
    adapter: TypeAdapter[MeasuredTest] = TypeAdapter(MeasuredTest)
    for name, (fields, arms, spread, expected, otherwise) in kinds.items():
        for looks in ((3,), (5,), (10,), (3, 6, 12, 24)):
            sizes = tuple((size,) * arms for size in looks)
            yield Case("(examples)", name, "", Design(adapter.validate_python(fields), sizes, spread, expected, otherwise))


def papers_at(papers: Path, scale: Scale) -> Iterator[tuple[str, dict[str, Design], list[str]]]:
    """Every paper at a scale: its name, the designs of its claims, and which of them are primary."""
    for paper, protocol in load_project(papers).protocols.items():
        claims: Sequence[Claim] = list(protocol.claims.values())
        found = designs(claims, PaperDesign.of(protocol.design(scale)))
        yield paper, found, [key for key in found if protocol.claims[key].primary]


def measure(case: Case, experiments: int) -> dict[str, Any]:
    """Simulate a case and return its row; the wrong shares have the upper end of their exact 95 % interval (Clopper & Pearson 1934)."""
    design = case.design
    at_edges = [rates(design, edge, 2, experiments) for edge in edges_of(design.test)]
    supported, contradicted = (max(shares) for shares in zip(*at_edges, strict=True))
    found = chance(design, experiments)
    return {
        "paper": case.paper,
        "claim": case.claim,
        "scale": case.scale,
        "kind": design.test.kind,
        "looks": ", ".join(" + ".join(map(str, sizes)) for sizes in design.sizes),
        "spread": design.spread,
        "expected": design.expected,
        "otherwise": design.otherwise,
        "alpha": round(ALPHA * design.share, 5),
        "experiments": experiments,
        **_wrong(supported, contradicted, experiments),
        "chance_if_true": found.if_true,
        "chance_if_false": found.if_false,
    }


def _wrong(supported: float, contradicted: float, experiments: int) -> dict[str, float]:
    highest = [stats.binomtest(round(share * experiments), experiments).proportion_ci().high for share in (supported, contradicted)]
    return {
        "false_supported": round(float(supported), 5),
        "false_supported_high": round(highest[0], 5),
        "false_contradicted": round(float(contradicted), 5),
        "false_contradicted_high": round(highest[1], 5),
    }


def measure_together(paper: str, scale: str, found: Mapping[str, Design], experiments: int) -> dict[str, Any]:
    """Simulate all primary claims of a paper at once, each at the bound of its zone: how often is any of them decided?"""
    rng = np.random.default_rng(0)
    simulated = {key: draw(design, edges_of(design.test)[0], rng, experiments) for key, design in found.items()}
    hits = {"supported": 0, "contradicted": 0}
    for number in range(experiments):

        def look(key: str, number: int = number) -> Look:
            design, arms = found[key], simulated[key]

            def judged(look: int, alpha: float) -> Judgement:
                return judge(design.test, [arm[number, :size] for arm, size in zip(arms, design.sizes[look], strict=True)], alpha)

            return judged

        decisions = decide_together({key: (look(key), len(found[key].sizes), len(found[key].sizes)) for key in found}, len(found))
        outcomes = {decision.judgement.outcome for decision in decisions.values() if decision.decided}
        hits["supported"] += "supported" in outcomes
        hits["contradicted"] += bool(outcomes - {"supported"})
    row = dict.fromkeys(COLUMNS, "") | {"paper": paper, "claim": f"({len(found)} primary together)", "scale": scale}
    shares = (hits["supported"] / experiments, hits["contradicted"] / experiments)
    return row | {"alpha": ALPHA, "experiments": experiments} | _wrong(*shares, experiments)


def calibrate(papers: Path, out: Path, experiments: int) -> None:
    """Write the table of all cases as CSV, a line of progress a case on stderr."""
    with atomic(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()

        def write(row: Mapping[str, Any]) -> None:
            writer.writerow(row)
            wrong = f"false supported {row['false_supported']:.3f}, false contradicted {row['false_contradicted']:.3f}"
            print(f"{row['paper']}/{row['claim']} {row['scale']}: {wrong}", file=sys.stderr)

        for case in examples():
            write(measure(case, experiments))
        for scale in SCALES:
            for paper, found, primary in papers_at(papers, scale):
                for key, design in found.items():
                    write(measure(Case(paper, key, scale, design), experiments))
                if primary:
                    write(measure_together(paper, scale, {key: found[key] for key in primary}, max(experiments // FEWER, 1)))
