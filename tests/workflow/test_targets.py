"""What a user can ask Snakemake for, and what it says when the question is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from toy_jobs import ALL, CURVES, GRID, HALVES, PLAIN, REPORT, RUN_MEASURED, RUN_RULER, SAMPLE, SHEET
from toy_project import INSTRUMENTS, PACKAGE, PAPER, RESULTS, Project, clean_environment

# jinja2 is not among them: the check of the answers reads their templates, and it comes with Snakemake
HEAVY = ("torch", "torchvision", "numpy", "pandas", "safetensors", "scipy", "matplotlib", "seaborn", "PIL")
PROTOCOL = f"{PAPER}/protocol.yaml"
RULERS = f"{INSTRUMENTS}/protocol.yaml"


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


def test_the_scheduler_looks_only_when_a_job_has_come_or_gone(fresh: Project) -> None:
    """Snakemake's own limit of jobs a second would have it look again every second, and more often with every job."""
    jobs = len(fresh.dry("toy_curves").labels)
    outcome = fresh.snakemake("--cores", "1", "--verbose", "toy_curves")
    assert outcome.status == 0, outcome.text
    assert outcome.text.count("Ready jobs: ") <= jobs + 1


def test_targets(fresh: Project) -> None:
    assert fresh.dry("toy").labels == sorted(ALL - REPORT - {"collect instruments/ruler"})  # that is the report's
    assert fresh.dry("toy_sheet").labels == sorted(RUN_RULER | RUN_MEASURED | SHEET)
    assert fresh.dry("toy_curves").labels == sorted(GRID | SAMPLE | CURVES | {"dataset toydata"})
    assert fresh.dry("toy_halves").labels == sorted(PLAIN | HALVES)
    assert fresh.dry(f"{RESULTS}/plain.csv").labels == sorted(PLAIN)


def test_a_job_is_asked_for_by_its_first_cell(fresh: Project) -> None:
    first, second = (f"{RESULTS}/grid/optimizer=sgd+lr={lr}/seeds=0" for lr in ("0.1", "0.2"))
    assert fresh.dry(f"{first}/job.json").labels == ["run toy/grid/optimizer=sgd+lr=0.1/seeds=0"]
    said = fresh.snakemake("-n", f"{second}/job.json")
    assert said.status != 0
    assert "scale quick has no job toy/grid/optimizer=sgd+lr=0.2/seeds=0. Did you mean" in said.text


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
        ("scale=nonsense", ("config.yaml: scale: ", "'smoke', 'quick' or 'paper'", "(value: 'nonsense')")),
        ("papers=toi", ("'papers'", "unknown paper 'toi'", "Did you mean 'toy'?")),
        ("sedes=3", ("config.yaml: sedes: unknown key. Did you mean 'seeds'?",)),
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


def test_a_knob_that_stands_twice_is_named(fresh: Project) -> None:
    fresh.append("config.yaml", "scale: smoke\n")
    outcome = fresh.snakemake("-n")
    assert outcome.status != 0
    lines = (fresh / "config.yaml").read_text(encoding="utf-8").count("\n")
    assert f"config.yaml:{lines}: (syntax): not valid YAML: key 'scale' stands twice" in outcome.text


