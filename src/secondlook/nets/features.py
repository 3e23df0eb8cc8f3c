"""A discriminator whose features others may look at: a body that makes features, and a head that judges them.

Shapes: R replicas, B batch, A features, K classes.
"""

from __future__ import annotations

import torch
from torch import nn


class FeatureDiscriminator(nn.Module):
    """Samples [R, B, ...] -> outputs [R, B]; with K > 1 classes these say real or fake, and `logits` which class.

    With K classes and one more for fakes, whose logit is 0, D(x) = Z / (Z + 1), Z the sum of exp of the K logits (Salimans et al. 2016,
    section 5): the sigmoid of log Z. So log Z is the output; with a single logit it is that logit.

    Args:
        body: samples -> f, [R, B, A].
        head: f -> logits [R, B, K].
    """

    def __init__(self, body: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.body, self.head = body, head

    def features(self, samples: torch.Tensor) -> torch.Tensor:
        """Return f, [R, B, A]."""
        return self.body(samples)

    def logits(self, samples: torch.Tensor) -> torch.Tensor:
        """Return the logits of the K classes, [R, B, K]."""
        return self.head(self.body(samples))

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        """Return log Z, [R, B]."""
        logits = self.logits(samples)
        return logits[..., 0] if logits.shape[-1] == 1 else logits.logsumexp(-1)


def feature_gap(real_RBA: torch.Tensor, fake_RBA: torch.Tensor) -> torch.Tensor:
    """Return ||E f(x) - E f(G(z))||_2^2 of two batches (Salimans et al. 2016, section 3.1), [R]."""
    return (real_RBA.mean(1) - fake_RBA.mean(1)).square().sum(-1)


def absolute_feature_gap(real_RBA: torch.Tensor, fake_RBA: torch.Tensor) -> torch.Tensor:
    """Return the mean of abs(E f(x) - E f(G(z))), as the released code has it on CIFAR-10 and SVHN, [R]."""
    return (real_RBA.mean(1) - fake_RBA.mean(1)).abs().mean(-1)
