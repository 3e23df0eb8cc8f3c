"""Data, schedule and update rule against the Keras example that they follow, written out."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from secondlook.errors import UserError
from secondlook.papers.chen2019 import training
from secondlook.papers.chen2019.training import Centre, Training, add_early, augmented, factor, optimizer
from secondlook.runner.job import History
from secondlook.train.streams import torch_generator


def settings(**more) -> Training:
    return Training(**{"lr": 1e-3, "epochs": 200, "batch": 32} | more)


def keras(epoch: int) -> float:
    """lr_schedule of cifar10_resnet.py, over its start."""
    for above, then in ((180, 0.5e-3), (160, 1e-3), (120, 1e-2), (80, 1e-1)):
        if epoch > above:
            return then
    return 1.0


def test_the_schedule_is_that_of_the_keras_example() -> None:
    assert [factor(settings(), epoch) for epoch in range(200)] == [keras(epoch) for epoch in range(200)]


def test_the_short_schedule_cuts_once_after_60_percent() -> None:
    assert [factor(settings(schedule="once", epochs=5), epoch) for epoch in range(5)] == [1, 1, 1, 1, 0.1]


@pytest.mark.parametrize("rule", ["adam", "sgd"])
def test_an_update_is_that_of_the_penalised_loss(rule: str) -> None:
    """The penalty 1e-2 times the squared convolution weights, differentiated by autograd, in double precision."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2)).double()
    twin, images = copy.deepcopy(net), torch.randn(4, 2, 4, 4).double()
    ours = optimizer(settings(optimizer=rule, weight_decay=1e-2, lr=0.1), list(net.parameters()))
    state = [(torch.zeros_like(w), torch.zeros_like(w)) for w in twin.parameters()]
    for step in (1, 2, 3):
        ours.zero_grad()
        net(images).square().sum().backward()
        ours.step()
        loss = twin(images).square().sum() + 1e-2 * twin[0].weight.square().sum()
        gradients = torch.autograd.grad(loss, list(twin.parameters()))
        with torch.no_grad():
            for weight, gradient, (m, v) in zip(twin.parameters(), gradients, state, strict=True):
                if rule == "sgd":
                    m.mul_(0.9).add_(gradient)
                    weight -= 0.1 * m
                else:  # Keras: lr_t = lr sqrt(1 - b2^t) / (1 - b1^t); w -= lr_t m / (sqrt(v) + 1e-7)
                    m.mul_(0.9).add_(0.1 * gradient)
                    v.mul_(0.999).add_(0.001 * gradient**2)
                    weight -= 0.1 * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step) * m / (v.sqrt() + 1e-7)
    for weight, expected in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(weight, expected)


def test_pixels_are_centred_by_the_mean_of_each_pixel() -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 3, 8, 8), np.uint8)
    expected = images / 255 - (images / 255).mean(0)
    np.testing.assert_allclose(Centre(torch.from_numpy(images))(torch.from_numpy(images)), expected, atol=1e-6)


def test_shifts_are_those_of_padding_by_the_edge_and_a_crop() -> None:
    """Each image must be one of the 2 x 7 x 7 that a flip, an edge padding of three pixels and a crop give; all shifts occur."""
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (400, 3, 32, 32), np.uint8))
    found = augmented("shift", images, torch_generator(0, "augment"))
    assert found.shape == images.shape and found.dtype == torch.uint8
    seen = set()
    for image, moved in zip(images.numpy(), found.numpy(), strict=True):
        matches = []
        for flipped in (False, True):
            padded = np.pad(image[:, :, ::-1] if flipped else image, ((0, 0), (3, 3), (3, 3)), mode="edge")
            matches += [(flipped, y, x) for y in range(7) for x in range(7) if np.array_equal(padded[:, y : y + 32, x : x + 32], moved)]
        assert len(matches) == 1
        seen |= set(matches)
    assert {y for _, y, _ in seen} == {x for _, _, x in seen} == set(range(7))
    assert {flipped for flipped, _, _ in seen} == {False, True}


def test_half_of_the_images_are_mirrored() -> None:
    images = torch.arange(2000 * 4, dtype=torch.int64).remainder(251).to(torch.uint8).reshape(2000, 1, 1, 4)
    found = augmented("flip", images, torch_generator(0, "augment"))
    mirrored = (found == images.flip(3)).all(3) & ~(found == images).all(3)
    assert float(mirrored.double().mean()) == pytest.approx(0.5, abs=0.04)
    assert torch.equal(augmented("none", images, torch_generator(0, "augment")), images)


def test_speed_and_stability_of_the_first_epochs() -> None:
    history = History()
    for epoch, error in enumerate((80.0, 70.0, 75.0, 60.0, 62.0), 1):
        history.add(7, epoch, probe_error=error)
    history.add(7, 9, test_error=50.0)
    history.add(8, 1, probe_error=80.0)
    history.add(8, 2, diverged=1.0)
    add_early(history, 5)
    assert [row for row in history.rows if row[2].startswith("early")] == [(7, 9, "early_error", 69.4), (7, 9, "early_rises", 7.0)]


def test_a_data_set_that_the_experiment_does_not_name_is_refused(make_job) -> None:
    with pytest.raises(UserError, match="'cifar100'"):
        training.make_task(make_job(), settings(dataset="cifar100"), nn.Identity, lambda _: {}, torch.device("cpu"))
