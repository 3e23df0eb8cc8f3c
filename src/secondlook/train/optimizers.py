"""The five update rules of Wilson et al. 2017 as Torch 7 (the paper's framework) defined them.

Four of them are `torch.optim`'s own, given the right arguments; Adam needs one line more. Source: torch/optim (Lua), commit a5ceed7c.

- heavy ball: ``optim.sgd`` sets ``dampening = momentum`` unless told otherwise, so v <- 0.9 v + 0.1 g (first v = g).
- AdaGrad: the accumulator starts at 0, the denominator is sqrt(G) + 1e-10.
- RMSProp: v <- 0.99 v + 0.01 g^2, denominator sqrt(v) + 1e-8.
- Adam: epsilon is added *before* the bias correction (see `Torch7Adam`).

All of them add ``weight_decay * w`` to the gradient (coupled L2).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

import torch

from secondlook.errors import UserError

RuleName = Literal["sgd", "heavy_ball", "adagrad", "rmsprop", "adam"]
WeightDecayForm = Literal["coupled", "decoupled", "none"]
#: epsilon of the rules that have one
DEFAULT_EPS = {"adagrad": 1e-10, "rmsprop": 1e-8, "adam": 1e-8}


class Torch7Adam(torch.optim.Adam):
    """Adam with Torch 7's placement of epsilon: w <- w - lr sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + eps).

    torch.optim.Adam divides by sqrt(v) / sqrt(1 - b2^t) + eps; both agree when its eps is eps / sqrt(1 - b2^t) at step t.
    """

    def __init__(self, params: Iterable[torch.Tensor], lr: float, eps: float = 1e-8, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr=lr, eps=eps, weight_decay=weight_decay)
        for group in self.param_groups:
            group["torch7_eps"], group["updates"] = eps, 0  # the update count lives in the group, so state_dict carries it

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override] # takes no closure
        """Do one update."""
        for group in self.param_groups:
            group["updates"] += 1
            group["eps"] = group["torch7_eps"] / math.sqrt(1 - group["betas"][1] ** group["updates"])
        super().step(closure)


def check_eps(rule: RuleName, eps: float | None) -> None:
    """Refuse an epsilon for a rule that has none (UserError)."""
    if eps is not None and rule not in DEFAULT_EPS:
        raise UserError(f"setting 'eps': {rule} has no epsilon, got {eps}; leave it out")


def build(
    rule: RuleName, parameters: Sequence[torch.Tensor], lr: float, weight_decay: float = 0.0, eps: float | None = None
) -> torch.optim.Optimizer:
    """Return the optimizer for ``rule`` with Torch 7's defaults.

    Args:
        eps: replaces the rule's own epsilon (`DEFAULT_EPS`); not for SGD and heavy ball.

    Raises:
        UserError: the rule has no epsilon, and one is given.
        ValueError: the rule is unknown.
    """
    check_eps(rule, eps)
    eps = DEFAULT_EPS.get(rule, 0.0) if eps is None else eps
    match rule:
        case "sgd":
            return torch.optim.SGD(parameters, lr=lr, weight_decay=weight_decay)
        case "heavy_ball":
            return torch.optim.SGD(parameters, lr=lr, weight_decay=weight_decay, momentum=0.9, dampening=0.9)
        case "adagrad":
            return torch.optim.Adagrad(parameters, lr=lr, weight_decay=weight_decay, eps=eps)
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=lr, weight_decay=weight_decay, alpha=0.99, eps=eps)
        case "adam":
            return Torch7Adam(parameters, lr=lr, weight_decay=weight_decay, eps=eps)
    raise ValueError(f"unknown update rule '{rule}'; known: sgd, heavy_ball, adagrad, rmsprop, adam")


@torch.no_grad()
def decay_weights(parameters: Sequence[torch.Tensor], factor: float) -> None:
    """Multiply all weights by ``factor`` = 1 - lr * weight_decay: decoupled weight decay (Loshchilov & Hutter 2017, algorithm 2)."""
    torch._foreach_mul_(list(parameters), factor)


def set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Give every parameter group the step size ``lr``."""
    for group in optimizer.param_groups:
        group["lr"] = lr
