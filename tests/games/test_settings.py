import dataclasses
import math

import pytest
import torch

from secondlook.errors import UserError
from secondlook.games.settings import GameSettings
from secondlook.train.extras import Clip, GradientPenalty
from secondlook.train.game import Game
from secondlook.train.losses import LOSSES
from secondlook.train.updates import SGD, Adam, RMSProp, TensorFlowRMSProp

NEEDED = {"loss": "minimax", "steps": 100, "batch": 64, "d_lr": 1e-4, "g_lr": 1e-3}


def test_a_mapping_gives_the_entry_of_this_runs_loss() -> None:
    values = {
        **NEEDED,
        "d_lr": {"minimax": 1e-4, "wasserstein": 5e-5},
        "optimizer": {"minimax": "adam", "wasserstein": "rmsprop"},
        "d_steps": {"minimax": 1, "wasserstein": 5},
        "clip": {"minimax": None, "wasserstein": 0.01},
    }
    first, second = (GameSettings(**values | {"loss": loss}) for loss in ("minimax", "wasserstein"))
    assert (first.d_lr, first.optimizer, first.d_steps, first.clip) == (1e-4, "adam", 1, None)
    assert (second.d_lr, second.optimizer, second.d_steps, second.clip) == (5e-5, "rmsprop", 5, 0.01)
    assert first.g_lr == second.g_lr == 1e-3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"loss": "ls-0-1-1", "d_lr": {"minimax": 1e-4}}, "setting 'd_lr' has no entry for the loss 'ls-0-1-1'; it has minimax"),
        ({"loss": "minmax"}, "unknown loss 'minmax'.*Did you mean 'minimax'"),
        ({"steps": 0}, "'steps' must be at least 1, got 0"),
        ({"steps": 10}, "'records' must be at most 'steps', got records 20 and steps 10"),
        ({"records": 0}, "'records' must be at least 1, got 0"),
        ({"batch": 0}, "'batch' must be at least 1, got 0"),
        ({"d_steps": 0}, "'d_steps' must be at least 1, got 0"),
        ({"g_steps": -1}, "'g_steps' must be at least 1, got -1"),
        ({"momentum_updates": 0}, "'momentum_updates' must be at least 1, got 0"),
        ({"d_lr": -0.1}, "'d_lr' must be at least 0, got -0.1"),
        ({"g_lr": math.nan}, "'g_lr' must be at least 0, and finite, got nan"),
        ({"g_lr": {"minimax": math.inf}}, "'g_lr' must be at least 0, and finite, got inf"),
        ({"lr_least": -1e-6}, "'lr_least' must be at least 0"),
        ({"beta1": 1.0}, "'beta1' must be at least 0 and below 1, got 1.0"),
        ({"alpha": -0.1}, "'alpha' must be at least 0 and below 1"),
        ({"clip": 0.0}, "'clip' must be above 0, got 0.0"),
        ({"lr_divisor": 0.0}, "'lr_divisor' must be above 0"),
        ({"simultaneous": True, "d_steps": 5}, "a simultaneous game has one step of each player"),
        ({"simultaneous": True, "warm_up": 100}, "a simultaneous game has one step of each player"),
        ({"simultaneous": True, "penalty": 1.0}, "a simultaneous game has one step of each player and no penalty"),
        ({"warm_up": -1}, "'warm_up' must be at least 0, got -1"),
        ({"penalty": 0.0}, "'penalty' must be above 0, got 0.0"),
    ],
)
def test_mistakes_are_named(values: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        GameSettings(**NEEDED | values)


@pytest.mark.parametrize(("steps", "records"), [(100, 20), (7, 7), (7, 3), (1000, 7), (1, 1), (25, 24), (40000, 33)])
def test_records_are_evenly_spaced_and_end_at_the_last_step(steps: int, records: int) -> None:
    found = GameSettings(**NEEDED | {"steps": steps, "records": records}).record_steps()
    assert len(set(found)) == len(found) == records + 1
    assert (found[0], found[-1]) == (0, steps)
    assert all(abs(step - place * steps / records) <= 0.5 for place, step in enumerate(found))


def test_game_fields_are_fields_of_a_game() -> None:
    fields = {field.name for field in dataclasses.fields(Game)}
    assert set(GameSettings(**NEEDED).game_fields()) <= fields


def test_game_fields() -> None:
    plain = GameSettings(**NEEDED).game_fields()
    assert plain["loss"] is LOSSES["minimax"]
    assert (plain["generator_rule"], plain["discriminator_rule"]) == (Adam(1e-3, 0.5, 0.999), Adam(1e-4, 0.5, 0.999))
    assert (plain["batch"], plain["steps"], plain["generator_steps"]) == (64, 100, 1)
    assert plain["record"] == tuple(range(0, 101, 5))
    assert [plain["discriminator_steps"](step) for step in (0, 30, 500)] == [1, 1, 1]
    assert plain["before_step"] is plain["after_step"] is None
    assert plain["simultaneous"] is plain["shared_noise"] is False
    assert plain["penalty"] is None
    assert GameSettings(**NEEDED | {"penalty": 10.0}).game_fields()["penalty"] == GradientPenalty(10.0)


def test_game_fields_of_wgan() -> None:
    settings = {"optimizer": "rmsprop", "alpha": 0.9, "d_steps": 5, "g_steps": 2, "warm_up": 40, "clip": 0.01}
    fields = GameSettings(**NEEDED | settings).game_fields()
    assert (fields["generator_rule"], fields["discriminator_rule"]) == (RMSProp(1e-3, 0.9), RMSProp(1e-4, 0.9))
    assert [fields["discriminator_steps"](step) for step in (0, 24, 25, 500, 501)] == [40, 40, 5, 40, 5]
    assert fields["generator_steps"] == 2
    assert (fields["before_step"], fields["after_step"]) == (None, Clip(0.01))
    other = GameSettings(**NEEDED | settings | {"rmsprop": "tensorflow"}).game_fields()
    assert (other["generator_rule"], other["discriminator_rule"]) == (TensorFlowRMSProp(1e-3, 0.9), TensorFlowRMSProp(1e-4, 0.9))
    fields = GameSettings(**NEEDED | settings | {"clip_when": "before"}).game_fields()
    assert (fields["before_step"], fields["after_step"]) == (Clip(0.01), None)


def test_game_fields_of_pylearn2() -> None:
    """goodfeli/adversarial mnist.yaml: step size over 1.000004 each update, down to 1e-6; momentum 0.5 to 0.7."""
    settings = {"optimizer": "sgd", "momentum": 0.5, "momentum_end": 0.7, "momentum_updates": 1000}
    rule = GameSettings(**NEEDED | settings | {"lr_divisor": 1.000004, "lr_least": 1e-6}).game_fields()["discriminator_rule"]
    assert rule == SGD(1e-4, 0.5, 1.000004, 1e-6, 0.7, 1000)
    assert rule.constants(0) == (1e-4, 0.5)
    assert rule.constants(500) == (pytest.approx(1e-4 / 1.000004**500, rel=1e-12), pytest.approx(0.6))
    assert rule.constants(10**7) == (1e-6, pytest.approx(0.7))


def test_the_step_sizes_are_each_players_own() -> None:
    """A discriminator without a step size stands still, whatever the generator's."""
    fields = GameSettings(**NEEDED | {"d_lr": 0.0, "optimizer": "sgd"}).game_fields()
    weight = torch.ones(1, 16)
    fields["discriminator_rule"].apply([weight], [weight.clone()], {"velocity": [torch.zeros(1, 16)]}, [torch.zeros(())], 0)
    assert torch.equal(weight, torch.ones(1, 16))
    assert fields["generator_rule"].lr == 1e-3
