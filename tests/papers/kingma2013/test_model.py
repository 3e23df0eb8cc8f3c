"""The model against torch.distributions, and its bound and likelihood against an integral that can be done."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from secondlook.papers.kingma2013.model import ACTIVE, STARTS, Model
from secondlook.train.flat import Flat


def model(pixels: int = 6, hidden: int = 32, latents: int = 2, units: str = "tanh", start: str = "uniform", replicas: int = 2) -> Model:
    return Model(pixels, hidden, latents, units, start, [torch.Generator().manual_seed(seed) for seed in range(replicas)]).double()


def images(replicas: int = 2, count: int = 5, pixels: int = 6) -> torch.Tensor:
    return torch.bernoulli(torch.full((replicas, count, pixels), 0.4), generator=torch.Generator().manual_seed(7)).double()


@pytest.mark.parametrize("latents", [3, 20, 200])
def test_the_papers_nets_have_so_many_parameters(latents: int) -> None:
    encoder = 784 * 500 + 500 + 2 * (500 * latents + latents)
    decoder = latents * 500 + 500 + 500 * 784 + 784
    assert Flat(model(784, 500, latents, replicas=1).parameters()).count == encoder + decoder


def test_pytorchs_example_has_as_many_parameters() -> None:
    """Its two layers for mean and log-variance are one of ours: their weights are drawn by the same law."""
    assert Flat(model(784, 400, 20, "relu", "uniform", 1).parameters()).count == 652_824


@pytest.mark.parametrize(("units", "function"), [("tanh", torch.tanh), ("relu", torch.relu)])
def test_both_nets_have_one_hidden_layer_of_these_units(units: str, function) -> None:
    made, x = model(units=units), images()
    for replica in range(2):
        first, last = made.encoder.layers
        hidden = function(x[replica] @ first.weight[replica] + first.bias[replica])
        outputs = hidden @ last.weight[replica] + last.bias[replica]
        mean, log_variance = made.encode(x)
        torch.testing.assert_close(mean[replica], outputs[:, :2])
        torch.testing.assert_close(log_variance[replica], outputs[:, 2:])


def test_the_start_of_the_paper() -> None:
    weight, bias = torch.empty(300, 200), torch.empty(2000)
    STARTS["normal"](weight, bias, torch.Generator().manual_seed(1))
    assert float(weight.var()) == pytest.approx(0.01, rel=0.03) and float(bias.var()) == pytest.approx(0.01, rel=0.1)


def test_the_bound_is_the_likelihood_of_one_draw_less_the_kl() -> None:
    made, x = model(), images()
    noise = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    mean, log_variance = made.encode(x)
    posterior = Normal(mean, log_variance.exp().sqrt())
    likelihood = Bernoulli(logits=made.decoder(mean + posterior.stddev * noise)).log_prob(x).sum(-1)
    kl = kl_divergence(posterior, Normal(torch.zeros_like(mean), torch.ones_like(mean))).sum(-1)
    torch.testing.assert_close(made.bound(x, noise), likelihood - kl)


def log_likelihoods(made: Model, x: torch.Tensor) -> torch.Tensor:
    """log p(x) with one latent number, by the trapezoidal rule."""
    z = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    logits = made.decoder(z[None, :, None].expand(len(x), -1, -1))
    joint = Bernoulli(logits=logits[:, None]).log_prob(x[:, :, None]).sum(-1) + Normal(0.0, 1.0).log_prob(z)
    return joint.logsumexp(-1) + math.log(float(z[1] - z[0]))


def test_the_mean_bound_lies_below_the_log_likelihood_and_more_draws_come_up_to_it() -> None:
    made = model(latents=1)
    with torch.no_grad():
        for parameter in made.decoder.parameters():
            parameter.mul_(3)
        x = images()
        known = log_likelihoods(made, x)
        noise = torch.randn(4000, 2, 5, 1, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        bound = torch.stack([made.bound(x, each) for each in noise]).mean(0)
        assert float((known - bound).min()) > 0.01
        torch.testing.assert_close(made.log_likelihood(x, noise), known, atol=0.02, rtol=0)
        few = torch.stack([made.log_likelihood(x, each) for each in noise.split(10)]).mean(0)
        assert bool((bound < few + 0.02).all()) and bool((few < known + 0.02).all())
        assert float((known - few).mean()) < float((known - bound).mean())


def test_sleep_is_the_density_of_the_dreamt_codes() -> None:
    made = model()
    codes = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    uniform = torch.rand(2, 5, 6, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    dreams = (uniform < made.decoder(codes).sigmoid()).double()
    mean, log_variance = made.encode(dreams)
    known = Independent(Normal(mean, (log_variance / 2).exp()), 1).log_prob(codes)
    torch.testing.assert_close(made.sleep(codes, uniform), known)


def test_dreams_are_draws_of_the_decoder() -> None:
    made, seen = model(replicas=1), []
    made.encode = lambda x: seen.append(x) or (torch.zeros(1, 4000, 2), torch.zeros(1, 4000, 2))  # type: ignore[method-assign]
    codes = torch.full((1, 4000, 2), 0.5, dtype=torch.float64)
    made.sleep(codes, torch.rand(1, 4000, 6, generator=torch.Generator().manual_seed(4), dtype=torch.float64))
    torch.testing.assert_close(seen[0].mean(1), made.decoder(codes)[:, 0].sigmoid().detach(), atol=0.03, rtol=0)


@pytest.mark.parametrize("phase", ["wake", "sleep"])
def test_each_half_of_wake_sleep_has_slopes_for_its_own_net_alone(phase: str) -> None:
    made = model()
    draw = torch.Generator().manual_seed(3)
    codes = torch.randn(2, 5, 2, generator=draw, dtype=torch.float64)
    uniform = torch.rand(2, 5, 6, generator=draw, dtype=torch.float64)
    value = made.wake(images(), codes) if phase == "wake" else made.sleep(codes, uniform)
    value.sum().backward()
    own, other = (made.decoder, made.encoder) if phase == "wake" else (made.encoder, made.decoder)
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in own.parameters())
    assert all(parameter.grad is None for parameter in other.parameters())


def test_wake_is_the_likelihood_of_what_the_encoder_draws() -> None:
    made, x = model(), images()
    noise = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    mean, log_variance = made.encode(x)
    known = Bernoulli(logits=made.decoder(mean + (log_variance / 2).exp() * noise)).log_prob(x).sum(-1)
    torch.testing.assert_close(made.wake(x, noise), known)


def test_a_latent_is_active_where_its_mean_varies() -> None:
    made = model(replicas=1)
    mean = torch.zeros(1, 200, 2)
    mean[0, :, 0] = 2 * math.sqrt(ACTIVE) * torch.randn(200, generator=torch.Generator().manual_seed(1)) + 5
    mean[0, :, 1] = 0.5 * math.sqrt(ACTIVE) * torch.randn(200, generator=torch.Generator().manual_seed(2)) + 5
    made.encode = lambda x: (mean, mean)  # type: ignore[method-assign]
    assert made.active_units(images(1)) == [1]
