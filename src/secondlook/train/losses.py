"""The losses of adversarial games, as pure functions of the discriminator's output before any squashing (its logit).

Each takes outputs [..., B], a batch of B last, and returns its mean over the batch, [...]: one loss per replica. Both players minimise.
Shapes: B batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from secondlook.errors import UserError, did_you_mean


@dataclass(frozen=True)
class AdversarialLoss:
    """A pair of losses."""

    #: (outputs on real data, outputs on fakes) -> what the discriminator minimises
    discriminator: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    #: outputs on fakes -> what the generator minimises
    generator: Callable[[torch.Tensor], torch.Tensor]
    #: output -> what the paper calls D(x): a probability where the discriminator classifies
    shown: Callable[[torch.Tensor], torch.Tensor]


def cross_entropy(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Return -E log D(x) - E log(1 - D(G(z))) with D = sigmoid of the output: minus V of Goodfellow et al. 2014, Eq. 1."""
    return F.softplus(-real).mean(-1) + F.softplus(fake).mean(-1)


def saturating(fake: torch.Tensor) -> torch.Tensor:
    """Return E log(1 - D(G(z))): the generator's part of Goodfellow et al. 2014, Eq. 1."""
    return -F.softplus(fake).mean(-1)


def non_saturating(fake: torch.Tensor) -> torch.Tensor:
    """Return -E log D(G(z)): Goodfellow et al. 2014, section 3, and their code."""
    return F.softplus(-fake).mean(-1)


def smoothed(real_target: float, fake_target: float = 0.0) -> AdversarialLoss:
    """Return the non-saturating pair with D's targets smoothed (Salimans et al. 2016, section 3.4).

    D minimises the cross-entropy with the targets alpha on data and beta on fakes, one-sided where beta is 0; its best value is then
    (alpha p_d + beta p_g) / (p_d + p_g).
    """

    def discriminator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        on_real = real_target * F.softplus(-real) + (1 - real_target) * F.softplus(real)
        on_fake = fake_target * F.softplus(-fake) + (1 - fake_target) * F.softplus(fake)
        return on_real.mean(-1) + on_fake.mean(-1)

    return AdversarialLoss(discriminator, non_saturating, shown=torch.sigmoid)


def least_squares(a: float, b: float, c: float) -> AdversarialLoss:
    """Return the pair of Mao et al. 2017, section 3.2: D aims at ``a`` on fakes and ``b`` on real data, G at ``c``; half the squared error.

    The square is of each output, then the mean is taken; D has no sigmoid.
    """

    def discriminator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        return 0.5 * (real - b).square().mean(-1) + 0.5 * (fake - a).square().mean(-1)

    def generator(fake: torch.Tensor) -> torch.Tensor:
        return 0.5 * (fake - c).square().mean(-1)

    return AdversarialLoss(discriminator, generator, shown=_as_it_is)


def critic(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Return E f(G(z)) - E f(x): minus the estimate of W, Arjovsky et al. 2017, Eq. 3. The critic is high on real data."""
    return fake.mean(-1) - real.mean(-1)


def against_critic(fake: torch.Tensor) -> torch.Tensor:
    """Return -E f(G(z)): Arjovsky et al. 2017, Theorem 3 and Algorithm 1."""
    return -fake.mean(-1)


def _as_it_is(output: torch.Tensor) -> torch.Tensor:
    return output


#: the names that protocols use; least squares by its targets a, b, c
LOSSES = {
    "minimax": AdversarialLoss(cross_entropy, saturating, shown=torch.sigmoid),
    "non-saturating": AdversarialLoss(cross_entropy, non_saturating, shown=torch.sigmoid),
    "ls-0-1-1": least_squares(a=0.0, b=1.0, c=1.0),
    "ls-neg1-1-0": least_squares(a=-1.0, b=1.0, c=0.0),
    "wasserstein": AdversarialLoss(critic, against_critic, shown=_as_it_is),
}


def adversarial_loss(name: str) -> AdversarialLoss:
    """Return the pair of losses of that name.

    Raises:
        UserError: there is no such pair.
    """
    if name not in LOSSES:
        raise UserError(f"unknown loss '{name}'; known: {', '.join(LOSSES)}.{did_you_mean(name, LOSSES)}")
    return LOSSES[name]
