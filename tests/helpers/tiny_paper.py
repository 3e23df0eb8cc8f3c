"""A made-up paper, small enough to run in milliseconds, for the tests of everything that is generic over papers."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

import secondlook.instruments
import secondlook.papers
from secondlook.protocol.paper import Protocol
from secondlook.protocol.schema import validate

#: one budget at every scale
EXACT = {"fidelity": "exact", "seeds": {"count": 3}}
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


def run(job: Job) -> Result:
    settings = job.settings(Settings)
    job.work.mkdir(parents=True)
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
import numpy as np

from secondlook.runner.job import History, Result


def run(job):
    marks = np.linspace(0, 1, job.values["length"])
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
            "scales": {"quick": EXACT | {"seeds": {"count": 1}}},
        }
    }
}


def protocol_data(**changes: Any) -> dict[str, Any]:
    """A whole protocol as parsed YAML; keywords replace top-level keys."""
    data = {
        "title": "On Toys",
        "authors": "A. Toymaker",
        "venue": "Journal of Toys",
        "year": 2001,
        "url": "https://example.org/toys",
        "question": 1,
        "question_text": "Do toys train?",
        "experiments": {"plain": {"title": "A plain run", "module": "train", "settings": {"lr": 0.5}, "scales": EVERYWHERE}},
        "claims": [],
    }
    return data | changes


def protocol(**changes: Any) -> Protocol:
    """The same, checked."""
    return validate(Protocol, protocol_data(**changes), "protocol.yaml")


def write_paper(folder: Path, name: str, files: dict[str, str], data: dict[str, Any] | None = None) -> Path:
    """Write a paper's folder below ``folder``."""
    paper = folder / name
    for file, text in {"__init__.py": "", **files}.items():
        (paper / file).parent.mkdir(parents=True, exist_ok=True)
        (paper / file).write_text(text, encoding="utf-8")
    if data is not None:
        (paper / "protocol.yaml").write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
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
