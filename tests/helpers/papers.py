"""The papers at scale smoke, run in process on made-up images, once for all tests and all processes; and what larger scales would hold."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import importlib
import inspect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from safetensors.numpy import save_file
from tiny_data import matlab_bytes

import secondlook.papers
from secondlook.check.settings import Written, check_settings
from secondlook.data.fingerprint import fingerprint
from secondlook.data.registry import DATASETS
from secondlook.figures.data import FigureData
from secondlook.figures.style import set_style
from secondlook.files import read_json
from secondlook.plan import interim
from secondlook.plan.plan import Plan, make_plan
from secondlook.plan.runs import Run
from secondlook.plan.targets import claim_experiments
from secondlook.protocol.config import Config
from secondlook.protocol.project import INSTRUMENTS, Project, find_papers, load_project
from secondlook.protocol.schema import Scale
from secondlook.runner.bundle import make_bundle
from secondlook.stats.decide import decide_claims
from secondlook.stats.interim import decide_interim
from secondlook.tables.arrays import read_arrays
from secondlook.tables.collect import collect, factor_columns
from secondlook.tables.read import read_table
from secondlook.tables.selection import select

FOLDER = Path(secondlook.papers.__path__[0])
PAPERS = list(find_papers(FOLDER))
#: made-up images in each split, enough for what scale smoke asks for
IMAGES = 2000
#: characters of a made-up text
CHARACTERS = 40_000
#: a module that calls one of these has replicas that may diverge
LOOPS = {"train_adversarial", "train_supervised"}
#: steps of a history that are kept for a larger scale, which has many
STEPS = 12

Tables = Mapping[str, pd.DataFrame]
Claims = dict[str, dict[str, Any]]


@functools.cache
def project_of(paper: str) -> Project:
    """A paper alone, with the instruments."""
    return load_project(FOLDER, [paper])


@functools.cache
def plan_of(paper: str, scale: Scale) -> Plan:
    """Its plan."""
    return make_plan(project_of(paper), Config(scale=scale))


@functools.cache
def written_by(paper: str) -> Written:
    """What its runs write at each scale, by the settings of its cells."""
    mistakes, written = check_settings(project_of(paper))
    assert not mistakes
    return written


@dataclass(frozen=True)
class Smoke:
    """What a paper left at scale smoke."""

    paper: str
    #: holds ``results``, as a working copy does
    folder: Path

    @property
    def plan(self) -> Plan:
        """What was run."""
        return plan_of(self.paper, "smoke")

    @functools.cached_property
    def tables(self) -> Tables:
        """Experiment -> table."""
        return {key: read_table(self.folder / self.plan.table(self.paper, key)) for key in self.plan.experiments(self.paper)}

    @functools.cached_property
    def claims(self) -> Claims:
        """Id within the paper -> decided claim."""
        paths = {key: self.folder / self.plan.table(self.paper, key) for key in claim_experiments(self.plan, self.paper)}
        return decide(self.plan, self.paper, paths, self.folder / "claims.json")

    @functools.cached_property
    def replicas(self) -> dict[str, list[pd.DataFrame]]:
        """Module -> what each replica of its runs wrote, at a few of its steps."""
        found: dict[str, list[pd.DataFrame]] = {}
        for run in self.runs():
            for _, rows in self.history(run).groupby("replica"):
                steps = sorted(set(rows["step"]))
                kept = {steps[round(place)] for place in np.linspace(0, len(steps) - 1, min(len(steps), STEPS))}
                found.setdefault(self.plan.module(run.paper, run.experiment), []).append(rows[rows["step"].isin(kept)])
        return found

    def runs(self) -> Iterator[Run]:
        """All runs, those of instruments too."""
        for owner in (INSTRUMENTS, self.paper):
            for key in self.plan.experiments(owner):
                yield from self.plan.runs(owner, key)

    def record(self, run: Run) -> dict[str, Any]:
        """Its run.json."""
        return read_json(self.folder / self.plan.folder(run) / "run.json")

    def history(self, run: Run) -> pd.DataFrame:
        """Its history.csv."""
        return read_table(self.folder / self.plan.folder(run) / "history.csv")

    def figure(self, key: str, tables: Tables | None = None, claims: Claims | None = None) -> FigureData:
        """What one of its figures is given; the arrays, always those of scale smoke."""
        chosen, plan = self.plan.protocols[self.paper].figures[key], self.plan
        tables, claims = self.tables if tables is None else tables, self.claims if claims is None else claims
        folders = [self.folder / plan.folder(run) for name in chosen.arrays for run in plan.runs(self.paper, name)]
        arrays = read_arrays(folder / "run.json" for folder in folders)
        return FigureData({name: tables[name] for name in chosen.tables}, claims if chosen.claims else {}, arrays)


def smoke_of(paper: str, shared: Path) -> Smoke:
    """Run a paper unless a process has run it already; ``shared`` is a folder of all processes."""
    folder = shared / "smoke" / paper
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            with contextlib.chdir(folder):
                _run(plan_of(paper, "smoke"), paper)
            (folder / "done").touch()
    return Smoke(paper, folder)


def _run(plan: Plan, paper: str) -> None:
    """What the workflow does before claims and figures, below the working directory."""
    protocol = plan.protocols[paper]
    order = [key for key in TopologicalSorter(protocol.needs()).static_order() if key in plan.experiments(paper)]
    experiments = [*((INSTRUMENTS, key) for key in plan.experiments(INSTRUMENTS)), *((paper, key) for key in order)]
    digests = {}
    for name in {name for owner, key in experiments for name in plan.experiment(owner, key).datasets}:
        arrays = made_up_data(name)
        save_file(arrays, f"{name}.safetensors")
        digests[name] = fingerprint(arrays)
    files = {name: Path(f"{name}.safetensors") for name in digests}
    for owner, key in experiments:
        for bundle in plan.bundles(owner, key):
            look = plan.look_of(bundle.leader)
            if look and look > 1:
                _decide_interim(plan, paper, key, look - 1)
            spec = plan.spec(bundle)
            spec["data"] = {name: digests[name] for name in spec["data"]}
            out = Path(plan.folder(bundle.leader)).parents[1]
            make_bundle(spec, code="c0de", out=out, work=Path("work"), datasets=files, device="cpu")
        folders = [Path(plan.folder(run)) for run in plan.runs(owner, key)]
        collect(folders, Path(plan.table(owner, key)), Path(plan.records(owner, key)))
        for name in protocol.selections if owner == paper else ():
            rivals = plan.selection_spec(paper, name)["experiments"]
            tables, records = ([Path(find(paper, rival)) for rival in rivals] for find in (plan.table, plan.records))
            if key in rivals and all(table.exists() for table in tables):
                select(plan.selection_spec(paper, name), tables, records, Path(plan.selection(paper, name)))


def _decide_interim(plan: Plan, paper: str, key: str, look: int) -> None:
    """Say which cells want more replicas, as the workflow's rule does."""
    decide_interim(
        interim.interim_claims(plan, paper, key),
        interim.interim_controls(plan, paper, key),
        interim.interim_design(plan, paper, key),
        interim.readers(plan, paper, key),
        map(Path, interim.interim_jobs(plan, paper, key, look)),
        Path(plan.interim(paper, key, look)),
    )


