"""What this paper's own protocol, claims and results must say."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from papers import plan_of

from secondlook.papers.goodfellow2014 import mnist
from secondlook.papers.goodfellow2014.figures import mnist_classes
from secondlook.stats.verdicts import check_control, decide

PAPER = "goodfellow2014"


def mnist_settings(scale: str) -> Iterator[mnist.Settings]:
    """Settings of each cell of the game."""
    plan = plan_of(PAPER, scale)
    for run in plan.runs(PAPER, "mnist"):
        yield mnist.Settings(**plan.experiment(PAPER, "mnist").settings_at(scale) | run.cell.fixed)


def test_what_is_integrated_is_exact_at_scale_smoke(smoke_runs) -> None:
    claims = smoke_runs(PAPER).claims
    assert claims["G2"]["effect"] < 1e-9 > claims["G2.min"]["effect"]


def test_at_scale_paper_the_game_is_that_of_the_official_code() -> None:
    settings = next(mnist_settings("paper"))
    rule = settings.game_fields()["generator_rule"]
    assert (settings.loss, settings.simultaneous) == ("non-saturating", True)
    assert rule.constants(0) == (0.1, 0.5)
    assert rule.constants(125000) == (pytest.approx(0.1 / 1.000004**125000), pytest.approx(0.7))
    assert settings.game_fields()["discriminator_rule"].constants(0) == (0.05, 0.5)
    assert settings.momentum_updates == 250 * settings.train_images / settings.batch
    kept = {"g_width": 1200, "d_width": 240, "d_pieces": 5, "d_dropout": [0.2, 0.5], "g_init": 0.05, "d_init": 0.005, "side": 28}
    assert {name: getattr(settings, name) for name in kept} == kept


@pytest.mark.parametrize("scale", ["smoke", "quick", "paper"])
def test_early_in_the_game_is_the_first_row_and_at_scale_paper_no_later_than_a_hundredth(scale: str) -> None:
    test = plan_of(PAPER, scale).protocols[PAPER].claims["G4.mnist"].test
    for settings in mnist_settings(scale):
        _, first, *others = settings.record_steps()
        assert all(step > test.at * settings.steps for step in others)
        if scale == "paper":
            assert first <= 0.01 * settings.steps


@pytest.mark.parametrize("scale", ["smoke", "quick", "paper"])
def test_a_gradient_that_vanishes_as_claimed_shows_a_direction_at_most(scale: str) -> None:
    """The setting is a toy of ours, at every scale; the control holds, and no arm stands the wrong way round."""
    plan = plan_of(PAPER, scale)
    rows = [
        (seed, step, metric, value * (1 + 0.01 * seed), loss)
        for seed in range(5)
        for step in (400, 4000)
        for loss, norm in (("minimax", 1e-6), ("non-saturating", 1.0))
        for metric, value in (("gradient_norm", norm), ("decades", -6.0 if loss == "minimax" else 0.0), ("null_decades", 0.01))
    ]
    tables = {"saturation": pd.DataFrame(rows, columns=["replica", "step", "metric", "value", "loss"])}
    controls = {key: check_control(control, tables) for key, control in plan.protocols[PAPER].controls.items()}
    assert controls["K1"]["passed"]
    for name in ("G4", "G4.sat"):
        found = decide(plan.protocols[PAPER].claims[name], tables, plan.budget(PAPER, "saturation").fidelity, controls)
        assert found["verdict"] == "direction only", name


@pytest.mark.parametrize(
    ("mean", "verdict"), [(225, "replicated"), (228, "replicated"), (214, "inconclusive"), (205, "not replicated"), (245, "not replicated")]
)
def test_five_seeds_can_decide_the_log_likelihood(mean: float, verdict: str) -> None:
    values = [mean + 4 * offset for offset in (-1.2, -0.6, 0.0, 0.6, 1.2)]  # a standard deviation of 4 to the first figure
    table = pd.DataFrame([(seed, 3, "parzen", value) for seed, value in enumerate(values)], columns=["replica", "step", "metric", "value"])
    assert decide(plan_of(PAPER, "paper").protocols[PAPER].claims["G5"], {"parzen": table}, "exact")["verdict"] == verdict


def test_arms_have_names(smoke_runs) -> None:
    figure = mnist_classes.draw(smoke_runs(PAPER).figure("mnist_classes"))
    titles = [" ".join((axis.get_title("left") or axis.get_title("center")).split()) for axis in figure.axes]
    plt.close(figure)
    names = ["GAN, minimax", "GAN, non-saturating", "GAN, non-saturating, in turn, k = 5"]
    assert [title.partition(" FID-a")[0] for title in titles] == names
