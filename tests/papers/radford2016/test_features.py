"""Which images a classifier may see, what it is fitted to, and that an untrained discriminator is the game's own."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from sklearn.preprocessing import StandardScaler
from tiny_data import matlab_bytes

from secondlook.data.fingerprint import fingerprint
from secondlook.papers.radford2016 import features
from secondlook.papers.radford2016.features import Settings, described, discriminator, run
from secondlook.papers.radford2016.linear import classifier_of, error_of_linear
from secondlook.train.game import alone

VALUES = {
    **{"dataset": "cifar10", "side": 16, "loss": "non-saturating", "steps": 2, "batch": 16, "records": 1, "d_lr": 1e-3, "g_lr": 1e-3},
    **{"g_width": 4, "d_width": 4, "noise": 8, "labelled": 100, "validation": 20, "test_images": 60, "classifier": "ridge", "epochs": 1},
    "strengths": (0.001, 0.01),
}


@pytest.fixture
def job(make_job, tmp_path):
    draw = np.random.default_rng(0)
    arrays = {f"{part}_images": draw.integers(0, 256, (count, 3, 32, 32), np.uint8) for part, count in (("train", 300), ("test", 80))}
    arrays |= {f"{part}_labels": draw.permutation(np.arange(count) % 10).astype(np.uint8) for part, count in (("train", 300), ("test", 80))}
    save_file(arrays, tmp_path / "cifar10.safetensors")
    datasets = {"cifar10": (tmp_path / "cifar10.safetensors", fingerprint(arrays))}
    return lambda seeds=(0,), **values: make_job(values=VALUES | values, seeds=seeds, datasets=datasets)


def errors(result) -> dict[int, float]:
    return {seed: value for seed, _, metric, value in result.history.rows if metric == "error"}


def test_labelled_images_are_as_many_of_each_class_and_the_seeds_own(job) -> None:
    data = features._Data(job(), Settings(**VALUES), torch.device("cpu"))
    first, again, other = data.labelled(0), data.labelled(0), data.labelled(1)
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert data.train_N[first].bincount().tolist() == [10] * 10
    assert len(first.unique()) == 100
    assert sorted(features._Data(job(), Settings(**VALUES | {"labelled": None}), torch.device("cpu")).labelled(0).tolist()) == list(
        range(300)
    )


def test_an_untrained_discriminator_is_that_of_the_game_before_its_first_step() -> None:
    settings = Settings(**VALUES)
    played = alone(lambda: features.build_discriminator(settings, 3), "discriminator")((7,))
    for one, other in zip(discriminator(settings, 3, 7).parameters(), played.parameters(), strict=True):
        assert torch.equal(one, other)


def test_features_are_taken_in_evaluation_mode() -> None:
    """Else they depend on who else is in the batch."""
    net = discriminator(Settings(**VALUES), 3, 0)
    images = torch.randint(0, 256, (8, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert np.allclose(described(net.train(), images)[:2], described(net.train(), images[:2]))
    assert np.array_equal(described(None, images), images.flatten(1).numpy().astype(np.float32) / 127.5 - 1)


@pytest.mark.parametrize("source", ["gan", "random", "pixels", "supervised"])
def test_a_replica_is_the_same_alone_and_among_others(job, source: str) -> None:
    together, alone_ = errors(run(job((0, 1), source=source))), errors(run(job((1,), source=source)))
    assert set(together) == {0, 1}
    assert together[1] == alone_[1]


def test_a_game_that_diverges_has_no_features_and_no_error(job) -> None:
    result = run(job((0,), d_lr=1e30, g_lr=1e30, steps=4))
    assert result.status[0].startswith("diverged")
    assert errors(result) == {}


def test_svhn_is_read_too(make_job, tmp_path) -> None:
    draw = np.random.default_rng(0)
    arrays = {
        f"{part}_mat": matlab_bytes(draw.integers(0, 256, (32, 32, 3, 200), np.uint8), np.arange(200, dtype=np.uint8) % 10 + 1)
        for part in ("train", "test")
    }
    save_file(arrays, tmp_path / "svhn.safetensors")
    datasets = {"svhn": (tmp_path / "svhn.safetensors", fingerprint(arrays))}
    values = VALUES | {"dataset": "svhn", "side": 32, "kernel": 5, "source": "random", "classifier": "svm"}
    assert 0 < errors(run(make_job(values=values, datasets=datasets)))[0] <= 100


# -- the classifier ------------------------------------------------------------------------------------------------------------


def blobs(seed: int, count: int = 60, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Three clusters of unequal size."""
    draw = np.random.default_rng(seed)
    y = np.minimum(np.arange(count) % 5, 2)
    return spread * draw.normal(size=(count, 5)) + 2.5 * np.eye(3, 5)[y], y


@pytest.mark.parametrize("kind", ["svm", "ridge"])
def test_the_strength_is_chosen_without_the_test_images(kind: str) -> None:
    """One strength is right on all that it is chosen on, the other on all test images."""
    (x, y), (other, _), (test, _) = blobs(0, spread=2.0), blobs(1, spread=2.0), blobs(2, spread=2.0)
    scaler = StandardScaler().fit(x)
    weak, strong = (classifier_of(kind, strength).fit(scaler.transform(x), y) for strength in (1e-4, 1.0))
    choose, right = weak.predict(scaler.transform(other)), strong.predict(scaler.transform(test))
    expected = 100 * np.mean(weak.predict(scaler.transform(test)) != right)
    assert expected > 0
    assert error_of_linear(kind, (1e-4, 1.0), (x, y), (other, choose), (test, right)) == expected


def test_of_equal_strengths_the_weakest_is_taken() -> None:
    fit, choose, test = blobs(0), (blobs(1)[0], np.full(60, 7)), blobs(2)  # no strength is ever right
    assert error_of_linear("ridge", (1.0, 1e-4), fit, choose, test) == error_of_linear("ridge", (1e-4,), fit, choose, test)


def test_ridge_is_the_closed_form() -> None:
    (x, y), (other, labels) = blobs(0), blobs(1)
    mean, sd = x.mean(0), x.std(0)
    scaled, targets = (x - mean) / sd, np.where(np.eye(3)[y] > 0, 1.0, -1.0)
    weights = np.linalg.solve(scaled.T @ scaled + 10 * np.eye(5), scaled.T @ (targets - targets.mean(0)))
    expected = 100 * np.mean((((other - mean) / sd) @ weights + targets.mean(0)).argmax(1) != labels)
    assert error_of_linear("ridge", (0.1,), (x, y), (x, y), (other, labels)) == pytest.approx(expected)


def test_told_to_end_each_seed_goes_on_from_its_own_weights(job, told) -> None:
    def asked(folder: str):
        return dataclasses.replace(job((0, 1, 2), source="supervised", epochs=2), work=job().work / folder)

    straight = run(asked("straight"))
    assert len(set(errors(straight).values())) > 1
    for after in itertools.count(1):
        if not told(after, lambda after=after: run(asked(str(after)))):
            break
        assert run(asked(str(after))).history.to_csv() == straight.history.to_csv(), f"told at look {after}"
    assert after > 3 * 2
