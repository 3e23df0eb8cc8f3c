import numpy as np
import pytest
import torch

from secondlook.data.mixtures import MAKERS, grid25, mixture, ring, ring_as_coded
from secondlook.errors import UserError
from secondlook.train.streams import torch_generator


def test_ring_is_eight_equal_modes_on_the_unit_circle() -> None:
    made = ring()
    assert made.centres.shape == (8, 2) and made.std == 0.01
    np.testing.assert_allclose(np.linalg.norm(made.centres, axis=1), 1)
    gaps = np.linalg.norm(made.centres - np.roll(made.centres, 1, axis=0), axis=1)
    np.testing.assert_allclose(gaps, 2 * np.sin(np.pi / 8))
    np.testing.assert_array_equal(made.weights, 1 / 8)


def test_ring_as_coded_is_what_lsgans_nine_modes_amount_to() -> None:
    angles = np.linspace(0, 2 * np.pi, 9)
    coded = np.stack([np.sin(angles), np.cos(angles)], 1)
    made = ring_as_coded()
    distances = np.linalg.norm(coded[:, None] - made.centres, axis=2)
    shares = np.bincount(distances.argmin(1), minlength=8) / 9
    assert distances.min(1).max() < 1e-12
    np.testing.assert_allclose(made.weights, shares)
    assert made.weights[0] == pytest.approx(2 / 9) and made.std == 0.01


def test_grid_is_that_of_gan_toy() -> None:
    made = grid25()
    coded = [(2 * x / 2.828, 2 * y / 2.828) for x in range(-2, 3) for y in range(-2, 3)]
    np.testing.assert_allclose(made.centres, coded)
    assert made.std == pytest.approx(0.05 / 2.828)
    variance = made.weights @ made.centres**2 + made.std**2
    np.testing.assert_allclose(variance, 1, atol=1e-3)  # what the division by 2.828 is for


@pytest.mark.parametrize("name", MAKERS)
def test_samples_have_the_mixtures_shares_and_spread(name: str) -> None:
    made, count = mixture(name), 100_000
    assert made.name == name and made.weights.sum() == pytest.approx(1)
    points = made.sample(count, torch_generator(0, "data"))
    assert points.shape == (count, 2) and points.dtype == torch.float32
    offsets = points.double().numpy()[:, None] - made.centres
    nearest = np.linalg.norm(offsets, axis=2).argmin(1)
    shares = np.bincount(nearest, minlength=len(made.weights)) / count
    np.testing.assert_allclose(shares, made.weights, atol=5 * np.sqrt(made.weights.max() / count))
    noise = offsets[np.arange(count), nearest] / made.std
    np.testing.assert_allclose(noise.mean(0), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(noise, rowvar=False), np.eye(2), atol=0.03)


def test_samples_follow_the_generator() -> None:
    first, again, other = (ring().sample(50, torch_generator(0, "data", draw)) for draw in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown mixture 'grid_25'\. Did you mean 'grid25'\?"):
        mixture("grid_25")
