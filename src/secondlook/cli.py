"""The command line: ``python -m secondlook VERB``."""

from __future__ import annotations

import argparse
import functools
import json
import os
import signal
import sys
from pathlib import Path

from secondlook import verbs
from secondlook.errors import UserError
from secondlook.job import add_options, guarded
from secondlook.parent import end_with_driver


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; return the exit status. A `UserError` is printed without a traceback."""
    parser = argparse.ArgumentParser(prog="python -m secondlook", description=__doc__.splitlines()[0])
    known = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    verb = known.add_parser("fetch", help="download a data set, check it, and write it in one format")
    verb.add_argument("dataset")
    verb.add_argument("--out", type=Path, help="file to write (default: resources/datasets/DATASET.safetensors)")
    verb.add_argument("--data-dir", default=os.environ.get("SECONDLOOK_DATA_DIR"), help="folder that holds the archives already")
    mirrors = os.environ.get("SECONDLOOK_MIRRORS", "").split()
    verb.add_argument("--mirrors", nargs="*", default=mirrors, help="base URLs asked before the canonical ones")
    verb.set_defaults(call=verbs.fetch)

    verb = known.add_parser("check", help="find everything that is wrong in config.yaml, protocols, settings and answers")
    verb.add_argument("--papers", nargs="*", default=[], metavar="PAPER", help="only these (default: all)")
    verb.set_defaults(call=verbs.check)

    verb = known.add_parser("run", help="run cells of an experiment for a block of seeds")
    verb.add_argument("--spec", type=json.loads, required=True, help="what the plan says of the job, as JSON")
    verb.add_argument("--versions", type=json.loads, default={}, help="library -> version that the digest stands for, as JSON")
    verb.add_argument("--work", type=Path, default=os.environ.get("SECONDLOOK_WORK", "work"), help="folder for checkpoints")
    verb.add_argument("--data", type=Path, default=Path("resources/datasets"), help="folder of the data sets")
    verb.add_argument("--device", default=os.environ.get("SECONDLOOK_DEVICE", "auto"), choices=["auto", "cpu", "cuda"])
    verb.add_argument("--out", type=Path, required=True, help="folder of the experiment's records")
    add_options(verb)
    verb.set_defaults(call=functools.partial(guarded, verbs.run))

    verb = known.add_parser("collect", help="gather an experiment's runs into one table")
    verb.add_argument("jobs", nargs="+", type=Path, metavar="JOB_JSON")
    verb.add_argument("--table", type=Path, required=True)
    verb.add_argument("--records", type=Path, required=True)
    add_options(verb)
    verb.set_defaults(call=functools.partial(guarded, verbs.collect))

    verb = known.add_parser("select", help="choose the best cell of a grid")
    verb.add_argument("--spec", type=json.loads, required=True)
    verb.add_argument("--tables", nargs="+", type=Path, required=True)
    verb.add_argument("--records", nargs="+", type=Path, required=True)
    verb.add_argument("--out", type=Path, required=True)
    add_options(verb)
    verb.set_defaults(call=functools.partial(guarded, verbs.select))

    verb = known.add_parser("decide", help="decide a paper's claims")
    verb.add_argument("--paper", required=True, help="its name, the first part of a claim's id")
    verb.add_argument("--claims", type=json.loads, required=True)
    verb.add_argument("--controls", type=json.loads, default=[])
    verb.add_argument("--design", type=json.loads, required=True, help="what was planned, as JSON")
    verb.add_argument("--tables", nargs="*", type=Path, default=[])
    verb.add_argument("--out", type=Path, required=True)
    add_options(verb)
    verb.set_defaults(call=functools.partial(guarded, verbs.decide))

    verb = known.add_parser("interim", help="say which cells of an experiment want more replicas")
    verb.add_argument("--claims", type=json.loads, required=True)
    verb.add_argument("--controls", type=json.loads, default=[])
    verb.add_argument("--design", type=json.loads, required=True, help="what was planned, as JSON")
    verb.add_argument("--readers", type=json.loads, required=True, help="cell -> claims that read it, as JSON")
    verb.add_argument("--jobs", nargs="*", type=Path, required=True, metavar="JOB_JSON")
    verb.add_argument("--out", type=Path, required=True)
    add_options(verb)
    verb.set_defaults(call=functools.partial(guarded, verbs.interim))

    verb = known.add_parser("figure", help="draw one figure")
    verb.add_argument("module", help="dotted name, for example secondlook.papers.wilson2017.figures.c1_gap")
    verb.add_argument("--tables", nargs="*", type=Path, default=[])
    verb.add_argument("--name", required=True, help="paper/figure; a module may draw several")
    verb.add_argument("--options", type=json.loads, default={}, help="keyword arguments of the module's draw, as JSON")
    verb.add_argument(
        "--arrays", nargs="*", type=Path, default=[], metavar="JOB_JSON", help="jobs that made the runs whose arrays it draws"
    )
    verb.add_argument("--claims", type=Path, nargs="?", help="claims.json, for a figure that draws verdicts")
    verb.add_argument("--out", nargs="+", type=Path, required=True)
    add_options(verb)
    verb.set_defaults(call=functools.partial(guarded, verbs.figure))

    verb = known.add_parser("report", help="build the report's page from results")
    verb.add_argument("--config", type=json.loads, required=True, help="the configuration, as JSON")
    verb.add_argument("--out", type=Path, required=True)
    add_options(verb)
    verb.set_defaults(call=functools.partial(guarded, verbs.report))

    verb = known.add_parser("calibrate", help="simulate every kind of test and every claim: how often are verdicts wrong?")
    verb.add_argument("--out", type=Path, default=Path("results/calibration.csv"))
    verb.add_argument("--experiments", type=int, default=2000, help="simulated experiments a case and truth")
    verb.set_defaults(call=verbs.calibrate)

    verb = known.add_parser("pdf", help="set the report as a PDF from results")
    verb.add_argument("--config", type=json.loads, required=True, help="the configuration, as JSON")
    verb.add_argument("--out", type=Path, required=True)
    add_options(verb)
    verb.set_defaults(call=functools.partial(guarded, verbs.pdf))

    verb = known.add_parser("whence", help="print a figure's card: what it shows and what it was made from")
    verb.add_argument("file", type=Path, help="an SVG or a PNG, here or copied elsewhere")
    verb.set_defaults(call=verbs.whence)

    verb = known.add_parser("summary", help="write docs/claims.json and docs/claims.md from results, and the README's answers")
    verb.add_argument("--scale", default="quick", choices=["smoke", "quick", "paper"])
    verb.add_argument("--results", type=Path, default=Path("results"), help="folder of the results")
    verb.set_defaults(call=verbs.summary)

    verb = known.add_parser("tally", help="print one line per question: the verdicts on its claims, and where the report lies")
    verb.add_argument("--results", type=Path, default=Path("results"), help="folder of the results")
    verb.set_defaults(call=verbs.tally)

    verb = known.add_parser("compare", help="say which outcomes differ between two reports, and what differs behind them")
    verb.add_argument("old", type=Path, help="folder of a report, or its assets/report.json")
    verb.add_argument("new", type=Path)
    verb.add_argument("--out", type=Path, help="write it as a page, too: an HTML file beside which the folder assets is made")
    verb.set_defaults(call=verbs.compare)

    verb = known.add_parser("same", help="tell whether two folders of results hold the same numbers, bit for bit")
    verb.add_argument("old", type=Path)
    verb.add_argument("new", type=Path)
    verb.set_defaults(call=verbs.same)

    for name, purpose, file in (
        ("bundle", "pack the results of a scale, with their records, into one archive", "zip file to write"),
        ("restore", "check such an archive and put its results in place", "zip file"),
    ):
        verb = known.add_parser(name, help=purpose)
        verb.add_argument("archive", type=Path, help=file)
        verb.add_argument("--scale", choices=["smoke", "quick", "paper"], help="default: that of config.yaml")
        verb.add_argument("--papers", help="names with commas; default: those of config.yaml")
        verb.set_defaults(call={"bundle": verbs.bundle, "restore": verbs.restore}[name])

    verb = known.add_parser("schemas", help="write the JSON schemas of the protocols and of config.yaml")
    verb.add_argument("folder", type=Path)
    verb.set_defaults(call=verbs.schemas)

    verb = known.add_parser("envs", help="write the conda environments from the pins in pyproject.toml")
    verb.add_argument("folder", type=Path)
    verb.set_defaults(call=verbs.envs)

    options = parser.parse_args(arguments)
    end_with_driver()
    try:
        options.call(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next start goes on from here", file=sys.stderr)
        return 128 + signal.SIGINT
    return 0
