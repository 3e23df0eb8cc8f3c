"""Each rule against its definition in Torch 7 (torch/optim, Lua), written out by hand in double precision."""

import copy
import math

import pytest
import torch

from secondlook.errors import UserError
from secondlook.train.optimizers import build, decay_weights, set_lr

DECAY = 5e-4


def gradients(steps: int = 12) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(5, generator=generator, dtype=torch.float64) for _ in range(steps)]


def sgd(x, g, s, t, lr):
    return x - lr * g


def heavy_ball(x, g, s, t, lr):
    s["v"] = g.clone() if t == 1 else 0.9 * s["v"] + 0.1 * g  # dampening defaults to the momentum
    return x - lr * s["v"]


def adagrad(x, g, s, t, lr):
    s["G"] = s.get("G", 0) + g * g
    return x - lr * g / (s["G"].sqrt() + 1e-10)


def rmsprop(x, g, s, t, lr):
    s["v"] = 0.99 * s.get("v", 0) + 0.01 * g * g
    return x - lr * g / (s["v"].sqrt() + 1e-8)


def adam(x, g, s, t, lr, eps=1e-8):
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g * g
    return x - lr * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * s["m"] / (s["v"].sqrt() + eps)


RULES = {"sgd": sgd, "heavy_ball": heavy_ball, "adagrad": adagrad, "rmsprop": rmsprop, "adam": adam}


def follow(rule: str, written_out, weight_decay: float, **options) -> tuple[torch.Tensor, torch.Tensor]:
    start = torch.linspace(-1, 1, 5, dtype=torch.float64)
    weights = torch.nn.Parameter(start.clone())
    optimizer = build(rule, [weights], lr=0.1, weight_decay=weight_decay, **options)
    x, state = start.clone(), {}
    for t, gradient in enumerate(gradients(), start=1):
        lr = 0.1 if t < 6 else 0.05
        set_lr(optimizer, lr)
        weights.grad = gradient.clone()
        optimizer.step()
        x = written_out(x, gradient + weight_decay * x, state, t, lr)
    return weights.detach(), x


@pytest.mark.parametrize("weight_decay", [0.0, DECAY])
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_follows_torch_7(rule: str, weight_decay: float) -> None:
    ours, reference = follow(rule, RULES[rule], weight_decay)
    torch.testing.assert_close(ours, reference, rtol=1e-12, atol=1e-14)


def test_where_adam_adds_epsilon_matters_and_is_torch_7s() -> None:
    """With a large epsilon the two placements part; the test above could not tell them apart."""
    ours, reference = follow("adam", lambda *a: adam(*a, eps=0.1), 0.0, eps=0.1)
    torch.testing.assert_close(ours, reference, rtol=1e-12, atol=1e-14)
    weights = torch.nn.Parameter(torch.linspace(-1, 1, 5, dtype=torch.float64))
    pytorchs = torch.optim.Adam([weights], lr=0.1, eps=0.1)
    for t, gradient in enumerate(gradients(), start=1):
        set_lr(pytorchs, 0.1 if t < 6 else 0.05)
        weights.grad = gradient.clone()
        pytorchs.step()
    assert (weights - reference).abs().max() > 1e-2


def test_heavy_ball_without_dampening_would_be_another_rule() -> None:
    _, reference = follow("heavy_ball", heavy_ball, 0.0)
    weights = torch.nn.Parameter(torch.linspace(-1, 1, 5, dtype=torch.float64))
    hot = torch.optim.SGD([weights], lr=0.1, momentum=0.9)
    for t, gradient in enumerate(gradients(), start=1):
        set_lr(hot, 0.1 if t < 6 else 0.05)
        weights.grad = gradient.clone()
        hot.step()
    assert (weights - reference).abs().max() > 0.1


def test_adams_count_survives_a_checkpoint() -> None:
    weights = torch.nn.Parameter(torch.ones(2))
    optimizer = build("adam", [weights], lr=0.1, eps=0.1)
    for _ in range(3):
        weights.grad = torch.ones(2)
        optimizer.step()
    twin = torch.nn.Parameter(weights.detach().clone())
    other = build("adam", [twin], lr=0.1, eps=0.1)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for parameter, rule in ((weights, optimizer), (twin, other)):
        parameter.grad = torch.full((2,), 0.3)
        rule.step()
    assert torch.equal(weights, twin)


def test_decoupled_decay_shrinks_by_the_factor() -> None:
    weights = [torch.ones(3), torch.full((2, 2), -2.0)]
    decay_weights(weights, 1 - 0.1 * 0.5)
    torch.testing.assert_close(weights[0], torch.full((3,), 0.95))
    torch.testing.assert_close(weights[1], torch.full((2, 2), -1.9))


def test_unknown_rules_and_meaningless_epsilons_are_refused() -> None:
    weights = [torch.nn.Parameter(torch.ones(2))]
    with pytest.raises(ValueError, match="nadam.*known: sgd"):
        build("nadam", weights, lr=0.1)
    with pytest.raises(UserError, match="sgd has no epsilon"):
        build("sgd", weights, lr=0.1, eps=1e-8)
