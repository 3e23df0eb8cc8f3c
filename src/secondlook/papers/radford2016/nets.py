"""Nets of this paper alone: the deep pair for features of CIFAR-10, the same net with labels, and the conditional pair for MNIST.

Shapes: B batch, Z noise, C channels, H height, W width.
"""

from __future__ import annotations

import torch
from torch import nn

from secondlook.nets.dcgan import WEIGHT_STD, DCGANDiscriminator, pooled_features

#: classes of the data sets
CLASSES = 10


def initialise(net: nn.Module) -> None:
    """Draw weights from N(0, 0.02) and scales from N(1, 0.02); biases and shifts are 0."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) and module.affine:
            nn.init.normal_(module.weight, 1.0, WEIGHT_STD)
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, WEIGHT_STD)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class DeepDiscriminator(nn.Module):
    """Six 3 x 3 convolutions, every second of stride 2: 32 -> 4 pixels, then a logit; 28,672 features at width 128.

    Newmu/dcgan_code @ee12b2d, imagenet/load_pretrained.py.
    """

    def __init__(self, channels: int, width: int = 128) -> None:
        super().__init__()
        planes = [width, width, 2 * width, 2 * width, 4 * width, 4 * width]
        layers: list[nn.Module] = []
        for place, (before, after) in enumerate(zip([channels, *planes[:-1]], planes, strict=True)):
            layers += [nn.Conv2d(before, after, 3, stride=1 + place % 2, padding=1, bias=False)]
            layers += [*([nn.BatchNorm2d(after)] if place else []), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(planes[-1] * 16, 1), nn.Flatten(0))
        initialise(self)

    def features(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return the six layers max-pooled to 4 x 4 pixels, [B, F]."""
        return pooled_features(self.layers, images_BCHW)

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B] of images of 32 pixels in [-1, 1]."""
        return self.layers(images_BCHW)


class DeepGenerator(nn.Module):
    """Its mirror: noise -> 4 x 4 pixels of four times the width, then 3 x 3 convolutions, every second a transposed one of stride 2."""

    def __init__(self, channels: int, width: int = 128, noise: int = 256) -> None:
        super().__init__()
        planes = [4 * width, 2 * width, width]
        layers: list[nn.Module] = [nn.Linear(noise, planes[0] * 16, bias=False), nn.Unflatten(1, (planes[0], 4, 4))]
        layers += [nn.BatchNorm2d(planes[0]), nn.ReLU(inplace=True)]
        for before, after in zip(planes, [*planes[1:], channels], strict=True):
            layers += [nn.Conv2d(before, before, 3, padding=1, bias=False), nn.BatchNorm2d(before), nn.ReLU(inplace=True)]
            layers += [nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU(inplace=True)] if after != channels else [nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        initialise(self)

    def forward(self, noise_BZ: torch.Tensor) -> torch.Tensor:
        """Return images [B, C, 32, 32] in (-1, 1)."""
        return self.layers(noise_BZ)


class Labelled(nn.Module):
    """A discriminator's convolutional layers under a linear layer of ten classes: the same net, trained with labels."""

    def __init__(self, discriminator: DCGANDiscriminator | DeepDiscriminator) -> None:
        super().__init__()
        layers = list(discriminator.layers)
        last = max(place for place, layer in enumerate(layers) if isinstance(layer, nn.LeakyReLU | nn.ReLU | nn.Tanh))
        planes = [layer.out_channels for layer in layers[:last] if isinstance(layer, nn.Conv2d)]
        self.body = nn.Sequential(*layers[: last + 1], nn.Flatten())
        self.head = nn.Linear(planes[-1] * 16, CLASSES)

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B, 10] of images in [-1, 1]."""
        return self.head(self.body(images_BCHW))


def with_label(images_BCHW: torch.Tensor, labels_B: torch.Tensor) -> torch.Tensor:
    """Return the images, in [0, 1], with one more channel, label / 255, so that a pair of nets can exchange both."""
    plane = (labels_B.to(images_BCHW.dtype) / 255)[:, None, None, None].expand(-1, 1, *images_BCHW.shape[2:])
    return torch.cat([images_BCHW, plane], 1)


def label_of(images_BCHW: torch.Tensor) -> torch.Tensor:
    """Return the labels [B] that `with_label` put there, one-hot [B, 10]."""
    return nn.functional.one_hot((images_BCHW[:, -1, 0, 0].detach() * 255).round().long(), CLASSES).to(images_BCHW.dtype)


def _beside(x: torch.Tensor, y_BK: torch.Tensor) -> torch.Tensor:
    """Put the label beside a layer's outputs, [B, F] or as planes [B, C, H, W]."""
    return torch.cat([x, y_BK if x.ndim == 2 else y_BK[:, :, None, None].expand(-1, -1, *x.shape[2:])], 1)


