import math

import numpy as np
import pytest
import torch

from secondlook.errors import UserError
from secondlook.papers.wilson2017 import c1
from secondlook.papers.wilson2017.c1 import Preprocess, Settings, flip_half, split, step_size


def images(count: int = 6, side: int = 12) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, side, side), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def provider_lua(batch: np.ndarray, train: np.ndarray) -> np.ndarray:
    """provider.lua of cifar.torch written out pixel by pixel, in double precision."""
    kernel = np.array([math.exp(-(((i - 4) / (0.25 * 7)) ** 2) / 2) for i in range(1, 8)])
    kernel /= kernel.sum()

    def yuv(rgb):
        r, g, b = rgb.astype(float)
        return np.stack([0.299 * r + 0.587 * g + 0.114 * b, -0.14713 * r - 0.28886 * g + 0.436 * b, 0.615 * r - 0.51499 * g - 0.10001 * b])

    def blur(plane):
        height, width = plane.shape
        out = np.zeros_like(plane)
        for y in range(height):
            for x in range(width):
                for dy in range(-3, 4):
                    for dx in range(-3, 4):
                        if 0 <= y + dy < height and 0 <= x + dx < width:
                            out[y, x] += kernel[dy + 3] * kernel[dx + 3] * plane[y + dy, x + dx]
        return out

    chroma = np.stack([yuv(image)[1:] for image in train])
    means, deviations = chroma.mean((0, 2, 3)), chroma.std((0, 2, 3), ddof=1)
    results = []
    for image in batch:
        y, u, v = yuv(image)
        inside = blur(np.ones_like(y))
        centred = y - blur(y) / inside
        local = np.sqrt(blur(centred**2)) / inside
        results.append(
            np.stack([centred / np.where(local > 1e-4, local, 1e-4), (u - means[0]) / deviations[0], (v - means[1]) / deviations[1]])
        )
    return np.stack(results)


def test_preprocessing_is_that_of_provider_lua() -> None:
    data = images()
    ours = Preprocess(data)(data[:3]).double().numpy()
    assert np.abs(ours - provider_lua(data[:3].numpy(), data.numpy())).max() < 2e-4


def test_a_flat_image_does_not_blow_up() -> None:
    flat = torch.full((1, 3, 12, 12), 100, dtype=torch.uint8)
    assert Preprocess(images())(flat)[:, 0].abs().max() < 1.0  # rounding over the threshold of 1e-4, not noise over noise


