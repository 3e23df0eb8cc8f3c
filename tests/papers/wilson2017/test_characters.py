"""The character model: its parts against what they must be, its numbers against the same replica alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from torch import nn

from secondlook.data.fingerprint import fingerprint
from secondlook.errors import UserError
from secondlook.papers.wilson2017.characters import BLOCK, Characters, Settings, _windows, held_out, run
from secondlook.runner.job import Job, Result
from secondlook.train.flat import Flat

SMALL = {"passage": 1032, "epochs": 2, "batch": 64, "hidden": 32, "held_out": 4000, "windows": 300, "windows_before": 100}
#: words of a small language, so that there is something to learn
WORDS = [b"call ", b"me ", b"ishmael ", b"some ", b"years ", b"ago ", b"the ", b"whale\n"]


@pytest.fixture(scope="module")
def novel(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    draw = np.random.default_rng(1)
    arrays = {"text": np.frombuffer(b"".join(WORDS[word] for word in draw.integers(len(WORDS), size=8000)), np.uint8)[:30_000].copy()}
    path = tmp_path_factory.mktemp("novel") / "novel.safetensors"
    save_file(arrays, path)
    return path, fingerprint(arrays)


def train(novel: tuple[Path, str], seeds: tuple[int, ...] = (3,), **values) -> Result:
    values = {"optimizer": "adam", "lr": 0.01, **SMALL, **values}
    return run(Job("wilson2017", "characters", values, seeds, {"novel": novel}, {}, "cpu", 1, Path("unused"), "test"))


def rows_of(result: Result, seed: int) -> list[tuple]:
    return [row[1:] for row in result.history.rows if row[0] == seed]


@pytest.mark.parametrize(("vocabulary", "count"), [(78, 27_822), (92, 29_852)], ids=["Moby Dick", "a text with 92 characters"])
def test_parameters(vocabulary: int, count: int) -> None:
    net = Characters(Settings("sgd", 1.0), vocabulary, [torch.Generator().manual_seed(0)])
    assert Flat(net.parameters()).count == count


def test_it_is_an_embedding_and_a_perceptron() -> None:
    net = Characters(Settings("sgd", 1.0, hidden=32), 10, [torch.Generator().manual_seed(seed) for seed in range(3)])
    context = torch.randint(10, (3, 64, 8))
    for replica in range(3):
        first, last = net.net.layers
        hidden = F.relu(F.embedding(context[replica], net.embedding[replica]).flatten(1) @ first.weight[replica] + first.bias[replica])
        torch.testing.assert_close(net(context)[replica], hidden @ last.weight[replica] + last.bias[replica], rtol=1e-5, atol=1e-5)
    torch.manual_seed(1)
    assert float(net.embedding.detach().std()) == pytest.approx(float(nn.Embedding(100, 100).weight.detach().std()), abs=0.15)


def test_held_out_text_follows_the_passage_in_alternate_blocks() -> None:
    settings = Settings("sgd", 1.0, held_out=20_000)
    validation, test = held_out(settings, 7)
    assert len(validation) == len(test) == 5 * (BLOCK - 8)
    assert min(validation) == 50_007 and min(test) == 52_007 and max(test) + 8 < 70_007
    for starts, parity in ((validation, 0), (test, 1)):
        for reach in (0, 8):  # first character of the context, and the character after it
            assert set((starts + reach - 50_007) // BLOCK % 2) == {parity}


def test_no_window_of_a_seed_is_both_trained_on_and_held_out() -> None:
    settings = Settings("sgd", 1.0, passage=3000, held_out=8000, windows=500)
    trained, measured = _windows(settings, 20_000, [1, 2], torch.device("cpu"))
    assert trained.shape == (2, 2992)
    for replica in range(2):
        own = {name: set(starts[replica].tolist()) for name, starts in measured.items()}
        assert own["train_loss"] <= set(trained[replica].tolist())
        assert max(trained[replica].tolist()) + 8 < min(own["validation_loss"] | own["test_loss"])
        assert max(own["validation_loss"] | own["test_loss"]) + 8 < 20_000
        assert not own["validation_loss"] & own["test_loss"] and all(len(starts) == 500 for starts in own.values())


def test_updates() -> None:
    assert Settings("sgd", 1.0).updates_per_epoch * 5 == 1950
    assert Settings("sgd", 1.0, passage=250_000).updates_per_epoch == 1953  # as many with text that is seen once


@pytest.mark.parametrize("rule", ["sgd", "heavy_ball", "adagrad", "rmsprop", "adam"])
def test_a_replica_has_the_same_bits_alone_and_among_others(novel, rule: str) -> None:
    together = train(novel, (5, 3, 4), optimizer=rule)
    for seed in (3, 4, 5):
        assert rows_of(together, seed) == rows_of(train(novel, (seed,), optimizer=rule), seed)
    assert rows_of(together, 3) != rows_of(together, 4)


def test_rows_stand_in_one_order_whatever_the_hashes_of_words_are(novel) -> None:
    """Python draws them anew for each process, and with them the order of a set."""
    by_step: dict[int, list[str]] = {}
    for step, metric, _ in rows_of(train(novel), 3):
        by_step.setdefault(step, []).append(metric)
    *before, last = by_step.values()
    assert before
    assert all(metrics == ["train_loss", "test_loss"] for metrics in before)
    assert last == ["train_loss", "validation_loss", "test_loss"]


def test_it_learns_and_a_tenth_of_the_step_comes_where_it_should(novel) -> None:
    result = train(novel, epochs=10)
    losses = [value for _, name, value in rows_of(result, 3) if name == "test_loss"]
    assert len(losses) == 10 and losses[-1] < 0.7 * losses[0] < 3
    late, never = (train(novel, epochs=10, cut=cut) for cut in (0.8, 1.0))
    assert rows_of(late, 3)[: 8 * 2] == rows_of(never, 3)[: 8 * 2]  # the first eight of ten rows
    assert rows_of(late, 3)[-1] != rows_of(never, 3)[-1]


def test_a_replica_that_diverges_is_a_result(novel) -> None:
    result = train(novel, (3, 4), optimizer="sgd", lr=1e30)
    assert all(state.startswith("diverged at update") for state in result.status.values())
    assert [name for _, name, _ in rows_of(result, 3)] == ["diverged"]


def test_what_it_writes_is_what_its_settings_name(novel) -> None:
    result = train(novel)
    settings = Settings("adam", 0.01, **SMALL)
    assert {name for _, name, _ in rows_of(result, 3)} == settings.metrics()
    last = settings.epochs * settings.updates_per_epoch
    assert {name for step, name, _ in rows_of(result, 3) if step == last} == settings.metrics()


@pytest.mark.parametrize(
    "wrong", [{"passage": 100}, {"held_out": 2000}, {"cut": 1.5}, {"optimizer": "sgd", "eps": 0.1}, {"lr": -1.0}, {"batch": 0}]
)
def test_nonsense_is_refused(wrong: dict) -> None:
    with pytest.raises(UserError):
        dataclasses.replace(Settings("adam", 0.01), **wrong)
