"""What a user can ask Snakemake for, and what it says when the question is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from toy_jobs import ALL, CURVES, GRID, REPORT, RUN_MEASURED, RUN_RULER, SAMPLE, SHEET
from toy_project import INSTRUMENTS, PAPER, RESULTS, Project, clean_environment

HEAVY = ("torch", "torchvision", "pandas", "scipy", "matplotlib", "seaborn", "jinja2", "PIL")


def test_the_default_profile_is_found(fresh: Project) -> None:
    plain = fresh.dry()
    assert "Using workflow specific profile profiles/default" in plain.text
    assert plain.labels == sorted(ALL)


def test_the_first_run_does_what_was_announced(finished: Project) -> None:
    said = (finished.folder.parent / "said.txt").read_text(encoding="utf-8")
    assert re.search(r'Provided resources: gpu=(1|Resource\("gpu", 1\))', said), "the profile's limit is not in force"
    assert "What reruns, and why?" in (finished / "results/quick/report/index.html").read_text(encoding="utf-8")
    left = [str(path.relative_to(finished.folder)) for path in (finished / "results").rglob("*.tmp")]
    assert not left
    assert not list((finished / "work").glob("*"))  # a finished job leaves no checkpoint


def test_targets(fresh: Project) -> None:
    assert fresh.dry("toy").labels == sorted(ALL - REPORT - {"collect instruments/ruler"})  # that is the report's
    assert fresh.dry("toy_sheet").labels == sorted(RUN_RULER | RUN_MEASURED | SHEET)
    assert fresh.dry("toy_curves").labels == sorted(GRID | SAMPLE | CURVES | {"dataset toydata"})
    assert fresh.dry(f"{RESULTS}/plain.csv").labels == ["collect toy/plain", "run toy/plain/only/seeds=0-2"]


def test_a_scale_asks_for_its_own_experiments(fresh: Project) -> None:
    labels = fresh.dry("--config", "scale=smoke").labels
    assert "run toy/plain/only/seeds=0-1" in labels
    assert [label for label in labels if "run instruments" in label] == ["run instruments/ruler/length=2/seeds=0"]
    assert not [label for label in labels if "sample" in label or "curves" in label or "toydata" in label]  # they have no budget there
    assert fresh.snakemake("-n", "--config", "scale=smoke", "--", "toy_curves").status != 0


def test_what_is_measured_with_an_instrument_says_so(finished: Project) -> None:
    page = (finished / "results/quick/report/question-1.html").read_text(encoding="utf-8")
    assert "length 4" in page
    assert "marks: <code>4</code>" in page


def test_papers_are_chosen(fresh: Project) -> None:
    fresh.add_paper()
    both = set(fresh.dry().labels)
    assert set(fresh.dry("--config", "papers=toy").labels) == {label for label in both if "annex" not in label}
    assert set(fresh.dry("--config", "papers=annex").labels) == {label for label in both if "toy" not in label}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("scale=nonsense", ("config.yaml is not valid", "scale", "'smoke', 'quick' or 'paper'", "'nonsense'")),
        ("papers=toi", ("'papers'", "unknown paper 'toi'", "Did you mean 'toy'?")),
        ("sedes=3", ("unknown key 'sedes'", "Did you mean 'seeds'?")),
        ("seeds=0", ("seeds", "greater than 0", "value: 0")),
        ("device=tpu", ("device", "'auto', 'cpu' or 'cuda'", "'tpu'")),
    ],
)
def test_a_wrong_knob_is_named(fresh: Project, config: str, words: tuple[str, ...]) -> None:
    outcome = fresh.snakemake("-n", "--config", config)
    assert outcome.status != 0
    assert "Traceback" not in outcome.text
    for word in words:
        assert word in outcome.text


def test_a_wrong_protocol_is_named(fresh: Project) -> None:
    fresh.replace(f"{PAPER}/protocol.yaml", "title: Tuning", "titel: Tuning")
    outcome = fresh.snakemake("-n")
    assert outcome.status != 0
    assert "Traceback" not in outcome.text
    for word in ("papers/toy/protocol.yaml", "experiments.grid", "'titel'", "Did you mean 'title'?"):
        assert word in outcome.text


def test_only_jobs_that_will_use_a_gpu_ask_for_one(fresh: Project) -> None:
    def asked(device: str) -> dict[str, tuple[int, int]]:
        jobs = fresh.dry("--cores", "2", "--config", f"device={device}").jobs
        return {job.wildcards["experiment"]: (job.gpu, job.threads) for job in jobs if job.rule == "run"}

    one_thread = ("grid", "final", "reader", "sample", "measured", "ruler")
    none = dict.fromkeys(one_thread, (0, 1)) | {"plain": (0, 2)}
    assert asked("cpu") == asked("auto") == none  # auto: the tests hide a GPU that is there
    assert asked("cuda") == none | {"plain": (1, 2)}


def test_no_job_is_retried_by_its_rule(fresh: Project) -> None:
    """A rule's own retries would count again inside every cluster job."""
    texts = [path.read_text(encoding="utf-8") for path in [fresh / "Snakefile", *(fresh / "workflow").rglob("*.smk")]]
    assert not [text for text in texts if "retries:" in text]


def test_parsing_imports_no_heavy_library(fresh: Project) -> None:
    """Every cluster job parses the Snakefile again. Snakemake's plugins may import pandas; what our rules import may not."""
    environment = clean_environment() | {"PYTHONPATH": str(fresh / "src")}

    def imported(code: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=fresh.folder, env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        return json.loads(done.stdout.splitlines()[-1])

    parse = "import contextlib, json, os, sys\nfrom snakemake.cli import main\n"
    parse += "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):\n    main(['-n', '--quiet', 'all'])\n"
    ours = [name for name in imported(parse + "print(json.dumps(sorted(sys.modules)))") if name.partition(".")[0] == "secondlook"]
    assert {"secondlook.plan.plan", "secondlook.plan.digest"} <= set(ours)
    again = f"import importlib, json, sys\nfor name in {ours}: importlib.import_module(name)\nprint(json.dumps(sorted(sys.modules)))"
    assert not set(HEAVY) & set(imported(again))


@pytest.mark.parametrize("file", [f"{PAPER}/plain.py", f"{PAPER}/figures/sheet.py", f"{INSTRUMENTS}/ruler.py"])
def test_a_missing_module_is_named_before_anything_runs(fresh: Project, file: str) -> None:
    (fresh / file).unlink()
    said = fresh.snakemake("-n")
    assert said.status != 0
    assert f"No module '{file.removeprefix('src/').removesuffix('.py').replace('/', '.')}'" in said.text


def test_the_copy_is_of_this_project(finished: Project) -> None:
    assert (finished / "Snakefile").read_bytes() == (Path(__file__).parents[2] / "Snakefile").read_bytes()


def test_the_cluster_profile_asks_for_gpus_whatever_else_the_command_line_says(fresh: Project) -> None:
    """A login node has no GPU; --config must not drop what the profile says of the compute nodes."""
    said = fresh.dry("--workflow-profile", "profiles/slurm", "--config", "scale=quick")
    assert {job.gpu for job in said.jobs if job.rule == "run"} == {0, 1}
