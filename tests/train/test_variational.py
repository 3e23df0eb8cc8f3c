"""The parts of a variational bound against torch's own distributions, sums over draws, and slopes in closed form."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from secondlook.train.variational import bernoulli_log_likelihood, kl_to_standard_normal, normal_log_density, reparameterise


@pytest.fixture
def code() -> tuple[torch.Tensor, torch.Tensor]:
    """Means and log variances [replicas 2, batch 3, Z 4], float64."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, 4, generator=generator).double(), torch.randn(2, 3, 4, generator=generator).double()


def test_the_kl_is_torchs(code: tuple[torch.Tensor, torch.Tensor]) -> None:
    mean, log_variance = code
    theirs = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(kl_to_standard_normal(mean, log_variance), theirs, rtol=1e-12, atol=1e-12)


def test_the_kl_is_the_mean_over_draws(code: tuple[torch.Tensor, torch.Tensor]) -> None:
    mean, log_variance = code
    noise = torch.randn(40_000, *mean.shape, generator=torch.Generator().manual_seed(1)).double()
    z = reparameterise(mean, log_variance, noise)
    each = normal_log_density(z, mean, log_variance) - normal_log_density(z)
    error = each.std(0) / each.shape[0] ** 0.5
    assert ((each.mean(0) - kl_to_standard_normal(mean, log_variance)).abs() < 4.5 * error).all()


def test_the_kl_is_zero_at_the_prior_alone(code: tuple[torch.Tensor, torch.Tensor]) -> None:
    mean, log_variance = code
    assert (kl_to_standard_normal(mean, log_variance) > 0).all()
    assert (kl_to_standard_normal(0 * mean, 0 * log_variance) == 0).all()


def test_gradients_pass_through_a_draw(code: tuple[torch.Tensor, torch.Tensor]) -> None:
    """E z^2 = mean^2 + variance, whose slopes are known: 2 mean, and the variance with respect to its logarithm."""
    mean, log_variance = (part.requires_grad_() for part in code)
    noise = torch.randn(200_000, *mean.shape, generator=torch.Generator().manual_seed(2)).double()
    noise = torch.cat([noise, -noise])  # odd moments are then 0
    slopes = torch.autograd.grad(reparameterise(mean, log_variance, noise).square().mean(0).sum(), [mean, log_variance])
    torch.testing.assert_close(slopes[0], 2 * mean, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(slopes[1], log_variance.exp(), rtol=0.03, atol=0)


def test_the_density_is_torchs(code: tuple[torch.Tensor, torch.Tensor]) -> None:
    mean, log_variance = code
    x = mean.flip(0) + 0.3
    theirs = Normal(mean, (0.5 * log_variance).exp()).log_prob(x).sum(-1)
    torch.testing.assert_close(normal_log_density(x, mean, log_variance), theirs, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(normal_log_density(x), Normal(0.0, 1.0).log_prob(x).sum(-1), rtol=1e-6, atol=1e-6)


def test_the_likelihood_is_torchs_and_a_sum() -> None:
    logits = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(3)).double()
    pixels = (logits.flip(0) > 0).double()
    theirs = Bernoulli(logits=logits).log_prob(pixels).sum(-1)
    torch.testing.assert_close(bernoulli_log_likelihood(logits, pixels), theirs, rtol=1e-12, atol=1e-12)


def test_grey_pixels_count_as_probabilities() -> None:
    logits, grey = torch.tensor([[1.5, -0.5]]).double(), torch.tensor([[0.25, 0.5]]).double()
    white = torch.nn.functional.logsigmoid(logits)
    expected = (grey * white + (1 - grey) * torch.nn.functional.logsigmoid(-logits)).sum(-1)
    torch.testing.assert_close(bernoulli_log_likelihood(logits, grey), expected, rtol=1e-12, atol=1e-12)
