"""Puts each mutant on show: `python curator.py REPORT FOLDER` runs its tests against a mutated copy of the package.

torch is imported once; each exhibit is a forked child, which imports the package and the tests afresh. Two run at a time.
The report: exhibit -> {"package": file, "ran": [test ids], "failed": {test id: exception}}; the exhibit "" is the code as it is, which all
tests of the museum must pass.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import numpy  # noqa: F401 - imported here, once for all children
import pytest
import scipy.linalg
import scipy.spatial.distance
import scipy.special  # noqa: F401
import torch
import torch._dynamo  # which the first torch.optim object imports
import torch_fidelity  # noqa: F401
from gallery import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 2


class Guestbook:
    """Notes which tests ran and how they failed."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.failed: dict[str, str] = {}

    @pytest.hookimpl
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo) -> None:
        """A failure outside the test itself, say in a fixture, is named with its phase, so that nobody takes it for a find."""
        if call.when == "call":
            self.ran.append(item.nodeid)
        if call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
            phase = "" if call.when == "call" else f"{call.when}: "
            self.failed[item.nodeid] = phase + call.excinfo.typename


def mutate(package: Path, mutant: Mutant) -> None:
    path = package / mutant.file
    text = path.read_text(encoding="utf-8")
    for old, new in mutant.edits.items():
        assert text.count(old) == 1, f"{mutant.name}: {old!r} occurs {text.count(old)} times in {mutant.file}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def show(folder: Path, mutant: Mutant | None, tests: list[str]) -> None:
    """What a child does; it never returns."""
    shutil.copytree(ROOT / "src" / "secondlook", folder / "secondlook", ignore=shutil.ignore_patterns("__pycache__"))
    if mutant:
        mutate(folder / "secondlook", mutant)
    sys.path.insert(0, str(folder))
    os.chdir(ROOT)
    guests = Guestbook()
    options = ["-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=", f"--basetemp={folder / 'tmp'}"]
    pytest.main([*options, *tests], plugins=[guests])
    import secondlook

    report = {"package": secondlook.__file__, "ran": guests.ran, "failed": guests.failed}
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")


def main() -> None:
    """Show all exhibits."""
    target, work = map(Path, sys.argv[1:])
    torch.set_num_threads(1)
    everything = sorted({test for mutant in MUTANTS for test in mutant.tests})
    exhibits = [("", None, everything), *((mutant.name, mutant, list(mutant.tests)) for mutant in MUTANTS)]
    running = 0
    for number, (_, mutant, tests) in enumerate(exhibits):
        if running == AT_ONCE:
            os.wait()
            running -= 1
        folder = work / str(number)
        folder.mkdir(parents=True)
        if os.fork() == 0:
            try:
                with (folder / "log.txt").open("w") as log:
                    os.dup2(log.fileno(), 1)
                    os.dup2(log.fileno(), 2)
                    show(folder, mutant, tests)
            finally:
                os._exit(0)
        running += 1
    for _ in range(running):
        os.wait()
    reports = {}
    for number, (name, _, _) in enumerate(exhibits):
        found = work / str(number) / "report.json"
        log = (work / str(number) / "log.txt").read_text(encoding="utf-8")
        reports[name] = (json.loads(found.read_text(encoding="utf-8")) if found.exists() else {}) | {"log": log[-5000:]}
    target.write_text(json.dumps(reports), encoding="utf-8")


if __name__ == "__main__":
    main()
