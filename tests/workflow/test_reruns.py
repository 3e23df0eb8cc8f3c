"""The rerun contract: edit X, and exactly these jobs run again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from toy_edits import CALM_CLAIM, CODE, FURTHER, PROTOCOL
from toy_jobs import (
    ALL_RUNS,
    CALM,
    CURVES,
    DATASET,
    FIGURES,
    FROM_CLAIMS,
    FROM_COLLECTS,
    FROM_FINAL,
    FROM_GRID,
    FROM_INTERIM,
    FROM_MEASURED,
    FROM_PLAIN,
    FROM_READER,
    FROM_RULER,
    FROM_SAMPLE,
    FROM_SELECT,
    FROM_TINTED,
    FROM_WATCHED,
    HALVES,
    LENGTHS,
    LOUD,
    NOTHING,
    PAGES,
    REPORT,
    RUN_FINAL,
    RUN_GRID,
    RUN_PLAIN,
    SHEET,
    WATCHED,
)
from toy_project import INSTRUMENTS, PACKAGE, PAPER, RESULTS, Project, register, times

from secondlook.files import read_json

RULERS = f"{INSTRUMENTS}/protocol.yaml"
QUESTIONS = f"{PACKAGE}/papers/questions.yaml"
METRICS = f"{PACKAGE}/papers/metrics.yaml"
NET = f"{PACKAGE}/nets/toynet.py"
OPTIMIZER = f"{PACKAGE}/train/toyopt.py"
NOTE = "\n# a line\n"

PLAIN_RUN = f"{RESULTS}/plain/only/seeds=0-2"
GRID_RUN = f"{RESULTS}/grid/optimizer=sgd+lr=0.1/seeds=0"
GRID_FOLLOWER = f"{RESULTS}/grid/optimizer=sgd+lr=0.2/seeds=0"  # its job says what it made in the folder before
FINAL_RUN = f"{RESULTS}/final/optimizer=momentum+lr=selected/seeds=0-2"
RULER_RUN = "results/quick/instruments/ruler/length=4/seeds=0"

Edit = Callable[[Project], object]


def replace(path: str, old: str, new: str) -> Edit:
    return lambda project: project.replace(path, old, new)


def protocol(old: str, new: str) -> Edit:
    return replace(PROTOCOL, old, new)


def rule(name: str, old: str, new: str) -> Edit:
    return replace(f"workflow/rules/{name}.smk", old, new)


def append(path: str, text: str) -> Edit:
    return lambda project: project.append(path, text)


def bump(path: str, *libraries: str) -> Edit:
    def edit(project: Project) -> None:
        for library in libraries:
            project.bump(path, library)

    return edit


def knob(key: str, value: str) -> Edit:
    return lambda project: project.knob(key, value)


def delete(path: str) -> Edit:
    return lambda project: (project / path).unlink()


def lose_seals(project: Project) -> None:
    shutil.rmtree(project / "results/quick/seals")


def touch(*patterns: str) -> Edit:
    def edit(project: Project) -> None:
        paths = [path for pattern in patterns for path in sorted(project.folder.glob(pattern)) if path.is_file()]
        assert paths
        for path in paths:
            os.utime(path)

    return edit


def restored(project: Project) -> None:
    """Edit and put back, with new times."""
    for path in (NET, PROTOCOL, "reports/style.css", "Snakefile"):
        text = (project / path).read_bytes()
        (project / path).write_bytes(text + b"\n# another text\n")
        (project / path).write_bytes(text)


def comments(project: Project) -> None:
    for path in ("Snakefile", "workflow/rules/common.smk", "workflow/rules/runs.smk"):
        project.append(path, NOTE)


def windows_line_ends(project: Project) -> None:
    text = (project / NET).read_bytes()
    (project / NET).write_bytes(text.replace(b"\n", b"\r\n"))


def new_dataset(project: Project) -> None:
    register(project, "another", {"train_images": np.zeros((1, 1, 2, 2), np.uint8)})


def grid(cells: str, settings: str = "{steps: 3}") -> Edit:
    """Give the grid other cells: its jobs make two each, cut in the order in which they stand."""
    return protocol(
        "cells: {optimizer: [sgd, momentum], lr: [0.1, 0.2]}\n    settings: {steps: 3}", f"cells: {cells}\n    settings: {settings}"
    )


def of_grid(*leaders: str) -> set[str]:
    """Jobs of the grid, by their first cells, and all that follows from them."""
    return FROM_GRID - RUN_GRID | {f"run toy/grid/optimizer={leader}/seeds=0" for leader in leaders}


def cut(experiment: str, **into: int | str) -> Edit:
    """Cut the jobs of an experiment otherwise: cells_per_job, seeds_per_job."""
    said = "".join(f"    {key}: {value}\n" for key, value in into.items())
    title, old = {
        "grid": ("Tuning", "    cells_per_job: 2\n"),
        "final": ("The chosen step sizes", ""),
        "watched": ("As many replicas as it takes", ""),
    }[experiment]

    def edit(project: Project) -> None:
        project.replace(PROTOCOL, f"    title: {title}\n", f"    title: {title}\n{said}")
        if old:
            project.replace(PROTOCOL, old, "")

    return edit


def installed(*libraries: str) -> Edit:
    """Take the libraries that are there, whatever is pinned."""

    def edit(project: Project) -> None:
        project.knob("versions", "installed")
        bump("envs/run.yaml", *libraries)(project)

    return edit


TINTED_LIKE = "    like: measured\n    only: [quick]\n    title: The same, darker\n    settings: {tint: 2.0}\n"
LIKE_PLAIN = "    like: plain\n    only: [quick]\n    title: Halves again\n"
TINTED_IN_FULL = """\
    title: The same, darker
    module: measured
    settings: {length: 4, margin: 1, tint: 2.0}
    inputs: rulers
    scales: {quick: {exact: true, seeds: 3}}
