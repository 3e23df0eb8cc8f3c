import math

import numpy as np
import pytest
import torch
from scipy.stats import gaussian_kde, multivariate_normal

from secondlook.metrics import parzen
from secondlook.metrics.parzen import choose_sigma, parzen_log_likelihood
from secondlook.train.streams import torch_generator


def points(count: int, size: int, draw: int) -> torch.Tensor:
    return torch.randn(count, size, generator=torch_generator(0, "eval", draw))


def test_against_scipys_kernel_density() -> None:
    samples, there = points(300, 3, 0).double(), points(50, 3, 1).double()
    kde = gaussian_kde(samples.numpy().T, bw_method=0.4)
    # scipy's kernel has the samples' covariance; whitening turns it into a round one of width 0.4
    whiten = np.linalg.inv(np.linalg.cholesky(np.cov(samples.numpy(), rowvar=False))).T
    found = parzen_log_likelihood(samples @ torch.from_numpy(whiten), there @ torch.from_numpy(whiten), 0.4)
    expected = kde.logpdf(there.numpy().T) - np.linalg.slogdet(whiten)[1]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)


def test_one_sample_is_a_gaussian() -> None:
    sample, there = points(1, 5, 0), points(8, 5, 1)
    expected = multivariate_normal(sample[0].double().numpy(), 0.3**2).logpdf(there.double().numpy())
    np.testing.assert_allclose(parzen_log_likelihood(sample, there, 0.3).numpy(), expected, rtol=1e-12)


def test_brute_force_in_many_dimensions_over_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, there = points(64, 784, 0).sigmoid(), points(23, 784, 1).sigmoid()
    whole = parzen_log_likelihood(samples, there, 0.1)
    monkeypatch.setattr(parzen, "BLOCK", 5)
    assert whole.shape == (23,) and whole.dtype == torch.float64
    torch.testing.assert_close(parzen_log_likelihood(samples, there, 0.1), whole, rtol=1e-12, atol=0)
    squares = (there.double()[:, None] - samples.double()).square().sum(2)
    expected = (-squares / 0.02).logsumexp(1) - math.log(64) - 784 * math.log(0.1 * math.sqrt(2 * math.pi))
    torch.testing.assert_close(whole, expected, rtol=1e-9, atol=0)


def test_a_sample_among_the_points_at_a_tiny_sigma() -> None:
    samples = points(10, 784, 0)
    expected = -math.log(10) - 784 * math.log(1e-3 * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(parzen_log_likelihood(samples, samples, 1e-3).numpy(), expected, rtol=1e-6)


def test_sigma_is_chosen_by_the_mean_over_validation() -> None:
    samples, validation = points(2000, 1, 0), points(500, 1, 1)
    sigmas = np.logspace(-2, 1, 10)
    means = [float(parzen_log_likelihood(samples, validation, sigma).mean()) for sigma in sigmas]
    chosen = choose_sigma(samples, validation, sigmas)
    assert chosen == sigmas[int(np.argmax(means))]
    assert 0.05 < chosen < 0.7  # Silverman's rule: 0.23
