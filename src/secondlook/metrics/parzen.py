"""Log-likelihood under a Parzen window of samples: the number of Table 1 of Goodfellow et al. 2014.

It has a high variance, does poorly in many dimensions (their sec. 5) and can rank models wrongly: secondary evidence.
Source: goodfeli/adversarial @1720041, parzen_ll.py; MNIST pixels in [0, 1], 10,000 samples, sigma of logspace(-1, 0, 10) chosen on 1,000
validation images. Shapes: N samples, M points, D coordinates, S sigmas.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from secondlook.metrics.neighbours import squared_distances

#: points at a time: with 10,000 samples a block of distances takes 40 MB
BLOCK = 500


def parzen_log_likelihood(samples_ND: torch.Tensor, points_MD: torch.Tensor, sigma: float) -> torch.Tensor:
    """Return the log density [M], float64, at the points under equal Gaussians of standard deviation sigma at the samples."""
    return _log_likelihoods(samples_ND, points_MD, [sigma])[0]


def choose_sigma(samples_ND: torch.Tensor, validation_MD: torch.Tensor, sigmas: Sequence[float]) -> float:
    """Return the sigma with the largest mean log-likelihood of the validation points; the first one of equals."""
    means = _log_likelihoods(samples_ND, validation_MD, sigmas).mean(1)
    return float(sigmas[int(means.argmax())])


def _log_likelihoods(samples_ND: torch.Tensor, points_MD: torch.Tensor, sigmas: Sequence[float]) -> torch.Tensor:
    """Log densities [S, M]; the distances, which are the work, are computed once for all sigmas."""
    samples_ND = samples_ND.double()
    blocks = []
    for block_BD in points_MD.split(BLOCK):
        distances_BN = squared_distances(block_BD.double(), samples_ND)
        blocks.append(torch.stack([(distances_BN / (-2 * sigma**2)).logsumexp(1) for sigma in sigmas]))
    count, size = samples_ND.shape
    scales = [math.log(count) + size * math.log(sigma * math.sqrt(2 * math.pi)) for sigma in sigmas]
    likelihoods_SM = torch.cat(blocks, 1)
    return likelihoods_SM - likelihoods_SM.new_tensor(scales)[:, None]
