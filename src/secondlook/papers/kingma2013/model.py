"""The model of the paper and its recognition model, R of them, and what is measured of them.

Both have one hidden layer. A code of independent standard normal numbers is decoded to the logits of independent pixels; the encoder
gives mean and variance of a Gaussian over codes (Appendix C). Shapes: R replicas, B batch or images, P pixels, Z code, K draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

from secondlook.nets.mlp import Initialise, StackedMLP, torch_default
from secondlook.train.variational import bernoulli_log_likelihood, kl_to_standard_normal, normal_log_density, reparameterise

Units = Literal["tanh", "relu"]
Start = Literal["normal", "uniform"]
ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu}
#: standard deviation of the initial weights and biases, N(0, 0.01) in the paper
WIDTH = 0.1
#: a latent counts as active where its posterior mean varies by more than this over the images (Burda et al. 2016)
ACTIVE = 0.01


def _normal(weight_IO: torch.Tensor, bias_O: torch.Tensor, generator: torch.Generator) -> None:
    weight_IO.normal_(0, WIDTH, generator=generator)
    bias_O.normal_(0, WIDTH, generator=generator)


STARTS: dict[Start, Initialise] = {"normal": _normal, "uniform": torch_default}


class Model(nn.Module):
    """R pairs of a decoder and an encoder.

    Args:
        pixels: pixels of an image.
        hidden: hidden units of each net.
        latents: numbers of a code.
        units: what hidden units compute.
        start: how weights and biases begin: "normal" as in the paper, "uniform" as torch.nn.Linear's.
        generators: one a replica, which its weights are drawn from.
    """

    def __init__(self, pixels: int, hidden: int, latents: int, units: Units, start: Start, generators: Sequence[torch.Generator]) -> None:
        super().__init__()
        activation, fill = ACTIVATIONS[units], STARTS[start]
        self.encoder = StackedMLP([pixels, hidden, 2 * latents], generators, activation=activation, initialise=fill, shape=(2 * latents,))
        self.decoder = StackedMLP([latents, hidden, pixels], generators, activation=activation, initialise=fill, shape=(pixels,))

    def encode(self, images_RBP: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and logarithm of the variance of the codes, [R, B, Z] each."""
        mean_RBZ, log_variance_RBZ = self.encoder(images_RBP).chunk(2, dim=-1)
        return mean_RBZ, log_variance_RBZ

    def bound(self, images_RBP: torch.Tensor, noise_RBZ: torch.Tensor) -> torch.Tensor:
        """Return the lower bound of log p(x), [R, B], with one draw of each code (eq. 10)."""
        mean_RBZ, log_variance_RBZ = self.encode(images_RBP)
        logits_RBP = self.decoder(reparameterise(mean_RBZ, log_variance_RBZ, noise_RBZ))
        return bernoulli_log_likelihood(logits_RBP, images_RBP) - kl_to_standard_normal(mean_RBZ, log_variance_RBZ)

    def wake(self, images_RBP: torch.Tensor, noise_RBZ: torch.Tensor) -> torch.Tensor:
        """Return log p(x|z), [R, B], of images and codes that the encoder draws; it trains the decoder alone."""
        with torch.no_grad():
            codes_RBZ = reparameterise(*self.encode(images_RBP), noise_RBZ)
        return bernoulli_log_likelihood(self.decoder(codes_RBZ), images_RBP)

    def sleep(self, codes_RBZ: torch.Tensor, uniform_RBP: torch.Tensor) -> torch.Tensor:
        """Return log q(z|x), [R, B], of codes from the prior and images that the decoder draws; it trains the encoder alone."""
        with torch.no_grad():
            dreams_RBP = (self.decoder(codes_RBZ).sigmoid() > uniform_RBP).to(codes_RBZ.dtype)
        return normal_log_density(codes_RBZ, *self.encode(dreams_RBP))

    def log_likelihood(self, images_RBP: torch.Tensor, noise_KRBZ: torch.Tensor) -> torch.Tensor:
        """Return an estimate of log p(x), [R, B], by importance sampling from the encoder.

        On average it is too low, less so with more draws; with one draw it is the bound.
        """
        mean_RBZ, log_variance_RBZ = self.encode(images_RBP)
        weights = []
        for noise_RBZ in noise_KRBZ:
            codes_RBZ = reparameterise(mean_RBZ, log_variance_RBZ, noise_RBZ)
            joint_RB = bernoulli_log_likelihood(self.decoder(codes_RBZ), images_RBP) + normal_log_density(codes_RBZ)
            weights.append(joint_RB - normal_log_density(codes_RBZ, mean_RBZ, log_variance_RBZ))
        return torch.stack(weights).logsumexp(0) - math.log(len(weights))

    def active_units(self, images_RBP: torch.Tensor) -> list[int]:
        """Return how many numbers of the code say anything about these images, for each replica."""
        means_RBZ = self.encode(images_RBP)[0].double()
        return [int((means_BZ.var(0) > ACTIVE).sum()) for means_BZ in means_RBZ]
