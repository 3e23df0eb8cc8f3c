"""A made-up paper whose texts are hostile, and the real results of running it: what the tests of the report build pages from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tiny_paper import EVERYWHERE, EXACT, TRAIN, papers_in, protocol_data, write_instruments, write_paper

from secondlook.plan.plan import Plan, make_plan
from secondlook.protocol.config import load_config
from secondlook.protocol.project import INSTRUMENTS, load_project
from secondlook.report import context
from secondlook.runner.bundle import make_bundle
from secondlook.stats.decide import decide_claims
from secondlook.tables.collect import collect
from secondlook.tables.selection import select

HOSTILE = "<script>alert('x')</script>"
QUOTED = '"><img src=x onerror="alert(1)">'
URL = 'https://example.org/toys?a="><script>'


def picture(panels: list[tuple[list[int], str]]) -> bytes:
    """An SVG whose card names panels: box and label."""
    card = {"panels": {"size": [600, 300], "axes": [{"box": box, "label": label} for box, label in panels], "legends": []}}
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    start = f'<svg {names} width="600" height="300" viewBox="0 0 600 300">'
    line = '<path d="M20 20 580 280" style="stroke: #0072b2; stroke-width: 5"/>'
    return f"{start}<metadata><dc:description>{json.dumps(card)}</dc:description></metadata>{line}</svg>".encode()


#: two panels side by side; a sheet of samples of one arm at two steps
SVG = picture([([10, 10, 280, 280], ""), ([310, 10, 280, 280], "")])
SHEET = picture([([10, 10, 280, 280], "step 1 | an arm"), ([310, 10, 280, 280], "step 2 | an arm")])
#: at scale paper a sentence of its own, more steps and more seeds
REDUCED = {"reduced": "no wind", "seeds": "100-102"}
LARGER = {"reduced": f"toys in place of trains {HOSTILE}", "seeds": "100-109", "settings": {"steps": 4000}}
#: with a line that says what a setting is
MODULE = TRAIN.replace("    steps: int", f"    #: updates of the toy {HOSTILE}\n    steps: int")


#: one for each outcome
ANSWERS = {
    "supported": f"Larger steps do end lower {HOSTILE}.",
    "weaker": "Larger steps end a little lower.",
    "contradicted": "Larger steps do not end lower.",
    "undecided": "Nobody can tell.",
    "not_run": "Nobody has looked.",
}


def difference(first: Any, second: Any, **rest: Any) -> dict[str, Any]:
    arms = {"first": {"label": "first arm", "cells": {"lr": first}}, "second": {"label": "second arm", "cells": {"lr": second}}}
    return {"difference": "loss", "smallest_effect": 1.0} | arms | rest


PAPER = protocol_data(
    title=f"On Toys {HOSTILE}",
    authors=f"A. Toymaker {HOSTILE}",
    url=URL,
    question=7,
    experiments={
        "grid": {
            "title": f"A grid {HOSTILE}",
            "module": "train",
            "cells": {"lr": [0.5, 1.0, 2.0]},
            "settings": {"diverge": 1.5},
            "fixed_seeds": True,
            "cells_per_job": "all",
            "scales": EVERYWHERE,
        },
        "chosen": {
            "title": "The chosen one",
            "module": "train",
            "inputs": {"ruler": {"instrument": "ruler", "cell": {"length": 3}}},
            "cells": [{"lr": {"select": "best"}}, {"lr": 0.25}],
            "scales": {"quick": REDUCED, "paper": LARGER},
        },
        "large": {"title": "For a cluster", "module": "train", "settings": {"lr": 1.0}, "scales": {"paper": EXACT}},
    },
    selections={
        "best": {"experiments": ["grid"], "factor": "lr", "metric": "loss"},
        "idle": {"experiments": ["grid"], "factor": "lr", "metric": "loss", "by": "worst"},
    },
    metrics={
        "loss": {"means": f"how far off the toy is {HOSTILE}", "unit": "nats", "diverged": 99.0, "spread": 0.05},
        "colour": {"means": "what no claim reads"},
    },
    controls={
        "K1": {
            "sentence": f"A toy is as good as itself {HOSTILE}.",
            "experiment": "grid",
            "test": {"equal": "loss", "to": 1.0, "tolerance": 0.05, "cells": {"lr": 0.5}},
        },
    },
    claims={
        "T1": {
            "sentence": f"A larger step ends lower {HOSTILE}.",
            "plain": f"Larger steps end lower {HOSTILE}.",
            "headline": {"order": 1, "label": f"Do they {HOSTILE}", "figure": "curve", "answer": ANSWERS},
            "source": "Section 1",
            "reported": {
                "text": f"1.95 ± 0.2 {QUOTED}",
                "value": 1.95,
                "read": "second-hand",
                "source": "caption of Figure 1",
                "via": "a review in the Toy Gazette",
            },
            "experiment": "grid",
            "controls": ["K1"],
            "test": difference(1.0, 0.5, smallest_effect=0.25),
        },
        "T1.ii": {
            "sentence": "So it does when tuned.",
            "plain": "So they do when tuned.",
            "family": "T1",
            "source": "Section 2",
            "reported": {"text": "0.5", "read": "first-hand", "source": "Table 2"},
            "experiment": "chosen",
            "test": difference("selected", 0.25),
        },
        "T3": {
            "sentence": "Toys fly.",
            "plain": "Toys fly.",
            "source": "Section 3",
            "not_run": "there is no wind & no sky",
            "needs": {"data": "wind"},
        },
        "T4": {
            "sentence": "Large toys train.",
            "plain": "Large toys train.",
            "own": True,
            "source": "Section 4",
            "experiment": "large",
            "test": {"equal": "loss", "to": 0.5},
        },
    },
    figures={
        "curve": {"title": f"A curve {QUOTED}", "caption": f"See it fall {QUOTED}.", "tables": ["grid"]},
        "sheet": {"title": "A sheet", "caption": "See it step.", "arrays": ["grid"]},
        "crowd": {"title": "A crowd", "caption": "See many.", "tables": ["large"]},
    },
    deviations=[{"paper": f"The paper says nothing {HOSTILE}.", "ours": "We do something.", "why": "It must be something."}],
)
#: of papers/questions.yaml; nobody has answered the last yet
QUESTIONS = {7: {"asks": "Do toys train & fly?", "usual": f"They do {HOSTILE}."}, 8: "Why?"}
ANSWER = f"""Do toys train? {HOSTILE}

