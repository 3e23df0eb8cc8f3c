"""The command line: the chain of verbs that the workflow calls, its errors, and what a training job does not load."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from tiny_paper import EVERYWHERE, EXACT, TRAIN, papers_in, protocol, write_paper

import secondlook
from secondlook.cli import main
from secondlook.files import read_json
from secondlook.plan.interim import interim_claims, interim_controls, interim_design, interim_jobs, readers
from secondlook.plan.plan import Plan
from secondlook.plan.runs import Bundle
from secondlook.plan.targets import paper_design
from secondlook.protocol.config import load_config

VERBS = {
    "fetch",
    "check",
    "run",
    "collect",
    "select",
    "decide",
    "interim",
    "figure",
    "report",
    "pdf",
    "whence",
    "summary",
    "tally",
    "schemas",
}
SOURCE = str(Path(secondlook.__file__).parents[1])


def watched(sentence: str, lr: float, low: float, **plan: float) -> dict[str, Any]:
    """A claim that is decided at one of two looks, or not."""
    test = {"within": "loss", "low": low, "arm": {"label": "", "cells": {"lr": lr}}, "diverged": 99.0}
    return {"sentence": sentence, "plain": "", "source": "", "experiment": "watched", "test": test, "spread": 0.02} | plan


TOY = protocol(
    experiments={
        "grid": {
            "title": "",
            "module": "train",
            "cells": [{"lr": [0.5, 1.0, 2.0]}],
            "settings": {"diverge": 1.5},  # so the largest lr is lost
            "cells_per_job": 2,
            "scales": EVERYWHERE,
        },
        "chosen": {"title": "", "module": "train", "cells": [{"lr": {"select": "best"}}, {"lr": 0.25}], "scales": EVERYWHERE},
        "watched": {
            "title": "",
            "module": "train",
            "cells": [{"lr": [0.25, 0.5]}],
            "scales": {"quick": EXACT | {"seeds": 6, "looks": [3, 6]}},
        },
    },
    selections={"best": {"experiments": ["grid"], "factor": "lr", "metric": "loss"}},
    controls={
        "K1": {
            "sentence": "Runs do not differ from themselves.",
            "experiment": "chosen",
            "test": {
                "equivalence": "loss",
                "first": {"label": "small", "cells": {"lr": 0.25}},
                "second": {"label": "small", "cells": {"lr": 0.25}},
                "margin": 0.1,
                "diverged": 99.0,
            },
        }
    },
    claims={
        "T1": {
            "sentence": "A larger step ends lower.",
            "plain": "Large steps win.",
            "source": "Section 1",
            "experiment": "chosen",
            "controls": ["K1"],
            "test": {
                "difference": "loss",
                "first": {"label": "best", "cells": {"lr": "selected"}},
                "second": {"label": "small", "cells": {"lr": 0.25}},
                "smallest_effect": 1.0,
                "diverged": 99.0,
            },
        },
        "T2": {"sentence": "Toys fly.", "plain": "They fly.", "source": "", "not_run": "no wind", "needs": {"data": "wind"}},
        # the loss is 2.00, 2.01 ... at the step size 0.25, and 1.00, 1.01 ... at 0.5
        "T3": watched("A small step is far off.", 0.25, low=1.5, expected=2.0, otherwise=1.0),
        "T4": watched("A larger one is at 1.015.", 0.5, low=1.015, expected=1.2, otherwise=0.8),
    },
)


def plain(items: Any) -> str:
    """Claims or controls as the workflow hands them over."""
    return json.dumps([item.model_dump(mode="json") for item in items.values()])


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
    verbs = re.findall(r"(?m)^    (\w+)(?= |$)", text)
    assert set(verbs) >= VERBS
    for verb in verbs:
        with pytest.raises(SystemExit) as left:
            main([verb, "--help"])
        assert left.value.code == 0
        assert f"usage: python -m secondlook {verb}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [[], ["runn"], ["run", "--spec", "{not json", "--code", "c", "--out", "o"], ["collect", "a/job.json"], ["decide", "--claims", "[]"]],
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
    done = python("-m", "secondlook", "figure", "absent.module", "--name", "a/b", "--out", "f.svg", folder=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_the_chain_from_runs_to_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_paper(tmp_path / "papers", "toycli", {"train.py": TRAIN})
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    plan = Plan({"toycli": TOY}, load_config({}))

    def call(*arguments: Any) -> None:
        assert main([str(argument) for argument in arguments]) == 0

    def run(*jobs: Bundle) -> None:
        for job in jobs:
            folder = f"results/quick/toycli/{job.leader.experiment}"
            call("run", "--spec", json.dumps(plan.spec(job)), "--work", "work", "--out", folder)

    def look() -> None:
        rules = {
            "claims": interim_claims(plan, "toycli", "watched"),
            "controls": interim_controls(plan, "toycli", "watched"),
            "design": interim_design(plan, "toycli", "watched"),
            "readers": readers(plan, "toycli", "watched"),
        }
        said = [word for name, value in rules.items() for word in (f"--{name}", json.dumps(value))]
        jobs = interim_jobs(plan, "toycli", "watched", 1)
        call("interim", *said, "--jobs", *jobs, "--out", plan.interim("toycli", "watched", 1))

    def run_and_collect(experiment: str) -> None:
        jobs = plan.bundles("toycli", experiment)
        run(*(job for job in jobs if plan.asks(job.leader) is None))
        if any(plan.asks(job.leader) for job in jobs):
            look()
            run(*(job for job in jobs if plan.asks(job.leader)))
        jobs = plan.records_of(plan.runs("toycli", experiment))
        call("collect", *jobs, "--table", plan.table("toycli", experiment), "--records", plan.records("toycli", experiment))

    with papers_in(tmp_path / "papers"):
        run_and_collect("grid")
        assert [record["values"]["lr"] for record in read_json(plan.records("toycli", "grid"))] == [0.5, 1.0, 2.0]
        rule = json.dumps(plan.selection_spec("toycli", "best"))
        sources = ("--tables", plan.table("toycli", "grid"), "--records", plan.records("toycli", "grid"))
        call("select", "--spec", rule, *sources, "--out", plan.selection("toycli", "best"))
        (choice,) = read_json(plan.selection("toycli", "best"))["choices"]
        assert (choice["best"], choice["edge"]) == (1.0, None)
        assert [candidate["score"] is None for candidate in choice["candidates"]] == [False, False, True]
        run_and_collect("chosen")
        run_and_collect("watched")
    assert read_json(plan.interim("toycli", "watched", 1)) == {"lr=0.25": False, "lr=0.5": True}

    rules = ("--paper", "toycli", "--claims", plain(TOY.claims), "--controls", plain(TOY.controls))
    tables = ("--tables", plan.table("toycli", "chosen"), plan.table("toycli", "watched"))
    call("decide", *rules, "--design", json.dumps(paper_design(plan, "toycli")), *tables, "--out", "claims.json")
    first, second, third, fourth = read_json("claims.json")
    assert [control["id"] for control in first["controls"]] == ["K1"]
    # loss after two steps is 1 / (2 lr): 0.5 at the chosen lr of 1, 2 at 0.25
    assert (first["outcome"], first["reach"]) == ("supported", "paper's setting")
    assert first["effect"] == pytest.approx(1.5, abs=1e-12)
    assert first["n"] == [3, 3]
    assert [arm["values"] for arm in first["arms"]] == [pytest.approx([0.5, 0.51, 0.52]), pytest.approx([2.0, 2.01, 2.02])]
    assert (second["outcome"], second["why"]) == ("not run", "no wind")
    assert [(claim["outcome"], claim["n"], claim["decided_by"]["look"]) for claim in (third, fourth)] == [
        ("supported", [3], 1),
        ("undecided", [6], 2),
    ]


def test_claims_without_any_table(tmp_path: Path) -> None:
    out = tmp_path / "claims.json"
    rules = ["--paper", "toycli", "--claims", plain(TOY.claims)]
    design = json.dumps(paper_design(Plan({"toycli": TOY}, load_config({"scale": "smoke"})), "toycli"))
    assert main(["decide", *rules, "--design", design, "--tables", "--out", str(out)]) == 0
    assert [claim["outcome"] for claim in read_json(out)] == ["not run"] * 4
    assert read_json(out)[2]["why"] == "needs scale quick"


def test_a_look_at_what_no_claim_reads(tmp_path: Path) -> None:
    out = tmp_path / "1.json"
    design = json.dumps({"scale": "quick", "budgets": {}, "scales": {}, "sharing": 1})
    rules = ["--claims", "[]", "--controls", "[]", "--design", design, "--readers", '{"lr=0.5": []}']
    assert main(["interim", *rules, "--jobs", "--out", str(out)]) == 0
    assert read_json(out) == {"lr=0.5": False}


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
    spec = json.dumps(plan.spec(plan.bundles("toycli", "grid")[0]))
    versions = json.dumps({"numpy": version("numpy")})
    arguments = ("run", "--spec", spec, "--versions", versions, "--work", "work", "--out", "out")
    done = python("-c", WATCH, str(tmp_path / "papers"), *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "['numpy']\n"
    for lr in (0.5, 1.0):
        assert read_json(tmp_path / f"out/lr={lr}/seeds=0-2/run.json")["status"] == {"0": "completed", "1": "completed", "2": "completed"}


def test_a_job_with_other_libraries_refuses_to_run(tmp_path: Path) -> None:
    plan = Plan({"toycli": TOY}, load_config({}))
    spec = json.dumps(plan.spec(plan.bundles("toycli", "grid")[0]))
    done = python("-m", "secondlook", "run", "--spec", spec, "--versions", '{"numpy": "0.1"}', "--out", "out", folder=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: the libraries that make the numbers are not the locked ones: numpy 0.1 is wanted, ")
    assert "'versions: installed'" in line
    assert list(tmp_path.iterdir()) == []


def test_check_finds_mistakes_in_the_configuration(tmp_path: Path) -> None:
    """And, without one, in the papers; nothing is loaded that computes, and nothing is written."""
    good = python("-m", "secondlook", "check", "--papers", "wilson2017", folder=tmp_path)
    assert (good.returncode, good.stdout) == (0, "nothing is wrong\n"), good.stderr
    bad = python("-m", "secondlook", "check", "--papers", "wilson2071", folder=tmp_path)
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr == "error: config 'papers': unknown paper 'wilson2071'. Did you mean 'wilson2017'?\n"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "config.yaml").write_text("scale: quick\nsedes: 3\n")
    bad = python("-m", "secondlook", "check", "--papers", "wilson2017", folder=tmp_path)
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.splitlines() == [
        "error: 1 mistake found:",
        "  config.yaml:2: sedes: unknown key. Did you mean 'seeds'? (value: 3)",
    ]


def test_a_tally_has_a_line_for_each_question(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("scale: smoke\npapers: [wilson2017]\n")
    done = python("-m", "secondlook", "tally", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    question, report = done.stdout.splitlines()
    assert question.startswith("2. Why may Adam")
    assert report == "The report: results/smoke/report/index.html"
