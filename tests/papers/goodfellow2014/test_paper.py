"""The protocol as a whole: what runs at which scale, that its claims can be decided, and that its figures draw."""

import importlib
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import secondlook.papers.goodfellow2014 as paper
from secondlook.figures.style import set_style
from secondlook.games.images import ImageSettings
from secondlook.papers.goodfellow2014 import identities, mnist, parzen, saturation
from secondlook.papers.goodfellow2014.figures import arm_label
from secondlook.plan.plan import Plan, load_plan
from secondlook.protocol.config import load_config
from secondlook.stats.verdicts import check_control, decide
from secondlook.tables.arrays import Record

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


@pytest.mark.parametrize("scale", ["smoke", "quick", "paper"])
def test_the_toy_can_show_a_direction_at_most_and_the_identities_are_exact(scale: str) -> None:
    plan = plan_at(scale)
    budget = plan.budget(KEY, "saturation")
    assert budget.fidelity == "reduced"
    assert budget.reduction.startswith("a toy of ours, since the paper states no setting")
    assert plan.budget(KEY, "identities").fidelity == ("reduced" if scale == "smoke" else "exact")
    rows = [
        (seed, step, metric, value * (1 + 0.01 * seed), loss)
        for seed in range(5)
        for step in (400, 4000)
        for loss, norm in (("minimax", 1e-6), ("non-saturating", 1.0))
        for metric, value in (("gradient_norm", norm), ("decades", -6.0 if loss == "minimax" else 0.0), ("null_decades", 0.01))
    ]
    tables = {"saturation": pd.DataFrame(rows, columns=["replica", "step", "metric", "value", "loss"])}
    controls = {control.id: check_control(control, tables) for control in plan.protocols[KEY].controls}
    assert controls["K1"]["passed"]
    decided = {claim.id: decide(claim, tables, budget.fidelity, controls) for claim in plan.protocols[KEY].claims if claim.id[:2] == "G4"}
    assert decided["G4"]["verdict"] == decided["G4.sat"]["verdict"] == "direction only"


@pytest.mark.parametrize("scale", ["smoke", "quick", "paper"])
def test_early_in_the_game_is_the_first_row_and_at_scale_paper_no_later_than_a_hundredth(make_job, scale: str) -> None:
    plan = plan_at(scale)
    (claim,) = (claim for claim in plan.protocols[KEY].claims if claim.id == "G4.mnist")
    for run in plan.runs(KEY, "mnist"):
        settings = make_job(values=plan.spec(run)["values"]).settings(mnist.Settings)
        _, first, *others = settings.record_steps()
        assert all(step > claim.test.at * settings.steps for step in others)
        if scale == "paper":
            assert first <= 0.01 * settings.steps


def parzen_table(mean: float) -> pd.DataFrame:
    values = [mean + 4 * offset for offset in (-1.2, -0.6, 0.0, 0.6, 1.2)]  # a standard deviation of 4 to the first figure
    return pd.DataFrame([(seed, 3, "parzen", value) for seed, value in enumerate(values)], columns=["replica", "step", "metric", "value"])


@pytest.mark.parametrize(
    ("mean", "verdict"), [(225, "replicated"), (228, "replicated"), (214, "inconclusive"), (205, "not replicated"), (245, "not replicated")]
)
def test_five_seeds_can_decide_the_log_likelihood(mean: float, verdict: str) -> None:
    (claim,) = (claim for claim in plan_at("paper").protocols[KEY].claims if claim.id == "G5")
    assert decide(claim, {"parzen": parzen_table(mean)}, "exact")["verdict"] == verdict


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
