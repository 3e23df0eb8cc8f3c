"""Each rule over one buffer against the optimizer that c1 uses, and replicas against the same replicas alone."""

from __future__ import annotations

import pytest
import torch

from secondlook.nets.mlp import StackedMLP
from secondlook.train.flat import ROW, Flat, FlatRule
from secondlook.train.optimizers import build, decay_weights, set_lr

RULES = ("sgd", "heavy_ball", "adagrad", "rmsprop", "adam")
SIZES = [5, 32, 3]


def net_of(seeds: list[int]) -> StackedMLP:
    return StackedMLP(SIZES, [torch.Generator().manual_seed(seed) for seed in seeds], shape=(3,))


def loss_of(net: StackedMLP, step: int, seeds: list[int]) -> torch.Tensor:
    """A loss whose inputs depend on the seed and on the step."""
    x = torch.stack([torch.randn(32, 5, generator=torch.Generator().manual_seed(100 * seed + step)) for seed in seeds])
    return net(x).square().sum()


def follow(rule: str, seeds: list[int], steps: int = 8, **options) -> torch.Tensor:
    net = net_of(seeds)
    flat = Flat(net.parameters())
    updates = FlatRule(rule, flat, **options)
    for step in range(steps):
        flat.differentiate(loss_of(net, step, seeds))
        updates.step(0.01 if step < 5 else 0.001)
    return flat.weights.clone()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "decay", [{}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "form": "decoupled"}], ids=["none", "coupled", "decoupled"]
)
def test_it_is_the_optimizer_of_the_same_name(rule: str, decay: dict) -> None:
    net = net_of([1])
    coupled = decay.get("weight_decay", 0.0) if "form" not in decay else 0.0
    optimizer = build(rule, list(net.parameters()), lr=0.01, weight_decay=coupled)
    for step in range(8):
        set_lr(optimizer, lr := 0.01 if step < 5 else 0.001)
        optimizer.zero_grad()
        loss_of(net, step, [1]).backward()
        if "form" in decay:
            decay_weights(list(net.parameters()), 1 - lr * 0.1)
        optimizer.step()
    theirs = torch.cat([parameter.detach().flatten(1) for parameter in net.parameters()], dim=1)
    torch.testing.assert_close(follow(rule, [1], **decay)[:, : theirs.shape[1]], theirs, rtol=2e-5, atol=2e-6)


def test_epsilon_replaces_the_rules_own() -> None:
    net = net_of([1])
    optimizer = build("adam", list(net.parameters()), lr=0.01, eps=0.5)
    optimizer.zero_grad()
    loss_of(net, 0, [1]).backward()
    optimizer.step()
    theirs = torch.cat([parameter.detach().flatten(1) for parameter in net.parameters()], dim=1)
    torch.testing.assert_close(follow("adam", [1], steps=1, eps=0.5)[:, : theirs.shape[1]], theirs, rtol=1e-6, atol=1e-7)
    assert not torch.equal(follow("adam", [1], steps=1, eps=0.5), follow("adam", [1], steps=1))


@pytest.mark.parametrize("rule", RULES)
def test_a_replica_has_the_same_bits_alone_and_among_others(rule: str) -> None:
    torch.set_num_threads(1)
    together = follow(rule, [3, 1, 2])
    for place, seed in enumerate([3, 1, 2]):
        assert torch.equal(together[place], follow(rule, [seed])[0])


def test_the_buffers_are_the_nets_weights_with_whole_rows() -> None:
    net = net_of([1, 2])
    before = [parameter.detach().clone() for parameter in net.parameters()]
    flat = Flat(net.parameters())
    assert flat.count == 5 * 32 + 32 + 32 * 3 + 3 and flat.weights.shape == (2, 320) and flat.weights.shape[1] % ROW == 0
    assert all(torch.equal(old, new) for old, new in zip(before, net.parameters(), strict=True))
    flat.weights.zero_()
    assert not any(parameter.any() for parameter in net.parameters())


def test_gradients_stand_in_the_order_of_the_weights() -> None:
    net = net_of([1])
    flat = Flat(net.parameters())
    flat.differentiate(sum((parameter * float(number)).sum() for number, parameter in enumerate(net.parameters())))
    expected = torch.cat([torch.full((parameter.numel(),), float(number)) for number, parameter in enumerate(net.parameters())])
    assert torch.equal(flat.gradients[0, : flat.count], expected) and not flat.gradients[0, flat.count :].any()
