"""The protocol as a whole: every experiment runs at scale smoke, every figure draws what it left, the rules decide."""

import importlib
from pathlib import Path

import pandas as pd
import pytest
import torch

import secondlook.papers
from secondlook.figures.style import set_style
from secondlook.games import images as image_games
from secondlook.papers.arjovsky2017 import images
from secondlook.papers.arjovsky2017.figures import controls
from secondlook.papers.arjovsky2017.figures.architectures import bound_text
from secondlook.plan.plan import load_plan
from secondlook.protocol.config import load_config
from secondlook.runner.job import History, Result, run_job
from secondlook.stats.verdicts import check_control, decide
from secondlook.tables.arrays import read_arrays
from secondlook.tables.collect import collect
from secondlook.tables.read import read_tables

PAPER = "arjovsky2017"


class Judge:
    """Stands in for the feature nets: bright samples are good, and of many classes."""

    def judge(self, images_NCHW: torch.Tensor) -> dict[str, float]:
        mean = float(images_NCHW.float().mean())
        distances = dict.fromkeys(("fid_a", "fid_b", "fid_random"), 300 - mean)
        return distances | {"fid_a_floor": 5.0, "classes_a": float(mean > 127) * 10, "largest_share_a": 0.3}


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """Plan, tables and records of all runs at scale smoke, on random images judged by a stub."""
    root = tmp_path_factory.mktemp("smoke")
    plan = load_plan(Path(secondlook.papers.__path__[0]), load_config({"scale": "smoke", "papers": [PAPER]}))
    pictures = torch.randint(0, 256, (64, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    tables, records = {}, {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image_games, "load_images", lambda *_: (pictures, torch.zeros(64, dtype=torch.long)))
        patch.setattr(image_games, "load_judge", lambda *_: (Judge(), {}))
        for key in plan.experiments(PAPER):
            folders = []
            for run in plan.runs(PAPER, key):
                spec = plan.spec(run) | {"code": "test", "inputs": {}, "data": {}}
                folders.append(root / plan.folder(run))
                run_job(spec, out=folders[-1], work=root / "work", datasets={}, device="cpu")
            tables[key] = root / plan.table(PAPER, key)
            records[key] = [folder / "run.json" for folder in folders]
            collect(folders, tables[key], root / plan.records(PAPER, key))
    return plan, read_tables(tables), records


def test_every_experiment_of_scale_quick_runs_at_smoke(smoke) -> None:
    plan, tables, _ = smoke
    quick = [key for key, experiment in plan.protocols[PAPER].experiments.items() if "quick" in experiment.scales]
    assert list(tables) == quick
    for key, table in tables.items():
        assert "diverged" not in set(table["metric"]), key
        assert set(table["replica"]) == {0, 1, 2}


def test_every_figure_draws(smoke) -> None:
    plan, tables, records = smoke
    set_style()
    drawn = plan.figures(PAPER)
    assert set(plan.protocols[PAPER].figures) - set(drawn) == {"optimizers", "architectures_cifar10", "full_size"}
    for key in drawn:
        figure = plan.protocols[PAPER].figures[key]
        arrays = [read_arrays([path for name in figure.arrays for path in records[name]])] if figure.arrays else []
        made = importlib.import_module(plan.figure_module(PAPER, key)).draw({name: tables[name] for name in figure.tables}, {}, *arrays)
        made.canvas.draw()
        assert made.axes


@pytest.mark.parametrize(("figure", "experiment"), [("architectures_cifar10", "architectures-cifar10"), ("full_size", "full-size")])
def test_image_figures_of_scale_paper_draw(smoke, figure, experiment) -> None:
    _, tables, _ = smoke
    module = importlib.import_module(f"secondlook.papers.{PAPER}.figures.{figure}")
    assert module.draw({experiment: tables["architectures"]}, {}).axes


def test_the_optimizers_of_scale_paper_draw(smoke) -> None:
    _, tables, _ = smoke
    table = tables["correlation"][tables["correlation"]["g_lr"].isna()].drop(columns=["data", "g_lr", "redraw"])
    cells = [(optimizer, lr) for optimizer in ("rmsprop", "adam") for lr in ("0.0002", "0.001")]
    wide = [table.assign(optimizer=optimizer, lr=lr) for optimizer, lr in cells]
    module = importlib.import_module(f"secondlook.papers.{PAPER}.figures.optimizers")
    assert len(module.draw({"optimizers": importlib.import_module("pandas").concat(wide)}, {}).axes) == 2


def test_every_claim_and_control_is_decided(smoke) -> None:
    plan, tables, _ = smoke
    protocol = plan.protocols[PAPER]
    checked = {control.id: check_control(control, tables) for control in protocol.controls}
    assert all("why" in control for control in checked.values())
    for claim in protocol.claims:
        fidelity = plan.budget(PAPER, claim.experiment).fidelity if claim.experiment in tables else None
        outcome = decide(claim, tables, fidelity, checked)
        assert (outcome["verdict"] == "not run") == (claim.experiment not in tables), claim.id
        if claim.id in ("W1", "W2", "W4"):
            assert outcome["verdict"] == "replicated"


@pytest.mark.parametrize(("halved", "classes", "collapsed"), [(1.0, 4.0, 1.0), (1.0, 5.0, 0.0), (0.0, 1.0, 0.0)])
def test_only_a_run_that_had_learned_can_collapse(halved, classes, collapsed) -> None:
    history = History()
    history.add(0, 0, classes_a=0.0)
    history.add(0, 7, classes_a=classes, halved=halved)
    history.add(1, 3, classes_a=0.0, diverged=1.0)
    count = len(history.rows)
    images.add_collapses(Result(history), images.Settings(**VALUES, samples=50))
    assert history.rows[count:] == [(0, 7, "collapsed", collapsed), (0, 7, "judged", 50.0)]


def test_the_floor_takes_the_next_replicas_distance() -> None:
    falling, rising = pd.Series([3.0, 2.0, 1.0]), pd.Series([1.0, 2.0, 3.0])
    assert controls.others([-falling, -falling, -rising], [falling, falling, rising]) == [
        pytest.approx(1),
        pytest.approx(-1),
        pytest.approx(-1),
    ]
    assert controls.others([-falling], [falling]) == []


VALUES = {"loss": "wasserstein", "steps": 1, "records": 1, "batch": 2, "d_lr": 0.1, "g_lr": 0.1, "dataset": "mnist", "side": 16}


@pytest.mark.parametrize(("generator", "width", "norm"), [("dcgan", 64, True), ("constant", 64, False), ("mlp", 512, True)])
def test_each_generator_has_its_width_and_normalization(generator, width, norm) -> None:
    adapted = images.adapted(images.Settings(**VALUES, generator=generator))
    assert (adapted.g_width, adapted.g_batch_norm, adapted.d_batch_norm) == (width, norm, True)


def test_the_bound_of_a_zero_count_is_that_of_clopper_and_pearson() -> None:
    assert f"bound of the share {1 - 0.05 ** (1 / 9):.2f}" in bound_text([0.0] * 9)
    assert bound_text([1.0]).endswith("1.00")
    assert "no run" in bound_text([])
