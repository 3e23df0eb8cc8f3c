"""The update rules of Wilson et al. 2017 on nets whose weights all lie in one buffer: a few kernels an update, whatever the net.

The rules are those of `secondlook.train.optimizers`, Torch 7's definitions; here each is a few lines over [R, P], and no torch.optim object
is made, whose import takes longer than many of our trainings. A replica's numbers are the same bits alone and among others, since
every operation is elementwise and rows are padded to whole vector registers.
Shapes: R replicas, P weights of a replica with padding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn

from secondlook.train.optimizers import DEFAULT_EPS, RuleName, WeightDecayForm

#: a row holds a multiple of so many numbers: a CPU may round what is left over after whole registers in another way
ROW = 64


class Flat:
    """All weights of a net as one buffer [R, P], which the net's parameters become views of, and a buffer for their gradients.

    Args:
        parameters: of a stacked net, each [R, ...].
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.parameters = list(parameters)
        replicas, device = len(self.parameters[0]), self.parameters[0].device
        #: weights of one replica, without padding
        self.count = sum(parameter[0].numel() for parameter in self.parameters)
        self.weights = torch.zeros(replicas, -(-self.count // ROW) * ROW, device=device)
        self.gradients = torch.zeros_like(self.weights)
        start = 0
        for parameter in self.parameters:
            size = parameter[0].numel()
            view = self.weights[:, start : start + size].view(parameter.shape)
            parameter.data = view.copy_(parameter.detach())
            start += size

    def differentiate(self, loss: torch.Tensor) -> None:
        """Fill the buffer of gradients with those of ``loss``, a sum over replicas."""
        slopes = torch.autograd.grad(loss, self.parameters)
        torch.cat([slope.flatten(1) for slope in slopes], dim=1, out=self.gradients[:, : self.count])


class FlatRule:
    """An update rule at work on a net's buffers.

    Args:
        rule: its name.
        flat: the net.
        eps: replaces the rule's own epsilon (`secondlook.train.optimizers.DEFAULT_EPS`).
        weight_decay: factor of the weights that is added to the gradient (coupled), or taken off them directly (decoupled).
        form: which of the two.
    """

    def __init__(
        self, rule: RuleName, flat: Flat, eps: float | None = None, weight_decay: float = 0.0, form: WeightDecayForm = "coupled"
    ) -> None:
        self.rule, self.flat, self.weight_decay, self.decoupled = rule, flat, weight_decay, form == "decoupled"
        self.eps = DEFAULT_EPS.get(rule, 0.0) if eps is None else eps
        self.updates = 0
        self.first, self.second = torch.zeros_like(flat.weights), torch.zeros_like(flat.weights)

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Do one update with the gradients that `Flat.differentiate` found."""
        w, g, m, v = self.flat.weights, self.flat.gradients, self.first, self.second
        self.updates += 1
        if self.weight_decay and self.decoupled:
            w.mul_(1 - lr * self.weight_decay)
        elif self.weight_decay:
            g.add_(w, alpha=self.weight_decay)
        match self.rule:
            case "sgd":
                w.add_(g, alpha=-lr)
            case "heavy_ball":
                if self.updates == 1:
                    m.copy_(g)
                else:
                    m.mul_(0.9).add_(g, alpha=0.1)
                w.add_(m, alpha=-lr)
            case "adagrad":
                v.addcmul_(g, g)
                w.addcdiv_(g, v.sqrt().add_(self.eps), value=-lr)
            case "rmsprop":
                v.mul_(0.99).addcmul_(g, g, value=0.01)
                w.addcdiv_(g, v.sqrt().add_(self.eps), value=-lr)
            case "adam":
                m.mul_(0.9).add_(g, alpha=0.1)
                v.mul_(0.999).addcmul_(g, g, value=0.001)
                corrected = lr * math.sqrt(1 - 0.999**self.updates) / (1 - 0.9**self.updates)
                w.addcdiv_(m, v.sqrt().add_(self.eps), value=-corrected)
