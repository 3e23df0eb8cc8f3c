"""The Parzen estimate of kept samples, against a density written out."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from secondlook.data.load import load
from secondlook.errors import UserError
from secondlook.figures.data import FigureData
from secondlook.papers.goodfellow2014 import parzen
from secondlook.papers.goodfellow2014.figures import parzen as parzen_figure
from secondlook.runner.job import Result
from secondlook.tables.read import snapshot

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

    def estimate(samples: np.ndarray) -> tuple[float, np.ndarray]:
        means = {sigma: density(samples, train[30:], sigma).mean() for sigma in np.logspace(-1, 0, 4)}
        sigma = max(means, key=means.get)
        return sigma, density(samples, test, sigma)

    rows: dict = {}
    for replica, step, metric, value in parzen.run(make()).history.rows:
        rows.setdefault((replica, step), {})[metric] = value
    assert set(rows) == {(3, 1), (3, 2), (4, 1), (4, 2)}
    for (seed, draw), found in rows.items():
        sigma, values = estimate(kept[f"{seed}/samples"][8 * (draw - 1) : 8 * draw].reshape(-1, 256) / 255)
        assert found["parzen_sigma"] == pytest.approx(sigma)
        assert found["parzen_draw"] == pytest.approx(values.mean(), rel=1e-9)
        assert found["parzen_se"] == pytest.approx(values.std() / math.sqrt(len(values)), rel=1e-9)
        assert ("parzen" in found) == ("parzen_ceiling" in found) == (draw == 2)
    assert set(rows[3, 2]) == parzen.Settings(**VALUES).metrics()
    sigma, values = estimate(train[:8])
    assert rows[3, 2]["parzen_ceiling"] == rows[4, 2]["parzen_ceiling"] == pytest.approx(values.mean(), rel=1e-9)
    assert rows[3, 2]["parzen_ceiling_sigma"] == pytest.approx(sigma)


def collected(result: Result) -> pd.DataFrame:
    return pd.DataFrame(result.history.rows, columns=["replica", "step", "metric", "value"])


def test_the_final_value_is_the_mean_over_draws_with_their_spread(job) -> None:
    table = collected(parzen.run(job[0]()))
    final = snapshot(table)
    for seed in (3, 4):
        first, second = table[(table["replica"] == seed) & (table["metric"] == "parzen_draw")]["value"]
        assert first != second
        assert final.loc[seed, "parzen"] == pytest.approx((first + second) / 2)
        assert final.loc[seed, "parzen_spread"] == pytest.approx(abs(first - second) / math.sqrt(2))


def test_the_figure_shows_every_draw_the_spread_sigma_and_the_ceiling(job) -> None:
    table = collected(parzen.run(job[0]()))
    table.loc[(table["replica"] == 4) & (table["step"] == 2) & (table["metric"] == "parzen_sigma"), "value"] = 0.999
    figure = parzen_figure.draw(FigureData({"parzen": table}, {"G5": {"reported": {"text": "225 ± 2", "value": 225.0}}}))
    figure.canvas.draw()
    (axis,) = figure.axes
    final = snapshot(table)
    heights = [np.asarray(line.get_ydata(), dtype=float).tolist() for line in axis.lines]
    assert [final["parzen_ceiling"].iloc[0]] * 2 in heights
    assert [225.0, 225.0] in heights
    assert final["parzen"].tolist() in heights
    for seed in (3, 4):
        assert table[(table["replica"] == seed) & (table["metric"] == "parzen_draw")]["value"].tolist() in heights
    (bars,) = (each.lines[2][0] for each in axis.containers)
    lengths = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
    assert lengths == pytest.approx((2 * final["parzen_spread"]).tolist())
    said = [text.get_text() for text in axis.texts]
    assert sum(text.startswith("sigma ") for text in said) == 2
    assert any("1.00" in text for text in said)
    assert any("training images" in text and "sigma" in text for text in said)
    plt.close(figure)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"draws": 1}, "'draws' must be at least 2, got 1"),
        ({"sigmas": 0}, "'sigmas' must be at least 1, got 0"),
        ({"samples": 31}, "'samples' must be at most 'train_images', got samples 31 and train_images 30"),
    ],
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parzen.Settings(**VALUES | wrong)


def test_too_few_samples_are_refused(job) -> None:
    with pytest.raises(UserError, match=r"3 draws of 8 samples asked for.*kept 20; raise 'keep'"):
        parzen.run(job[0](values=VALUES | {"draws": 3}))
