"""What every job of the workflow has around its work, whatever its verb.

It runs the code of its digest, checks what it reads, removes the seal of what it makes before it begins and writes it after it has ended.
By hand, without ``--code`` and ``--recipe``, a verb does its work alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from secondlook.plan.code import library_pins, roots
from secondlook.plan.sources import Sources

PACKAGE = Path(__file__).parent


def add_options(verb: argparse.ArgumentParser) -> None:
    """What the workflow tells every job."""
    verb.add_argument("--code", help="digest of the code that must stand behind the job")
    verb.add_argument("--recipe", help="digest of all that the job is told, for the seal of what it makes")


def guarded(work: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> None:
    """Do the work of a verb.

    Raises:
        UserError: its code is not that of the digest, what it reads is missing or not as its job left it, or its folder takes no files.
    """
    options.check = lambda: None
    if options.code:
        options.check = _pin_code(options).check
    from secondlook import seals  # only now: what it imports is part of the job's code
    from secondlook.files import writing

    if not options.recipe:
        work(options)
        return
    inputs, outputs = seals.checked(_inputs(options)), _outputs(options)
    if place := seals.seal_file(outputs[0]):
        place.unlink(missing_ok=True)
    with writing(outputs[0].parent):
        work(options)
    options.check()
    seals.seal(options.recipe, inputs, _outputs(options))


def _pin_code(options: argparse.Namespace) -> Sources:
    modules = {"run": lambda: [options.spec["module"]], "figure": lambda: [options.module]}.get(options.verb, list)()
    versions = options.versions if options.verb == "run" else library_pins(options.verb, PACKAGE.parents[1])
    sources = Sources(*roots(options.verb, modules), versions=versions, package_dir=PACKAGE)
    sources.install(options.code, "secondlook.seals", "secondlook.plan.targets")
    return sources


def _inputs(options: argparse.Namespace) -> list[Path]:
    """What a job reads of what others made, but for the records of runs, which their job.json vouches for."""
    if options.verb == "run":
        runs = options.spec["runs"]
        files = {choice["file"] for run in runs for choice in run["select"].values()} | {run["interim"] for run in runs if run["interim"]}
        arrays = {f"{folder}/arrays.safetensors" for run in runs for folders in run["inputs"].values() for folder in folders}
        return [Path(file) for file in sorted(files | arrays)]
    if options.verb in ("report", "pdf"):
        return [Path(file) for file in _products(options)]
    named = [*getattr(options, "jobs", []), *getattr(options, "tables", []), *getattr(options, "arrays", [])]
    named += options.records if options.verb == "select" else []
    named += [options.claims] if options.verb == "figure" and options.claims else []
    return [Path(file) for file in named]


def _products(options: argparse.Namespace) -> list[str]:
    from secondlook.plan.plan import make_plan
    from secondlook.plan.targets import report_products
    from secondlook.protocol.config import load_config
    from secondlook.protocol.project import load_project

    config = load_config(options.config)
    return report_products(make_plan(load_project(PACKAGE / "papers", config.papers), config))


def _outputs(options: argparse.Namespace) -> list[Path]:
    """What a job makes; the first names its seal."""
    if options.verb == "run":
        folders = [options.out / run["folder"] for run in options.spec["runs"]]
        names = ("run.json", "history.csv", "arrays.safetensors")
        return [folders[0] / "job.json", folders[0] / "job.sha256", *(folder / name for folder in folders for name in names)]
    if options.verb == "collect":
        return [options.table, options.records]
    if options.verb == "figure":
        return list(options.out)
    if options.verb == "report":
        pdf = options.out.with_name("report.pdf")  # another job's
        files = (path for path in sorted(options.out.parent.rglob("*")) if path.is_file())
        return [options.out, *(path for path in files if path not in (options.out, pdf) and not path.name.startswith("."))]
    return [options.out]
