"""The paper's nets by their parameters, and labels that reach every layer."""

import itertools

import pytest
import torch
from torch import nn

from secondlook.nets.dcgan import DCGANDiscriminator, DCGANGenerator
from secondlook.papers.radford2016.nets import (
    ConditionalDiscriminator,
    ConditionalGenerator,
    DeepDiscriminator,
    DeepGenerator,
    Labelled,
    label_of,
    with_label,
)


def parameters(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def test_the_generator_of_figure_1() -> None:
    """4 x 4 x 1024, then 512, 256, 128 and 3 channels; 5 x 5 kernels by the official code."""
    net = DCGANGenerator(3, 64, width=128, kernel=5)
    convolutions = [module.out_channels for module in net.layers if isinstance(module, nn.ConvTranspose2d)]
    assert convolutions == [512, 256, 128, 3]
    weights = 25 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) + 512 + 256 + 128 + 3
    assert parameters(net) == 101 * 16384 + weights + 2 * (1024 + 512 + 256 + 128)


def test_the_deep_discriminator_has_28672_features() -> None:
    net = DeepDiscriminator(3)
    assert net.eval().features(torch.randn(2, 3, 32, 32)).shape == (2, 28_672)
    planes = [3, 128, 128, 256, 256, 512, 512]
    weights = 9 * sum(before * after for before, after in itertools.pairwise(planes))
    assert parameters(net) == weights + 2 * sum(planes[2:]) + 8193
    assert [module.stride[0] for module in net.layers if isinstance(module, nn.Conv2d)] == [1, 2, 1, 2, 1, 2]


def test_the_deep_generator_is_its_mirror() -> None:
    net = DeepGenerator(3)
    images = net(torch.randn(2, 256))
    assert images.shape == (2, 3, 32, 32)
    assert float(images.detach().abs().max()) < 1
    weights = 9 * (512 * 512 + 512 * 256 + 256 * 256 + 256 * 128 + 128 * 128 + 128 * 3)
    assert parameters(net) == 256 * 8192 + weights + 2 * (512 + 512 + 256 + 256 + 128 + 128)


@pytest.mark.parametrize(
    "discriminator", [DCGANDiscriminator(3, 16, width=4), DCGANDiscriminator(3, 32, width=4, kernel=5), DeepDiscriminator(3, 4)]
)
def test_the_net_with_labels_is_the_discriminator_but_for_its_head(discriminator) -> None:
    net = Labelled(discriminator)
    side = 16 if len(discriminator.layers) == 7 else 32
    images = torch.randn(3, 3, side, side)
    assert net(images).shape == (3, 10)
    last = [module for module in discriminator.layers if isinstance(module, nn.Conv2d) and module.out_channels > 1][-1].out_channels
    assert net.head.in_features == last * 16
    kept = {id(parameter) for parameter in discriminator.parameters()}
    assert all(id(parameter) in kept for parameter in net.body.parameters())


def test_a_label_survives_its_channel() -> None:
    labels = torch.arange(10)
    images = with_label(torch.rand(10, 1, 28, 28), labels)
    assert images.shape == (10, 2, 28, 28)
    assert label_of(images).argmax(1).tolist() == labels.tolist()
    as_bytes = (labels[:, None, None, None].float() * (1 / 255)).expand(10, 1, 2, 2)  # as training images come from uint8
    assert label_of(as_bytes).argmax(1).tolist() == labels.tolist()


@pytest.mark.parametrize("affine", [True, False])
def test_the_conditional_nets_of_the_official_code(affine: bool) -> None:
    generator, discriminator = ConditionalGenerator(affine=affine), ConditionalDiscriminator(affine=affine)
    norms = 2 * (1024 + 6272 + 64) if affine else 0
    assert parameters(generator) == 110 * 1024 + 1034 * 6272 + 25 * (138 * 64 + 74) + norms
    norms = 2 * (128 + 1024) if affine else 0
    assert parameters(discriminator) == 25 * (11 * 64 + 74 * 128) + 6282 * 1024 + 1034 + norms


def test_every_layer_sees_the_label() -> None:
    torch.manual_seed(0)
    generator, discriminator = ConditionalGenerator(width=2, units=8, noise=4).eval(), ConditionalDiscriminator(width=2, units=8).eval()
    for net, shape in ((generator, (1, 4)), (discriminator, (1, 1, 28, 28))):
        weights = [module.weight for module in net.modules() if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
        x = torch.rand(shape)
        labels = torch.tensor([3])
        out = net(torch.cat([x, labels[:, None].float()], 1) if len(shape) == 2 else with_label(x, labels))
        (out[:, :1] if len(shape) == 2 else out).sum().backward()
        for weight, module in zip(
            weights, [m for m in net.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)], strict=True
        ):
            # gradients reach the label's ten inputs, which come last; a transposed convolution has them first among its axes
            inputs = weight.grad if isinstance(module, nn.ConvTranspose2d) else weight.grad.transpose(0, 1)
            used = inputs[-10:].flatten(1).abs().sum(1) > 0
            assert used.tolist()[3] and int(used.sum()) == 1
