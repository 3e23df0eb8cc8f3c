"""A LeNet-like classifier whose features measure generated images of the domain it was trained on.

Binkowski et al. 2018 (Demystifying MMD GANs) score MNIST samples in the features of a LeNet, where Inception's say little.
Shapes: B batch, C channels, H height, W width.
"""

from __future__ import annotations

import torch
from torch import nn

#: length of the feature vector
FEATURES = 128


class Classifier(nn.Module):
    """Two 5 x 5 convolutions, each with ReLU and a 2 x 2 max pool, a hidden layer of 128 ReLU units and a linear head.

    No batch normalization: the features of an image do not depend on who else is in the batch. The convolutions have 8 and 16 channels
    up to 16 pixels (0.3 million multiplications an image), else 10 and 20 (2 million at 32 pixels).

    Args:
        channels: of the images, 1 or 3.
        side: of the images in pixels, divisible by 4.
        classes: number of outputs.
    """

    def __init__(self, channels: int, side: int, classes: int = 10) -> None:
        super().__init__()
        width = 8 if side <= 16 else 10
        self.hidden = nn.Sequential(
            nn.Conv2d(channels, width, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(2 * width * (side // 4) ** 2, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, classes)

    def features(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return the hidden layer's outputs [B, 128] (not negative) of images in [-1, 1]."""
        return self.hidden(images_BCHW)

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return logits [B, classes] of images in [-1, 1]."""
        return self.head(self.features(images_BCHW))
