# ruff: noqa: E501
"""One mistake each, as people make them; each is named with file, line, key, value and what was meant, before anything runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from broken import PROTOCOL, OnDisk

ANSWER, TRAIN, CURVE = "papers/toys/answer.md", "papers/toys/train.py", "papers/toys/figures/curve.py"
QUESTIONS, METRICS = "papers/questions.yaml", "papers/metrics.yaml"
HELPERS = Path(__file__).parents[1] / "helpers"

# fmt: off
#: file, what stands there, the mistake, where it is said (key), what is said
CORPUS = [
    # keys and types
    (PROTOCOL, "authors: A", "author: A", "author", "unknown key. Did you mean 'authors'?"),
    (PROTOCOL, "year: 2001", "year: last", "year", "valid integer"),
    (PROTOCOL, "url: https://example.org/toys", "url: example.org", "url", "pattern"),
    (PROTOCOL, "datasets: [mnist]", "datasets: [minst]", "experiments.grid.datasets", "Did you mean 'mnist'?"),
    (PROTOCOL, "    title: A grid\n    module", "    titel: A grid\n    module", "experiments.grid.titel", "Did you mean 'title'?"),
    (PROTOCOL, "quick: {reduced: true, seeds: 3,", "quick: {reduced: true, sedes: 3,", "experiments.grid.scales.quick.sedes", "Did you mean 'seeds'?"),
    (PROTOCOL, "quick: {reduced: true, seeds: 3,", "quik: {reduced: true, seeds: 3,", "experiments.grid.scales.quik", "'smoke', 'quick' or 'paper'"),
    (PROTOCOL, "seeds: 100-111", "seeds: 111-100", "experiments.final.scales.quick.seeds", "greater than 0"),
    (PROTOCOL, "seeds: 10}", "seeds: 99999999999}", "experiments.grid.scales.paper.seeds", "less than or equal"),
    (PROTOCOL, "paper: {exact: true, seeds: 10}", "paper: {seeds: 10}", "experiments.grid.scales.paper", "give one of 'exact: true'"),
    (PROTOCOL, "paper: {exact: true, seeds: 10}", "paper: {exact: true, reduced: true, seeds: 10}", "experiments.grid.scales.paper", "give one of"),
    (PROTOCOL, "lr: [0.1, 1.0]}\n    settings", "lr: []}\n    settings", "experiments.grid.cells.lr", "at least 1"),
    (PROTOCOL, "lr: [0.1, 1.0]}\n    settings", "lr: [0.1, 0.1]}\n    settings", "experiments.grid.cells.lr", "has a value twice"),
    (PROTOCOL, "[sgd, adam], lr: [0.1, 1.0]}\n    s", "[sgd, \"a,b\"], lr: [0.1, 1.0]}\n    s", "experiments.grid.cells.optimizer", "fit into a folder's name"),
    (PROTOCOL, "tolerance: 0.1", "tolerence: 0.1", "claims.T1.test.tolerence", "Did you mean 'tolerance'?"),
    (PROTOCOL, "read: first-hand", "read: hearsay", "claims.T1.reported.read", "'first-hand' or 'second-hand'"),
    (PROTOCOL, "read: first-hand", "read: second-hand", "claims.T1.reported", "names its go-between"),
    (PROTOCOL, "test: {equal: loss,", "test: {eqal: loss,", "claims.T1.test", "name one kind of test"),
    (PROTOCOL, "spread: {quick: 0.2,", "spread: {quick: -0.2,", "metrics.loss.spread.quick", "greater than 0"),
    (PROTOCOL, "means: 1 where", "mean: 1 where", "metrics.solved.mean", "Did you mean 'means'?"),
    (PROTOCOL, "    not_run: no wind", "    sentence: again", "(syntax)", "key 'sentence' stands twice"),
    (PROTOCOL, "question: 1", "question: [1", "(syntax)", "not valid YAML"),
    (PROTOCOL, "    like: grid\n    only", "    <<: {like: grid}\n    only", "(syntax)", "say 'like'"),
    # what takes over from what
    (PROTOCOL, "like: grid\n    title", "like: girds\n    title", "experiments.final.like", "unknown experiment. Did you mean 'grid'?"),
    (PROTOCOL, "like: grid\n    title", "like: final\n    title", "experiments.final.like", "take over from each other: final -> final"),
    (PROTOCOL, "only: [paper]", "only: [smoke]", "experiments.long.only", "does not run at that scale"),
    (PROTOCOL, "    title: A grid\n", "    title: A grid\n    only: [paper]\n", "experiments.grid.only", "say which experiment it is like"),
    (PROTOCOL, "inputs: rulers", "inputs: ruler", "experiments.final.inputs", "unknown set of inputs. Did you mean 'rulers'?"),
    # settings, at whatever scale, and in what is taken over
    (PROTOCOL, "settings: {steps: 20, batch: 4}", "settings: {stepz: 20, batch: 4}", "experiments.grid.settings.stepz", "unknown setting. Did you mean 'steps'?"),
    (PROTOCOL, "settings: {steps: 5}", "settings: {steps: five}", "experiments.grid.scales.quick.settings.steps", "'five' is no int"),
    (PROTOCOL, "settings: {batch: 8}", "settings: {bach: 8}", "experiments.final.settings.bach", "Did you mean 'batch'?"),
    (PROTOCOL, "settings: {steps: 100}", "settings: {steps: 1e2}", "experiments.long.settings.steps", "100.0 is no int"),
    (PROTOCOL, "settings: {batch: 8}", "settings: {batch: 0}", "experiments.final.settings.batch", "'batch' must be at least 1, got 0"),
    (PROTOCOL, "lr: [0.1, 1.0]}\n    settings", "lr: [0.1, .nan]}\n    settings", "experiments.grid.cells.lr", "finite"),
    (PROTOCOL, "cells: {optimizer: sgd, lr: 0.1}", "cells: {optimizer: sgdd, lr: 0.1}", "experiments.long.cells.optimizer", "'sgdd' is not known. Did you mean 'sgd'?"),
    (PROTOCOL, "    module: train", "    module: trian", "experiments.grid.module", "there is no file trian.py"),
    (TRAIN, "def run(job)", "def ran(job)", "experiments.grid.module", "no function run(job)"),
    (TRAIN, "class Settings", "class Setings", "experiments.grid.module", "no dataclass Settings"),
    (TRAIN, "import torch\n", "import torch, no_such_library\n", "experiments.grid.module", "cannot be imported: ModuleNotFoundError"),
    # names of other things
    (PROTOCOL, "question: 1", "question: 7", "question", "unknown question"),
    (PROTOCOL, "select: best-lr", "select: best-rl", "experiments.final.cells", "Did you mean 'best-lr'?"),
    (PROTOCOL, "experiments: [grid], factor: lr,", "experiments: [gird], factor: lr,", "selections.best-lr.experiments", "Did you mean 'grid'?"),
    (PROTOCOL, "factor: lr, metric: loss,", "factor: rl, metric: loss,", "selections.best-lr.factor", "Did you mean 'lr'?"),
    (PROTOCOL, "per: [optimizer]", "per: [optimiser]", "selections.best-lr.per", "Did you mean 'optimizer'?"),
    (PROTOCOL, "experiment: final\n    controls", "experiment: finl\n    controls", "claims.T2.experiment", "Did you mean 'final'?"),
    (PROTOCOL, "controls: [K1]", "controls: [K2]", "claims.T2.controls", "unknown control"),
    (PROTOCOL, "first: sgd, second: adam}", "first: sgd, second: adm}", "claims.T2.test.second", "unknown arm. Did you mean 'adam'?"),
    (PROTOCOL, "adam: {label: Adam, cells: {optimizer: adam}}", "adam: {label: Adam, cells: {optimizer: adma}}", "claims.T2.test.second", "'adma' is no level of optimizer in final. Did you mean 'adam'?"),
    (PROTOCOL, "test: {equal: loss, cells: {optimizer: sgd}", "test: {equal: loss, cells: {optimiser: sgd}", "claims.T1.test", "'optimiser' is no factor of grid. Did you mean 'optimizer'?"),
    (PROTOCOL, "cells: {lr: selected}, first: sgd, second: adam}", "first: sgd, second: adam}", "claims.T2.test.first", "final has no cell with just optimizer=sgd"),
    (PROTOCOL, "optimizer: adam}, pick: loss}", "optimizer: adam}}", "claims.T3.test.second", "has 2 cells and no 'pick'"),
    (PROTOCOL, "tables: [grid]", "tables: [gird]", "figures.curve.tables", "Did you mean 'grid'?"),
    (PROTOCOL, "draw: curve", "draw: curv", "figures.end.draw", "unknown figure module. Did you mean 'curve'?"),
    (CURVE, "def draw(", "def drew(", "figures.curve.draw", "no function draw(data)"),
    ("instruments/protocol.yaml", "cell: {length: 2}", "cell: {length: 4}", "experiments.final.inputs", "needs the cell length=4"),
    ("instruments/protocol.yaml", "rulers: {ruler: {instrument: ruler,", "rulers: {ruler: {instrument: rule,", "experiments.final.inputs.ruler.instrument", "Did you mean 'ruler'?"),
    ("papers/questions.yaml", "1: Do", "one: Do", "one", "a question is a number and its text"),
    ("papers/metrics.yaml", "means: how", "mean: how", "metrics.loss.mean", "Did you mean 'means'?"),
    # metrics
    (PROTOCOL, "counts: solved", "counts: solvd", "claims.T3.test.counts", "Did you mean 'solved'?"),
    (PROTOCOL, "metric: loss, per", "metric: los, per", "selections.best-lr.metric", "Did you mean 'loss'?"),
    (PROTOCOL, "to: closed_form", "to: closed_from", "claims.T1.test.to", "Did you mean 'closed_form'?"),
    (PROTOCOL, "settings: {steps: 20, batch: 4}", "settings: {steps: 20, batch: 4, count: false}", "claims.T3.test.counts", "grid does not write it"),
    (CURVE, '{"loss"}', '{"los"}', "figures.curve", "Did you mean 'loss'?"),
    (CURVE, '{"loss"}', '{"written_nowhere"}', "figures.curve.tables", "which the module 'curve' reads"),
    # claims that could not be decided as they are written
    (PROTOCOL, "family: T2", "family: T22", "claims.T5.family", "unknown claim. Did you mean 'T2'?"),
    (PROTOCOL, "family: T2", "family: T5", "claims.T5.family", "unknown claim"),
    (PROTOCOL, "    spread: 0.1\n", "    spread: 0.1\n    family: T5\n", "claims.T3.family", "'T5' is itself secondary"),
    (PROTOCOL, "optimizer: adam}, pick: loss}", "optimizer: adam}, pick: solved}", "claims.T3.test", "the arm 'Adam' is picked by the metric that is tested"),
    (PROTOCOL, "    spread: 0.1\n", "", "claims.T3.spread", "say what the plan counts with, so that its chance to decide can be known before the run (scale paper)"),
    (PROTOCOL, "spread: {quick: 0.2, paper: 0.1}", "spread: {paper: 0.1}", "claims.T2.spread", "say what the plan counts with, so that its chance to decide can be known before the run (scale quick)"),
    (PROTOCOL, "expected: 2.0", "expected: 1.1", "claims.T5.expected", "the claim does not hold with this effect, and the plan counts with it if it holds (1.25 to inf)"),
    (PROTOCOL, "expected: 2.0", "expected: {quick: 1.1, paper: 2.0}", "claims.T5.expected", "(1.25 to inf) (scale quick)"),
    (PROTOCOL, "otherwise: 1.0", "otherwise: 1.5", "claims.T5.otherwise", "the claim holds with this effect, and the plan counts with it if it does not hold"),
    (PROTOCOL, "      smallest_effect: 0.3\n", "      smallest_effect: 0.0\n", "claims.T3.test.smallest_effect", "without it nothing could be absent"),
    (PROTOCOL, "smallest_effect: 1.25}", "smallest_effect: 1.0}", "claims.T5.test.smallest_effect", "without it nothing could be absent"),
    (PROTOCOL, "figure: end", "figure: edn", "claims.T2.headline.figure", "unknown figure of this paper. Did you mean 'end'?"),
    (PROTOCOL, "        weaker: SGD is a little better.\n", "", "claims.T2.headline.answer.weaker", "may come out weaker than claimed"),
    (PROTOCOL, "order: 1", "order: 4", "claims.T2.headline.order", "less than or equal to 3"),
    (PROTOCOL, "supported: SGD is better.", f"supported: {'SGD ' * 31}", "claims.T2.headline.answer.supported", "has 31 words; at most 30"),
    (PROTOCOL, "plain: Toys fly.", f"plain: {'fly ' * 21}", "claims.T4.plain", "has 21 words; at most 20"),
    (PROTOCOL, "    plain: Toys fly.\n", "", "claims.T4.plain", "Field required"),
    (PROTOCOL, "    needs: {data: wind}\n", "", "claims.T4", "says in 'needs' what it would take"),
    (PROTOCOL, "    experiment: final\n    test: {equivalence", "    expect: no effect\n    experiment: final\n    test: {equivalence", "controls.K1.expect", "unknown key"),
    (PROTOCOL, "looks: [3, 6, 12]", "looks: [3, 6]", "experiments.final.scales.quick", "'looks' must rise and end with the number of seeds, 12; got [3, 6]"),
    (PROTOCOL, "looks: [3, 6, 12]", "looks: [6, 3, 12]", "experiments.final.scales.quick", "'looks' must rise"),
    (PROTOCOL, "seeds: 3, settings: {steps: 5}}", "seeds: 3, looks: [1, 3], settings: {steps: 5}}", "selections.best-lr.experiments", "'grid' has looks; a selection needs all replicas"),
    (PROTOCOL, "1 where the loss ends at 0, diverged: 0}", "1 where the loss ends at 0, diverged: 1}", "claims.T3.test.counts", "Input should be 0 (value: 1.0)"),
    (PROTOCOL, "metric: loss, per", "metric: loss, by: best, per", "selections.best-lr.by", "'mean' or 'worst'"),
    # answers
    (ANSWER, 'claims["T1"].outcome', 'claims["T9"].outcome', "claims['T9']", "unknown claim"),
    (ANSWER, 'claims["T1"].outcome', 'claims["T1"].outcmoe', "claims[...].outcmoe", "Did you mean 'outcome'?"),
    (ANSWER, "| signed", "| singed", "| singed", "Did you mean 'signed'?"),
    (ANSWER, "{{ scale }}", "{{ scales }}", "scales", "Did you mean 'scale'?"),
    (ANSWER, "{{ scale }}", "{{ 1 / 0 }}", "(div)", "only names, filters and choices"),
    (ANSWER, "{{ scale }}", "{{ 'a' * 10 ** 9 }}", "(mul)", "only names, filters and choices"),
    (ANSWER, "{{ scale }}", "{{ range(10) }}", "(call)", "only names, filters, choices and"),
    (ANSWER, "{% endif %}", "", "(syntax)", "end"),
    (ANSWER, "{{ scale }}", "{{ figure('curv') }}", "figure('curv')", "unknown figure of this paper. Did you mean 'curve'?"),
    (ANSWER, "{{ scale }}", "{{ figure('curve') }} {{ figure('curve') }}", "figure('curve')", "is placed twice"),
    (ANSWER, "{{ scale }}", "{{ figure(scale) }}", "(call)", 'only names, filters, choices and figure("name")'),
    (ANSWER, "{{ scale }}", "![a picture](http://example.org/a.png)", "(image)", "a picture of a report is a figure"),
]
# fmt: on


def test_the_project_without_a_mistake_passes(project: OnDisk) -> None:
    project.check()


#: of these the line said is not that of the edit: what claims read is said where they read it, and YAML ends where it ends
ELSEWHERE = {
    "(syntax)": ("question: [1",),
    "claims.T2.test.second": ("adma",),
    "claims.T3.test.counts": ("count: false", "diverged: 1"),
    "claims.T2.spread": ("spread",),
    "selections.best-lr.experiments": ("looks",),
    **dict.fromkeys(("claims.T3.spread", "claims.T2.headline.answer.weaker", "claims.T4.plain", "claims.T4", "claims.T3.test"), ("",)),
}


@pytest.mark.parametrize(("file", "right", "wrong", "key", "says"), CORPUS, ids=lambda text: text[:40])
def test_a_mistake_is_named(project: OnDisk, file: str, right: str, wrong: str, key: str, says: str) -> None:
    line = project.replace(file, right, wrong)
    message = project.refusal()
    found = [text.strip() for text in message.splitlines()[1:] if says in text and f": {key}: " in text]
    assert found, message
    elsewhere = any(text in wrong for text in ELSEWHERE.get(key, ())) or "endif" in right
    if file in (PROTOCOL, QUESTIONS, METRICS, ANSWER) and not elsewhere:
        assert any(text.startswith(f"{file}:{line}: ") for text in found), f"line {line} is wanted: {message}"
    else:
        assert all(re.match(r"papers/[a-z/]+\.(yaml|md):\d+: ", text) for text in found), message


def test_a_mistake_below_a_heading_is_named_with_its_line_in_the_file(project: OnDisk) -> None:
    line = project.replace(ANSWER, "{{ scale }}", "{{ scale }}\n\n## {{ scalle }}\n\n{{ figure('curv') }}\n\n## Then\n{% if scale %}")
    message = project.refusal()
    assert f"{ANSWER}:{line + 2}: scalle: unknown name." in message
    assert f"{ANSWER}:{line + 4}: figure('curv'): unknown figure" in message
    assert "A section is filled in on its own." in message


def test_all_mistakes_are_listed_at_once_in_the_order_of_their_lines(project: OnDisk) -> None:
    lines = [
        project.replace(PROTOCOL, "year: 2001", "year: last"),
        project.replace(PROTOCOL, "    title: A grid\n", "    title: A grid\n    modul: train\n"),
        project.replace(PROTOCOL, "tolerance: 0.1", "tolerance: -1"),
        project.replace(PROTOCOL, "caption: See it fall.", "captoin: See it fall."),
    ]
    message = project.refusal()
    places = [int(text.split(":")[1]) for text in message.splitlines()[1:]]
    assert message.startswith(f"{len(places)} mistakes found:")
    assert places == sorted(places)
    assert set(lines) <= set(places)
    assert set(places) - set(lines) == {lines[-1] - 2}  # the block whose caption is missing now


def test_a_mistake_in_what_is_taken_over_is_said_where_it_stands(project: OnDisk) -> None:
    line = project.replace(PROTOCOL, "paper: {exact: true, seeds: 10}", "paper: {exact: true, seeds: ten}")
    message = project.refusal()
    assert {text.split(": ")[0].strip() for text in message.splitlines()[1:]} == {f"{PROTOCOL}:{line}"}


def test_nothing_heavy_is_imported_and_what_was_imported_is_forgotten(project: OnDisk) -> None:
    """In a process of its own, since the tests have torch loaded; the toy's module needs it."""
    script = f"""
import sys
sys.path[:0] = [{str(HELPERS)!r}]
from pathlib import Path
from broken import OnDisk
OnDisk(Path({str(project.folder)!r})).check()
print(*sorted(name for name in sys.modules if name.partition(".")[0] in {{"torch", "numpy", "pandas", "matplotlib", "seaborn"}}))
print(*sorted(name for name in sys.modules if name.startswith("secondlook.papers.")))
import numpy
print(numpy.linspace(0, 1, 3).sum())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["", "", "1.5"]
