"""A small project on disk, written as people write one: every part of the format is in it, and tests put one mistake into it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_paper import papers_in

from secondlook.check.everything import check_project
from secondlook.errors import UserError
from secondlook.protocol.project import load_project

FILES = {
    "papers/questions.yaml": "1: Do toys train?\n",
    "papers/metrics.yaml": "loss: {means: how far off, unit: nats}\n",
    "papers/toys/protocol.yaml": """\
title: On Toys
authors: A. Toymaker
venue: Journal of Toys
year: 2001
url: https://example.org/toys
question: 1

experiments:
  grid:
    title: A grid
    module: train
    cells: {optimizer: [sgd, adam], lr: [0.1, 1.0]}
    settings: {steps: 20, batch: 4}
    datasets: [mnist]
    scales:
      quick: {reduced: true, seeds: 3, settings: {steps: 5}}
      paper: {exact: true, seeds: 10}
  final:
    like: grid
    title: The chosen ones
    cells: {optimizer: [sgd, adam], lr: {select: best-lr}}
    settings: {batch: 8}
    inputs: rulers
    scales: {quick: {seeds: 100-111, looks: [3, 6, 12]}}
  long:
    like: grid
    only: [paper]
    title: At length
    cells: {optimizer: sgd, lr: 0.1}
    settings: {steps: 100}

selections:
  best-lr: {experiments: [grid], factor: lr, metric: loss, per: [optimizer]}

metrics:
  loss: {diverged: 9.0, spread: {quick: 0.2, paper: 0.1}, smallest_effect: 0.5}
  solved: {means: 1 where the loss ends at 0, diverged: 0}
  closed_form: {means: the loss that the formula gives}
  written_nowhere: {means: nothing}

arms:
  sgd: {label: SGD, cells: {optimizer: sgd}}
  adam: {label: Adam, cells: {optimizer: adam}}

controls:
  K1:
    sentence: Toys do not differ from themselves.
    experiment: final
    test: {equivalence: loss, cells: {lr: selected}, first: sgd, second: sgd, margin: 0.5}

claims:
  T1:
    sentence: Toys end where the formula says.
    plain: Toys end where they should.
    source: Section 1
    reported: {text: "1.0", read: first-hand, source: Table 1}
    experiment: grid
    test: {equal: loss, cells: {optimizer: sgd}, to: closed_form, tolerance: 0.1}
  T2:
    sentence: Adam ends higher.
    plain: Adam ends higher.
    headline:
      order: 1
      label: Which is better
      figure: end
      answer:
        supported: SGD is better.
        weaker: SGD is a little better.
        contradicted: SGD is not better.
        undecided: Nobody can tell.
        not_run: Nobody has looked.
    source: Section 2
    experiment: final
    controls: [K1]
    test: {difference: loss, cells: {lr: selected}, first: sgd, second: adam}
  T3:
    sentence: The best of both solves more.
    plain: The best solves more.
    source: Section 2
    experiment: grid
    scales: [paper]
    spread: 0.1
    test:
      counts: solved
      cells: {lr: [0.1, 1.0]}
      first: {label: SGD, cells: {optimizer: sgd}, pick: loss}
      second: {label: Adam, cells: {optimizer: adam}, pick: loss}
      smallest_effect: 0.3
  T4:
    sentence: Toys fly.
    plain: Toys fly.
    source: Section 3
    not_run: no wind
    needs: {data: wind}
  T5:
    sentence: Adam ends higher by a factor.
    plain: Adam ends higher.
    family: T2
    source: Section 2
    experiment: final
    expected: 2.0
    otherwise: 1.0
    test: {ratio: loss, cells: {lr: selected}, first: sgd, second: adam, smallest_effect: 1.25}

figures:
  curve:
    title: A curve
    caption: See it fall.
    tables: [grid]
  end:
    title: The end
    caption: See it end.
    draw: curve
    options: {at: 1}
    tables: [final]

deviations:
  - paper: Says nothing.
    ours: Something.
    why: It must be something.
""",
    "papers/toys/__init__.py": "",
    "papers/toys/train.py": '''\
"""A training that needs torch."""

import dataclasses
from typing import Literal

import numpy as np
import torch
from torch import nn

from secondlook.errors import UserError

SIZES = np.linspace(0, 1, 3) * 2


class Net(nn.Module):
    pass


@torch.no_grad()
def scale(x):
    return x * torch.float32


@dataclasses.dataclass(frozen=True)
class Settings:
    #: the rule
    optimizer: Literal["sgd", "adam"]
    #: step size
    lr: float
    #: updates
    steps: int
    #: images in a batch
    batch: int = 16
    #: count what was solved
    count: bool = True

    def __post_init__(self):
        if self.batch < 1:
            raise UserError(f"setting 'batch' must be at least 1, got {self.batch}")

    def metrics(self):
        return {"loss", "closed_form"} | ({"solved"} if self.count else set())


def run(job):
    return Net()
''',
    "papers/toys/figures/__init__.py": "",
    "papers/toys/figures/curve.py": 'import seaborn as sns\n\nMETRICS = frozenset({"loss"})\n\n\ndef draw(data, at=0):\n    return sns\n',
    "papers/toys/answer.md": """\
**In one sentence.** Toys end where they should: **{{ claims["T1"].outcome }}**, and Adam ends
{{ claims["T2"].effect | signed("nats") }} higher at scale {{ scale }}.
{% if claims["T2"].effect %}It was measured.{% endif %}
""",
    "instruments/__init__.py": "",
    "instruments/protocol.yaml": """\
experiments:
  ruler:
    title: A ruler
    module: ruler
    cells: {length: [2, 3]}
    scales: {quick: {exact: true, seeds: 1}, paper: {exact: true, seeds: 1}}

input_sets:
  rulers: {ruler: {instrument: ruler, cell: {length: 2}}}
""",
    "instruments/ruler.py": """\
import dataclasses


@dataclasses.dataclass(frozen=True)
class Settings:
    #: marks
    length: int

    def metrics(self):
        return {"gap"}


def run(job):
    return None
""",
    "figures/shared/__init__.py": "",
    "figures/shared/sheets.py": "def draw(data):\n    return None\n",
}
PROTOCOL = "papers/toys/protocol.yaml"


@dataclass(frozen=True)
class OnDisk:
    """A folder that stands in for the package."""

    folder: Path

    def replace(self, file: str, old: str, new: str) -> int:
        """Replace the one occurrence of ``old``; return the line, from 1, on which ``new`` begins to differ."""
        text = (self.folder / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} has {text.count(old)} times {old!r}"
        at = text.index(old)
        changed = text.replace(old, new)
        (self.folder / file).write_text(changed, encoding="utf-8")
        same = next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        return changed[: at + same].count("\n") + 1

    def check(self) -> None:
        """Read and check it all."""
        with papers_in(self.folder / "papers"):
            check_project(load_project(self.folder / "papers"))

    def refusal(self) -> str:
        """The message that lists its mistakes, with paths from the folder on."""
        with pytest.raises(UserError) as caught:
            self.check()
        return str(caught.value).replace(f"{self.folder}/", "")


def write(folder: Path) -> OnDisk:
    """Write the project without a mistake."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return OnDisk(folder)
