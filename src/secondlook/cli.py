"""The command line: ``python -m secondlook VERB``. Each verb imports only what it needs, so that a training job never loads pandas."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from secondlook.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; return the exit status. A `UserError` is printed without a traceback."""
    parser = argparse.ArgumentParser(prog="python -m secondlook", description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    verb = verbs.add_parser("fetch", help="download a data set, check it, and write it in one format")
    verb.add_argument("dataset")
    verb.add_argument("--out", type=Path, help="file to write (default: resources/datasets/DATASET.safetensors)")
    verb.add_argument("--data-dir", default=os.environ.get("SECONDLOOK_DATA_DIR"), help="folder that holds the archives already")
    mirrors = os.environ.get("SECONDLOOK_MIRRORS", "").split()
    verb.add_argument("--mirrors", nargs="*", default=mirrors, help="base URLs asked before the canonical ones")
    verb.set_defaults(call=_fetch)

    verb = verbs.add_parser("check", help="find everything that is wrong in config.yaml, protocols, settings and answers")
    verb.add_argument("--papers", nargs="*", default=[], metavar="PAPER", help="only these (default: all)")
    verb.set_defaults(call=_check)

    verb = verbs.add_parser("run", help="run cells of an experiment for a block of seeds")
    verb.add_argument("--spec", type=json.loads, required=True, help="what the plan says of the job, as JSON")
    verb.add_argument("--code", required=True, help="digest of the code")
    verb.add_argument("--versions", type=json.loads, default={}, help="library -> version that the digest stands for, as JSON")
    verb.add_argument("--work", type=Path, default=os.environ.get("SECONDLOOK_WORK", "work"), help="folder for checkpoints")
    verb.add_argument("--data", type=Path, default=Path("resources/datasets"), help="folder of the data sets")
    verb.add_argument("--device", default=os.environ.get("SECONDLOOK_DEVICE", "auto"), choices=["auto", "cpu", "cuda"])
    verb.add_argument("--out", type=Path, required=True, help="folder of the experiment's records")
    verb.set_defaults(call=_run)

    verb = verbs.add_parser("collect", help="gather an experiment's runs into one table")
    verb.add_argument("jobs", nargs="+", type=Path, metavar="JOB_JSON")
    verb.add_argument("--table", type=Path, required=True)
    verb.add_argument("--records", type=Path, required=True)
    verb.set_defaults(call=_collect)

    verb = verbs.add_parser("select", help="choose the best cell of a grid")
    verb.add_argument("--spec", type=json.loads, required=True)
    verb.add_argument("--tables", nargs="+", type=Path, required=True)
    verb.add_argument("--records", nargs="+", type=Path, required=True)
    verb.add_argument("--out", type=Path, required=True)
    verb.set_defaults(call=_select)

    verb = verbs.add_parser("decide", help="decide a paper's claims")
    verb.add_argument("--paper", required=True, help="its name, the first part of a claim's id")
    verb.add_argument("--claims", type=json.loads, required=True)
    verb.add_argument("--controls", type=json.loads, default=[])
    verb.add_argument("--design", type=json.loads, required=True, help="what was planned, as JSON")
    verb.add_argument("--tables", nargs="*", type=Path, default=[])
    verb.add_argument("--out", type=Path, required=True)
    verb.set_defaults(call=_decide)

    verb = verbs.add_parser("interim", help="say which cells of an experiment want more replicas")
    verb.add_argument("--claims", type=json.loads, required=True)
    verb.add_argument("--controls", type=json.loads, default=[])
    verb.add_argument("--design", type=json.loads, required=True, help="what was planned, as JSON")
    verb.add_argument("--readers", type=json.loads, required=True, help="cell -> claims that read it, as JSON")
    verb.add_argument("--jobs", nargs="*", type=Path, required=True, metavar="JOB_JSON")
    verb.add_argument("--out", type=Path, required=True)
    verb.set_defaults(call=_interim)

    verb = verbs.add_parser("figure", help="draw one figure")
    verb.add_argument("module", help="dotted name, for example secondlook.papers.wilson2017.figures.c1_gap")
    verb.add_argument("--tables", nargs="*", type=Path, default=[])
    verb.add_argument("--name", required=True, help="paper/figure; a module may draw several")
    verb.add_argument("--options", type=json.loads, default={}, help="keyword arguments of the module's draw, as JSON")
    verb.add_argument(
        "--arrays", nargs="*", type=Path, default=[], metavar="JOB_JSON", help="jobs that made the runs whose arrays it draws"
    )
    verb.add_argument("--claims", type=Path, nargs="?", help="claims.json, for a figure that draws verdicts")
    verb.add_argument("--out", nargs="+", type=Path, required=True)
    verb.set_defaults(call=_figure)

    verb = verbs.add_parser("report", help="build the report's page from results")
    verb.add_argument("--config", type=json.loads, required=True, help="the configuration, as JSON")
    verb.add_argument("--out", type=Path, required=True)
    verb.set_defaults(call=_report)

    verb = verbs.add_parser("calibrate", help="simulate every kind of test and every claim: how often are verdicts wrong?")
    verb.add_argument("--out", type=Path, default=Path("results/calibration.csv"))
    verb.add_argument("--experiments", type=int, default=2000, help="simulated experiments a case and truth")
    verb.set_defaults(call=_calibrate)

    verb = verbs.add_parser("pdf", help="set the report as a PDF from results")
    verb.add_argument("--config", type=json.loads, required=True, help="the configuration, as JSON")
    verb.add_argument("--out", type=Path, required=True)
    verb.set_defaults(call=_pdf)

    verb = verbs.add_parser("whence", help="print a figure's card: what it shows and what it was made from")
    verb.add_argument("file", type=Path, help="an SVG or a PNG, here or copied elsewhere")
    verb.set_defaults(call=_whence)

    verb = verbs.add_parser("summary", help="write docs/claims.json and docs/claims.md from results, and the README's answers")
    verb.add_argument("--scale", default="quick", choices=["smoke", "quick", "paper"])
    verb.add_argument("--results", type=Path, default=Path("results"), help="folder of the results")
    verb.set_defaults(call=_summary)

    verb = verbs.add_parser("tally", help="print one line per question: the verdicts on its claims, and where the report lies")
    verb.add_argument("--results", type=Path, default=Path("results"), help="folder of the results")
    verb.set_defaults(call=_tally)

    verb = verbs.add_parser("compare", help="say which outcomes differ between two reports, and what differs behind them")
    verb.add_argument("old", type=Path, help="folder of a report, or its assets/report.json")
    verb.add_argument("new", type=Path)
    verb.add_argument("--out", type=Path, help="write it as a page, too: an HTML file beside which the folder assets is made")
    verb.set_defaults(call=_compare)

    verb = verbs.add_parser("same", help="tell whether two folders of results hold the same numbers, bit for bit")
    verb.add_argument("old", type=Path)
    verb.add_argument("new", type=Path)
    verb.set_defaults(call=_same)

    verb = verbs.add_parser("schemas", help="write the JSON schemas of the protocols and of config.yaml")
    verb.add_argument("folder", type=Path)
    verb.set_defaults(call=_schemas)

    verb = verbs.add_parser("envs", help="write the conda environments from the pins in pyproject.toml")
    verb.add_argument("folder", type=Path)
    verb.set_defaults(call=_envs)

    options = parser.parse_args(arguments)
    try:
        options.call(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _fetch(options: argparse.Namespace) -> None:
    from secondlook.data.fetch import fetch

    target = options.out or Path(f"resources/datasets/{options.dataset}.safetensors")
    fetch(options.dataset, target, data_dir=options.data_dir or None, mirrors=options.mirrors)


def _check(options: argparse.Namespace) -> None:
    from secondlook.check.everything import check_everything

    check_everything(Path("config.yaml"), Path(__file__).parent / "papers", options.papers or "all")
    print("nothing is wrong")


def _run(options: argparse.Namespace) -> None:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic cuBLAS; read once, when torch starts
    for library in ("OMP", "OPENBLAS", "MKL"):  # sums depend on the thread count; read once, when numpy starts
        os.environ[f"{library}_NUM_THREADS"] = str(options.spec["threads"])
    from secondlook.runner.bundle import make_bundle

    datasets = {name: options.data / f"{name}.safetensors" for name in options.spec["data"]}
    make_bundle(
        options.spec,
        code=options.code,
        out=options.out,
        work=options.work,
        datasets=datasets,
        device=options.device,
        versions=options.versions,
    )


def _collect(options: argparse.Namespace) -> None:
    from secondlook.tables.collect import collect
    from secondlook.tables.records import runs_of

    collect(runs_of(options.jobs), options.table, options.records)


def _select(options: argparse.Namespace) -> None:
    from secondlook.tables.selection import select

    select(options.spec, options.tables, options.records, options.out)


def _decide(options: argparse.Namespace) -> None:
    from secondlook.stats.decide import decide_claims

    tables = {path.stem: path for path in options.tables}
    decide_claims(options.paper, options.claims, options.controls, options.design, tables, options.out)


def _interim(options: argparse.Namespace) -> None:
    from secondlook.stats.interim import decide_interim

    decide_interim(options.claims, options.controls, options.design, options.readers, options.jobs, options.out)


def _figure(options: argparse.Namespace) -> None:
    from secondlook.figures.style import draw_figure
    from secondlook.tables.records import runs_of

    draw_figure(
        options.module,
        options.name,
        tables={path.stem: path for path in options.tables},
        claims=options.claims,
        outputs=options.out,
        records=[folder / "run.json" for folder in runs_of(options.arrays)],
        options=options.options,
    )


def _report(options: argparse.Namespace) -> None:
    from secondlook.protocol.config import load_config
    from secondlook.report.build import build_report

    build_report(load_config(options.config), options.out)


def _calibrate(options: argparse.Namespace) -> None:
    from secondlook.stats.calibrate import calibrate

    calibrate(Path(__file__).parent / "papers", options.out, options.experiments)


def _pdf(options: argparse.Namespace) -> None:
    from secondlook.protocol.config import load_config
    from secondlook.report.pdf import build_pdf

    build_pdf(load_config(options.config), options.out)


def _whence(options: argparse.Namespace) -> None:
    from secondlook.figures.provenance import read_card, say

    print(say(read_card(options.file)))


def _summary(options: argparse.Namespace) -> None:
    from secondlook.report.summary import summarise

    summarise(options.scale, options.results)


def _tally(options: argparse.Namespace) -> None:
    from secondlook.plan.plan import make_plan
    from secondlook.protocol.config import load_config
    from secondlook.protocol.document import load_document
    from secondlook.protocol.project import load_project
    from secondlook.report.summary import tallies

    config = load_config(load_document("config.yaml") or {})
    plan = make_plan(load_project(Path(__file__).parent / "papers", config.papers), config)
    print(*tallies(plan, options.results), f"The report: {options.results}/{plan.scale}/report/index.html", sep="\n")


def _compare(options: argparse.Namespace) -> None:
    from secondlook.report.changes import lines, read_report

    old, new = read_report(options.old), read_report(options.new)
    print(*lines(old, new), sep="\n")
    if options.out:
        from secondlook.report.build import build_changes

        build_changes(old, new, options.out)


def _same(options: argparse.Namespace) -> None:
    from secondlook.tables.compare import compare

    lines, same = compare(options.old, options.new)
    print(*lines, sep="\n")
    if not same:
        raise UserError(f"{options.old} and {options.new} do not hold the same numbers")


def _schemas(options: argparse.Namespace) -> None:
    from secondlook.protocol.json_schema import write_schemas

    write_schemas(options.folder)


def _envs(options: argparse.Namespace) -> None:
    from secondlook.plan.env_files import write_envs

    write_envs(Path("pyproject.toml"), options.folder)