## They `train` $p^2$ {HOSTILE}

In {{{{ claims["T1"].n | sum }}}} runs: {{{{ claims["T1"].effect | signed("nats") }}}}
(**{{{{ claims["T1"] | said }}}}**) at {{{{ scale }}}}.

{{{{ figure("curve") }}}}

$$ \\frac{{1}}{{2}} < p $$
"""


def run_and_collect(plan: Plan, paper: str, experiment: str) -> None:
    """Make the runs of an experiment and its table, as the workflow's jobs do."""
    for bundle in plan.bundles(paper, experiment):
        out = Path(plan.folder(bundle.leader)).parents[1]
        make_bundle(plan.spec(bundle), code="c0de", out=out, work=Path("work"), datasets={}, device="cpu")
    folders = [Path(plan.folder(run)) for run in plan.runs(paper, experiment)]
    collect(folders, Path(plan.table(paper, experiment)), Path(plan.records(paper, experiment)))


def decide(plan: Plan, paper: str) -> None:
    """Decide the claims of a paper from the tables that are there."""
    protocol = plan.protocols[paper]
    tables = {key: Path(plan.table(paper, key)) for key in plan.experiments(paper)}
    decide_claims(
        paper,
        [claim.model_dump(mode="json") for claim in protocol.claims.values()],
        [control.model_dump(mode="json") for control in protocol.controls.values()],
        protocol.design(plan.scale),
        tables,
        Path(f"results/{plan.scale}/{paper}/claims.json"),
    )


def draw(plan: Plan, paper: str, figure: str, svg: bytes) -> None:
    """Put a picture where the workflow puts a figure."""
    folder = Path(f"results/{plan.scale}/{paper}/figures")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{figure}.svg").write_bytes(svg)


def make_results(plan: Plan, paper: str) -> None:
    """What the workflow makes before the report, by the same functions, below the working directory."""
    for key in plan.experiments(INSTRUMENTS):
        run_and_collect(plan, INSTRUMENTS, key)
    run_and_collect(plan, paper, "grid")
    for key in plan.protocols[paper].selections:
        tables, records = [Path(plan.table(paper, "grid"))], [Path(plan.records(paper, "grid"))]
        select(plan.selection_spec(paper, key), tables, records, Path(plan.selection(paper, key)))
    run_and_collect(plan, paper, "chosen")
    decide(plan, paper)
    draw(plan, paper, "curve", SVG)
    draw(plan, paper, "sheet", SHEET)


@contextmanager
def toy_results(root: Path) -> Iterator[Path]:
    """Run the paper; the working directory is then the folder that holds ``results``, and the report knows this paper alone."""
    papers = root / "secondlook/papers"
    write_instruments(papers.parent)
    write_paper(papers, "toyreport", {"train.py": MODULE, "answer.md": ANSWER}, PAPER, QUESTIONS)
    (root / "here").mkdir()
    with pytest.MonkeyPatch.context() as patch, papers_in(papers):
        patch.chdir(root / "here")
        patch.setattr(context, "PACKAGE", root / "secondlook")  # where the papers are; the templates stay the real ones
        make_results(make_plan(load_project(papers), load_config({})), "toyreport")
        yield root / "here"
