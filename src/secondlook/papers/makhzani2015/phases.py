"""The phases of a minibatch in the paper's order, and what a group of replicas in training is.

Section 2: first the reconstruction phase, encoder and decoder by the error of reconstruction; then the regularisation phase, first the
discriminator, which tells draws of the prior from codes, then the encoder, which confuses it. Section 5 adds a third phase, in which
labelled images are classified. Gradients are asked for by parameter, so that a phase cannot touch what is not its own.
Shapes: R replicas, B batch, Z coordinates of a code, D pixels, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from secondlook.train import checkpoint
from secondlook.train.discriminator import discriminate
from secondlook.train.losses import AdversarialLoss
from secondlook.train.resumable import TOLD_TO_END
from secondlook.train.streams import seed_default, torch_generator
from secondlook.train.updates import Rule, Updater


class Adversary:
    """A discriminator of a part of the code, and its update rule."""

    def __init__(self, net: nn.Module, rule: Rule) -> None:
        self.net, self.updater = net, Updater(rule, list(net.parameters()))


def descend(loss_R: torch.Tensor, updater: Updater) -> torch.Tensor:
    """Do one step down the sum of the replicas' losses, on the updater's own parameters; return the losses [R], detached."""
    updater.step(torch.autograd.grad(loss_R.sum(), updater.parameters))
    return loss_R.detach()


def regularise(
    adversaries: Sequence[Adversary],
    draws: Sequence[torch.Tensor],
    codes: Sequence[torch.Tensor],
    encoder: Updater,
    loss: AdversarialLoss,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Do the regularisation phase.

    Args:
        adversaries: one for each part of the code that has a prior.
        draws: of its prior, [R, B, ...] each.
        codes: that part of the images' codes, [R, B, ...] each, with the graph that leads to the encoder.
        encoder: updater of the encoder's parameters alone.
        loss: what both minimise.

    Returns:
        The discriminators' loss and the encoder's, each summed over the adversaries, [R], detached.
    """
    d_losses = [
        descend(discriminate(adversary.net, draw, code.detach(), loss)[0], adversary.updater)
        for adversary, draw, code in zip(adversaries, draws, codes, strict=True)
    ]
    confusion = [loss.generator(adversary.net(code)) for adversary, code in zip(adversaries, codes, strict=True)]
    return torch.stack(d_losses).sum(0), descend(torch.stack(confusion).sum(0), encoder)


def classify(logits_RBK: torch.Tensor, labels_RB: torch.Tensor, encoder: Updater) -> torch.Tensor:
    """Do the semi-supervised classification phase: a step of the encoder down the cross-entropy of labelled images; return it [R]."""
    losses_RB = F.cross_entropy(logits_RBK.flatten(0, 1), labels_RB.flatten(), reduction="none").view(labels_RB.shape)
    return descend(losses_RB.mean(-1), encoder)


class Batches:
    """Numbers of the training images in each replica's minibatches: a fresh order each epoch, the incomplete last batch dropped."""

    def __init__(self, images: int, batch: int, seeds: Sequence[int], device: torch.device, stream: str = "order") -> None:
        self.images, self.batch, self.seeds, self.device, self.stream = images, batch, tuple(seeds), device, stream
        self._order: tuple[int, torch.Tensor] | None = None

    def __call__(self, draw: int) -> torch.Tensor:
        """Return the numbers [R, B] of minibatch ``draw``, from 0."""
        epoch, place = divmod(draw, self.images // self.batch)
        if self._order is None or self._order[0] != epoch:
            generators = [torch_generator(seed, self.stream, epoch, device=self.device) for seed in self.seeds]
            orders = [torch.randperm(self.images, generator=generator, device=self.device) for generator in generators]
            self._order = epoch, torch.stack(orders)
        return self._order[1][:, place * self.batch : (place + 1) * self.batch]


class Phased:
    """Replicas in training: nets and updaters by name, and the losses since the last look. What a minibatch does is a subclass's.

    Args:
        seeds: one replica a seed.
        nets: name -> net.
        updaters: name -> updater.
        losses: what a minibatch's `phases` gives, in that order.
        device: where all that lies.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        nets: Mapping[str, nn.Module],
        updaters: Mapping[str, Updater],
        losses: Sequence[str],
        device: torch.device,
    ) -> None:
        self.seeds, self.losses, self.device = tuple(seeds), tuple(losses), device
        self.nets, self.updaters = dict(nets), dict(updaters)
        self.step = self._count = 0
        self.alive = list(seeds)
        self._sums = torch.zeros(len(losses), len(self.seeds), dtype=torch.float64, device=device)

    def phases(self, step: int) -> Sequence[torch.Tensor]:
        """Do all phases of minibatch ``step``, from 0, and return the losses, [R] each."""
        raise NotImplementedError

    def advance(self, stop: int) -> None:
        """Do minibatches up to ``stop``, or up to the one in which the process is told to end."""
        for net in self.nets.values():
            net.train()
        while self.step < stop:
            if len(self.seeds) == 1:  # a replica that trains alone may drop units, by draws of the default generator
                seed_default(self.seeds[0], "dropout", self.step, device=self.device)
            self._sums += torch.stack(list(self.phases(self.step)))
            self.step += 1
            self._count += 1
            if TOLD_TO_END.is_set():
                return

    def rows(self) -> dict[int, dict[str, float]]:
        """Seed -> mean losses since the last call; the count begins anew."""
        means = (self._sums / max(self._count, 1)).tolist()
        self._sums.zero_()
        self._count = 0
        return {seed: {name: means[place][replica] for place, name in enumerate(self.losses)} for replica, seed in enumerate(self.seeds)}

    def find_diverged(self) -> list[int]:
        """Seeds whose losses or weights are no longer finite since the last look."""
        finite = self._sums.isfinite().all(0)
        for net in self.nets.values():
            for parameter in net.parameters():
                finite &= parameter.detach().flatten(1).isfinite().all(1)
        lost = [seed for replica, seed in enumerate(self.seeds) if seed in self.alive and not bool(finite[replica])]
        self.alive = [seed for seed in self.alive if seed not in lost]
        return lost

    def _parts(self) -> dict[str, Mapping[str, torch.Tensor]]:
        nets = {f"net {name}": net.state_dict() for name, net in self.nets.items()}
        updaters = {f"updater {name}": updater.tensors() for name, updater in self.updaters.items()}
        return {**nets, **updaters, "numbers": {"sums": self._sums}}

    def tensors(self) -> dict[str, torch.Tensor]:
        """All tensors of the group, for a checkpoint."""
        return checkpoint.join(self._parts())

    def state(self) -> dict[str, Any]:
        """All else, as plain JSON."""
        done = {name: updater.done for name, updater in self.updaters.items()}
        return {"step": self.step, "count": self._count, "alive": self.alive, "done": done}

    def load(self, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> None:
        """Put back what `tensors` and `state` gave."""
        for name, net in self.nets.items():
            net.load_state_dict(checkpoint.part(tensors, f"net {name}"))
        for name, updater in self.updaters.items():
            updater.load(checkpoint.part(tensors, f"updater {name}"), state["done"][name])
        self._sums.copy_(checkpoint.part(tensors, "numbers")["sums"])
        self.step, self._count, self.alive = state["step"], state["count"], list(state["alive"])
