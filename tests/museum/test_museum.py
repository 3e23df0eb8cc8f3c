"""A museum of bugs: each that public GAN code has had is put into a copy of ours, and the tests that guard against it must fail on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gallery import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutants_place_is_still_there(mutant: Mutant) -> None:
    """The text that is changed occurs exactly once; else the museum shows nothing."""
    text = (ROOT / "src/secondlook" / mutant.file).read_text(encoding="utf-8")
    assert {old: text.count(old) for old in mutant.edits} == dict.fromkeys(mutant.edits, 1)


def test_names_are_unique() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def escapes(mutant: Mutant, report: dict) -> list[str]:
    """What is wrong with an exhibit: each of its tests must fail, and by what it asserts; a mutant that does not run proves nothing."""
    if "/exhibits/" not in report.get("package", ""):
        return [f"{mutant.name}: the tests saw another copy\n{report['log']}"]
    found = []
    for test in mutant.tests:
        kinds = {kind for failed, kind in report["failed"].items() if failed == test or failed.startswith(f"{test}[")}
        if not kinds & {"AssertionError", "Failed"}:
            found.append(f"{mutant.name}: {test} let it pass ({', '.join(kinds) or 'no failure'})\n{report['log']}")
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="an exhibit is a forked process")
def test_every_mutant_is_caught_and_the_code_as_it_is_passes(tmp_path: Path) -> None:
    """One test, since one process shows all exhibits."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")} | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "tests/museum/curator.py"), str(tmp_path / "report.json"), str(tmp_path / "exhibits")]
    subprocess.run(command, env=environment, check=True)
    reports = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    as_it_is = reports[""]
    assert as_it_is.get("failed") == {}, as_it_is["log"]
    for test in {test for mutant in MUTANTS for test in mutant.tests}:
        assert any(ran == test or ran.startswith(f"{test}[") for ran in as_it_is["ran"]), f"{test} did not run"
    found = [problem for mutant in MUTANTS for problem in escapes(mutant, reports[mutant.name])]
    assert not found, "\n\n".join(found)
