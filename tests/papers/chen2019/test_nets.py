"""Nets of every order: their layers by a walk over the modules, their sizes by published numbers, their outputs by the equations."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from secondlook.papers.chen2019.nets import Halve, PlainNet, ResidualNet, Unit, companions
from secondlook.papers.chen2019.orders import ARMS, split, unit

WORDS = {nn.Conv2d: "conv", nn.BatchNorm2d: "bn", nn.ReLU: "relu", nn.Dropout: "drop"}


def words(layers: nn.Module) -> list[str]:
    return [WORDS[type(layer)] for layer in layers.modules() if type(layer) in WORDS]


def residual(arm: str, depth: int = 8, width: int = 4, rate: float = 0.05, **more) -> ResidualNet:
    torch.manual_seed(0)
    order, late, _ = ARMS[arm]
    return ResidualNet(order, depth, width, rate, relu_after_addition=late, **more)


def trainable(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


# -- layers and sizes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arm", "body", "stem", "last"),
    [
        ("A", "conv bn relu conv bn", "conv bn relu", ""),
        ("B", "bn relu conv bn relu conv", "conv", "bn relu"),
        ("C", "relu bn drop conv relu bn drop conv", "conv", "relu bn drop"),
        ("D", "bn drop conv relu bn drop conv relu", "conv relu", "bn drop"),
        ("E", "conv relu bn drop conv relu bn drop", "conv relu bn drop", ""),
        ("F", "relu bn conv relu bn conv", "conv", "relu bn"),
        ("G", "bn relu drop conv bn relu drop conv", "conv", "bn relu drop"),
    ],
)
def test_the_layers_of_an_arm_stand_in_its_order(arm: str, body: str, stem: str, last: str) -> None:
    net = residual(arm, depth=14)
    assert len(net.units) == 6
    assert all(words(one.body) == body.split() for one in net.units)
    assert (words(net.stem), words(net.last)) == (stem.split(), last.split())
    assert all(one.relu_after_addition == (arm == "A") for one in net.units)
    drawn = unit(ARMS[arm].order, 2, relu_after_addition=ARMS[arm].relu_after_addition)
    assert drawn[: drawn.index("add")] == body.split(), "the figure draws what is built"
    assert drawn[drawn.index("add") + 1 :] == (["relu"] if arm == "A" else [])


def test_a_bottleneck_has_three_convolutions_of_1_3_and_1_pixels() -> None:
    net = residual("C", depth=11, kind="bottleneck")
    assert [words(one.body) for one in net.units] == [["relu", "bn", "drop", "conv"] * 3] * 3
    kernels = [layer.kernel_size[0] for layer in net.units[1].body if isinstance(layer, nn.Conv2d)]
    assert kernels == [1, 3, 1]
    assert net.head.in_features == 4 * 4 * 4


def test_resnet_20_has_as_many_parameters_as_the_keras_example() -> None:
    """Model summary of cifar10_resnet.py, version 1, n = 3: 273,066 trainable parameters, 1,376 others (BN's means and variances)."""
    net = residual("A", depth=20, width=16)
    assert trainable(net) == 273_066
    assert sum(layer.num_features * 2 for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)) == 1_376


@pytest.mark.parametrize(("depth", "kind"), [(8, "basic"), (110, "basic"), (164, "bottleneck")])
def test_arms_have_equal_weights_and_as_many_normalizations(depth: int, kind: str) -> None:
    nets = {arm: residual(arm, depth=depth, width=2, kind=kind) for arm in ARMS}
    weights = {
        arm: sum(layer.weight.numel() + layer.bias.numel() for layer in net.modules() if isinstance(layer, nn.Conv2d | nn.Linear))
        for arm, net in nets.items()
    }
    counts = {arm: sum(isinstance(layer, nn.BatchNorm2d) for layer in net.modules()) for arm, net in nets.items()}
    assert len(set(weights.values())) == 1
    assert set(counts.values()) == {depth - 1}, "one before or after each convolution of stem and body"


def test_every_order_splits_at_its_convolution() -> None:
    assert split("bn-drop-conv-relu") == (("bn", "drop"), ("relu",))
    assert split("conv-drop-bn-relu") == ((), ("drop", "bn", "relu"))


# -- equations ----------------------------------------------------------------------------------------------------------------


def test_units_are_their_equations() -> None:
    """He et al. 2015 and 2016, and ReLU-BN-Conv, written out; batch normalization by the batch."""

    def norm(x, layer):
        return F.batch_norm(x, None, None, layer.weight, layer.bias, training=True)

    def conv(x, layer):
        return F.conv2d(x, layer.weight, layer.bias, layer.stride, layer.padding)

    def by_hand(arm, one, x):
        layers = [layer for layer in one.body if not isinstance(layer, nn.ReLU)]
        skip = x if isinstance(one.shortcut, nn.Identity) else conv(x, one.shortcut)
        match arm:
            case "A":
                conv1, bn1, conv2, bn2 = layers
                return F.relu(skip + norm(conv(F.relu(norm(conv(x, conv1), bn1)), conv2), bn2))
            case "B":
                bn1, conv1, bn2, conv2 = layers
                return skip + conv(F.relu(norm(conv(F.relu(norm(x, bn1)), conv1), bn2)), conv2)
            case "F":
                bn1, conv1, bn2, conv2 = layers
                return skip + conv(norm(F.relu(conv(norm(F.relu(x), bn1), conv1)), bn2), conv2)

    x = torch.randn(5, 4, 6, 6, generator=torch.Generator().manual_seed(1))
    for arm in "ABF":
        y = x
        for one in residual(arm, depth=8).train().units:
            torch.testing.assert_close(one(y), by_hand(arm, one, y))
            y = one(y).detach()
        assert y.shape == (5, 16, 2, 2)


