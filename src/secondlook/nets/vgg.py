"""The VGG of cifar.torch: 13 convolutions with batch normalization and dropout, and a two-layer classifier.

Source: szagoruyko/cifar.torch, models/vgg_bn_drop.lua. Shapes: B batch, C channels, H height, W width.
"""

from __future__ import annotations

import math

import torch
from torch import nn

#: channels of each stage and the dropout after each of its convolutions (0: none); a 2x2 max pool ends every stage
STAGES: tuple[tuple[int, tuple[float, ...]], ...] = (
    (64, (0.3, 0)),
    (128, (0.4, 0)),
    (256, (0.4, 0.4, 0)),
    (512, (0.4, 0.4, 0)),
    (512, (0.4, 0.4, 0)),
)
BN_EPS = 1e-3


class CifarVGG(nn.Module):
    """VGG + BN + dropout for 32 x 32 images; 14,991,946 parameters at full width and ten classes.

    Args:
        width: multiplies every number of channels; 1 is the paper's net.
        dropout: multiplies every dropout probability; 1 is the paper's net.
        classes: number of outputs.
    """

    def __init__(self, width: float = 1.0, dropout: float = 1.0, classes: int = 10) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for stage, dropouts in STAGES:
            planes = max(1, round(stage * width))
            for probability in dropouts:
                layers += [nn.Conv2d(channels, planes, 3, padding=1), nn.BatchNorm2d(planes, eps=BN_EPS), nn.ReLU(inplace=True)]
                if probability * dropout:
                    layers.append(nn.Dropout(probability * dropout))
                channels = planes
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Dropout(0.5 * dropout),
            nn.Linear(channels, channels),
            nn.BatchNorm1d(channels),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5 * dropout),
            nn.Linear(channels, classes),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # MSR, fan out; linear layers keep the framework's default
                nn.init.normal_(module.weight, 0.0, math.sqrt(2 / (9 * module.out_channels)))
                assert module.bias is not None  # none was switched off above
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):  # torch/nn, BatchNormalization.lua: weight:uniform()
                nn.init.uniform_(module.weight)

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B, classes] of images [B, 3, 32, 32]."""
        return self.classifier(self.features(images_BCHW).flatten(1))
