"""Which code and which libraries stand behind each job, as the workflow's start and the job itself say it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

from secondlook.plan.digest import Package, installed, pins

#: libraries that verdicts stand on
_STATISTICS = ("numpy", "pandas", "scipy")
#: verb -> the modules where its code begins, a figure's or an experiment's own beside them
ROOTS = {
    "run": ("secondlook.runner.bundle",),
    "collect": ("secondlook.tables.collect",),
    "select": ("secondlook.tables.selection",),
    "decide": ("secondlook.stats.decide",),
    "interim": ("secondlook.stats.interim",),
    "figure": ("secondlook.figures.style",),
    "report": ("secondlook.report.build",),
    "pdf": ("secondlook.report.pdf",),
}
#: verb -> the libraries beside it, of the report's environment; those of a run are its own (`secondlook.plan.digest.Package.run_pins`)
LIBRARIES: dict[str, tuple[str, ...]] = {
    "decide": _STATISTICS,
    "interim": _STATISTICS,
    "figure": ("matplotlib", "seaborn", "pandas", "numpy", "scipy"),
    "report": ("jinja2", "latex2mathml", "markdown-it-py"),
    "pdf": ("jinja2", "latex2mathml", "markdown-it-py", "typst"),
}


@functools.cache
def own_package() -> Package:
    """This package's files, as they are when this process first asks."""
    return Package()


def roots(verb: str, modules: Iterable[str] = ()) -> tuple[str, ...]:
    """Where the code of a job begins."""
    return (*ROOTS[verb], *modules)


def library_pins(verb: str, root: Path) -> dict[str, str]:
    """Versions of the libraries that a verdict, a figure or the report stands on, as envs/ below the project's folder pins them."""
    return pins(root / "envs/report.yaml", names) if (names := LIBRARIES.get(verb)) else {}


@functools.cache  # it is the same for every run of a module
def run_versions(module: str, root: Path, *, locked: bool) -> dict[str, str]:
    """Versions of the libraries that make the numbers of an experiment's module: those that are pinned, or those that are installed."""
    wanted = own_package().run_pins(root / "envs/run.yaml", *roots("run", [module]))
    return wanted if locked else installed(wanted)


@functools.cache
def run_code(module: str, root: Path, *, locked: bool) -> str:
    """Digest of the runner, an experiment's module, all that they import, and the libraries that make the numbers."""
    return own_package().digest(*roots("run", [module]), versions=run_versions(module, root, locked=locked))


@functools.cache
def verb_code(verb: str, root: Path, *modules: str) -> str:
    """Digest of the code of a verb other than run, with modules of its own, and of the libraries that it stands on."""
    return own_package().digest(*roots(verb, modules), versions=library_pins(verb, root))
