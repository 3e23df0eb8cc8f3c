"""The protocol as a whole: what runs at which scale, that its claims can be decided, and that its figures draw."""

import importlib
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import secondlook.papers.goodfellow2014 as paper
from secondlook.arrays import Record
from secondlook.config import load_config
from secondlook.games.images import ImageSettings
from secondlook.papers.goodfellow2014 import identities, mnist, parzen, saturation
from secondlook.papers.goodfellow2014.figures import arm_label
from secondlook.plan import Plan, load_plan
from secondlook.plotting import set_style
from secondlook.stats.verdicts import check_control, decide

KEY = "goodfellow2014"
SETTINGS = {"identities": identities.Settings, "saturation": saturation.Settings, "mnist": mnist.Settings, "parzen": parzen.Settings}
#: smaller still than scale smoke, and what the data of these tests have
TINY = {
    "identities": {"steps": 3},
    "saturation": {"steps": 20, "records": 5},
    "mnist": {"train_images": 40, "reference_images": 40, "samples": 20, "steps": 4, "g_width": 6, "d_width": 4, "batch": 10},
}


def plan_at(scale: str) -> Plan:
    return load_plan(Path(paper.__file__).parents[1], load_config({"scale": scale, "papers": [KEY]}))


@pytest.mark.parametrize("scale", ["smoke", "quick", "paper"])
def test_every_job_has_settings_that_its_module_knows(make_job, scale: str) -> None:
    plan = plan_at(scale)
    found = set(plan.experiments(KEY))
    assert {"identities", "saturation", "mnist"} <= found
    assert ({"mnist-left-behind", "parzen"} <= found) == (scale == "paper")
    for experiment in found:
        for run in plan.runs(KEY, experiment):
            spec = plan.spec(run)
            settings = make_job(values=spec["values"]).settings(SETTINGS[spec["module"].rpartition(".")[2]])
            if isinstance(settings, ImageSettings):
                assert settings.simultaneous == ("simultaneous" not in spec["cell"])


def test_at_scale_paper_the_game_is_that_of_the_official_code(make_job) -> None:
    plan = plan_at("paper")
    spec = plan.spec(plan.runs(KEY, "mnist")[0])
    settings = make_job(values=spec["values"]).settings(mnist.Settings)
    rule = settings.moves()["generator_rule"]
    assert spec["cell"] == {"loss": "non-saturating"}
    assert rule.constants(0) == (0.1, 0.5)
    assert rule.constants(125000) == (pytest.approx(0.1 / 1.000004**125000), pytest.approx(0.7))
    assert settings.moves()["discriminator_rule"].constants(0) == (0.05, 0.5)
    assert settings.momentum_updates == 250 * settings.train_images / settings.batch
    kept = {"g_width": 1200, "d_width": 240, "d_pieces": 5, "d_dropout": [0.2, 0.5], "g_init": 0.05, "d_init": 0.005, "side": 28}
    assert {name: getattr(settings, name) for name in kept} == kept


@pytest.fixture(scope="module")
def _style() -> None:
    set_style()


@pytest.fixture
def results(make_job, make_mnist_job):
    """Tables and records of every job of scale smoke, made tiny."""
    plan, tables, records = plan_at("smoke"), {}, {}
    for experiment, values in TINY.items():
        frames, records[experiment] = [], []
        for run in plan.runs(KEY, experiment):
            spec = plan.spec(run)
            make = make_mnist_job if experiment == "mnist" else make_job
            result = importlib.import_module(spec["module"]).run(make(values=spec["values"] | values, seeds=run.seeds))
            frame = pd.DataFrame(result.history.rows, columns=["replica", "step", "metric", "value"])
            frames.append(frame.assign(**{factor: str(value) for factor, value in run.cell.factors.items()}))
            records[experiment].append(Record(run.cell.labels, run.seeds, result.arrays))
        tables[experiment] = pd.concat(frames, ignore_index=True)
    return plan, tables, records


@pytest.mark.usefixtures("_style")
def test_figures_draw_and_claims_are_decided(results) -> None:
    plan, tables, records = results
    protocol = plan.protocols[KEY]
    for name in plan.figures(KEY):
        figure = protocol.figures[name]
        module = importlib.import_module(plan.figure_module(KEY, name))
        arrays = [{key: records[key] for key in figure.arrays}] if figure.arrays else []
        drawn = module.draw({key: tables[key] for key in figure.tables}, {}, *arrays)
        drawn.canvas.draw()
        assert any(axis.has_data() for axis in drawn.axes)
        plt.close(drawn)
    controls = {control.id: check_control(control, tables) for control in protocol.controls}
    fidelity = {key: plan.budget(KEY, key).fidelity for key in tables}
    decided = {claim.id: decide(claim, tables, fidelity.get(claim.experiment), controls) for claim in protocol.claims}
    assert decided["G2"]["effect"] < 1e-9 > decided["G2.min"]["effect"]
    assert {name for name, claim in decided.items() if claim["verdict"] == "not run"} == {"G3", "G5", "G5.tfd", "G6"}
    assert all(claim["effect"] is not None for name, claim in decided.items() if name[:2] in ("G1", "G2", "G4"))


def test_arms_have_names() -> None:
    assert arm_label("minimax") == arm_label("minimax", None, float("nan")) == "minimax"
    assert arm_label("non-saturating", "False") == "non-saturating, in turn"
    assert arm_label("non-saturating", False, 5) == "non-saturating, in turn, k = 5"
