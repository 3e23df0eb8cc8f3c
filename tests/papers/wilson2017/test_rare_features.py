"""The problem of common and rare features: what is drawn, and which way the error turns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from secondlook.errors import UserError
from secondlook.papers.wilson2017.rare_features import Settings, draw, run
from secondlook.runner.job import Job, Result


def train(seeds: tuple[int, ...] = (3,), **values) -> Result:
    values = {"optimizer": "adam", "lr": 2**-9, "signal": "common", "epochs": 4, "held_out": 200, **values}
    return run(Job("wilson2017", "rare-features", values, seeds, {}, {}, "cpu", 1, Path("unused"), "test"))


def rows_of(result: Result, seed: int) -> list[tuple]:
    return [row[1:] for row in result.history.rows if row[0] == seed]


@pytest.mark.parametrize("signal", ["common", "rare"])
def test_the_block_that_carries_the_label_and_no_other_depends_on_it(signal: str) -> None:
    settings = Settings("sgd", 1.0, signal, held_out=20_000)
    features, labels = draw(settings, 1)["test"]
    assert features.dtype == np.float32 and set(np.unique(features)) == {0.0, 1.0}
    rates = np.stack([features[labels == label].mean(0) for label in (0, 1)])
    for name, block, rate, strength in (("common", slice(0, 20), 0.5, 0.4), ("rare", slice(20, None), 0.02, 0.5)):
        strength = strength if name == signal else 0.0
        for half, sign in ((0, 1), (1, -1)):
            low, high = rates[:, block][:, half::2].mean(1)
            assert low == pytest.approx(rate * (1 - sign * strength), rel=0.02)
            assert high == pytest.approx(rate * (1 + sign * strength), rel=0.02)


def test_splits_differ_and_a_seed_gives_the_same_ones() -> None:
    settings = Settings("sgd", 1.0, "rare")
    drawn, again = draw(settings, 1), draw(settings, 1)
    assert all(np.array_equal(drawn[split][part], again[split][part]) for split in drawn for part in (0, 1))
    assert not np.array_equal(drawn["validation"][0], drawn["test"][0])
    assert {split: len(labels) for split, (_, labels) in drawn.items()} == {"train": 200, "validation": 1000, "test": 1000}


@pytest.mark.parametrize("rule", ["sgd", "rmsprop", "adam"])
def test_a_replica_has_the_same_bits_alone_and_among_others(rule: str) -> None:
    together = train((5, 3), optimizer=rule)
    for seed in (3, 5):
        assert rows_of(together, seed) == rows_of(train((seed,), optimizer=rule), seed)
    assert rows_of(together, 3) != rows_of(together, 5)


def test_the_sign_turns_with_the_block_that_carries_the_label() -> None:
    """With every training sample fitted, Adam errs more where rare features are noise, and less where they are the signal."""
    error = {}
    for signal in ("common", "rare"):
        for rule, lr in (("sgd", 0.5), ("adam", 2**-9)):
            rows = train((1, 2, 3), optimizer=rule, lr=lr, signal=signal, epochs=20, held_out=1000).history.rows
            assert all(value == 0 for _, _, name, value in rows if name == "train_error")
            error[signal, rule] = np.mean([value for _, _, name, value in rows if name == "test_error"])
    assert error["common", "adam"] > error["common", "sgd"] + 1
    assert error["rare", "adam"] < error["rare", "sgd"] - 1


def test_a_replica_that_diverges_is_a_result() -> None:
    result = train(optimizer="sgd", lr=1e30)
    assert result.status[3].startswith("diverged at update") and [name for _, name, _ in rows_of(result, 3)] == ["diverged"]


def test_what_it_writes_is_what_its_settings_name() -> None:
    assert {name for _, name, _ in rows_of(train(), 3)} == Settings("adam", 0.1, "rare").metrics()


@pytest.mark.parametrize("wrong", [{"rare_rate": 1.5}, {"eps": 0.1}, {"lr": -1.0}, {"samples": 0}])
def test_nonsense_is_refused(wrong: dict) -> None:
    with pytest.raises(UserError):
        Settings(**{"optimizer": "sgd", "lr": 1.0, "signal": "rare", **wrong})
