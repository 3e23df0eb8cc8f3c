"""The Parzen estimate of kept samples, against a density written out."""

import math

import numpy as np
import pytest
from safetensors.numpy import save_file

from secondlook.data.load import load
from secondlook.errors import UserError
from secondlook.papers.goodfellow2014 import parzen

VALUES = {"side": 16, "train_images": 30, "validation_images": 10, "samples": 8, "draws": 2, "sigmas": 4}


@pytest.fixture
def job(make_mnist_job, tmp_path):
    """A job whose input kept 20 samples of seed 3 and of seed 4."""
    kept = {f"{seed}/samples": np.random.default_rng(seed).integers(0, 256, (20, 1, 16, 16), dtype=np.uint8) for seed in (3, 4)}
    (tmp_path / "mnist").mkdir()
    save_file(kept, tmp_path / "mnist/arrays.safetensors")
    return lambda **fields: make_mnist_job(
        **{"values": VALUES, "seeds": (3, 4), "inputs": {"samples": (tmp_path / "mnist",)}} | fields
    ), kept


def density(samples: np.ndarray, points: np.ndarray, sigma: float) -> np.ndarray:
    """Log density of each point, one at a time."""
    size = samples.shape[1]
    found = []
    for point in points:
        exponents = -((point - samples) ** 2).sum(1) / (2 * sigma**2)
        top = exponents.max()
        found.append(top + math.log(np.exp(exponents - top).mean()) - size * math.log(sigma * math.sqrt(2 * math.pi)))
    return np.array(found)


def test_every_draw_is_the_official_estimate(job) -> None:
    make, kept = job
    images = load(*make().datasets["mnist"])
    train, test = (images[f"{split}_images"].reshape(-1, 256) / 255 for split in ("train", "test"))
    rows: dict = {}
    for replica, step, metric, value in parzen.run(make()).history.rows:
        rows.setdefault((replica, step), {})[metric] = value
    assert set(rows) == {(3, 1), (3, 2), (4, 1), (4, 2)}
    for (seed, draw), found in rows.items():
        for name, samples in (
            ("parzen", kept[f"{seed}/samples"][8 * (draw - 1) : 8 * draw].reshape(-1, 256) / 255),
            ("ceiling", train[:8]),
        ):
            means = {sigma: density(samples, train[30:], sigma).mean() for sigma in np.logspace(-1, 0, 4)}
            sigma = max(means, key=means.get)
            values = density(samples, test, sigma)
            assert found[f"{name}_sigma"] == pytest.approx(sigma)
            assert found[name] == pytest.approx(values.mean(), rel=1e-9)
            if name == "parzen":
                assert found["parzen_se"] == pytest.approx(values.std() / math.sqrt(len(values)), rel=1e-9)


def test_too_few_samples_are_refused(job) -> None:
    with pytest.raises(UserError, match=r"3 draws of 8 samples asked for.*kept 20; raise 'keep'"):
        parzen.run(job[0](values=VALUES | {"draws": 3}))
