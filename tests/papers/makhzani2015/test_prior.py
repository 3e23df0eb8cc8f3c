"""What is measured of the three models."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from secondlook.metrics.parzen import parzen_log_likelihood
from secondlook.nets.mlp import StackedMLP
from secondlook.papers.makhzani2015 import prior as module
from secondlook.papers.makhzani2015.generation import Frechet, Parzen
from secondlook.papers.makhzani2015.prior import components, distances, fitted_codes, whitened
from secondlook.papers.makhzani2015.priors import gaussian, mixture
from secondlook.papers.makhzani2015.training import Images
from secondlook.papers.makhzani2015.trio import Trained
from secondlook.runner.job import Result

CPU = torch.device("cpu")
MEASURED = {"samples": 40, "reference_images": 100}


def last(result: Result, seed: int) -> dict[str, float]:
    return {metric: value for replica, _, metric, value in result.history.rows if replica == seed}


@pytest.mark.parametrize(
    "more",
    [
        {"model": "ae"},
        {"model": "vae", "prior": "mixture"},
        {"model": "aae", "samples": 0},
        {"model": "aae", "code": 5, "held_out": 60, "parzen_samples": 50, "records": 2},
    ],
)
def test_a_run_writes_its_metrics(job, more: dict) -> None:
    made = job(**{**MEASURED, **more})
    result = module.run(made)
    assert set(last(result, 4)) == made.settings(module.Settings).metrics()
    assert all(math.isfinite(value) for value in last(result, 4).values())
    assert {name.partition("/")[0] for name in result.arrays} <= {"3"}, "of the first seed alone"
    assert ("3/codes" in result.arrays) == (more.get("code", 2) == 2)
    losses = [step for replica, step, metric, _ in result.history.rows if (replica, metric) == (4, "kl")]
    assert losses == ([2, 5] if "records" in more else [5])


def test_what_is_used_to_generate_is_the_control_of_a_plain_one_and_the_prior_of_the_others(job) -> None:
    for model, kind in (("ae", "_fitted"), ("vae", ""), ("aae", "")):
        found = last(module.run(job(model=model, held_out=60, parzen_samples=50, **MEASURED)), 3)
        assert found["fid_a_used"] == found[f"fid_a{kind}"] and found["log_fid_a_used"] == math.log(found["fid_a_used"])
        assert found["parzen_used"] == found[f"parzen{kind}"]
        assert found["minus_fid_b"] == -found["fid_b"] and found["minus_mmd"] == -found["mmd"]
        assert (found["kl"] > 0) == (model == "vae") and (found["d_loss"] > 0) == (model == "aae")


def made_up(codes: int = 2) -> Trained:
    """An encoder and a decoder with random weights."""
    generators = [torch.Generator().manual_seed(0)]
    return Trained(StackedMLP([16, codes], generators, shape=(codes,)), StackedMLP([codes, 16], generators, shape=(16,)), variational=False)


def images(count: int = 3000) -> Images:
    draw = torch.Generator().manual_seed(1)
    pixels, labels = torch.randint(256, (count, 16), generator=draw, dtype=torch.uint8), torch.randint(10, (count,), generator=draw)
    return Images(pixels, labels, pixels[:100], labels[:100], pixels[:500], labels[:500])


def test_the_fitted_gaussian_has_mean_and_covariance_of_the_codes() -> None:
    one, data = made_up(), images()
    codes, _ = one.code(data.train_ND, torch.Generator())
    draws = fitted_codes(one, 3, data, 50_000)
    torch.testing.assert_close(draws.mean(0), codes.mean(0), rtol=0, atol=0.01)
    torch.testing.assert_close(draws.T.cov(), codes.T.cov(), rtol=0.05, atol=0.002)


def test_a_variational_code_is_drawn_with_its_own_variance() -> None:
    generators = [torch.Generator().manual_seed(0)]
    one = Trained(StackedMLP([16, 4], generators, shape=(4,)), StackedMLP([2, 16], generators, shape=(16,)), variational=True)
    image = images().train_ND[:1].expand(20_000, -1)
    codes, means = one.code(image, torch.Generator().manual_seed(5))
    outputs = one.encoder(image[None, :1].float() / 255)[0, 0]
    torch.testing.assert_close(means[0], outputs[:2])
    torch.testing.assert_close(codes.mean(0), outputs[:2], rtol=0, atol=0.03)
    torch.testing.assert_close(codes.var(0), outputs[2:].exp(), rtol=0.05, atol=0)


def test_whitened_codes_keep_their_shape_and_lose_place_and_size() -> None:
    codes = torch.randn(500, 2, generator=torch.Generator().manual_seed(0)) @ torch.tensor([[3.0, 1.0], [0.0, 0.2]]) + 7
    white = whitened(codes)
    torch.testing.assert_close(white.mean(0), torch.zeros(2).double(), rtol=0, atol=1e-9)
    torch.testing.assert_close(white.T.cov(), torch.eye(2).double(), rtol=0, atol=1e-6)
    torch.testing.assert_close(whitened(codes * 100 + 3), white, rtol=1e-3, atol=1e-3)


def test_distances_of_shifted_codes() -> None:
    """In the plane a shift by t has the sliced distance 2 t / pi; the shape is right."""
    prior, draw = gaussian(2, 1.0, CPU), [torch.Generator().manual_seed(seed) for seed in range(3)]
    codes, draws, others = (prior.sample(3000, generator) for generator in draw)
    far = distances(codes + torch.tensor([10.0, 0.0]), draws, others, prior, 3, 1.0)
    assert far["sliced_w"] == pytest.approx(20 / math.pi, rel=0.15)
    assert far["mmd"] > 0.8 and far["empty"] > 0.9 and far["shape_share"] < 0.02
    near = distances(codes, draws, others, prior, 3, 1.0)
    assert near["sliced_w"] < 0.1 and near["sliced_w_floor"] < 0.1 and abs(near["mmd"]) < 0.005
    assert near["empty"] < 0.01 and near["empty_floor"] < 0.01


def test_components_and_classes() -> None:
    prior, labels = mixture(1.0, CPU), torch.arange(10).repeat(20)
    at_own = prior.means_KZ[labels]
    assert components(at_own, labels, prior) == {"on_mode": 1.0, "purity": 1.0}
    assert components(prior.means_KZ[(labels + 1) % 10], labels, prior) == {"on_mode": 0.0, "purity": 1.0}
    assert components(prior.means_KZ[torch.zeros_like(labels)], labels, prior) == pytest.approx({"on_mode": 0.1, "purity": 0.1})


def test_the_parzen_estimate_is_the_direct_sum() -> None:
    """The mean log density of the test images, at the sigma that is best on the held-out ones."""
    data, samples = images(300), torch.rand(50, 16, generator=torch.Generator().manual_seed(2)).double()
    value, sigma = Parzen.on(data).of(samples)

    def direct(points: torch.Tensor, width: float) -> float:
        squares = ((points[:, None] - samples) ** 2).sum(2).numpy()
        densities = np.exp(-squares / (2 * width**2)).mean(1) / (width * math.sqrt(2 * math.pi)) ** 16
        return float(np.log(densities).mean())

    held_out, test = (pixels.double() / 255 for pixels in (data.held_out_ND, data.test_ND))
    best = max(np.logspace(-1, 0, 10), key=lambda width: direct(held_out, width))
    assert sigma == pytest.approx(best)
    assert value == pytest.approx(direct(test, sigma), rel=1e-6)
    assert value == pytest.approx(float(parzen_log_likelihood(samples, test, sigma).mean()), rel=1e-6)


def test_the_frechet_distance_does_not_mind_the_kind_of_numbers(job, sources) -> None:
    from secondlook.games.images import load_feature_nets
    from secondlook.papers.makhzani2015.training import load

    made = job(model="ae", **MEASURED)
    data = load(made, made.settings(module.Settings), CPU)
    frechet = Frechet(load_feature_nets(made, 1, 16, CPU)[0], data, 16, 60, 100)
    as_bytes = frechet.of(data.test_ND)
    assert as_bytes == frechet.of(data.test_ND.float() / 255)
    assert {f"fid_{net}_floor": value for net, value in as_bytes.items()} == frechet.floor
    assert frechet.of(data.train_ND[:100])["a"] == pytest.approx(0, abs=1e-6)
    assert set(frechet.of(data.test_ND, ("a",))) == {"a"}
