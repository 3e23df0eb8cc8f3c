"""What this paper's own protocol, claims and results must say."""

from __future__ import annotations

import math
from collections.abc import Iterator

import matplotlib.pyplot as plt
import pytest
from papers import plan_of
from scipy import stats

from secondlook.papers.goodfellow2014 import mnist
from secondlook.papers.goodfellow2014.figures import mnist_classes

PAPER = "goodfellow2014"


def mnist_settings(scale: str) -> Iterator[mnist.Settings]:
    """Settings of each cell of the game."""
    plan = plan_of(PAPER, scale)
    for run in plan.runs(PAPER, "mnist"):
        yield mnist.Settings(**plan.experiment(PAPER, "mnist").settings_at(scale) | run.cell.fixed)


def test_what_is_integrated_is_exact_at_scale_smoke(smoke_runs) -> None:
    claims = smoke_runs(PAPER).claims
    assert claims["G2"]["effect"] < 1e-9 > claims["G2.min"]["effect"]
    assert {claims[name]["outcome"] for name in ("G2", "G2.min", "O2")} == {"supported"}


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
    assert "mean_gradient_norm" in next(mnist_settings(scale)).metrics()  # not written before training, so that its first row is the first
    for settings in mnist_settings(scale):
        _, first, *others = settings.record_steps()
        assert all(step > test.at * settings.steps for step in others)
        if scale == "paper":
            assert first <= 0.01 * settings.steps


def test_five_seeds_can_hold_the_log_likelihood_within_the_bounds() -> None:
    """The 90 % interval of the mean of five seeds is far narrower than the bounds around the paper's number."""
    claim = plan_of(PAPER, "paper").protocols[PAPER].claims["G5"]
    count = plan_of(PAPER, "paper").budget(PAPER, "parzen").seeds.count
    half = stats.t.ppf(0.95, count - 1) * claim.spread.paper / math.sqrt(count)
    assert claim.reported.value - claim.test.low == claim.test.high - claim.reported.value == 10
    assert half < 5


def test_arms_have_names(smoke_runs) -> None:
    figure = mnist_classes.draw(smoke_runs(PAPER).figure("mnist_classes"))
    titles = [" ".join((axis.get_title("left") or axis.get_title("center")).split()) for axis in figure.axes]
    plt.close(figure)
    names = ["GAN, minimax", "GAN, non-saturating", "GAN, non-saturating, in turn, k = 5"]
    assert [title.partition(" FID-a")[0] for title in titles] == names
