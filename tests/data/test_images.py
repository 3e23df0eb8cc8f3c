from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from tiny_data import matlab_bytes

from secondlook.data import images as images_module
from secondlook.data.fingerprint import fingerprint
from secondlook.data.images import load_images, resized
from secondlook.errors import UserError


def random_images(count: int, channels: int, side: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, channels, side, side), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


@pytest.mark.parametrize(("native", "side"), [(28, 28), (32, 32)])
def test_their_own_side_changes_nothing(native: int, side: int) -> None:
    images = random_images(2, 1, native)
    assert torch.equal(resized(images, side), images)


@pytest.mark.parametrize("native", [28, 32])
@pytest.mark.parametrize("side", [16, 8])
def test_smaller_images_are_block_averages(native: int, side: int) -> None:
    images = random_images(3, 3, native)
    padded = np.pad(images.numpy(), ((0, 0), (0, 0), *[((32 - native) // 2,) * 2] * 2)).astype(np.float64)
    block = 32 // side
    expected = padded.reshape(3, 3, side, block, side, block).mean((3, 5)).round().astype(np.uint8)
    small = resized(images, side)
    assert small.dtype == torch.uint8
    assert np.array_equal(small.numpy(), expected)


def test_28_pixels_become_32_by_a_black_frame() -> None:
    images = random_images(2, 1, 28)
    framed = resized(images, 32)
    assert framed.shape == (2, 1, 32, 32)
    assert torch.equal(framed[:, :, 2:30, 2:30], images)
    assert int(framed.sum()) == int(images.sum())


def test_64_pixels_are_interpolated() -> None:
    images = random_images(2, 3, 32)
    large = resized(images, 64)
    assert large.shape == (2, 3, 64, 64)
    # pixel centres: the second of a pair lies a quarter of the way to the next pixel
    both = images.double()[0, 0, 10:12]
    mixed = 0.75 * (0.75 * both[0, 4] + 0.25 * both[0, 5]) + 0.25 * (0.75 * both[1, 4] + 0.25 * both[1, 5])
    assert abs(int(large[0, 0, 21, 9]) - float(mixed)) <= 0.5
    assert resized(random_images(1, 1, 28), 64).shape == (1, 1, 64, 64)


def test_chunks_do_not_matter(monkeypatch) -> None:
    images = random_images(7, 1, 28)
    whole = {side: resized(images, side) for side in (16, 64)}
    monkeypatch.setattr(images_module, "CHUNK", 3)
    assert all(torch.equal(resized(images, side), whole[side]) for side in whole)


@pytest.mark.parametrize(("native", "side"), [(32, 28), (28, 14), (32, 48)])
def test_sides_that_do_not_divide_are_refused(native: int, side: int) -> None:
    with pytest.raises(UserError, match=f"images of {native} pixels cannot have {side}"):
        resized(random_images(1, 1, native), side)


@pytest.fixture
def job(make_job, tmp_path: Path):
    generator = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 9), ("test", 4)):
        arrays[f"{part}_images"] = generator.integers(0, 256, (count, 1, 28, 28), np.uint8)
        arrays[f"{part}_labels"] = generator.integers(0, 10, count).astype(np.uint8)
    save_file(arrays, tmp_path / "mnist.safetensors")
    return make_job(datasets={"mnist": (tmp_path / "mnist.safetensors", fingerprint(arrays))}), arrays


def test_images_and_labels_of_a_split(job) -> None:
    job, arrays = job
    images, labels = load_images(job, "mnist", "test", 28)
    assert np.array_equal(images.numpy(), arrays["test_images"])
    assert labels.dtype == torch.int64
    assert labels.tolist() == arrays["test_labels"].tolist()
    images, labels = load_images(job, "mnist", "train", 16, 5)
    assert torch.equal(images, resized(torch.from_numpy(arrays["train_images"][:5]), 16))
    assert labels.tolist() == arrays["train_labels"][:5].tolist()


def test_more_images_than_there_are(job) -> None:
    with pytest.raises(UserError, match="10 train images asked for; mnist has 9"):
        load_images(job[0], "mnist", "train", 28, 10)


def test_a_data_set_that_the_experiment_does_not_name(job) -> None:
    with pytest.raises(UserError, match="toy/toy: its settings ask for 'cifar10'"):
        load_images(job[0], "cifar10", "train", 32)


def test_records_hold_coarse_label_fine_label_and_image() -> None:
    images = random_images(4, 3, 32).numpy()
    records = np.concatenate([np.full((4, 1), 9, np.uint8), np.arange(4, dtype=np.uint8)[:, None] + 90, images.reshape(4, -1)], 1)
    found, labels = images_module.images_and_labels({"train_records": records}, "train")
    assert np.array_equal(found, images)
    assert labels.tolist() == [90, 91, 92, 93]


def test_matlab_files_hold_images_from_rows_to_numbers_and_10_for_0() -> None:
    images = random_images(5, 3, 32).numpy()
    labels = np.array([10, 1, 9, 5, 10], np.uint8)
    # as SVHN's: rows, columns, colours, images; asymmetric in all four
    files = {
        "train_mat": matlab_bytes(images.transpose(2, 3, 1, 0), labels),
        "test_mat": matlab_bytes(images[:2].transpose(2, 3, 1, 0), labels[:2]),
    }
    found, digits = images_module.images_and_labels(files, "train")
    assert found.dtype == digits.dtype == np.uint8 and found.flags.c_contiguous
    assert np.array_equal(found, images)
    assert digits.tolist() == [0, 1, 9, 5, 0]
    assert np.array_equal(images_module.images_and_labels(files, "test")[0], images[:2])
