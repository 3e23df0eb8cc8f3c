"""How good decoded images are: Frechet distances in the features of nets trained here, and the paper's own Parzen estimate.

Shapes: N images, D pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from secondlook.games.images import to_bytes
from secondlook.metrics.image_quality import FeatureNet, extract, feature_statistics, frechet_distance
from secondlook.metrics.parzen import choose_sigma, parzen_log_likelihood
from secondlook.papers.makhzani2015.training import Images, to_pixels

#: the two nets whose features are used
NETS = ("a", "b")


class Frechet:
    """Compares sets of ``count`` images with the first ``reference`` training images, in the features of two nets.

    Args:
        nets: name in metrics -> net.
        images: the data set.
        side: of the images.
        count: images in each set to be compared; the distance is biased upward by O(1 / count).
        reference: training images; None: all.
    """

    def __init__(self, nets: Mapping[str, FeatureNet], images: Images, side: int, count: int, reference: int | None) -> None:
        self.nets, self.side, self.count = {name: nets[name] for name in NETS}, side, count
        self._reference = {name: self._statistics(net, images.train_ND[:reference]) for name, net in self.nets.items()}
        self.floor = {f"fid_{name}_floor": value for name, value in self.of(images.test_ND[:count]).items()}

    def _statistics(self, net: FeatureNet, images_ND: torch.Tensor) -> dict[str, Any]:
        return feature_statistics(extract(net, images_ND.view(-1, 1, self.side, self.side))[0])

    def of(self, images_ND: torch.Tensor, nets: Sequence[str] = NETS) -> dict[str, float]:
        """Return net -> distance of uint8 images, or of floats in [0, 1]."""
        if images_ND.is_floating_point():
            images_ND = to_bytes(images_ND, (0.0, 1.0))
        return {name: frechet_distance(self._statistics(self.nets[name], images_ND), self._reference[name]) for name in nets}


@dataclass(frozen=True)
class Parzen:
    """The estimator of Table 1 (`secondlook.metrics.parzen`), sigma chosen on the images that are held out of the training."""

    validation_ND: torch.Tensor
    test_ND: torch.Tensor
    sigmas: tuple[float, ...] = tuple(np.logspace(-1, 0, 10).tolist())

    @classmethod
    def on(cls, images: Images) -> Parzen:
        """Return the estimator of a data set."""
        return cls(to_pixels(images.held_out_ND).double(), to_pixels(images.test_ND).double())

    def of(self, samples_ND: torch.Tensor) -> tuple[float, float]:
        """Return the mean log-likelihood of the test images under samples in [0, 1], in nats, and the sigma."""
        sigma = choose_sigma(samples_ND, self.validation_ND, self.sigmas)
        return float(parzen_log_likelihood(samples_ND, self.test_ND, sigma).mean()), sigma