MISTAKES = {
    "a key": (PROTOCOL, "title: Tuning", "titel: Tuning", "experiments.grid.titel: unknown key. Did you mean 'title'?"),
    "a key that stands twice": (
        PROTOCOL,
        "    fixed_seeds: true\n",
        "    title: Again\n",
        "(syntax): not valid YAML: key 'title' stands twice",
    ),
    "an experiment": (PROTOCOL, "like: measured", "like: measurd", "experiments.tinted.like: unknown experiment. Did you mean 'measured'?"),
    "a set of inputs": (PROTOCOL, "inputs: rulers", "inputs: ruler", "unknown set of inputs. Did you mean 'rulers'?"),
    "a data set": (PROTOCOL, "[toydata]", "[toydat]", "unknown dataset 'toydat'. Did you mean 'toydata'?"),
    "a setting": (PROTOCOL, "{gain: 1.0}", "{gian: 1.0}", "experiments.sample.settings.gian: unknown setting. Did you mean 'gain'?"),
    "a setting of another scale": (
        PROTOCOL,
        "{gain: 2.0}",
        "{gain: much}",
        "experiments.sample.scales.paper.settings.gain: 'much' is no float",
    ),
    "a setting's range": (
        PROTOCOL,
        "{steps: 8}",
        "{steps: 0}",
        "experiments.final.scales.paper.settings.steps: setting 'steps' must be at least 1",
    ),
    "a level of a grid": (
        PROTOCOL,
        "[sgd, momentum], lr: [",
        "[sgd, momentun], lr: [",
        "experiments.grid.cells.optimizer: 'momentun' is not known. Did you mean 'momentum'?",
    ),
    "a level of an arm": (
        PROTOCOL,
        "second: sgd}",
        "second: {label: SGD, cells: {optimizer: sdg}}}",
        "claims.T2.test.second: 'sdg' is no level of optimizer in final. Did you mean 'sgd'?",
    ),
    "an arm": (PROTOCOL, "second: sgd", "second: sgdd", "claims.T2.test.second: unknown arm. Did you mean 'sgd'?"),
    "a metric": (PROTOCOL, "{equal: half, to", "{equal: hlaf, to", "claims.T1.test.equal: unknown metric"),
    "a kind of test": (PROTOCOL, "{difference: loss", "{diference: loss", "name one kind of test"),
    "a selection": (PROTOCOL, "{select: step-sizes}}\n    settings", "{select: step-size}}\n    settings", "Did you mean 'step-sizes'?"),
    "a question": (PROTOCOL, "question: 1", "question: 2", "question: unknown question (papers/questions.yaml). Known: 1, 9."),
    "a figure's module": (PROTOCOL, "draw: dots\n    options", "draw: dot\n    options", "unknown figure module. Did you mean 'dots'?"),
    "a figure's experiment": (
        PROTOCOL,
        "tables: [plain]",
        "tables: [plane]",
        "figures.halves.tables: unknown experiment. Did you mean 'plain'?",
    ),
    "a setting of an instrument": (
        RULERS,
        "[2, 4, 8]",
        "[2, 4, eight]",
        "experiments.ruler.cells.length: 'eight' is no int",
    ),
    "looks": (PROTOCOL, "seeds: 6, looks", "seeds: 7, looks", "'looks' must rise and end with the number of seeds, 7; got [3, 6]"),
    "a claim in an answer": (
        f"{PAPER}/answer.md",
        '{{ claims["T1"].outcome',
        '{{ claims["T11"].outcome',
        "unknown claim. Did you mean 'T1'?",
    ),
    "a result in an answer": (f"{PAPER}/answer.md", "].outcome }}", "].outcom }}", "Did you mean 'outcome'?"),
    "a shared metric": (f"{PACKAGE}/papers/metrics.yaml", "half: {means", "half: {meens", "unknown key. Did you mean 'means'?"),
    "a question's number": (f"{PACKAGE}/papers/questions.yaml", "9: Can", "IX: Can", "a question is a number and its text"),
}


