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
    penalty: Callable[[torch.Tensor, torch.Tensor, int], torch.Tensor] | None = None,
    before_step: Constraint | None = None,
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
        penalty: real samples, fakes, number of the step -> what is added to the loss, [R].
        before_step: what is done to the weights before each update, also before they see the batch.
        after_step: the same after it.
        watched: steps after which ``watch`` is called with their number; 0 is before the first.

    Returns:
        The loss of each step without the penalty, [steps, R].
    """
    parameters = list(net.parameters())
    updater = Updater(rule, parameters)
    losses = []
    if 0 in watched:
        watch(0)
    for step in range(steps):
        if before_step:
            before_step(parameters)
        real, fake = draw(step)
        value, _, _ = discriminate(net, real, fake, loss)
        losses.append(value.detach())
        if penalty:
            value = value + penalty(real, fake, step)
        updater.step(torch.autograd.grad(value.sum(), parameters))
        if after_step:
            after_step(parameters)
        if step + 1 in watched:
            watch(step + 1)
    return torch.stack(losses) if losses else torch.empty(0, 0)