def test_preprocessing_an_image_does_not_depend_on_its_batch() -> None:
    data = images()
    prepare = Preprocess(data)
    torch.testing.assert_close(prepare(data)[2:3], prepare(data[2:3]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("count", [2, 7, 128])
def test_exactly_half_of_a_batch_is_flipped(count: int) -> None:
    batch = torch.arange(count * 3 * 2 * 2).view(count, 3, 2, 2)
    flipped = flip_half(batch, torch.Generator().manual_seed(3))
    changed = (flipped != batch).flatten(1).any(1)
    assert int(changed.sum()) == count // 2
    assert torch.equal(flipped[changed], batch[changed].flip(3))
    assert not torch.equal(flip_half(batch, torch.Generator().manual_seed(4)), flipped) or count == 2


def test_step_size_halves_at_the_start_of_every_25th_epoch_counted_from_one() -> None:
    settings = Settings(optimizer="sgd", lr=1.0, epochs=250, decay_per_update=0.0)
    sizes = [step_size(settings, epoch, 0) for epoch in range(250)]
    assert sizes[:24] == [1.0] * 24
    assert sizes[24:49] == [0.5] * 25
    assert sizes[49] == 0.25
    assert sizes[249] == 0.5**10
    assert step_size(Settings(optimizer="adam", lr=0.001, epochs=9, halve_every=0), 8, 0) == 0.001
    worn = Settings(optimizer="sgd", lr=1.0, epochs=1)
    assert step_size(worn, 0, 97_500) == pytest.approx(1 / 1.00975, rel=1e-12)


def test_smaller_images_are_averages() -> None:
    pixels = np.zeros((2, 3, 32, 32), np.uint8)
    pixels[0, 0, :2, :2] = [[10, 20], [30, 41]]
    small = split(pixels, np.array([3, 4], np.uint8), 2, 16, torch.device("cpu"))
    assert small.images_NCHW.shape == (2, 3, 16, 16)
    assert small.images_NCHW.dtype == torch.uint8
    assert int(small.images_NCHW[0, 0, 0, 0]) == 25
    assert small.labels_N.tolist() == [3, 4]
    assert len(split(pixels, np.array([3, 4], np.uint8), 1, 32, torch.device("cpu")).labels_N) == 1


@pytest.fixture
def cifar(monkeypatch) -> None:
    """Random images in CIFAR-10's layout, in place of the file."""
    generator = np.random.default_rng(0)

    def load(*_):
        counts = {"train": 96, "test": 40}
        return {f"{part}_images": generator.integers(0, 256, (n, 3, 32, 32), np.uint8) for part, n in counts.items()} | {
            f"{part}_labels": generator.integers(0, 10, n).astype(np.uint8) for part, n in counts.items()
        }

    monkeypatch.setattr(c1, "load", load)


VALUES = {"epochs": 2, "halve_every": 2, "batch": 32, "width": 0.0625, "side": 8, "lr": 0.01}


@pytest.mark.parametrize("optimizer", ["sgd", "heavy_ball", "adagrad", "rmsprop", "adam"])
def test_a_run_measures_every_epoch(make_job, cifar, optimizer: str) -> None:
    result = c1.run(make_job(values=VALUES | {"optimizer": optimizer}, seeds=(0, 1), datasets={"cifar10": ("", "")}))
    assert result.status == {0: "completed", 1: "completed"}
    assert {(replica, step) for replica, step, _, _ in result.history.rows} == {(0, 3), (0, 6), (1, 3), (1, 6)}
    measured = {metric: value for replica, step, metric, value in result.history.rows if (replica, step) == (1, 6)}
    assert set(measured) == Settings(**VALUES | {"optimizer": optimizer}).metrics()
    assert measured["lr"] == pytest.approx(0.005, rel=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "'epochs' must be at least 1, got 0"),
        ({"train_images": 31}, "'batch' must be at most 'train_images', got batch 32 and train_images 31"),
        ({"halve_every": -1}, "'halve_every' must be at least 0, got -1"),
        ({"dropout": 2.5}, "'dropout' must be from 0 to 2, got 2.5"),
        ({"width": 0.0}, "'width' must be above 0, got 0.0"),
        ({"eps": 1e-8}, "'eps': sgd has no epsilon, got 1e-08"),
    ],
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Settings(**VALUES | {"optimizer": "sgd"} | wrong)


@pytest.mark.parametrize("form", ["none", "coupled", "decoupled"])
def test_forms_of_weight_decay_are_three_computations(make_job, cifar, form: str) -> None:
    optimizers = []

    def note(rule, parameters, lr, weight_decay, eps):
        optimizers.append(weight_decay)
        return torch.optim.SGD(parameters, lr=lr, weight_decay=weight_decay)

    values = VALUES | {"optimizer": "sgd", "weight_decay_form": form, "weight_decay": 0.1}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(c1, "build", note)
        decayed = []
        patch.setattr("secondlook.train.supervised.decay_weights", lambda _, factor: decayed.append(factor))
        c1.run(make_job(values=values, datasets={"cifar10": ("", "")}))
    assert optimizers == [0.1 if form == "coupled" else 0.0]
    assert len(decayed) == (6 if form == "decoupled" else 0)
    assert all(factor == pytest.approx(1 - 0.1 * 0.01, rel=1e-2) for factor in decayed)


def test_random_labels_are_drawn_once_and_leave_the_test_set_alone(make_job, cifar, monkeypatch) -> None:
    seen = []

    def note(job, make_task):
        task = make_task(torch.device("cpu"))
        seen.append((task.train.labels_N, task.test.labels_N))

    monkeypatch.setattr(c1, "train_supervised", note)
    for random_labels in (False, True, True):
        monkeypatch.setattr(c1, "load", lambda *_: ARRAYS)
        c1.run(make_job(values=VALUES | {"optimizer": "sgd", "random_labels": random_labels}, datasets={"cifar10": ("", "")}))
    (plain, tested), (drawn, tested_too), (again, _) = seen
    assert torch.equal(drawn, again)
    assert torch.equal(tested, tested_too)
    assert float((plain == drawn).double().mean()) < 0.3


ARRAYS = {
    f"{part}_{name}": np.random.default_rng(0).integers(
        0, 10 if name == "labels" else 256, (64, 3, 32, 32) if name == "images" else 64, np.uint8
    )
    for part in ("train", "test")
    for name in ("images", "labels")
}
