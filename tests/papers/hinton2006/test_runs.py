"""Both experiments, whole, on images of bright spots: what they measure, that replicas are independent, and that a kill costs nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from secondlook.errors import UserError
from secondlook.papers.hinton2006 import autoencoder, reconstruction
from secondlook.papers.hinton2006.images import Data
from secondlook.papers.hinton2006.linear import pca
from secondlook.train.batches import part
from secondlook.train.flat import Flat
from secondlook.train.optimizers import build

NET = {
    "side": 8,
    "hidden": [32, 32],
    "code": 3,
    "updates": 24,
    "batch": 32,
    "pretraining": 10,
    "rbm_batch": 32,
    "train_images": 96,
    "lr": 0.01,
}
STARTS = [("sigmoid", "small"), ("sigmoid", "xavier"), ("sigmoid", "rbm"), ("relu", "he")]


def rows_of(result, seed: int) -> list[tuple]:
    return [row[1:] for row in result.history.rows if row[0] == seed]


@pytest.mark.parametrize(("units", "start"), STARTS)
def test_it_writes_its_metrics_and_keeps_what_figures_draw(make_job, blobs, units: str, start: str) -> None:
    values = NET | {"units": units, "start": start}
    result = autoencoder.run(make_job(values=values, seeds=(1, 2), datasets=blobs))
    assert result.status == {1: "completed", 2: "completed"}
    assert {name for _, name, _ in rows_of(result, 1)} == autoencoder.Settings(**values).metrics()
    assert [step for step, name, _ in rows_of(result, 1) if name == "squared_error"] == list(range(0, 25, 2))
    for name in ("mean_image_error", "first_gradient"):
        assert [step for step, metric, _ in rows_of(result, 2) if metric == name] == [0]
    assert result.arrays["2/shown"].shape == result.arrays["1/reconstructed"].shape == (10, 64)
    assert 0 <= result.arrays["1/reconstructed"].min() <= result.arrays["1/reconstructed"].max() <= 1


@pytest.mark.parametrize(("units", "start", "optimizer"), [*((*each, "adam") for each in STARTS), ("sigmoid", "rbm", "cg")])
def test_a_replica_has_the_same_bits_alone_and_among_others(make_job, blobs, units: str, start: str, optimizer: str) -> None:
    values = NET | {"units": units, "start": start, "optimizer": optimizer, "updates": 24 if optimizer == "adam" else 3}
    together = autoencoder.run(make_job(values=values, seeds=(5, 3, 4), datasets=blobs))
    alone = autoencoder.run(make_job(values=values, seeds=(4,), datasets=blobs))
    assert rows_of(together, 4) == rows_of(alone, 4) != rows_of(together, 3)
    assert all(np.array_equal(together.arrays[name], array) for name, array in alone.arrays.items())


def test_all_starts_of_a_seed_see_the_same_images(make_job, blobs) -> None:
    found = [
        rows_of(autoencoder.run(make_job(values=NET | {"units": units, "start": start}, datasets=blobs)), 0) for units, start in STARTS
    ]
    assert len({next(value for _, name, value in rows if name == "mean_image_error") for rows in found}) == 1


def test_errors_are_sums_over_pixels_and_means_over_images(make_job, blobs) -> None:
    settings = autoencoder.Settings(**NET | {"units": "relu", "start": "he"})
    data = Data(make_job(datasets=blobs), 8, None, torch.device("cpu"))
    training = autoencoder.Training(settings, data, (1, 2), torch.device("cpu"))
    for replica, seed in enumerate((1, 2)):
        made = training.net(data.test_NP.expand(2, -1, -1))[replica].sigmoid()
        slow = np.mean([float(((one - other) ** 2).sum()) for one, other in zip(made.detach(), data.test_NP, strict=True)])
        assert training.squared_errors()[replica] == pytest.approx(slow, rel=1e-5)
        mean = data.take(part(200, 96, seed)).mean(0)
        assert training.mean_image_errors[replica] == pytest.approx(float(((data.test_NP - mean) ** 2).sum(1).mean()), rel=1e-5)
    images = data.take(training.batches(0))
    by_torch = torch.nn.functional.binary_cross_entropy_with_logits(training.net(images), images, reduction="sum") / 32
    torch.testing.assert_close(training.loss(images), by_torch)


def test_fine_tuning_is_the_usual_loop(make_job, blobs) -> None:
    settings = autoencoder.Settings(**NET | {"units": "relu", "start": "he"})
    data = Data(make_job(datasets=blobs), 8, None, torch.device("cpu"))
    training, twin = (autoencoder.Training(settings, data, (1,), torch.device("cpu")) for _ in range(2))
    parameters = [torch.nn.Parameter(each.detach().clone()) for each in twin.flat.parameters]
    optimizer = build("adam", parameters, 0.01)
    for update in range(5):
        images = data.take(twin.batches(update))
        for parameter, own in zip(twin.flat.parameters, parameters, strict=True):
            parameter.data.copy_(own.detach())
        for own, slope in zip(parameters, torch.autograd.grad(twin.loss(images), twin.flat.parameters), strict=True):
            own.grad = slope
        optimizer.step()
        training.advance()
    for parameter, own in zip(training.flat.parameters, parameters, strict=True):
        torch.testing.assert_close(parameter, own, atol=1e-5, rtol=1e-4)


def test_machines_are_trained_in_turn_and_the_net_starts_from_them(make_job, blobs) -> None:
    settings = autoencoder.Settings(**NET | {"units": "sigmoid", "start": "rbm"})
    data = Data(make_job(datasets=blobs), 8, None, torch.device("cpu"))
    training = autoencoder.Training(settings, data, (1, 2), torch.device("cpu"))
    assert settings.before == 30 and [machine.units for machine in training.machines] == ["logistic", "logistic", "linear"]
    start = training.flat.weights.clone()
    for layer in range(3):
        before = [machine.weight_RVH.clone() for machine in training.machines]
        for _ in range(10):
            training.advance()
        moved = [not torch.equal(machine.weight_RVH, old) for machine, old in zip(training.machines, before, strict=True)]
        assert moved == [place == layer for place in range(3)]
        assert torch.equal(training.flat.weights, start) == (layer < 2)
    assert training.update == 0
    assert torch.equal(training.net.encoder.layers[1].weight, training.machines[1].weight_RVH)


def test_momentum_is_low_for_the_first_tenth(make_job, blobs, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(autoencoder.RBM, "learn", lambda machine, values, noise, lr, momentum: seen.append((lr, momentum)))
    settings = autoencoder.Settings(**NET | {"units": "sigmoid", "start": "rbm", "pretraining": 20})
    training = autoencoder.Training(settings, Data(make_job(datasets=blobs), 8, None, torch.device("cpu")), (1,), torch.device("cpu"))
    for _ in range(60):
        training.advance()
    assert seen == [(0.1, 0.5)] * 2 + [(0.1, 0.9)] * 18 + [(0.1, 0.5)] * 2 + [(0.1, 0.9)] * 18 + [(0.001, 0.5)] * 2 + [(0.001, 0.9)] * 18


@pytest.mark.parametrize(("optimizer", "after"), [("adam", 7), ("adam", 33), ("cg", 33)])
def test_a_killed_run_goes_on_to_the_same_bits(make_job, blobs, tmp_path, dies, optimizer: str, after: int) -> None:
    values = NET | {"units": "sigmoid", "start": "rbm", "optimizer": optimizer, "updates": 24 if optimizer == "adam" else 5}
    straight = autoencoder.run(make_job(values=values, seeds=(1, 2), datasets=blobs))
    job = make_job(values=values, seeds=(1, 2), datasets=blobs, checkpoint_seconds=0.0, work=tmp_path / "killed")
    assert dies(after, lambda: autoencoder.run(job))
    again = autoencoder.run(job)
    assert again.history.to_csv() == straight.history.to_csv()
    assert all(np.array_equal(again.arrays[name], array) for name, array in straight.arrays.items())


def test_conjugate_gradients_lower_the_loss_of_their_batch(make_job, blobs) -> None:
    settings = autoencoder.Settings(**NET | {"units": "relu", "start": "he", "optimizer": "cg"})
    data = Data(make_job(datasets=blobs), 8, None, torch.device("cpu"))
    training = autoencoder.Training(settings, data, (1,), torch.device("cpu"))
    images = data.take(training.batches(0))
    before = float(training.loss(images).detach())
    training.advance()
    assert float(training.loss(images).detach()) < 0.8 * before


def test_a_replica_that_diverges_is_a_result_and_its_neighbour_goes_on(make_job, blobs, monkeypatch) -> None:
    values = NET | {"units": "relu", "start": "he"}
    straight = autoencoder.run(make_job(values=values, seeds=(4,), datasets=blobs))
    differentiate = Flat.differentiate

    def broken(flat: Flat, loss: torch.Tensor) -> None:
        differentiate(flat, loss)
        if len(flat.weights) == 2:
            flat.gradients[0] = float("nan")

    monkeypatch.setattr(Flat, "differentiate", broken)
    result = autoencoder.run(make_job(values=values, seeds=(3, 4), datasets=blobs))
    assert result.status == {3: "diverged at update 2", 4: "completed"}
    assert [name for _, name, _ in rows_of(result, 3)][-1] == "diverged" and "3/shown" not in result.arrays
    assert rows_of(result, 4) == rows_of(straight, 4)


@pytest.mark.parametrize("method", ["pca", "logistic-pca"])
def test_linear_codes_are_of_the_autoencoders_images(make_job, blobs, method: str) -> None:
    values = {"method": method, "code": 3, "side": 8, "train_images": 96, "sweeps": 4}
    result = reconstruction.run(make_job(values=values, seeds=(1, 2), datasets=blobs))
    assert {name for _, name, _ in rows_of(result, 1)} == reconstruction.Settings(**values).metrics()
    assert rows_of(result, 2) == rows_of(reconstruction.run(make_job(values=values, seeds=(2,), datasets=blobs)), 2) != rows_of(result, 1)
    data = Data(make_job(datasets=blobs), 8, None, torch.device("cpu"))
    if method == "pca":
        test = data.test_NP.double()
        known = (pca(data.take(part(200, 96, 2)).double(), test, 3) - test).square().sum(1).mean()
        assert rows_of(result, 2)[0][2] == pytest.approx(float(known), rel=1e-12)
    assert result.arrays["1/reconstructed"].shape == (10, 64)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"units": "relu", "start": "rbm"}, "'units' must be 'sigmoid'"),
        ({"start": "rbm", "pretraining": 0}, "'pretraining' must be at least 1"),
        ({"train_images": 20}, "'train_images' must be at least the size of a batch"),
        ({"hidden": [32, 0]}, "'hidden' must be at least 1"),
        ({"lr": 0.0}, "'lr' must be above 0"),
    ],
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        autoencoder.Settings(**NET | {"units": "sigmoid", "start": "xavier"} | wrong)


def test_more_images_than_there_are_cannot_be_drawn(make_job, blobs) -> None:
    with pytest.raises(UserError, match="201 images are to be drawn from 200"):
        autoencoder.run(make_job(values=NET | {"units": "relu", "start": "he", "train_images": 201}, datasets=blobs))
