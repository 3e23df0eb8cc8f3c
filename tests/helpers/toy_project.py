"""A copy of the project whose only paper is a toy, and what tests do with it: edit a file, ask Snakemake what would run, run it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests/workflow"
PARTS = ("Snakefile", "config.yaml", "pyproject.toml", "workflow", "profiles", "envs", "reports", "src")
IGNORED = shutil.ignore_patterns("__pycache__", ".*_cache", "*.egg-info", "results", "papers", "instruments")
PACKAGE = "src/secondlook"
PAPER = f"{PACKAGE}/papers/toy"
INSTRUMENTS = f"{PACKAGE}/instruments"
RESULTS = "results/quick/toy"


@dataclass(frozen=True)
class Planned:
    """A job as Snakemake announces it."""

    rule: str
    wildcards: Mapping[str, str]
    output: tuple[str, ...]
    threads: int
    gpu: int
    reason: str

    @property
    def label(self) -> str:
        """Rule and wildcards, for example ``run toy/final/optimizer=sgd+lr=selected/seeds=0-2``."""
        return " ".join([self.rule, "/".join(value for name, value in self.wildcards.items() if name != "scale")]).strip()


@dataclass(frozen=True)
class Outcome:
    """What a call of Snakemake said and did."""

    status: int
    text: str
    jobs: tuple[Planned, ...] = ()

    @property
    def labels(self) -> list[str]:
        """Sorted labels of the jobs that make something; a target rule makes nothing."""
        return sorted(job.label for job in self.jobs if job.output)


@dataclass(frozen=True)
class Project:
    """A folder that holds the project."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def __truediv__(self, path: str) -> Path:
        return self.folder / path

    # -- edits ---------------------------------------------------------------------------------------------------------

    def replace(self, path: str, old: str, new: str) -> int:
        """Replace the one occurrence of ``old``; return the line, from 1, on which ``new`` begins to differ."""
        text = (self / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path} has {text.count(old)} times {old!r}"
        (self / path).write_text(text.replace(old, new), encoding="utf-8")
        same = next((place for place, (ours, theirs) in enumerate(zip(old, new, strict=False)) if ours != theirs), 0)
        return text.count("\n", 0, text.index(old) + same) + 1

    def append(self, path: str, text: str) -> None:
        """Add text at the end."""
        with (self / path).open("a", encoding="utf-8") as file:
            file.write(text)

    def bump(self, path: str, library: str) -> None:
        """Pin another version of a library."""
        text = (self / path).read_text(encoding="utf-8")
        changed, count = re.subn(rf"(- {library}==)[\w.]+", r"\g<1>99.0.1", text)
        assert count == 1, f"{path} has no pin of {library}"
        (self / path).write_text(changed, encoding="utf-8")

    def knob(self, key: str, value: str) -> None:
        """Turn a knob of config.yaml."""
        text = (self / "config.yaml").read_text(encoding="utf-8")
        changed, count = re.subn(rf"(?m)^{key}: .*$", f"{key}: {value}", text)
        assert count == 1, f"config.yaml has no key {key}"
        (self / "config.yaml").write_text(changed, encoding="utf-8")

    def add_paper(self) -> None:
        """Add the second paper: one folder."""
        shutil.copytree(HERE / "annex", self / f"{PACKAGE}/papers/annex", ignore=IGNORED)

    # -- Snakemake -----------------------------------------------------------------------------------------------------

    def snakemake(self, *arguments: str, **environment: str) -> Outcome:
        """Call Snakemake in the folder and note every job that it announces."""
        notes = self.folder.parent / f"{self.folder.name}.jobs.jsonl"
        notes.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", "--logger", "jsonl", "--nocolor", *arguments],
            cwd=self.folder,
            env=clean_environment() | self.environment | {"SNAKEMAKE_JOBS_FILE": str(notes)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
        jobs = (Planned(**(job | {"output": tuple(job["output"])})) for job in map(json.loads, lines))
        return Outcome(done.returncode, done.stdout, tuple(jobs))

    def dry(self, *arguments: str) -> Outcome:
        """Ask what would run."""
        outcome = self.snakemake("-n", *arguments)
        assert outcome.status == 0, outcome.text
        return outcome

    def run(self, *arguments: str) -> Outcome:
        """Run it on two cores."""
        outcome = self.snakemake("--cores", "2", *arguments)
        assert outcome.status == 0, outcome.text
        return outcome

    def copy_to(self, folder: Path) -> Project:
        """Copy everything, results and Snakemake's records too, with all times as they are."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder, self.environment)


def clean_environment() -> dict[str, str]:
    """The environment of a user at a fresh prompt, on a machine without a GPU, with the tests' logger within reach."""
    unwanted = ("SECONDLOOK", "SNAKEMAKE", "SLURM", "CONDA", "PYTEST", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return kept | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE / "plugins")}


def lay_out(folder: Path) -> Project:
    """Copy the project with the toy in place of its papers and instruments, and a tiny data set that ``data_dir`` holds."""
    folder.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=IGNORED)
        else:
            shutil.copy2(source, folder / part)
    papers = folder / PACKAGE / "papers"
    papers.mkdir()
    shutil.copy2(ROOT / PACKAGE / "papers/__init__.py", papers)
    shutil.copytree(HERE / "toy", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    project = Project(folder)
    arrays = {
        f"{split}_{kind}": np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
        for split in ("train", "test")
        for kind, shape in (("images", (6, 1, 2, 2)), ("labels", (6,)))
    }
    (folder / "downloads").mkdir()
    save_file(arrays, folder / "downloads/toydata.safetensors")
    register(project, "toydata", arrays)
    project.knob("data_dir", "downloads")
    return project


def register(project: Project, name: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Add a data set to the registry."""
    recorded = ", ".join(f"{key!r}: Array({array.shape}, {hashlib.sha256(array.tobytes()).hexdigest()!r})" for key, array in arrays.items())
    source = 'Web("https://example.org", Form("idx", ("nothing.gz",)))'
    entry = f"Dataset(name={name!r}, title={name!r}, arrays={{{recorded}}}, sources=({source},))"
    project.append(f"{PACKAGE}/data/registry.py", f"\nDATASETS = {{**DATASETS, {name!r}: {entry}}}\n")


def times(project: Project, paths: Sequence[str]) -> dict[str, int]:
    """When each file was last written."""
    return {path: (project / path).stat().st_mtime_ns for path in paths}