"""

FINAL_CELLS = [f"optimizer={name}+lr=selected" for name in ("sgd", "momentum")]
READER_CELL = "optimizer=momentum+lr=selected"
NEW_SEEDS = (
    {
        *(f"run toy/final/{cell}/seeds=3" for cell in FINAL_CELLS),
        f"run toy/reader/{READER_CELL}/seeds=3",
        *(f"run toy/{name}/only/seeds=3" for name in ("sample", "plain", "measured", "tinted")),
        *(f"{cell}/seeds=3" for cell in (CALM, LOUD)),  # fewer than its own six: the first of those after the first look
        *(f"collect toy/{name}" for name in ("final", "reader", "sample", "plain", "measured", "tinted", "watched")),
    }
    | FIGURES
    | FROM_CLAIMS
)
OTHER_SEEDS = FROM_FINAL - RUN_FINAL | {f"run toy/final/{cell}/seeds={seeds}" for cell in FINAL_CELLS for seeds in ("0-1", "2")}
FROM_MOMENTUM = FROM_FINAL - {"run toy/final/optimizer=sgd+lr=selected/seeds=0-2"}
ONE_FINAL = FROM_FINAL - RUN_FINAL | {f"run toy/final/{FINAL_CELLS[0]}/seeds=0-2"}
FROM_PICTURES = FROM_MEASURED | FROM_TINTED
ANOTHER_RULER = {"run instruments/ruler/length=8/seeds=0", "collect instruments/ruler"} | FROM_PICTURES
ANNEX = {"run annex/count/only/seeds=7-8", "collect annex/count", "decide annex", "figure annex/seeds"} | REPORT

TWO_PRODUCTS = "[{optimizer: sgd, lr: [0.1, 0.2]}, {optimizer: momentum, lr: [0.1, 0.2]}]"
ONE_LEVEL = "[{optimizer: sgd, lr: [0.1, 0.2]}, {optimizer: momentum, lr: [0.1, 0.3]}]"
LAST_LEVEL = "{optimizer: [sgd, momentum], lr: [0.1, 0.2, 0.4]}"
FIRST_LEVEL = "{optimizer: [sgd, momentum, heavy], lr: [0.1, 0.2]}"
ONE_MORE = "[{optimizer: [sgd, momentum], lr: [0.1, 0.2]}, {optimizer: heavy, lr: 0.1}]"
TWO_MORE = "[{optimizer: [sgd, momentum], lr: [0.1, 0.2]}, {optimizer: heavy, lr: [0.1, 0.2]}]"
MOVED = of_grid("sgd+lr=0.4", "momentum+lr=0.2")
SINGLE = of_grid("sgd+lr=0.1", "sgd+lr=0.2", "momentum+lr=0.1", "momentum+lr=0.2")
FEWER = "[{optimizer: sgd, lr: 0.2}, {optimizer: momentum, lr: [0.1, 0.2]}]"

RULE = ("low: 0.5, arm: {label: calm", "low: 0.4, arm: {label: calm")
PLANNED_LOUD = "loud, cells: {noise: 9.0}}}\n    expected: 1.0\n    otherwise: 0.0\n"
FINAL_CLAIM = CALM_CLAIM.replace("watched", "final").replace("{noise: 0.01}", "{optimizer: sgd, lr: selected}").replace("draw", "loss")
IDENTITY = CALM_CLAIM.partition("    test:")[0] + "    test: {equal: draw, to: 1.0, tolerance: 99.0}\n"
FURTHER_LOOK = FROM_INTERIM | {"interim toy/watched/2", f"{CALM}/seeds=6-8", f"{LOUD}/seeds=6-8"}
BLOCKS = {f"{cell}/seeds={seeds}" for cell in (CALM, LOUD) for seeds in ("3", "4-5")}
BETWEEN = {"interim toy/watched/1", "interim toy/watched/2"} | BLOCKS | WATCHED | FROM_CLAIMS
ONE_LOOK = {f"{CALM}/seeds=0-5", f"{LOUD}/seeds=0-5"} | WATCHED | FROM_CLAIMS
ONE_WATCHED = FROM_WATCHED - {f"{LOUD}/seeds=0-2", f"{LOUD}/seeds=3-5"}

TEXTS = ("reports/*", "envs/*", "config.yaml")

# fmt: off
CASES = [
    # what is edited                               what runs again             how
    ("nothing at all",                             NOTHING,                    lambda project: None),
    # code
    ("a comment in a network",                     NOTHING,                    append(NET, NOTE)),
    ("a docstring in a network",                   NOTHING,                    replace(NET, "Squared error", "Square of the gap")),
    ("blank lines in a network",                   NOTHING,                    replace(NET, "SLOPE = 2.0\n", "\n\nSLOPE = 2.0\n\n\n")),
    ("line ends of a network",                     NOTHING,                    windows_line_ends),
    ("a constant in a network",                    FROM_GRID | FROM_SAMPLE,    replace(NET, "SLOPE = 2.0", "SLOPE = 3.0")),
    ("an optimizer",                               FROM_GRID,                  replace(OPTIMIZER, '"momentum": 0.5', '"momentum": 0.6')),
    ("an experiment's module",                     FROM_READER,                append(f"{PAPER}/reader.py", CODE)),
    ("a module that two experiments share",        FROM_GRID,                  append(f"{PAPER}/descent.py", CODE)),
    ("an instrument's module",                     FROM_RULER,                 append(f"{INSTRUMENTS}/ruler.py", CODE)),
    ("a module that reads an instrument",          FROM_PICTURES,              append(f"{PAPER}/measured.py", CODE)),
    ("what a setting that is reduced is",          REPORT,                     replace(f"{PAPER}/sample.py", "a pixel counts", "it is")),
    ("what a setting is that is the paper's",      NOTHING,                    replace(f"{PAPER}/reader.py", "whose weights", "whose")),
    ("a network that nothing imports",             NOTHING,                    append(f"{PACKAGE}/nets/vgg.py", CODE)),
    ("the runner that writes every record",        ALL_RUNS,                   append(f"{PACKAGE}/runner/bundle.py", CODE)),
    ("what every run is given",                    ALL_RUNS,                   append(f"{PACKAGE}/runner/job.py", CODE)),
    ("how settings are checked",                   ALL_RUNS,                   append(f"{PACKAGE}/runner/settings.py", CODE)),
    ("ranges that settings lie in",                FROM_GRID,                  append(f"{PACKAGE}/runner/ranges.py", CODE)),
    ("how runs are gathered",                      FROM_COLLECTS,              append(f"{PACKAGE}/tables/collect.py", CODE)),
    ("how records are read",                       ALL_RUNS,                   append(f"{PACKAGE}/runner/record.py", CODE)),
    ("how a selection is made",                    FROM_SELECT,                append(f"{PACKAGE}/tables/selection.py", CODE)),
    ("how claims are decided",                     FROM_CLAIMS,                append(f"{PACKAGE}/stats/decide.py", CODE)),
    ("the statistics",                             FROM_INTERIM,               append(f"{PACKAGE}/stats/judge.py", CODE)),
    ("how it is decided between two looks",        FROM_INTERIM,               append(f"{PACKAGE}/stats/interim.py", CODE)),
    ("one figure",                                 CURVES | REPORT,            append(f"{PAPER}/figures/curves.py", CODE)),
    ("a figure that draws arrays",                 SHEET | REPORT,             append(f"{PAPER}/figures/sheet.py", CODE)),
    ("a module that two figures share",            HALVES | LENGTHS | REPORT,  append(f"{PACKAGE}/figures/shared/dots.py", CODE)),
    ("a shared module that nothing draws",         NOTHING,                    append(f"{PACKAGE}/figures/shared/sheets.py", CODE)),
    ("what every figure is given",                 FIGURES | REPORT,           append(f"{PACKAGE}/figures/data.py", CODE)),
    ("how arrays are read for figures",            FIGURES | REPORT,           append(f"{PACKAGE}/tables/arrays.py", CODE)),
    ("the style of all figures",                   FIGURES | REPORT,           append(f"{PACKAGE}/figures/style.py", CODE)),
    ("the theme of all figures",                   FIGURES | REPORT,           append(f"{PACKAGE}/figures/theme.py", CODE)),
    ("how the report is built",                    PAGES,                      append(f"{PACKAGE}/report/build.py", CODE)),
    ("how the report says what is reduced",        REPORT,                     append(f"{PACKAGE}/report/reductions.py", CODE)),
    ("how the report describes settings",          REPORT,                     append(f"{PACKAGE}/check/descriptions.py", CODE)),
    ("how settings are checked before a start",    NOTHING,                    append(f"{PACKAGE}/check/settings.py", CODE)),
    ("how names in protocols are checked",         NOTHING,                    append(f"{PACKAGE}/check/references.py", CODE)),
    ("how metrics are checked",                    NOTHING,                    append(f"{PACKAGE}/check/metrics.py", CODE)),
    ("how answers are checked",                    NOTHING,                    append(f"{PACKAGE}/check/answers.py", CODE)),
    ("the plan",                                   REPORT,                     append(f"{PACKAGE}/plan/plan.py", CODE)),
    ("the models of claims",                       FROM_INTERIM,               append(f"{PACKAGE}/protocol/claims.py", CODE)),
    ("the base of all models",                     FIGURES | FROM_INTERIM,     append(f"{PACKAGE}/protocol/schema.py", CODE)),
    ("how experiments take over from each other",  REPORT,                     append(f"{PACKAGE}/protocol/overlay.py", CODE)),
    ("how downloads are decoded",                  NOTHING,                    append(f"{PACKAGE}/data/decode.py", CODE)),
    ("a data set added to the registry",           REPORT,                     new_dataset),
    ("how a data set is fetched",                  DATASET,                    rule("data", "look fetch", "look  fetch")),
    ("the text of a rule's message",               NOTHING,                    rule("runs", "Running {wild", "Now {wild")),
    ("comments in the Snakefile and the rules",    NOTHING,                    comments),
    # protocol
    ("a comment in the protocol",                  REPORT,                     append(PROTOCOL, NOTE)),
    ("a budget at this scale",                     FROM_FINAL,                 protocol("settings: {steps: 6}", "settings: {steps: 7}")),
    ("a budget at another scale",                  REPORT,                     protocol("settings: {steps: 5}", "settings: {steps: 9}")),
    ("settings of all scales, overlaid at each",   REPORT,                     protocol("settings: {steps: 3}", "settings: {steps: 9}")),
    ("what was reduced, in other words",           REPORT,                     protocol("reduced: in a hurry", "reduced: hastily")),
    ("a fidelity that a claim rests on",           FROM_CLAIMS,                protocol("reduced: in a hurry", "exact: true")),
    ("threads of a run",                           FROM_PLAIN,                 protocol("threads: 2", "threads: 1")),
    ("memory of a run",                            REPORT,                     protocol("threads: 2", "threads: 2, mem_mb: 900")),
    ("the rule of a selection",                    FROM_SELECT,                protocol("loss, per", "loss, by: worst, per")),
    ("the rule of a claim",                        FROM_CLAIMS,                protocol("to: 0.5}", "to: 0.5, tolerance: 0.1}")),
    ("the effect that a metric's claims ask for",  FROM_CLAIMS,                protocol("effect: 0.125", "effect: 0.25")),
    ("the spread of a metric",                     FROM_CLAIMS,                protocol("{spread: 0.01", "{spread: 0.02")),
    ("the meaning of a metric",                    REPORT,                     protocol("the last mark", "the farthest mark")),
    ("an arm's label",                             FROM_CLAIMS,                protocol("label: Momentum", "label: With momentum")),
    ("a claim in other words",                     FROM_CLAIMS,                protocol("A half is a half.", "A half is one.")),
    ("a figure's tables",                          CURVES | REPORT,            protocol("tables: [grid, sample]", "tables: [grid]")),
    ("a figure's arrays",                          SHEET | REPORT,             protocol("arrays: [measured]", "arrays: [measured, plain]")),
    ("a figure's options",                         CURVES | REPORT,            protocol("{width: 3}", "{width: 4}")),
    ("options of one figure of a shared module",   HALVES | REPORT,            protocol("{colour: black}", "{colour: blue}")),
    ("a figure's caption",                         REPORT,                     protocol("A line a cell.", "One line a cell.")),
    ("a deviation",                                REPORT,                     protocol("A test needs it.", "Tests need it.")),
    ("the setting that chooses an instrument",     ANOTHER_RULER,              protocol("{length: 4, ", "{length: 8, ")),
    ("a cell of an instrument that nothing reads", REPORT,                     replace(RULERS, "[2, 4, 8]", "[2, 4, 8, 9]")),
    ("an instrument's title",                      REPORT,                     replace(RULERS, "A ruler", "The ruler")),
    ("what another experiment takes over",         FROM_PICTURES,              protocol("margin: 1", "margin: 2")),
    ("what another experiment replaces",           FROM_MEASURED,              protocol("tint: 1.0", "tint: 1.5")),
    ("what an experiment replaces of another",     FROM_TINTED,                protocol("tint: 2.0", "tint: 2.5")),
    ("an experiment like another, now in full",    REPORT,                     protocol(TINTED_LIKE, TINTED_IN_FULL)),
    ("another experiment that it is like",         FROM_TINTED,                protocol(TINTED_LIKE, LIKE_PLAIN)),
    # jobs of several cells
    ("the same cells, written otherwise",          REPORT,                     grid(TWO_PRODUCTS)),
    ("the level of one cell",                      of_grid("momentum+lr=0.1"), grid(ONE_LEVEL)),
    ("a product at the end of a grid",             of_grid("heavy+lr=0.1"),    grid(ONE_MORE)),
    ("a level at the end of the first factor",     of_grid("heavy+lr=0.1"),    grid(FIRST_LEVEL)),
    ("a level that moves the cells behind it",     MOVED,                      grid(LAST_LEVEL)),
    ("one cell a job",                             SINGLE,                     cut("grid", cells_per_job=1)),
    ("all cells in one job",                       of_grid("sgd+lr=0.1"),      cut("grid", cells_per_job="all")),
    ("all cells whose arrays are read in one job", ONE_FINAL,                  cut("final", cells_per_job="all")),
    ("two seeds a job",                            OTHER_SEEDS,                cut("final", seeds_per_job=2)),
    ("as many seeds a job as there are",           REPORT,                     cut("final", seeds_per_job=3)),
    # looks
    ("a claim of cells with looks, in other words", FROM_CLAIMS,               protocol("the level is high.", "it is high.")),
    ("the label of its arm",                       FROM_CLAIMS,                protocol("label: calm", "label: quiet")),
    ("its rule",                                   FROM_INTERIM,               protocol(*RULE)),
    ("the effect that its plan counts with",       FROM_INTERIM,               protocol(PLANNED_LOUD, PLANNED_LOUD.replace("0.0", "0.1"))),
    ("the fidelity of its experiment",             FROM_CLAIMS,                protocol("exact: true, seeds: 6", "reduced: x, seeds: 6")),
    ("a claim more that reads its cells",          FROM_INTERIM,               protocol("figures:\n", f"{CALM_CLAIM}\nfigures:\n")),
    ("a claim more that shares alpha with it",     FROM_INTERIM,               protocol("figures:\n", f"{FINAL_CLAIM}\nfigures:\n")),
    ("an identity more",                           FROM_CLAIMS,                protocol("figures:\n", f"{IDENTITY}\nfigures:\n")),
    ("a further look",                             FURTHER_LOOK,               protocol(*FURTHER)),
    ("a look between two",                         BETWEEN,                    protocol("looks: [3, 6]", "looks: [3, 4, 6]")),
    ("no looks any more",                          ONE_LOOK,                   protocol(", looks: [3, 6]", "")),
    ("all cells with looks in one job",            ONE_WATCHED,                cut("watched", cells_per_job="all")),
    ("the answer between two looks, lost",         FROM_INTERIM,                  delete(f"{RESULTS}/looks/watched/1.json")),
    # what papers share
    ("the text of a question",                     REPORT,                     replace(QUESTIONS, "What reruns, and", "What runs, and")),
    ("the meaning of a shared metric",             REPORT,                     replace(METRICS, "squared error", "squared distance")),
    ("its value where a run diverged",             FROM_CLAIMS,                replace(METRICS, "diverged: 10.0", "diverged: 20.0")),
    # report
    ("the answer",                                 REPORT,                     append(f"{PAPER}/answer.md", "\nMore.\n")),
    ("the stylesheet",                             PAGES,                      append("reports/style.css", "\n/* a line */\n")),
    ("the script",                                 PAGES,                      append("reports/report.js", "\n// a line\n")),
    ("the template",                               PAGES,                      append("reports/page.html.j2", "\n<!-- a line -->\n")),
    # libraries
    ("torch",                                      ALL_RUNS,                   bump("envs/run.yaml", "torch")),
    ("numpy of the runs",                          ALL_RUNS,                   bump("envs/run.yaml", "numpy")),
    ("a library of one module's distances",        FROM_PICTURES,              bump("envs/run.yaml", "pot")),
    ("libraries of the runs that nothing imports", NOTHING,                    bump("envs/run.yaml", "torchvision", "scipy", "pillow")),
    ("a library that makes no number",             NOTHING,                    bump("envs/run.yaml", "safetensors")),
    ("pandas",                                     FROM_INTERIM | FIGURES,     bump("envs/report.yaml", "pandas")),
    ("scipy",                                      FROM_INTERIM | FIGURES,     bump("envs/report.yaml", "scipy")),
    ("matplotlib",                                 FIGURES | REPORT,           bump("envs/report.yaml", "matplotlib")),
    ("jinja2",                                     REPORT,                     bump("envs/report.yaml", "jinja2")),
    # config.yaml
    ("the device",                                 NOTHING,                    knob("device", "cpu")),
    ("the folder of the data",                     NOTHING,                    knob("data_dir", "elsewhere")),
    ("a mirror",                                   NOTHING,                    knob("mirrors", "[https://example.org/mirror]")),
    ("the folder of the checkpoints",              NOTHING,                    knob("work_dir", "elsewhere")),
    ("installed versions, which are the locked",   REPORT,                     installed()),
    ("installed versions, and a bumped pin",       REPORT,                     installed("torch", "pot")),
    ("a comment in config.yaml",                   NOTHING,                    append("config.yaml", NOTE)),
    # times alone
    ("touched code",                               NOTHING,                    touch(f"{PACKAGE}/**/*.py")),
    ("touched texts",                              NOTHING,                    touch(f"{PAPER}/*.*", f"{PACKAGE}/papers/*", *TEXTS)),
    ("a touched workflow",                         NOTHING,                    touch("Snakefile", "workflow/**/*", "profiles/**/*")),
    ("a touched data set",                         NOTHING,                    touch("resources/**/*")),
    ("touched results",                            NOTHING,                    touch("results/**/*")),
    ("edits that were taken back",                 NOTHING,                    restored),
    # lost products
    ("what a job says it made, lost",              FROM_PLAIN,                 delete(f"{PLAIN_RUN}/job.json")),
    ("the same of a job of several cells",         of_grid("sgd+lr=0.1"),      delete(f"{GRID_RUN}/job.json")),
    ("an instrument's, lost",                      FROM_RULER,                 delete(f"{RULER_RUN}/job.json")),
    ("check sums that a later run waited for",     FROM_MOMENTUM,              delete(f"{FINAL_RUN}/job.sha256")),
    # of a job Snakemake knows job.json and job.sha256 alone: that files of its cells are gone is told by its seal
    ("a cell's record lost",                       FROM_PLAIN,                 delete(f"{PLAIN_RUN}/run.json")),
    ("the record of a job's second cell lost",     of_grid("sgd+lr=0.1"),      delete(f"{GRID_FOLLOWER}/run.json")),
    ("a cell's measurements lost",                 FROM_PLAIN,                 delete(f"{PLAIN_RUN}/history.csv")),
    ("a cell's arrays lost",                       FROM_MOMENTUM,              delete(f"{FINAL_RUN}/arrays.safetensors")),
    ("a table lost",                               FROM_PLAIN - RUN_PLAIN,     delete(f"{RESULTS}/plain.csv")),
    ("all seals lost",                             ALL_RUNS,                   lose_seals),
    ("the records of an experiment lost",          FROM_PLAIN - RUN_PLAIN,     delete(f"{RESULTS}/plain.runs.json")),
    ("the verdicts lost",                          FROM_CLAIMS,                delete(f"{RESULTS}/claims.json")),
    ("a picture lost",                             CURVES | REPORT,            delete(f"{RESULTS}/figures/curves.png")),
    ("one log lost",                               NOTHING,                    delete("logs/quick/toy/figures/curves.log")),
    # a newcomer
    ("a paper added",                              ANNEX,                      Project.add_paper),
]
# fmt: on


@pytest.mark.parametrize(("again", "edit"), [pytest.param(again, edit, id=name) for name, again, edit in CASES])
def test_an_edit_reruns_exactly(project: Project, again: set[str], edit: Edit) -> None:
    edit(project)
    assert project.dry().labels == sorted(again)


def test_a_further_seed_adds_blocks_and_leaves_the_old_ones(project: Project) -> None:
    assert project.dry("--config", "seeds=4").labels == sorted(NEW_SEEDS)


@pytest.mark.xfail(strict=True, reason="Snakemake does not look past an ancient input whose rule has to run")
def test_a_data_set_fetched_again_hides_no_other_edit(project: Project) -> None:
    project.replace("workflow/rules/data.smk", "secondlook fetch", "secondlook  fetch")
    project.replace(NET, "SLOPE = 2.0", "SLOPE = 3.0")
    assert project.dry().labels == sorted(DATASET | FROM_GRID | FROM_SAMPLE)


@pytest.mark.parametrize("copy", [shutil.copy2, shutil.copyfile], ids=["with its times", "with new times"])
def test_a_copy_elsewhere_is_up_to_date(project: Project, tmp_path: Path, copy: Callable) -> None:
    shutil.copytree(project.folder, tmp_path / "a folder" / "elsewhere", copy_function=copy)
    shutil.rmtree(project.folder)
    assert Project(tmp_path / "a folder" / "elsewhere").dry().labels == []


def test_the_jobs_announced_are_the_jobs_that_run(project: Project) -> None:
    project.replace(PROTOCOL, "settings: {steps: 6}", "settings: {steps: 7}")
    project.dry()  # Snakemake has touched what jobs declare; a start puts the times of the seals back
    files = [path.relative_to(project.folder) for path in sorted((project / "results").rglob("*")) if path.is_file()]
    products = [str(path) for path in files if "seals" not in path.parts]
    before = times(project, products)
    announced = project.dry()
    done = project.run()
    assert done.labels == announced.labels == sorted(FROM_FINAL)
    after = times(project, products)
    made = {path for job in done.jobs for path in job.output}  # an output may be a folder
    made |= {folder for path in made if path.endswith("job.json") for folder in cells_of(project, path)}
    changed = {path for path in products if after[path] != before[path]}
    assert changed == {path for path in products if made & {path, *map(str, Path(path).parents)}}
    assert {path for path in made if (project / path).is_file()} <= set(products)
    assert project.dry().labels == []


def cells_of(project: Project, job: str) -> list[str]:
    """Folders of the cells that a job says it made."""
    return [f"{Path(job).parents[2]}/{folder}" for folder in read_json(project / job)["runs"]]


def test_equal_numbers_stop_the_wave_at_the_table(project: Project) -> None:
    project.append(f"{PAPER}/plain.py", CODE)  # other code, the same measurements
    project.run(f"{RESULTS}/plain.csv")
    assert project.dry().labels == sorted(REPORT)  # the records have another code digest, the table is the same


def test_equal_numbers_stop_the_wave_at_the_check_sums(project: Project) -> None:
    before = (project / f"{FINAL_RUN}/job.sha256").read_bytes(), (project / f"{FINAL_RUN}/job.json").read_bytes()
    project.append(OPTIMIZER, CODE)
    project.run(f"{RESULTS}/final.csv")
    after = (project / f"{FINAL_RUN}/job.sha256").read_bytes(), (project / f"{FINAL_RUN}/job.json").read_bytes()
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)
    assert project.dry().labels == sorted(REPORT)  # what reads the weights does not stand on the optimizers


def test_cells_appended_leave_full_jobs_as_they_are(project: Project) -> None:
    grid(ONE_MORE)(project)
    project.run(f"{RESULTS}/grid.csv")
    grid_files = [str(path.relative_to(project.folder)) for path in sorted((project / f"{RESULTS}/grid").rglob("*.*")) if path.is_file()]
    before = times(project, grid_files)
    project.replace(PROTOCOL, ONE_MORE, TWO_MORE)
    done = project.run(f"{RESULTS}/grid.csv")
    assert done.labels == ["collect toy/grid", "run toy/grid/optimizer=heavy+lr=0.1/seeds=0"]  # it was not full, and has a second cell now
    changed = {path for path, time in times(project, grid_files).items() if time != before[path]}
    assert changed == {path for path in grid_files if "optimizer=heavy+lr=0.1" in path and "job." in path}  # its first cell is kept
    assert (project / f"{RESULTS}/grid/optimizer=heavy+lr=0.2/seeds=0/run.json").exists()


def test_cells_in_one_job_measure_what_they_do_alone(project: Project) -> None:
    tables = [f"{RESULTS}/{name}.csv" for name in ("grid", "final", "reader")]
    before = [(project / table).read_bytes() for table in tables]
    for name in ("grid", "final"):
        cut(name, cells_per_job="all")(project)
        shutil.rmtree(project / f"{RESULTS}/{name}")  # records of the same computations would be kept
    done = project.run(*tables)
    jobs = {"grid/optimizer=sgd+lr=0.1/seeds=0", f"final/{FINAL_CELLS[0]}/seeds=0-2", f"reader/{READER_CELL}/seeds=0-2"}
    assert {label for label in done.labels if label.startswith("run")} == {f"run toy/{job}" for job in jobs}
    assert [(project / table).read_bytes() for table in tables] == before


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(
            [grid("{optimizer: [sgd, momentum], lr: [0.1, 0.2]}", "{steps: 3, ballast: 1}"), cut("grid", cells_per_job=1)],
            id="one cell a job",
        ),
        pytest.param([grid(FEWER, "{steps: 3, ballast: 1}")], id="another cell first"),
    ],
)
def test_jobs_cut_otherwise_and_back_never_mix_their_numbers(project: Project, other: list[Edit]) -> None:
    """A cell's folder belongs to the job that wrote it last; what an earlier job says it made there must not count any more."""
    table, text = f"{RESULTS}/grid.csv", (project / PROTOCOL).read_text(encoding="utf-8")
    ours = (project / table).read_bytes()
    for edit in other:
        edit(project)
    project.run(table)
    theirs = (project / table).read_bytes()
    assert theirs != ours
    edited = (project / PROTOCOL).read_text(encoding="utf-8")
    for protocol_text, numbers in ((text, ours), (edited, theirs), (text, ours)):
        (project / PROTOCOL).write_text(protocol_text, encoding="utf-8")
        project.run(table)
        assert (project / table).read_bytes() == numbers


def test_a_paper_is_one_folder(project: Project) -> None:
    project.add_paper()
    before = {path: path.read_bytes() for path in project.folder.glob(f"{RESULTS}/**/*") if path.is_file()}
    assert project.run().labels == sorted(ANNEX)
    page = (project / "results/quick/report/index.html").read_text(encoding="utf-8")
    assert "Can a paper be added as one folder?" in page
    assert "What reruns, and why?" in page
    chapters = [path.read_text(encoding="utf-8") for path in sorted(project.folder.glob("results/quick/report/question-*.html"))]
    assert sum("It counts: supported." in chapter for chapter in chapters) == 1
    assert before == {path: path.read_bytes() for path in before}
    shutil.rmtree(project / f"{PACKAGE}/papers/annex")
    assert project.dry().labels == sorted(REPORT)
