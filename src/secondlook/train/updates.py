"""Update rules over explicit gradients: torch.optim's own arithmetic without its classes.

A game has two nets, and each step must touch one of them alone; so gradients are asked for by name (`torch.autograd.grad`) and handed
over, and no ``.grad`` field is ever filled. The functional forms also spare a job the import of torch._dynamo, which the first
torch.optim object triggers and which takes longer than many of our toy trainings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

Tensors = Sequence[torch.Tensor]


class Rule(Protocol):
    """An update rule and its constants."""

    #: names of what it remembers of each parameter
    slots: ClassVar[tuple[str, ...]]
    #: what all of that starts from
    start: ClassVar[float]

    def apply(self, parameters: Tensors, gradients: Tensors, slots: Mapping[str, Tensors], counts: Tensors, done: int) -> None:
        """Update ``parameters`` and ``slots`` in place; ``counts`` are the updates done, as tensors that torch advances itself."""


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba 2015; the default betas are theirs, GANs usually take beta1 = 0.5 (Radford et al. 2016)."""

    lr: float
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    #: updates after which the step size falls in a straight line, and those at which it is 0; None: it stays as it is
    decay: tuple[int, int] | None = None
    slots: ClassVar[tuple[str, ...]] = ("mean", "square")
    start: ClassVar[float] = 0.0

    def step_size(self, done: int) -> float:
        """Step size of the update that follows ``done`` others."""
        if self.decay is None:
            return self.lr
        start, end = self.decay
        return self.lr * min(1.0, max(0.0, (end - done) / (end - start)))

    def apply(self, parameters: Tensors, gradients: Tensors, slots: Mapping[str, Tensors], counts: Tensors, done: int) -> None:
        """Do one update, in one kernel per tensor where that gives a replica the same bits as alone."""
        everything = list(zip(parameters, gradients, slots["mean"], slots["square"], counts, strict=True))
        for fused in (True, False):
            if chosen := [each for each in everything if _may_fuse(each[0]) == fused]:
                weights, slopes, means, squares, done_before = map(list, zip(*chosen, strict=True))
                adam(
                    weights,
                    slopes,
                    means,
                    squares,
                    [],
                    done_before,
                    foreach=False,
                    fused=fused,
                    amsgrad=False,
                    beta1=self.beta1,
                    beta2=self.beta2,
                    lr=self.step_size(done),
                    weight_decay=0.0,
                    eps=self.eps,
                    maximize=False,
                )


def _may_fuse(parameter: torch.Tensor) -> bool:
    """Whether torch's fused Adam gives each row of [R, ...] the bits that it would have alone.

    On a CPU it computes whole vector registers, of 16 numbers at most, and rounds the rest of a tensor in another way.
    """
    return parameter.is_cuda or parameter.shape[1:].numel() % 16 == 0


@dataclass(frozen=True)
class RMSProp:
    """Tieleman & Hinton 2012 as torch has it: the gradient over root(v) + eps, v a running mean of squares that starts at 0."""

    lr: float
    alpha: float = 0.99
    eps: float = 1e-8
    slots: ClassVar[tuple[str, ...]] = ("square",)
    start: ClassVar[float] = 0.0

    def apply(self, parameters: Tensors, gradients: Tensors, slots: Mapping[str, Tensors], counts: Tensors, done: int) -> None:
        """Do one update."""
        rmsprop(
            list(parameters),
            list(gradients),
            list(slots["square"]),
            [],
            [],
            list(counts),
            lr=self.lr,
            alpha=self.alpha,
            eps=self.eps,
            weight_decay=0.0,
            momentum=0.0,
            centered=False,
        )


@dataclass(frozen=True)
class TensorFlowRMSProp:
    """The same as tf.train.RMSPropOptimizer has it: the gradient over root(v + eps), v a running mean of squares that starts at 1.

    Its first hundred steps are far shorter where gradients are small, and root(eps) = 1e-5 bounds what a gradient is divided by.
    """

    lr: float
    alpha: float = 0.9
    eps: float = 1e-10
    slots: ClassVar[tuple[str, ...]] = ("square",)
    start: ClassVar[float] = 1.0

    def apply(self, parameters: Tensors, gradients: Tensors, slots: Mapping[str, Tensors], counts: Tensors, done: int) -> None:
        """Do one update."""
        for parameter, gradient, square in zip(parameters, gradients, slots["square"], strict=True):
            square.mul_(self.alpha).addcmul_(gradient, gradient, value=1 - self.alpha)
            parameter.addcdiv_(gradient, (square + self.eps).sqrt_(), value=-self.lr)


@dataclass(frozen=True)
class SGD:
    """Gradient descent with momentum, v <- momentum v + g; both constants may follow the schedules of goodfeli/adversarial (pylearn2)."""

    lr: float
    momentum: float = 0.0
    #: the step size is divided by this after every update, down to ``lr_least``
    lr_divisor: float = 1.0
    lr_least: float = 0.0
    #: the momentum moves in a straight line to this over ``momentum_updates``
    momentum_end: float | None = None
    momentum_updates: int = 1
    slots: ClassVar[tuple[str, ...]] = ("velocity",)
    start: ClassVar[float] = 0.0

    def constants(self, done: int) -> tuple[float, float]:
        """Step size and momentum of the update that follows ``done`` others."""
        lr = max(self.lr / self.lr_divisor**done, self.lr_least)
        end = self.momentum if self.momentum_end is None else self.momentum_end
        return lr, self.momentum + (end - self.momentum) * min(1.0, done / self.momentum_updates)

    def apply(self, parameters: Tensors, gradients: Tensors, slots: Mapping[str, Tensors], counts: Tensors, done: int) -> None:
        """Do one update."""
        lr, momentum = self.constants(done)
        sgd(
            list(parameters),
            list(gradients),
            list(slots["velocity"]),
            weight_decay=0.0,
            momentum=momentum,
            lr=lr,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )


class Updater:
    """A rule at work on the parameters of one net."""

    def __init__(self, rule: Rule, parameters: Tensors) -> None:
        self.rule, self.parameters, self.done = rule, list(parameters), 0
        self._slots = {name: [torch.full_like(parameter, rule.start) for parameter in self.parameters] for name in rule.slots}
        self._counts = [torch.zeros((), dtype=torch.float32, device=parameter.device) for parameter in self.parameters]

    @torch.no_grad()
    def step(self, gradients: Tensors) -> None:
        """Do one update with one gradient per parameter."""
        self.rule.apply(self.parameters, gradients, self._slots, self._counts, self.done)
        self.done += 1

    def tensors(self) -> dict[str, torch.Tensor]:
        """What a checkpoint must keep, besides `done`; copies of nothing."""
        return {f"{index}/{name}": slot for name, slots in self._slots.items() for index, slot in enumerate(slots)}

    def load(self, tensors: Mapping[str, torch.Tensor], done: int) -> None:
        """Put back what `tensors` and `done` gave."""
        for name, slots in self._slots.items():
            for index, slot in enumerate(slots):
                slot.copy_(tensors[f"{index}/{name}"])
        for count in self._counts:
            count.fill_(done)
        self.done = done
