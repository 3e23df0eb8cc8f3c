"""One step of a discriminator or critic, and training one alone against a generator that stands still.

Shapes: R replicas, B batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import torch
from torch import nn

from secondlook.train.losses import AdversarialLoss
from secondlook.train.updates import Rule, Updater

Constraint = Callable[[Sequence[torch.Tensor]], None]


def discriminate(
    net: nn.Module, real: torch.Tensor, fake: torch.Tensor, loss: AdversarialLoss
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return loss [R], outputs on real data [R, B] and on fakes [R, B]; each batch passes the net by itself (own BatchNorm statistics)."""
    real_outputs, fake_outputs = net(real), net(fake)
    return loss.discriminator(real_outputs, fake_outputs), real_outputs, fake_outputs


def fit_discriminator(
    net: nn.Module,
    draw: Callable[[int], tuple[torch.Tensor, torch.Tensor]],
    loss: AdversarialLoss,
    rule: Rule,
    steps: int,
    *,
    after_step: Constraint | None = None,
    watched: Collection[int] = (),
    watch: Callable[[int], None] = lambda step: None,
) -> torch.Tensor:
    """Train ``net`` in place on fresh draws.

    Args:
        net: samples [R, B, ...] -> outputs [R, B].
        draw: number of the step, from 0 -> real and fake samples, [R, B, ...] each; no gradient is asked of them.
        loss: whose discriminator part is minimised.
        rule: the update rule.
        steps: updates.
        after_step: what is done to the weights after each update.
        watched: steps after which ``watch`` is called with their number; 0 is before the first.

    Returns:
        The loss of the last step, [R].
    """
    parameters = list(net.parameters())
    updater = Updater(rule, parameters)
    newest = torch.zeros(())
    if 0 in watched:
        watch(0)
    for step in range(steps):
        value, _, _ = discriminate(net, *draw(step), loss)
        updater.step(torch.autograd.grad(value.sum(), parameters))
        if after_step:
            after_step(parameters)
        newest = value.detach()
        if step + 1 in watched:
            watch(step + 1)
    return newest
