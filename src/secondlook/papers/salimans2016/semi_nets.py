"""The nets of the semi-supervised experiments, as the released code has them (openai/improved-gan @4f5d1ec, mnist_svhn_cifar10/*).

Perceptrons for MNIST, any number of replicas together; convolutions for CIFAR-10 and SVHN, one replica at a time. Discriminators are
weight-normalised with data-dependent initialization; generators have batch normalization by the batch at hand.
Shapes: R replicas, B batch, Z noise, A features, K classes, C H W an image.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

from secondlook.nets.features import FeatureDiscriminator
from secondlook.nets.minibatch import MinibatchFeatures
from secondlook.nets.mlp import StackedLinear
from secondlook.nets.noise import GaussianNoise
from secondlook.nets.virtual_norm import BatchNorm
from secondlook.nets.weight_norm import ConvWeightNorm, DoublingWeightNorm, StackedWeightNorm, initialise_from_data
from secondlook.train.game import Alone, Seeds, init_generators
from secondlook.train.streams import seed_default, torch_generator

CLASSES = 10


def glorot(weight: torch.Tensor, bias: torch.Tensor, generator: torch.Generator) -> None:
    """Fill as Lasagne does: uniform with variance 2 / (I + O); biases 0."""
    bound = (6 / sum(weight.shape)) ** 0.5
    weight.uniform_(-bound, bound, generator=generator)
    bias.zero_()


def perceptron_generator(noise: int, widths: Sequence[int], shape: Sequence[int], seeds: Seeds) -> nn.Module:
    """Noise [R, B, Z] -> images [R, B, C, H, W] in (0, 1): softplus layers with batch normalization, then a weight-normalised sigmoid.

    The layers' own biases have no effect, since batch normalization takes them off again.
    """
    generators = init_generators(seeds, "generator")
    sizes = [noise, *widths]
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        layers += [StackedLinear(before, after, generators, glorot), BatchNorm(after, len(seeds), scaled=False), nn.Softplus()]
    pixels = torch.Size(shape).numel()
    last = StackedWeightNorm(sizes[-1], pixels, generators, std=(2 / (sizes[-1] + pixels)) ** 0.5, train_scale=True)
    return nn.Sequential(*layers, last, nn.Sigmoid(), nn.Unflatten(-1, tuple(shape)))


def perceptron_body(pixels: int, widths: Sequence[int], noise: tuple[float, float], generators: Sequence[torch.Generator]) -> nn.Sequential:
    """Images [R, B, C, H, W] -> features [R, B, A]; noise at the input and before each further layer."""
    sizes = [pixels, *widths]
    layers: list[nn.Module] = [nn.Flatten(2)]
    for place, (before, after) in enumerate(itertools.pairwise(sizes)):
        layers += [GaussianNoise(noise[place > 0]), StackedWeightNorm(before, after, generators), nn.ReLU()]
    return nn.Sequential(*layers)


def head(
    features: int, kernels: tuple[int, int] | None, noise: float, generators: Sequence[torch.Generator], *, std: float, spread: float
) -> nn.Sequential:
    """Features [R, B, A] -> logits [R, B, K]: noise, minibatch features of (kernels, numbers) if any, and a layer whose g is trained."""
    layers: list[nn.Module] = [GaussianNoise(noise)]
    if kernels is not None:
        layers.append(MinibatchFeatures(features, *kernels, generators, normalised=True))
        features += kernels[0]
    return nn.Sequential(*layers, StackedWeightNorm(features, CLASSES, generators, std=std, train_scale=True, spread=spread))


def perceptron_discriminator(
    widths: Sequence[int],
    noise: tuple[float, float],
    kernels: tuple[int, int] | None,
    images_RNCHW: torch.Tensor,
    seeds: Seeds,
) -> FeatureDiscriminator:
    """Return R discriminators, initialised from the images given."""
    generators = init_generators(seeds, "discriminator")
    body = perceptron_body(images_RNCHW[0, 0].numel(), widths, noise, generators)
    top = head(widths[-1], kernels, noise[1], generators, std=0.1, spread=1.0)
    net = FeatureDiscriminator(body, top)
    noisy = [layer for layer in net.modules() if isinstance(layer, GaussianNoise)]
    for layer in noisy:
        layer.draw_from([torch_generator(seed, "init noise") for seed in seeds])
    initialise_from_data(top, initialise_from_data(body, images_RNCHW))
    for layer in noisy:
        layer.draw_from(())
    return net


def normal(weight: torch.Tensor, bias: torch.Tensor, generator: torch.Generator) -> None:
    """Fill with N(0, 0.05); biases 0."""
    weight.normal_(0, 0.05, generator=generator)
    bias.zero_()


def convolution_generator(noise: int, width: int, channels: int, seeds: Seeds) -> nn.Module:
    """Noise [1, B, Z] -> images [1, B, C, 32, 32] in (-1, 1); 4 ``width`` channels at 4 x 4 pixels.

    The last layer's g and b are set by a first batch of noise, to outputs with a standard deviation of 0.1 before tanh.
    """
    seed_default(seeds[0], "init generator")
    planes = 4 * width
    first = [
        StackedLinear(noise, planes * 16, init_generators(seeds, "generator"), normal),
        BatchNorm(planes * 16, 1, scaled=False),
        nn.ReLU(),
    ]
    layers: list[nn.Module] = [nn.Unflatten(1, (planes, 4, 4))]
    for before, after in ((planes, planes // 2), (planes // 2, width)):
        doubling = nn.ConvTranspose2d(before, after, 5, stride=2, padding=2, output_padding=1, bias=False)
        nn.init.normal_(doubling.weight, 0.0, 0.05)
        layers += [doubling, BatchNorm(after, scaled=False), nn.ReLU()]
    images = nn.Sequential(*layers, DoublingWeightNorm(width, channels, train_scale=True, spread=0.1), nn.Tanh())
    net = nn.Sequential(*first, Alone(images))
    with torch.no_grad():
        hidden = net[:3](torch.rand(1, 100, noise, generator=torch_generator(seeds[0], "init noise")))
    initialise_from_data(images, hidden[0])
    return net


def convolution_body(channels: int, width: int, gaussian_input: bool) -> nn.Sequential:
    """Images [B, C, 32, 32] -> features [B, 2 ``width``]. Draws from torch's default generator.

    Args:
        channels: of the images.
        width: channels of the first three layers; the others have twice as many.
        gaussian_input: noise of 0.2 at the input, as the scripts with minibatch discrimination have it; else dropout of 0.2.
    """
    lrelu = nn.LeakyReLU(0.2)
    wide = 2 * width
    layers: list[nn.Module] = [GaussianNoise(0.2) if gaussian_input else nn.Dropout(0.2)]
    for before, after in ((channels, width), (width, wide)):
        layers += [ConvWeightNorm(before, after, 3, padding=1), lrelu, ConvWeightNorm(after, after, 3, padding=1), lrelu]
        layers += [ConvWeightNorm(after, after, 3, padding=1, stride=2), lrelu, nn.Dropout(0.5)]
    layers += [ConvWeightNorm(wide, wide, 3), lrelu, ConvWeightNorm(wide, wide, 1), lrelu, ConvWeightNorm(wide, wide, 1), lrelu]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def convolution_discriminator(width: int, kernels: tuple[int, int] | None, images_NCHW: torch.Tensor, seeds: Seeds) -> FeatureDiscriminator:
    """Return a discriminator, initialised from the images given; samples keep the replica axis, [1, B, C, 32, 32]."""
    seed_default(seeds[0], "init discriminator")
    body = convolution_body(images_NCHW.shape[1], width, gaussian_input=kernels is not None)
    top = head(2 * width, kernels, 0.0, init_generators(seeds, "discriminator"), std=0.05, spread=0.1)
    net = FeatureDiscriminator(Alone(body), top)
    seed_default(seeds[0], "init noise")
    initialise_from_data(top, initialise_from_data(body, images_NCHW)[None])
    return net
