"""DCGAN's generator and discriminator as two official codes have them, with the variations that the papers' claims are about.

``kernel=4`` (martinarjovsky/WassersteinGAN @f7a01e8, models/dcgan.py; the layers of soumith/dcgan.torch): 4 x 4 kernels, no bias anywhere,
with batch normalization or without, and a convolution where noise becomes 4 x 4 pixels and where 4 x 4 pixels become a logit.
``kernel=5`` (xudonmao/LSGAN @3b13d36, stability_comparison/*/dcgan64.py and ops.py): 5 x 5 kernels, linear layers in place of those two
convolutions, a bias in every layer, with batch normalization or without, and D's kernels drawn from a truncated normal. TensorFlow pads
such a convolution by 1 and 2 pixels, here it is 2 and 2 with the last column unused: the same net on mirrored images.

Both: batch normalization (eps 1e-5, momentum 0.1) after every layer but G's output, D's input and D's logit; ReLU in G, LeakyReLU of 0.2
in D; weights N(0, 0.02), scales N(1, 0.02), shifts and biases 0. Building draws from torch's default generator; the caller seeds it.
What the guidelines of Radford et al. 2016, section 3, are about can be set: pooling, normalization, hidden fully connected layers, both
nonlinearities.
Sides are 16, 32 or 64 pixels, a stage less for each halving; 64 is the papers'.
Shapes: B batch, Z noise, C channels, H height, W width.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import nn

from secondlook.errors import UserError

Kernel = Literal[4, 5]
Resampling = Literal["strided", "pooling"]
Filters = Literal["doubling", "constant"]
Activation = Literal["relu", "leaky_relu", "tanh"]
Weights = Literal["normal", "he"]

WEIGHT_STD = 0.02


class DCGANGenerator(nn.Module):
    """Noise -> 4 x 4 -> images in (-1, 1); 3,576,704 parameters as the WGAN code builds it for 64-pixel colour images.

    Args:
        channels: of the images, 1 or 3.
        side: of the images in pixels.
        width: channels of the last hidden layer (ngf).
        noise: length of the noise vector.
        batch_norm: False leaves it out; nothing takes its place.
        filters: doubling: twice the channels for each stage further in. constant: ``width`` in every layer (WGAN, Fig. 6).
        kernel: 4 or 5 pixels, and all that comes with it in the two codes (see the module).
        resampling: strided: transposed convolutions of stride 2. pooling: what DCGAN's first guideline replaced, each pixel repeated
            2 x 2, then a convolution with as many weights.
        connected: hidden fully connected layers between the noise and the 4 x 4 pixels, each of as many units as these hold numbers.
        activation: of the hidden layers.
        weights: normal: N(0, 0.02). he: variance 2 over the numbers that a unit adds up (He et al. 2015).
    """

    def __init__(
        self,
        channels: int,
        side: Literal[16, 32, 64],
        *,
        width: int = 64,
        noise: int = 100,
        batch_norm: bool = True,
        filters: Filters = "doubling",
        kernel: Kernel = 4,
        resampling: Resampling = "strided",
        connected: int = 0,
        activation: Activation = "relu",
        weights: Weights = "normal",
    ) -> None:
        super().__init__()
        stages = _stages(side)
        planes = [width * 2**stage if filters == "doubling" else width for stage in reversed(range(stages))]
        layers = _connected(noise, planes[0] * 16, connected, batch_norm, kernel, activation)
        size = planes[0] * 16 if connected else noise
        if kernel == 4:
            layers += [nn.Unflatten(1, (size, 1, 1)), nn.ConvTranspose2d(size, planes[0], 4, bias=False)]
        else:
            layers += [nn.Linear(size, planes[0] * 16), nn.Unflatten(1, (planes[0], 4, 4))]
        for before, after in zip(planes, [*planes[1:], channels], strict=True):
            layers += [*_norm(before, batch_norm), _nonlinearity(activation), *_doubling(before, after, kernel, resampling)]
        self.layers = nn.Sequential(*layers, nn.Tanh())
        _initialise(self, weights)

    def forward(self, noise_BZ: torch.Tensor) -> torch.Tensor:
        """Return images [B, C, H, W] in (-1, 1)."""
        return self.layers(noise_BZ)


class DCGANDiscriminator(nn.Module):
    """Images -> 4 x 4 -> one logit each; 2,765,568 parameters as the WGAN code builds it for 64-pixel colour images.

    Args:
        channels: of the images, 1 or 3.
        side: of the images in pixels.
        width: channels of the first layer (ndf); each stage has twice those of the one before.
        batch_norm: False leaves it out; nothing takes its place.
        kernel: 4 or 5 pixels, and all that comes with it in the two codes (see the module).
        resampling: strided: convolutions of stride 2. pooling: what DCGAN's first guideline replaced, a convolution of stride 1 with as
            many weights, and a 2 x 2 average after the nonlinearity (before it, the two would be a strided convolution again).
        connected: hidden fully connected layers between the 4 x 4 pixels and the logit, each of as many units as these hold numbers.
        activation: of the hidden layers.
        weights: as in the generator.
    """

    def __init__(
        self,
        channels: int,
        side: Literal[16, 32, 64],
        *,
        width: int = 64,
        batch_norm: bool = True,
        kernel: Kernel = 4,
        resampling: Resampling = "strided",
        connected: int = 0,
        activation: Activation = "leaky_relu",
        weights: Weights = "normal",
    ) -> None:
        super().__init__()
        planes = [width * 2**stage for stage in range(_stages(side))]
        layers: list[nn.Module] = []
        for stage, (before, after) in enumerate(zip([channels, *planes[:-1]], planes, strict=True)):
            pooled = resampling == "pooling"
            layers += _unstrided(before, after, kernel) if pooled else [_halving(before, after, kernel)]
            layers += [*_norm(after, batch_norm and stage > 0), _nonlinearity(activation)]
            layers += [nn.AvgPool2d(2)] if pooled else []
        if connected:
            hidden = _connected(planes[-1] * 16, planes[-1] * 16, connected, batch_norm, kernel, activation)
            layers += [nn.Flatten(), *hidden, nn.Linear(planes[-1] * 16, 1, bias=kernel == 5)]
        else:
            layers += [nn.Conv2d(planes[-1], 1, 4, bias=False)] if kernel == 4 else [nn.Flatten(), nn.Linear(planes[-1] * 16, 1)]
        self.layers = nn.Sequential(*layers, nn.Flatten(0))
        _initialise(self, weights)

    def features(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return what `pooled_features` gives of its layers, [B, F]."""
        return pooled_features(self.layers, images_BCHW)

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B] (no sigmoid) of images in [-1, 1]."""
        return self.layers(images_BCHW)


def pooled_features(layers: nn.Sequential, images_BCHW: torch.Tensor) -> torch.Tensor:
    """Return the outputs of a discriminator's hidden convolutional layers, each max-pooled to 4 x 4 pixels (Radford et al. 2016, 5.1).

    [B, 16 times the channels of all], 7,168 of 64, 128 and 256 channels.
    """
    found, x = [], images_BCHW
    for layer in layers:
        if isinstance(layer, nn.Flatten):
            break
        x = layer(x)
        if isinstance(layer, nn.ReLU | nn.LeakyReLU | nn.Tanh):
            found.append(F.max_pool2d(x, x.shape[-1] // 4).flatten(1))
    return torch.cat(found, 1)


def _stages(side: int) -> int:
    """Doublings from 4 pixels to ``side``."""
    stages = {16: 2, 32: 3, 64: 4}
    if side not in stages:
        raise UserError(f"side: a DCGAN makes images of 16, 32 or 64 pixels, not {side}")
    return stages[side]


def _norm(planes: int, wanted: bool) -> list[nn.Module]:
    return [nn.BatchNorm2d(planes)] if wanted else []


def _nonlinearity(name: Activation) -> nn.Module:
    return {"relu": nn.ReLU(inplace=True), "leaky_relu": nn.LeakyReLU(0.2, inplace=True), "tanh": nn.Tanh()}[name]


def _connected(before: int, units: int, count: int, batch_norm: bool, kernel: Kernel, activation: Activation) -> list[nn.Module]:
    """Hidden fully connected layers, with all that comes with a hidden layer of these nets."""
    layers: list[nn.Module] = []
    for size in [before, *[units] * (count - 1)][:count]:
        layers += [nn.Linear(size, units, bias=kernel == 5), *([nn.BatchNorm1d(units)] if batch_norm else []), _nonlinearity(activation)]
    return layers


def _doubling(before: int, after: int, kernel: Kernel, resampling: Resampling) -> list[nn.Module]:
    if resampling == "pooling":
        return [nn.Upsample(scale_factor=2), *_unstrided(before, after, kernel)]
    # an odd kernel leaves the output's size open by a pixel
    layer = nn.ConvTranspose2d(before, after, kernel, stride=2, padding=(kernel - 1) // 2, output_padding=kernel % 2, bias=kernel == 5)
    return [layer]


def _halving(before: int, after: int, kernel: Kernel) -> nn.Module:
    return nn.Conv2d(before, after, kernel, stride=2, padding=(kernel - 1) // 2, bias=kernel == 5)


def _unstrided(before: int, after: int, kernel: Kernel) -> list[nn.Module]:
    """A convolution that keeps the size; an even kernel needs a pixel more behind than before."""
    return [nn.ZeroPad2d(((kernel - 1) // 2, kernel // 2) * 2), nn.Conv2d(before, after, kernel, bias=kernel == 5)]


def _initialise(net: nn.Module, weights: Weights) -> None:
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, WEIGHT_STD)
        elif weights == "he" and isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, math.sqrt(2 / _added_up(module)))
        elif isinstance(module, nn.Conv2d) and module.kernel_size == (5, 5):
            nn.init.trunc_normal_(module.weight, 0.0, WEIGHT_STD, -2 * WEIGHT_STD, 2 * WEIGHT_STD)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, WEIGHT_STD)
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)


def _added_up(layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear) -> float:
    """How many numbers one of its outputs is a weighted sum of; of a transposed convolution of stride 2 a quarter of the kernel's."""
    if isinstance(layer, nn.Linear):
        return layer.in_features
    taps = float(layer.kernel_size[0] * layer.kernel_size[1])
    if isinstance(layer, nn.ConvTranspose2d):  # without padding it makes 4 x 4 pixels from one
        taps = taps / (layer.stride[0] * layer.stride[1]) if layer.padding != (0, 0) else 1
    return layer.in_channels * taps
