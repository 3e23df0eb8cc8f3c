"""The command line: the chain of verbs that the workflow calls, its errors, and what a training job does not load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_paper import EVERYWHERE, TRAIN, papers_in, protocol, write_paper

import secondlook
from secondlook.cli import main
from secondlook.files import read_json
from secondlook.plan.plan import Plan
from secondlook.protocol.config import load_config

VERBS = ["fetch", "run", "collect", "select", "decide", "figure", "report", "pdf", "whence", "summary", "schemas"]
SOURCE = str(Path(secondlook.__file__).parents[1])

TOY = protocol(
    experiments={
        "grid": {
            "title": "",
            "module": "train",
            "cells": [{"lr": [0.5, 1.0, 2.0]}],
            "settings": {"diverge": 1.5},  # so the largest lr is lost
            "scales": EVERYWHERE,
        },
        "chosen": {"title": "", "module": "train", "cells": [{"lr": {"select": "best"}}, {"lr": 0.25}], "scales": EVERYWHERE},
    },
    selections={"best": {"experiments": ["grid"], "factor": "lr", "metric": "loss"}},
    claims=[
        {
            "id": "T1",
            "sentence": "A larger step ends lower.",
            "where": "Section 1",
            "experiment": "chosen",
            "test": {
                "kind": "difference",
                "metric": "loss",
                "first": {"label": "best", "where": {"lr": ["selected"]}},
                "second": {"label": "small", "where": {"lr": [0.25]}},
                "smallest_effect": 1.0,
                "diverged": 99.0,
            },
        },
        {"id": "T2", "sentence": "Toys fly.", "where": "Section 2", "not_run": "no wind"},
    ],
)


def python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python as the workflow does: the package on the path, in a folder of its own."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": SOURCE},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_names_every_verb_and_each_verb_has_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert "usage: python -m secondlook" in text
    for verb in VERBS:
        assert f"    {verb} " in text
        with pytest.raises(SystemExit) as left:
            main([verb, "--help"])
        assert left.value.code == 0
        assert f"usage: python -m secondlook {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [[], ["runn"], ["run", "--spec", "{not json", "--code", "c", "--out", "o"], ["collect", "a/run.json"]]
)
def test_a_wrong_call_exits_2_with_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage: python -m secondlook" in capsys.readouterr().err


def test_a_users_error_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    done = python("-m", "secondlook", "fetch", "cifar-10", "--out", "x.safetensors", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "cifar-10" in line
    assert "'cifar10'" in line
    assert list(tmp_path.iterdir()) == []


def test_any_other_error_has_its_traceback(tmp_path: Path) -> None:
    done = python("-m", "secondlook", "collect", "absent/run.json", "--table", "t.csv", "--records", "r.json", folder=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_the_chain_from_runs_to_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_paper(tmp_path / "papers", "toycli", {"train.py": TRAIN})
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    plan = Plan({"toycli": TOY}, load_config({}))

    def call(*arguments: Any) -> None:
        assert main([str(argument) for argument in arguments]) == 0

    def run_and_collect(experiment: str) -> None:
        runs = plan.runs("toycli", experiment)
        for job in runs:
            folder = plan.folder(job)
            call("run", "--spec", json.dumps(plan.spec(job)), "--code", "c0de", "--work", "work", "--out", folder)
        records = [f"{plan.folder(job)}/run.json" for job in runs]
        call("collect", *records, "--table", plan.table("toycli", experiment), "--records", plan.records("toycli", experiment))

    with papers_in(tmp_path / "papers"):
        run_and_collect("grid")
        rule = json.dumps(plan.selection_spec("toycli", "best"))
        sources = ("--tables", plan.table("toycli", "grid"), "--records", plan.records("toycli", "grid"))
        call("select", "--spec", rule, *sources, "--out", plan.selection("toycli", "best"))
        (choice,) = read_json(plan.selection("toycli", "best"))["choices"]
        assert (choice["best"], choice["edge"]) == (1.0, None)
        assert [candidate["score"] is None for candidate in choice["candidates"]] == [False, False, True]
        run_and_collect("chosen")

    claims = json.dumps([claim.model_dump(mode="json") for claim in TOY.claims])
    tables = ("--tables", plan.table("toycli", "chosen"))
    call("decide", "--claims", claims, "--fidelity", '{"chosen": "exact"}', *tables, "--out", "claims.json")
    first, second = read_json("claims.json")
    # loss after two steps is 1 / (2 lr): 0.5 at the chosen lr of 1, 2 at 0.25
    assert first["verdict"] == "replicated"
    assert first["effect"] == pytest.approx(1.5, abs=1e-12)
    assert first["n"] == [3, 3]
    assert [arm["values"] for arm in first["arms"]] == [pytest.approx([0.5, 0.51, 0.52]), pytest.approx([2.0, 2.01, 2.02])]
    assert (second["verdict"], second["why"]) == ("not run", "no wind")


def test_claims_without_any_table(tmp_path: Path) -> None:
    claims = json.dumps([claim.model_dump(mode="json") for claim in TOY.claims])
    out = tmp_path / "claims.json"
    assert main(["decide", "--claims", claims, "--fidelity", "{}", "--tables", "--out", str(out)]) == 0
    assert [claim["verdict"] for claim in read_json(out)] == ["not run", "not run"]
    assert "does not run at this scale" in read_json(out)[0]["why"]


def test_schemas(tmp_path: Path) -> None:
    assert main(["schemas", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.schema.json", "instruments.schema.json", "protocol.schema.json"]


#: runs the verb, then says which of the packages that a training does not need were loaded
WATCH = """
import sys
import secondlook.papers
from secondlook.cli import main
secondlook.papers.__path__.append(sys.argv.pop(1))
status = main(sys.argv[1:])
print(sorted({"pandas", "matplotlib", "seaborn", "scipy", "snakemake", "pydantic", "yaml", "jinja2", "torch", "numpy"} & set(sys.modules)))
sys.exit(status)
"""


def test_a_training_job_loads_only_what_it_needs(tmp_path: Path) -> None:
    """This one needs no torch either, and starts in a fraction of a second for it."""
    write_paper(tmp_path / "papers", "toycli", {"train.py": TRAIN})
    plan = Plan({"toycli": TOY}, load_config({}))
    spec = json.dumps(plan.spec(plan.runs("toycli", "grid")[0]))
    arguments = ("run", "--spec", spec, "--code", "c0de", "--work", "work", "--out", "out")
    done = python("-c", WATCH, str(tmp_path / "papers"), *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['numpy']\n"
    assert read_json(tmp_path / "out/run.json")["status"] == {"0": "completed", "1": "completed", "2": "completed"}