def made_up_data(dataset: str) -> dict[str, np.ndarray]:
    """Random images and labels in the layout of a data set, or a random text."""
    draw, arrays = np.random.default_rng(0), DATASETS[dataset].arrays
    if "text" in arrays:
        return {"text": draw.integers(97, 123, CHARACTERS).astype(np.uint8)}
    if "train_mat" in arrays:
        files = ((draw.integers(0, 256, (32, 32, 3, IMAGES), np.uint8), draw.integers(1, 11, IMAGES, np.uint8)) for _ in range(2))
        return {f"{split}_mat": matlab_bytes(*file) for split, file in zip(("train", "test"), files, strict=True)}
    shape = arrays["train_images"].shape[1:]
    return {
        f"{split}_{name}": draw.integers(0, high, (IMAGES, *rest), np.uint8)
        for split in ("train", "test")
        for name, high, rest in (("images", 256, shape), ("labels", 10, ()))
    }


def decide(plan: Plan, paper: str, tables: Mapping[str, Path], out: Path) -> Claims:
    """Decide a paper's claims as the workflow does: id within the paper -> claim."""
    protocol = plan.protocols[paper]
    claims, controls = ([item.model_dump(mode="json") for item in items.values()] for items in (protocol.claims, protocol.controls))
    decide_claims(paper, claims, controls, protocol.design(plan.scale), tables, out)
    return {claim["id"].rpartition("/")[2]: claim for claim in read_json(out)}


