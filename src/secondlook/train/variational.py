"""The parts of a variational bound, as pure functions: a Gaussian code, its distance to the prior, and the likelihood of an image.

Each sums over the last axis (a sum over the code's or the image's coordinates, not a mean: a mean would weigh the two terms of the bound
against each other by their sizes) and keeps all others, so that the mean over the batch is the caller's; everything is in nats.
Shapes: ... any leading axes (replicas, batch, draws), Z code, D pixels.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F


def reparameterise(mean_Z: torch.Tensor, log_variance_Z: torch.Tensor, noise_Z: torch.Tensor) -> torch.Tensor:
    """Return mean + standard deviation * noise (Kingma & Welling 2013, section 2.4): a draw that gradients pass through.

    Args:
        mean_Z: means [..., Z].
        log_variance_Z: logarithms of the variances [..., Z].
        noise_Z: draws from N(0, I) [..., Z].
    """
    return mean_Z + (0.5 * log_variance_Z).exp() * noise_Z


def kl_to_standard_normal(mean_Z: torch.Tensor, log_variance_Z: torch.Tensor) -> torch.Tensor:
    """Return KL(N(mean, variance) || N(0, I)), [...], not negative (Kingma & Welling 2013, Appendix B, with the sign turned)."""
    return 0.5 * (mean_Z.square() + log_variance_Z.exp() - 1 - log_variance_Z).sum(-1)


def normal_log_density(x_Z: torch.Tensor, mean_Z: torch.Tensor | float = 0.0, log_variance_Z: torch.Tensor | float = 0.0) -> torch.Tensor:
    """Return log N(x; mean, variance) with a diagonal covariance, [...]; by default of N(0, I)."""
    log_variance_Z = torch.as_tensor(log_variance_Z, dtype=x_Z.dtype, device=x_Z.device)
    return -0.5 * ((x_Z - mean_Z).square() * (-log_variance_Z).exp() + log_variance_Z + math.log(2 * math.pi)).sum(-1)


def bernoulli_log_likelihood(logits_D: torch.Tensor, pixels_D: torch.Tensor) -> torch.Tensor:
    """Return log p(x | z) of pixels in [0, 1], [...] (Kingma & Welling 2013, Appendix C.1).

    The decoder's output is taken before the sigmoid. Pixels that are not 0 or 1 count as probabilities of white: the value is then the
    expected log-likelihood of images that are drawn from them, not a likelihood.
    """
    return -F.binary_cross_entropy_with_logits(logits_D, pixels_D, reduction="none").sum(-1)
