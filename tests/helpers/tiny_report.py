"""A made-up paper whose texts are hostile, and the real results of running it: what the tests of the report build pages from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tiny_paper import EVERYWHERE, EXACT, TRAIN, papers_in, protocol_data, write_instruments, write_paper

from secondlook.plan.plan import INSTRUMENTS, Plan, load_plan
from secondlook.protocol.config import load_config
from secondlook.report import context
from secondlook.runner.job import run_job
from secondlook.stats.decide import decide_claims
from secondlook.tables.collect import collect
from secondlook.tables.selection import select

HOSTILE = "<script>alert('x')</script>"
QUOTED = '"><img src=x onerror="alert(1)">'
URL = 'https://example.org/toys?a="><script>'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="300"><path d="M20 20 580 280" stroke="#06c" stroke-width="5"/></svg>'
REDUCED = {"fidelity": "reduced", "reduction": "two steps instead of many", "seeds": {"first": 100, "count": 3}}


def difference(first: Any, second: Any, **rest: Any) -> dict[str, Any]:
    arms = {"first": {"label": "first arm", "where": {"lr": [first]}}, "second": {"label": "second arm", "where": {"lr": [second]}}}
    return {"kind": "difference", "metric": "loss", "unit": "nats", "smallest_effect": 1.0, "diverged": 99.0} | arms | rest


PAPER = protocol_data(
    title=f"On Toys {HOSTILE}",
    authors=f"A. Toymaker {HOSTILE}",
    url=URL,
    question=7,
    question_text="Do toys train & fly?",
    experiments={
        "grid": {
            "title": f"A grid {HOSTILE}",
            "module": "train",
            "cells": [{"lr": [0.5, 1.0, 2.0]}],
            "settings": {"diverge": 1.5},
            "fixed_seeds": True,
            "scales": EVERYWHERE,
        },
        "chosen": {
            "title": "The chosen one",
            "module": "train",
            "inputs": {"ruler": {"instrument": "ruler", "cell": {"length": 3}}},
            "cells": [{"lr": {"select": "best"}}, {"lr": 0.25}],
            "scales": {"quick": REDUCED},
        },
        "large": {"title": "For a cluster", "module": "train", "settings": {"lr": 1.0}, "scales": {"paper": EXACT}},
    },
    selections={
        "best": {"experiments": ["grid"], "factor": "lr", "metric": "loss"},
        "idle": {"experiments": ["grid"], "factor": "lr", "metric": "loss", "goal": "maximise"},
    },
    claims=[
        {
            "id": "T1",
            "sentence": f"A larger step ends lower {HOSTILE}.",
            "where": "Section 1",
            "reported": {
                "text": f"1.95 ± 0.2 {QUOTED}",
                "value": 1.95,
                "mark": "S2",
                "source": "caption of Figure 1",
                "through": "a review in the Toy Gazette",
            },
            "experiment": "grid",
            "test": difference(1.0, 0.5, smallest_effect=0.25),
        },
        {
            "id": "T1.ii",
            "sentence": "So it does when tuned.",
            "where": "Section 2",
            "reported": {"text": "0.5", "mark": "S", "source": "Table 2"},
            "experiment": "chosen",
            "test": difference("selected", 0.25),
        },
        {"id": "T3", "sentence": "Toys fly.", "where": "Section 3", "not_run": "there is no wind & no sky"},
        {
            "id": "T4",
            "sentence": "Large toys train.",
            "where": "Section 4",
            "experiment": "large",
            "test": {"kind": "exact", "metric": "loss", "equals": 0.5},
        },
    ],
    figures={
        "curve": {"title": f"A curve {QUOTED}", "caption": f"See it fall {QUOTED}.", "tables": ["grid"]},
        "crowd": {"title": "A crowd", "caption": "See many.", "tables": ["large"]},
    },
    deviations=[{"paper": f"The paper says nothing {HOSTILE}.", "ours": "We do something.", "why": "It must be something."}],
)
ANSWER = f"""**The question.** Do toys train? {HOSTILE}

**In one sentence.** They do: {{{{ claims["T1"].verdict }}}}. {HOSTILE}

In {{{{ claims["T1"].n | sum }}}} runs: {{{{ claims["T1"].effect | signed("nats") }}}}
(**{{{{ claims["T1"].verdict }}}}**) at {{{{ scale }}}}.
"""


def make_results(plan: Plan, paper: str) -> None:
    """What the workflow makes before the report, by the same functions, below the working directory."""

    def run_and_collect(experiment: str, paper: str = paper) -> None:
        folders = []
        for job in plan.runs(paper, experiment):
            folders.append(Path(plan.folder(job)))
            run_job(plan.spec(job) | {"code": "c0de"}, out=folders[-1], work=Path("work"), datasets={}, device="cpu")
        collect(folders, Path(plan.table(paper, experiment)), Path(plan.records(paper, experiment)))

    protocol = plan.protocols[paper]
    for key in plan.experiments(INSTRUMENTS):
        run_and_collect(key, INSTRUMENTS)
    run_and_collect("grid")
    for key in protocol.selections:
        tables, records = [Path(plan.table(paper, "grid"))], [Path(plan.records(paper, "grid"))]
        select(plan.selection_spec(paper, key), tables, records, Path(plan.selection(paper, key)))
    run_and_collect("chosen")
    results = Path(f"results/{plan.scale}/{paper}")
    decide_claims(
        [claim.model_dump(mode="json") for claim in protocol.claims],
        {key: plan.budget(paper, key).fidelity for key in plan.experiments(paper)},
        {key: Path(plan.table(paper, key)) for key in plan.experiments(paper)},
        results / "claims.json",
    )
    (results / "figures").mkdir()
    (results / "figures/curve.svg").write_bytes(SVG)


@contextmanager
def toy_results(root: Path) -> Iterator[Path]:
    """Run the paper; the working directory is then the folder that holds ``results``, and the report knows this paper alone."""
    papers = root / "secondlook/papers"
    write_instruments(papers.parent)
    write_paper(papers, "toyreport", {"train.py": TRAIN, "answer.md": ANSWER}, PAPER)
    (root / "here").mkdir()
    with pytest.MonkeyPatch.context() as patch, papers_in(papers):
        patch.chdir(root / "here")
        patch.setattr(context, "PACKAGE", root / "secondlook")  # where the papers are; the templates stay the real ones
        make_results(load_plan(papers, load_config({})), "toyreport")
        yield root / "here"