@pytest.mark.parametrize(("file", "right", "wrong", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_line_before_anything_runs(fresh: Project, file: str, right: str, wrong: str, words: str) -> None:
    line = fresh.replace(file, right, wrong)
    outcome = fresh.snakemake("-n")
    assert outcome.status != 0
    assert not outcome.jobs
    assert "Traceback" not in outcome.text
    assert any(f"{file}:{line}: " in said and words in said for said in outcome.text.splitlines()), outcome.text


#: said where all replicas are asked for, and not where they may stop
LOOKS = {
    "looks of what a selection reads": (
        PROTOCOL,
        "quick: {exact: true, seeds: 1, settings",
        "quick: {exact: true, seeds: 6, looks: [3, 6], settings",
        "selections.step-sizes.experiments: 'grid' has looks; a selection needs all replicas (scale quick)",
    ),
    "looks of what another reads": (
        PROTOCOL,
        "quick: {reduced: in a hurry, seeds: 3,",
        "quick: {reduced: in a hurry, seeds: 3, looks: [2, 3],",
        "experiments.reader.inputs.weights: 'final' has looks, after which replicas may stop; what reads its arrays needs the same",
    ),
    "looks of an instrument": (
        RULERS,
        "quick: {exact: true, seeds: 1}",
        "quick: {exact: true, seeds: 6, looks: [3, 6]}",
        "experiments.ruler.scales: no claim is decided on an instrument, so it has no looks",
    ),
}


@pytest.mark.parametrize(("file", "right", "wrong", "words"), LOOKS.values(), ids=LOOKS)
def test_looks_where_all_replicas_are_needed_are_refused(fresh: Project, file: str, right: str, wrong: str, words: str) -> None:
    fresh.replace(file, right, wrong)
    outcome = fresh.snakemake("-n")
    assert outcome.status != 0
    assert "Traceback" not in outcome.text
    assert words in outcome.text


def test_all_mistakes_are_named_at_once_and_no_job_starts(fresh: Project) -> None:
    several = [MISTAKES[name] for name in ("a setting's range", "a setting of another scale", "a claim in an answer")]
    for file, right, wrong, _ in several:
        fresh.replace(file, right, wrong)
    outcome = fresh.snakemake("--cores", "2")
    assert outcome.status != 0
    assert not outcome.jobs
    assert "3 mistakes found" in outcome.text
    assert all(words in outcome.text for *_, words in several)
    assert not (fresh / "results").exists()
    assert not (fresh / "logs").exists()


def test_only_jobs_that_will_use_a_gpu_ask_for_one(fresh: Project) -> None:
    def asked(device: str) -> dict[str, tuple[int, int]]:
        jobs = fresh.dry("--cores", "2", "--config", f"device={device}").jobs
        return {job.wildcards["experiment"]: (job.gpu, job.threads) for job in jobs if job.rule == "run"}

    one_thread = ("grid", "final", "reader", "sample", "measured", "tinted", "watched", "ruler")
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
    loaded = "{name: type(module).__module__ for name, module in sys.modules.items()}"
    modules = imported(parse + f"print(json.dumps({loaded}))")
    ours = [name for name in modules if name.partition(".")[0] == "secondlook"]
    assert {"secondlook.plan.plan", "secondlook.plan.digest", "secondlook.check.settings"} <= set(ours)
    # the check imports every experiment and figure, with stand-ins for what computes (the toy's `sample` needs torch); none of it stays
    assert "torch" not in modules
    assert not [name for name, kind in modules.items() if kind.startswith("secondlook")]
    assert not [name for name in ours if name.startswith(("secondlook.papers.toy", "secondlook.instruments.", "secondlook.figures"))]
    again = f"import importlib, json, sys\nfor name in {ours}: importlib.import_module(name)\nprint(json.dumps(sorted(sys.modules)))"
    assert not set(HEAVY) & set(imported(again))


MODULES = [  # a file, where it is named, and what is said of it there when it is missing
    (f"{PAPER}/plain.py", PROTOCOL, "    module: plain", "experiments.plain.module: there is no file plain.py beside the protocol"),
    (f"{INSTRUMENTS}/ruler.py", RULERS, "    module: ruler", "experiments.ruler.module: there is no file ruler.py beside the protocol"),
    (f"{PAPER}/figures/sheet.py", PROTOCOL, "  sheet:", "figures.sheet.draw: unknown figure module."),
    (f"{PACKAGE}/figures/shared/dots.py", PROTOCOL, "    draw: dots", "figures.halves.draw: unknown figure module."),
]


@pytest.mark.parametrize(("file", "protocol", "key", "words"), MODULES)
def test_a_missing_module_is_named_before_anything_runs(fresh: Project, file: str, protocol: str, key: str, words: str) -> None:
    (fresh / file).unlink()
    said = fresh.snakemake("-n")
    assert said.status != 0
    assert f"{protocol}:{first_line(fresh, protocol, key)}: {words}" in said.text


@pytest.mark.parametrize(("file", "protocol", "key", "words"), MODULES)
def test_a_broken_module_is_named_before_anything_runs(fresh: Project, file: str, protocol: str, key: str, words: str) -> None:
    fresh.append(file, "\ndef (:\n")
    said = fresh.snakemake("-n")
    assert said.status != 0
    assert "Traceback" not in said.text
    where = words.partition(":")[0]
    assert f"{protocol}:{first_line(fresh, protocol, key)}: {where}: the module cannot be imported: SyntaxError" in said.text


def first_line(project: Project, file: str, text: str) -> int:
    """Line of a file, from 1, that is the first to begin so."""
    return next(number for number, line in enumerate((project / file).read_text(encoding="utf-8").splitlines(), 1) if line.startswith(text))


def test_the_copy_is_of_this_project(finished: Project) -> None:
    assert (finished / "Snakefile").read_bytes() == (Path(__file__).parents[2] / "Snakefile").read_bytes()


def test_the_cluster_profile_asks_for_gpus_whatever_else_the_command_line_says(fresh: Project) -> None:
    """A login node has no GPU; --config must not drop what the profile says of the compute nodes."""
    said = fresh.dry("--workflow-profile", "profiles/slurm", "--config", "scale=quick")
    assert {job.gpu for job in said.jobs if job.rule == "run"} == {0, 1}