class ConditionalGenerator(nn.Module):
    """Noise and a label -> images of 28 pixels in (0, 1) with that label's channel; the label stands beside every layer's input.

    Newmu/dcgan_code @ee12b2d, mnist/train_cond_dcgan.py: 1024 units, 128 x 7 x 7, two transposed 5 x 5 convolutions.

    Args:
        width: channels of the layer next to the image.
        units: of the fully connected layer.
        affine: False: batch normalization without scale and shift, as the code has it.
    """

    def __init__(self, *, width: int = 64, units: int = 1024, noise: int = 100, affine: bool = False) -> None:
        super().__init__()
        self.noise = noise
        self.first = nn.Sequential(nn.Linear(noise + CLASSES, units, bias=False), nn.BatchNorm1d(units, affine=affine), nn.ReLU())
        size = 2 * width * 49
        self.second = nn.Sequential(nn.Linear(units + CLASSES, size, bias=False), nn.BatchNorm1d(size, affine=affine), nn.ReLU())
        self.third = nn.Sequential(
            nn.ConvTranspose2d(2 * width + CLASSES, width, 5, stride=2, padding=2, output_padding=1, bias=False),
            nn.BatchNorm2d(width, affine=affine),
            nn.ReLU(),
        )
        self.last = nn.ConvTranspose2d(width + CLASSES, 1, 5, stride=2, padding=2, output_padding=1, bias=False)
        initialise(self)

    def forward(self, noise_BZ: torch.Tensor) -> torch.Tensor:
        """Return [B, 2, 28, 28] from noise with the label's number, 0 to 9, as its last column."""
        labels_B = noise_BZ[:, -1].long()
        y_BK = nn.functional.one_hot(labels_B, CLASSES).to(noise_BZ.dtype)
        x = self.second(_beside(self.first(_beside(noise_BZ[:, :-1], y_BK)), y_BK))
        x = self.third(_beside(x.unflatten(1, (-1, 7, 7)), y_BK))
        return with_label(torch.sigmoid(self.last(_beside(x, y_BK))), labels_B)


class ConditionalDiscriminator(nn.Module):
    """Images of 28 pixels with a label's channel -> one logit; two 5 x 5 convolutions of stride 2 and a fully connected layer."""

    def __init__(self, *, width: int = 64, units: int = 1024, affine: bool = False) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1 + CLASSES, width, 5, stride=2, padding=2, bias=False), nn.LeakyReLU(0.2))
        self.second = nn.Sequential(
            nn.Conv2d(width + CLASSES, 2 * width, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(2 * width, affine=affine),
            nn.LeakyReLU(0.2),
        )
        self.third = nn.Sequential(
            nn.Linear(2 * width * 49 + CLASSES, units, bias=False), nn.BatchNorm1d(units, affine=affine), nn.LeakyReLU(0.2)
        )
        self.last = nn.Linear(units + CLASSES, 1, bias=False)
        initialise(self)

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B]."""
        y_BK = label_of(images_BCHW)
        x = self.second(_beside(self.first(_beside(images_BCHW[:, :1], y_BK)), y_BK))
        x = self.third(_beside(x.flatten(1), y_BK))
        return self.last(_beside(x, y_BK)).flatten()