# -- figures -----------------------------------------------------------------------------------------------------------


def picture(plan: Plan, paper: str, key: str, data: FigureData) -> np.ndarray:
    """Draw a figure: its pixels. Something must be in it."""
    set_style()
    module = importlib.import_module(plan.figure_module(paper, key))
    figure = module.draw(data, **plan.protocols[paper].figures[key].options)
    figure.canvas.draw()
    drawn = any(axis.has_data() for axis in figure.axes)
    pixels = np.array(figure.canvas.buffer_rgba())
    plt.close(figure)
    assert drawn, f"{paper}/{key}: nothing is drawn"
    return pixels


# -- what did not happen here ------------------------------------------------------------------------------------------


def with_divergences(plan: Plan, paper: str, tables: Tables) -> Tables:
    """The tables with the second replica of each cell diverged half way, where trainings made them; of single replicas, that of a cell."""
    modules = {key: importlib.import_module(plan.module(paper, key)) for key in tables}
    trained = {key for key, module in modules.items() if not LOOPS.isdisjoint(vars(module)) or '"diverged' in inspect.getsource(module)}
    return {key: _diverged(table) if key in trained else table for key, table in tables.items()}


def _diverged(table: pd.DataFrame) -> pd.DataFrame:
    factors, replicas = factor_columns(list(table)), sorted(set(table["replica"]))
    mine = table["replica"] == replicas[1 % len(replicas)]
    if len(replicas) == 1 and factors:
        mine &= (table[factors].fillna("") == table[factors].fillna("").iloc[0]).all(axis=1)
    lost = table[mine & (table["step"] >= table.loc[mine, "step"].median())]
    marks = (lost.drop_duplicates(factors) if factors else lost.head(1)).assign(metric="diverged", value=1.0)
    return pd.concat([table.drop(lost.index), marks], ignore_index=True)


def larger_tables(smoke: Smoke, scale: Scale) -> Tables:
    """Tables of another scale, each with its cells and seeds, filled with what runs of the same modules wrote at scale smoke.

    An experiment whose module does not run at scale smoke is left out.
    """
    paper, plan, found = smoke.paper, plan_of(smoke.paper, scale), {}
    for key in plan.experiments(paper):
        if pool := smoke.replicas.get(plan.module(paper, key)):
            metrics = {one.cell.name: one.metrics for one in written_by(paper)[paper, key, scale]}
            rows = [rows for run in plan.runs(paper, key) for rows in _filled(run, metrics[run.cell.name], pool)]
            found[key] = pd.concat(rows, ignore_index=True)
    return found


def _filled(run: Run, metrics: frozenset[str], pool: Sequence[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Rows of a run, its replicas' taken in turn from those of the pool that hold most of its metrics."""
    held = [len(metrics & set(rows["metric"])) for rows in pool]
    fitting = [rows[rows["metric"].isin(metrics)] for rows, count in zip(pool, held, strict=True) if count == max(held)]
    labels = {factor: str(value) for factor, value in run.cell.labels.items()}
    for seed, rows in zip(run.seeds, itertools.cycle(fitting), strict=False):
        yield rows.assign(**labels, replica=seed)


def written(tables: Tables, folder: Path) -> dict[str, Path]:
    """Experiment -> its table as a file."""
    for key, table in tables.items():
        table.to_csv(folder / f"{key}.csv", index=False)
    return {key: folder / f"{key}.csv" for key in tables}
