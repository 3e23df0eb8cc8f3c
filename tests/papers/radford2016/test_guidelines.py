"""What a removed guideline changes, and what it leaves."""

import dataclasses

import pytest

from secondlook.errors import UserError
from secondlook.papers.radford2016 import guidelines
from secondlook.papers.radford2016.guidelines import REMOVED, Settings
from secondlook.runner.job import History, Result

VALUES = {"dataset": "mnist", "side": 16, "loss": "non-saturating", "steps": 4, "batch": 16, "records": 2, "lr": 0.006}


def changed(removed: str) -> dict:
    """Settings of the game that differ from the full recipe's."""
    recipe, game = (dataclasses.asdict(Settings(**VALUES, removed=name).game()) for name in ("nothing", removed))
    return {name: value for name, value in game.items() if value != recipe[name] and name != "removed"}


def test_the_recipe_has_all_guidelines() -> None:
    game = Settings(**VALUES).game()
    assert (game.resampling, game.g_batch_norm, game.d_batch_norm, game.connected) == ("strided", True, True, 0)
    assert (game.g_activation, game.d_activation, game.output, game.optimizer, game.beta1) == ("relu", "leaky_relu", "tanh", "adam", 0.5)
    assert (game.d_lr, game.g_lr) == (0.006, 0.006)
    assert (game.rule(game.d_lr).beta1, game.weights) == (0.5, "normal")


@pytest.mark.parametrize(
    ("removed", "expected"),
    [
        ("nothing", {}),
        ("strided", {"resampling": "pooling"}),
        ("bn", {"g_batch_norm": False, "d_batch_norm": False}),
        ("bn_d", {"d_batch_norm": False}),
        ("bn_g", {"g_batch_norm": False}),
        ("no_connected", {"connected": 1}),
        ("relu", {"g_activation": "tanh"}),
        ("leaky", {"d_activation": "relu"}),
        ("beta1", {"beta1": 0.9}),
    ],
)
def test_one_guideline_is_removed_and_no_other(removed: str, expected: dict) -> None:
    assert changed(removed) == expected


def test_without_all_each_is_removed() -> None:
    single = [REMOVED[name] for name in REMOVED if name != "all"]
    assert changed("all") == {setting: value for change in single for setting, value in change.items()}


def test_the_step_size_is_asked_for() -> None:
    with pytest.raises(UserError, match="'lr'"):
        Settings(**VALUES | {"lr": 0.0})


def test_the_game_that_is_played_is_the_removed_one(make_job, monkeypatch) -> None:
    seen = []

    def train(job, make_game):
        make_game(None)
        return Result(History([(0, 1, "diverged", 1.0)]), status={0: "diverged at step 1"})

    monkeypatch.setattr(guidelines, "image_game", lambda job, settings, device: seen.append(settings))
    monkeypatch.setattr(guidelines, "train_adversarial", train)
    result = guidelines.run(make_job(values=VALUES | {"removed": "no_connected"}))
    assert (seen[0].connected, seen[0].g_lr) == (1, 0.006)
    assert result.history.rows == [(0, 1, "diverged", 1.0)]
