"""What each verb of the command line does. Each imports only what it needs, so that a training job never loads pandas."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from secondlook.errors import UserError

if TYPE_CHECKING:
    from secondlook.plan.plan import Plan

#: folder of the project, where this is a checkout
PROJECT = Path(__file__).parents[2]


def fetch(options: argparse.Namespace) -> None:
    """Fetch a data set."""
    from secondlook.data.fetch import fetch

    target = options.out or Path(f"resources/datasets/{options.dataset}.safetensors")
    fetch(options.dataset, target, data_dir=options.data_dir or None, mirrors=options.mirrors)


def check(options: argparse.Namespace) -> None:
    """Check config.yaml and the papers."""
    from secondlook.check.everything import check_everything

    check_everything(Path("config.yaml"), Path(__file__).parent / "papers", options.papers or "all")
    print("nothing is wrong")


def run(options: argparse.Namespace) -> None:
    """Make the runs of a job."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic cuBLAS; read once, when torch starts
    for library in ("OMP", "OPENBLAS", "MKL"):  # sums depend on the thread count; read once, when numpy starts
        os.environ[f"{library}_NUM_THREADS"] = str(options.spec["threads"])
    from secondlook.runner.bundle import make_bundle

    datasets = {name: options.data / f"{name}.safetensors" for name in options.spec["data"]}
    make_bundle(
        options.spec,
        code=options.code or "not checked",
        out=options.out,
        work=options.work,
        datasets=datasets,
        device=options.device,
        versions=options.versions,
        check=options.check,
    )


def collect(options: argparse.Namespace) -> None:
    """Gather an experiment's runs."""
    from secondlook.runner.record import runs_of
    from secondlook.tables.collect import collect

    collect(runs_of(options.jobs), options.table, options.records)


def select(options: argparse.Namespace) -> None:
    """Choose cells of a grid."""
    from secondlook.tables.selection import select

    select(options.spec, options.tables, options.records, options.out)


def decide(options: argparse.Namespace) -> None:
    """Decide a paper's claims."""
    from secondlook.stats.decide import decide_claims

    tables = {path.stem: path for path in options.tables}
    decide_claims(options.paper, options.claims, options.controls, options.design, tables, options.out)


def interim(options: argparse.Namespace) -> None:
    """Say which cells want more replicas."""
    from secondlook.stats.interim import decide_interim

    decide_interim(options.claims, options.controls, options.design, options.readers, options.jobs, options.out)


def figure(options: argparse.Namespace) -> None:
    """Draw a figure."""
    from secondlook.figures.style import draw_figure
    from secondlook.runner.record import runs_of

    draw_figure(
        options.module,
        options.name,
        tables={path.stem: path for path in options.tables},
        claims=options.claims,
        outputs=options.out,
        records=[folder / "run.json" for folder in runs_of(options.arrays)],
        options=options.options,
    )


def report(options: argparse.Namespace) -> None:
    """Build the report's pages."""
    from secondlook.protocol.config import load_config
    from secondlook.report.build import build_report

    build_report(load_config(options.config), options.out)


def calibrate(options: argparse.Namespace) -> None:
    """Simulate tests and claims."""
    from secondlook.stats.calibrate import calibrate

    calibrate(Path(__file__).parent / "papers", options.out, options.experiments)


def pdf(options: argparse.Namespace) -> None:
    """Set the report as a PDF."""
    from secondlook.protocol.config import load_config
    from secondlook.report.pdf import build_pdf

    build_pdf(load_config(options.config), options.out)


def whence(options: argparse.Namespace) -> None:
    """Print a figure's card."""
    from secondlook.figures.provenance import read_card, say

    print(say(read_card(options.file)))


def summary(options: argparse.Namespace) -> None:
    """Write the summary that git keeps."""
    from secondlook.report.summary import summarise

    summarise(options.scale, options.results)


def tally(options: argparse.Namespace) -> None:
    """Print one line per question."""
    from secondlook.report.summary import tallies

    plan = _plan({})
    print(*tallies(plan, options.results), f"The report: {options.results}/{plan.scale}/report/index.html", sep="\n")


def _plan(knobs: dict[str, Any]) -> Plan:
    """The plan by config.yaml and ``knobs``, which go on top of it where they are not None."""
    from secondlook.plan.plan import make_plan
    from secondlook.protocol.config import load_config
    from secondlook.protocol.document import load_document
    from secondlook.protocol.project import load_project

    said = load_document("config.yaml") or {}
    config = load_config({**said, **{key: value for key, value in knobs.items() if value is not None}})
    return make_plan(load_project(Path(__file__).parent / "papers", config.papers), config)


def bundle(options: argparse.Namespace) -> None:
    """Pack the results of a scale."""
    from secondlook.transfer import bundle as pack

    count = pack.bundle(_plan({"scale": options.scale, "papers": options.papers}), PROJECT, options.archive)
    print(f"{options.archive}: {count} files, {options.archive.stat().st_size / 1e6:.1f} MB")


def restore(options: argparse.Namespace) -> None:
    """Put the results of an archive in place."""
    from secondlook.plan.code import run_code
    from secondlook.transfer import restore as unpack

    plan = _plan({"scale": options.scale, "papers": options.papers})

    def code(paper: str, experiment: str) -> str:
        return run_code(plan.module(paper, experiment), PROJECT, locked=plan.config.versions == "locked")

    count = unpack.restore(options.archive, plan, code)
    print(f"results/{plan.scale}: {count} files, each as the archive's manifest and its job's seal say")


def compare(options: argparse.Namespace) -> None:
    """Say what changed between two reports."""
    from secondlook.report.changes import lines, read_report

    old, new = read_report(options.old), read_report(options.new)
    print(*lines(old, new), sep="\n")
    if options.out:
        from secondlook.report.build import build_changes

        build_changes(old, new, options.out)


def same(options: argparse.Namespace) -> None:
    """Compare two folders of results bit for bit."""
    from secondlook.tables.compare import compare

    lines, equal = compare(options.old, options.new)
    print(*lines, sep="\n")
    if not equal:
        raise UserError(f"{options.old} and {options.new} do not hold the same numbers")


def schemas(options: argparse.Namespace) -> None:
    """Write the JSON schemas."""
    from secondlook.protocol.json_schema import write_schemas

    write_schemas(options.folder)


def envs(options: argparse.Namespace) -> None:
    """Write the conda environments."""
    from secondlook.plan.env_files import write_envs

    write_envs(Path("pyproject.toml"), Path("requirements.lock"), options.folder)
