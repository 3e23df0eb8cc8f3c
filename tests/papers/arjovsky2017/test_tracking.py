"""Numbers of a whole training, and the planar game's own settings and metrics."""

import pytest
import torch
from scipy import stats

from secondlook.errors import UserError
from secondlook.papers.arjovsky2017 import planar
from secondlook.papers.arjovsky2017.tracking import add_collapses, add_tracking, rank_correlation
from secondlook.runner.job import History, Result


def test_rank_correlation_is_spearmans() -> None:
    x, y = [3.0, 1.0, 4.0, 1.5, 9.0], [2.0, 7.0, 1.0, 8.0, 2.5]
    assert rank_correlation(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)
    assert rank_correlation(x, [-value for value in x]) == pytest.approx(-1)
    assert rank_correlation(x[:2], y[:2]) == rank_correlation(x, [1.0] * 5) == 0


def test_tracking_is_written_to_the_last_row_of_replicas_that_ended() -> None:
    history = History()
    distances, losses, uphill = [4.0, 3.0, 1.0, 2.5, 2.0], [None, -3.0, -2.0, -2.5, -2.2], [0.0, 0.0, 2.0, 2.0, 2.0]
    for step, (distance, loss, count) in enumerate(zip(distances, losses, uphill, strict=True)):
        for replica in (0, 1):
            history.add(replica, 10 * step, w1=distance, d_uphill=count)
            if loss is not None:
                history.add(replica, 10 * step, d_loss=loss, fresh_d_loss=-loss)
    history.add(1, 41, diverged=1.0)
    count = len(history.rows)
    add_tracking(Result(history), "w1")
    assert {row[:2] for row in history.rows[count:]} == {(0, 40)}
    added = {metric: value for _, _, metric, value in history.rows[count:]}
    expected = stats.spearmanr(distances[1:], [-loss for loss in losses[1:]]).statistic
    assert added == {
        "tracking": pytest.approx(expected),
        "fresh_tracking": pytest.approx(-expected),
        "late": 2.0,
        "halved": 1.0,
        "ever_uphill": 1.0,
    }


@pytest.mark.parametrize(("distances", "halved"), [([4.0, 2.1, 3.0], 0.0), ([4.0, 2.0, 4.0], 1.0), ([4.0, 3.0, 1.0], 1.0)])
def test_a_run_that_had_learned_and_lost_it_has_halved(distances, halved) -> None:
    history = History()
    for step, distance in enumerate(distances):
        history.add(0, step, w1=distance, d_loss=-distance)
    add_tracking(Result(history), "w1")
    assert [value for *_, metric, value in history.rows if metric == "halved"] == [halved]


@pytest.mark.parametrize(("halved", "modes", "collapsed"), [(1.0, 4.0, 1.0), (1.0, 5.0, 0.0), (0.0, 1.0, 0.0)])
def test_only_a_run_that_had_learned_can_collapse(halved, modes, collapsed) -> None:
    history = History()
    history.add(0, 0, modes=0.0)
    history.add(0, 7, modes=modes, halved=halved)
    history.add(1, 3, modes=0.0, diverged=1.0)
    count = len(history.rows)
    add_collapses(Result(history), "modes", 5)
    assert history.rows[count:] == [(0, 7, "collapsed", collapsed)]


def test_shares_at_the_bound_are_a_replicas_own() -> None:
    weights, biases = torch.tensor([[[0.1, -0.1]], [[0.05, -0.3]]]), torch.tensor([[[0.0, 0.02]], [[0.0, 0.0]]])
    first, second = planar.weight_metrics([weights, biases], 0.1)
    assert first == {"largest_weight": pytest.approx(0.1), "at_bound": 0.5}
    assert second == {"largest_weight": pytest.approx(0.3), "at_bound": 0.25}
    assert planar.weight_metrics([weights], None)[0] == {"largest_weight": pytest.approx(0.1)}


TINY = {
    "data": "ring", "width": 8, "layers": 2, "activation": "relu", "init": "torch", "noise": 2, "steps": 6, "records": 3, "batch": 8,
    "points": 40, "w1_points": 20, "loss": "wasserstein", "optimizer": "rmsprop", "d_lr": 0.001, "g_lr": 0.001, "d_steps": 2, "clip": 0.1,
}  # fmt: skip


def measured(result, metric: str) -> list[float]:
    return [value for seed, _, name, value in result.history.rows if (seed, name) == (0, metric)]


@pytest.mark.parametrize("asked", [{}, {"clip": None}, {"fresh_steps": 2}, {"watch_uphill": True}])
def test_a_run_writes_what_its_settings_say(make_job, asked: dict) -> None:
    metrics = {row[2] for row in planar.run(make_job(values=TINY | asked)).history.rows}
    assert metrics == planar.Settings(**TINY | asked).metrics()
    assert ("at_bound" in metrics) == ("clip" not in asked)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"w1_points": 0}, "'w1_points' must be at least 1, got 0"),
        ({"modes_least": 0}, "'modes_least' must be at least 1, got 0"),
        ({"lr": -0.1}, "'lr' must be at least 0, got -0.1"),
        ({"optimizer": "adam", "g_beta1": 1.0}, "'g_beta1' must be at least 0 and below 1, got 1.0"),
        ({"g_beta1": 0.0}, "'g_beta1' is of Adam"),
    ],
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        planar.Settings(**TINY | wrong)


@pytest.mark.parametrize("when", ["after", "before"])
def test_clipping_before_a_step_leaves_weights_beyond_the_bound(make_job, when) -> None:
    largest = measured(planar.run(make_job(values=TINY | {"clip_when": when})), "largest_weight")
    assert (largest[-1] > 0.1001) == (when == "before")


def test_momentum_is_the_critics_alone() -> None:
    values = TINY | {"optimizer": "adam", "beta1": 0.9, "g_beta1": 0.0, "lr": 0.5}
    game = planar.measured_game(planar.Settings(**values), torch.device("cpu"))
    assert (game.discriminator_rule.beta1, game.generator_rule.beta1) == (0.9, 0.0)
    assert (game.discriminator_rule.lr, game.generator_rule.lr) == (0.5, 0.5)
