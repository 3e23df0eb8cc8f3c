"""A made-up paper, small enough to run in milliseconds, for the tests of everything that is generic over papers."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

import secondlook.instruments
import secondlook.papers
from secondlook.errors import refuse
from secondlook.protocol.document import load_document
from secondlook.protocol.paper import Protocol, read_protocol, write_out

#: one budget at every scale
EXACT = {"exact": True, "seeds": 3}
EVERYWHERE = {"smoke": EXACT, "quick": EXACT, "paper": EXACT}

#: loss falls with the step; the lowest final loss is that of the largest lr; "diverge" makes every replica with a larger lr diverge
TRAIN = '''
"""A training of two steps."""

from dataclasses import dataclass

import numpy as np

from secondlook.runner.job import History, Job, Result


@dataclass(frozen=True)
class Settings:
    lr: float
    steps: int = 2
    diverge: float = 1e9

    def metrics(self) -> set[str]:
        return {"loss"}


def run(job: Job) -> Result:
    settings = job.settings(Settings)
    job.work.mkdir(parents=True, exist_ok=True)
    (job.work / "checkpoint").write_text("half way")
    history, status = History(), {}
    for seed in job.seeds:
        status[seed] = "completed"
        if settings.lr > settings.diverge:
            history.add(seed, 1, diverged=1.0)
            status[seed] = "diverged at step 1"
            continue
        for step in range(1, settings.steps + 1):
            history.add(seed, step, loss=1 / (settings.lr * step) + seed / 100)
    arrays = {f"{seed}/weights": np.full((2, 3), seed + settings.lr, np.float32) for seed in job.seeds}
    return Result(history, arrays, status, facts={"device_name": "toy device", "work": job.work.name})
'''

#: an instrument: marks at equal distances
RULER = """
from dataclasses import dataclass

import numpy as np

from secondlook.runner.job import History, Result


@dataclass(frozen=True)
class Settings:
    length: int

    def metrics(self):
        return {"gap"}


def run(job):
    marks = np.linspace(0, 1, job.settings(Settings).length)
    history = History((seed, 0, "gap", marks[1]) for seed in job.seeds)
    facts = {"marks": len(marks), "said": "<b>#a ruler</b>", "sha256": "ab" * 32}
    return Result(history, {f"{seed}/marks": marks for seed in job.seeds}, facts=facts)
"""
INSTRUMENTS = {
    "experiments": {
        "ruler": {
            "title": "A ruler",
            "module": "ruler",
            "cells": [{"length": [2, 3]}],
            "scales": {"quick": EXACT | {"seeds": 1}},
        }
    }
}
#: of papers/questions.yaml
QUESTIONS = {1: "Do toys train?"}


def protocol_data(**changes: Any) -> dict[str, Any]:
    """A whole protocol as parsed YAML; keywords replace top-level keys."""
    data = {
        "title": "On Toys",
        "authors": "A. Toymaker",
        "venue": "Journal of Toys",
        "year": 2001,
        "url": "https://example.org/toys",
        "question": 1,
        "experiments": {"plain": {"title": "A plain run", "module": "train", "settings": {"lr": 0.5}, "scales": EVERYWHERE}},
        "metrics": {"loss": {"means": "how far off the toy is"}},
        "claims": {},
    }
    return data | changes


def protocol(**changes: Any) -> Protocol:
    """The same as it is read from a file."""
    with tempfile.TemporaryDirectory() as folder:
        write_yaml(Path(folder) / "protocol.yaml", protocol_data(**changes))
        data, mistakes = write_out(load_document(Path(folder) / "protocol.yaml"), "protocol.yaml", {})
    found, wrong = read_protocol(data, "protocol.yaml", {})
    refuse([*mistakes, *wrong])
    assert found is not None
    return found


class _Dumper(yaml.SafeDumper):
    """No anchors: what a test says twice stands twice in the file."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write_yaml(path: Path, data: Any) -> None:
    """Write YAML with the keys in their order."""
    path.write_text(yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False), encoding="utf-8")


def write_paper(
    folder: Path, name: str, files: dict[str, str], data: dict[str, Any] | None = None, questions: Mapping[int, Any] = QUESTIONS
) -> Path:
    """Write a paper's folder below ``folder`` and, where it has a protocol, the questions beside it."""
    paper = folder / name
    for file, text in {"__init__.py": "", **files}.items():
        (paper / file).parent.mkdir(parents=True, exist_ok=True)
        (paper / file).write_text(text, encoding="utf-8")
    if data is not None:
        write_yaml(paper / "protocol.yaml", data)
        if "question" in data:
            write_yaml(folder / "questions.yaml", dict(questions))
    return paper


def write_instruments(package: Path) -> None:
    """Write the folder of the instruments, beside that of the papers."""
    write_paper(package, "instruments", {"ruler.py": RULER}, INSTRUMENTS)


@contextmanager
def papers_in(folder: Path) -> Iterator[None]:
    """Let the papers below ``folder``, and the instruments beside it, be imported as if they were the package's; then forget them."""
    before = set(sys.modules)
    importlib.invalidate_caches()
    packages = {secondlook.papers: folder, secondlook.instruments: folder.parent / "instruments"}
    with pytest.MonkeyPatch.context() as patch:
        for package, place in packages.items():
            patch.setattr(package, "__path__", [*package.__path__, str(place)])
        patch.setattr(sys, "dont_write_bytecode", True)
        yield
    for name in set(sys.modules) - before:
        parent, _, child = name.rpartition(".")
        if name.startswith(tuple(f"{package.__name__}." for package in packages)):
            del sys.modules[name]
        if parent in {package.__name__ for package in packages}:
            delattr(sys.modules[parent], child)