def test_a_shortcut_is_the_identity_where_nothing_changes() -> None:
    assert isinstance(Unit("bn-relu-conv", [(4, 4, 3, 1), (4, 4, 3, 1)], 0.0, relu_after_addition=False).shortcut, nn.Identity)
    projection = Unit("bn-relu-conv", [(4, 8, 3, 2), (8, 8, 3, 1)], 0.0, relu_after_addition=False).shortcut
    assert (projection.kernel_size, projection.stride) == ((1, 1), (2, 2))


def test_halving_is_a_max_pool_whose_ties_share_the_gradient() -> None:
    x = torch.randn(2, 3, 4, 6, requires_grad=True)
    torch.testing.assert_close(Halve()(x), F.max_pool2d(x, 2))
    torch.testing.assert_close(torch.autograd.grad(Halve()(x).sum(), x)[0], torch.autograd.grad(F.max_pool2d(x, 2).sum(), x)[0])
    zeros = torch.zeros(1, 1, 2, 2, requires_grad=True)
    assert torch.autograd.grad(Halve()(zeros).sum(), zeros)[0].tolist() == [[[[0.25, 0.25], [0.25, 0.25]]]]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_halving_gives_the_bits_and_the_layout_of_amax(layout: torch.memory_format) -> None:
    # Many equal pixels: zeros of ReLU, and values of few digits.
    x = (4 * torch.randn(8, 4, 8, 8).relu()).round().contiguous(memory_format=layout).requires_grad_()
    halved, same = Halve()(x), x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).amax((3, 5))
    slopes = torch.randn(same.shape)
    (found,), (expected,) = torch.autograd.grad(halved, x, slopes), torch.autograd.grad(same, x, slopes)
    assert torch.equal(halved, same) and halved.stride() == same.stride()
    assert torch.equal(found, expected) and found.stride() == expected.stride()


def test_the_head_reads_the_mean_of_the_map() -> None:
    net = residual("B").eval()
    images = torch.randn(2, 3, 8, 8)
    map_BCHW = net.last(net.units(net.stem(images)))
    torch.testing.assert_close(net(images), net.head(F.adaptive_avg_pool2d(map_BCHW, 1).flatten(1)))


# -- dropout ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.05, 0.5])
def test_a_rate_is_the_share_of_units_set_to_zero_and_the_mean_stays(rate: float) -> None:
    """The paper's p is what is kept; exchanged, 0.05 would leave a twentieth."""
    torch.manual_seed(0)
    (layer,) = companions(["drop"], 8, rate)
    dropped = layer.train()(torch.ones(100, 8, 10, 10))
    assert float((dropped == 0).float().mean()) == pytest.approx(rate, abs=0.01)
    assert float(dropped.mean()) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("arm", ["C", "D", "E", "G"])
def test_in_evaluation_nothing_is_dropped(arm: str) -> None:
    images = torch.randn(3, 3, 8, 8)
    torch.manual_seed(0)
    first = residual(arm, rate=0.5).eval()(images)
    assert torch.equal(first, residual(arm, rate=0.5).eval()(images))
    none = residual(arm, rate=0.0).eval()(images)
    assert torch.equal(first, none), "the same weights, the same numbers"


def test_at_rate_0_the_ic_layer_is_batch_normalization_bit_for_bit() -> None:
    images = torch.randn(4, 3, 8, 8)
    outs = []
    for net in (residual("C", rate=0.0), residual("F", rate=0.3)):
        net.train()
        loss = net(images).square().sum()
        loss.backward()
        outs.append((loss, [parameter.grad for parameter in net.parameters()], list(net.state_dict())))
    (loss, gradients, names), (other_loss, other_gradients, other_names) = outs
    assert torch.equal(loss, other_loss) and names == other_names
    assert all(torch.equal(a, b) for a, b in zip(gradients, other_gradients, strict=True))


# -- the plain net --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "block"),
    [
        ("conv-bn-relu-drop", "conv bn relu drop"),
        ("conv-relu-bn-drop", "conv relu bn drop"),
        ("conv-drop-bn-relu", "conv drop bn relu"),
        ("conv-relu-drop", "conv relu drop"),
    ],
)
def test_a_plain_net_repeats_its_order_and_halves_after_each_relu(order: str, block: str) -> None:
    net = PlainNet(order, 4, 16, 0.5)
    assert words(net.layers) == block.split() * 3
    layers = list(net.layers)
    assert all(isinstance(after, Halve) for layer, after in itertools.pairwise(layers) if isinstance(layer, nn.ReLU))
    assert net(torch.randn(2, 3, 16, 16)).shape == (2, 10)


def test_the_order_that_begins_with_bn_is_the_same_plain_chain() -> None:
    assert words(PlainNet("bn-relu-drop-conv", 4, 16, 0.5).layers) == words(PlainNet("conv-bn-relu-drop", 4, 16, 0.5).layers)


def test_dropout_before_the_head_leaves_the_convolutions_alone() -> None:
    torch.manual_seed(0)
    net = PlainNet("conv-bn-relu-drop", 4, 16, 0.0, head_rate=0.5).train()
    images = torch.randn(4, 3, 16, 16)
    assert words(net.layers) == ["conv", "bn", "relu"] * 3
    assert torch.equal(net.layers(images), net.layers(images))
    assert not torch.equal(net(images), net(images))
