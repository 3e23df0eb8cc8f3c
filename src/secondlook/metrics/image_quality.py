"""Quality of generated images in the features of nets that were trained here.

No number is comparable with a published FID or Inception score: those rest on Inception's features. They compare generators with each
other, at one number of images, beside the floor that real held-out images reach. Nets trained on the data's own classes stand in for
Inception as in Binkowski et al. 2018; random weights are a second opinion, as in Naeem et al. 2020.
Shapes: N images, C H W an image, D features, K classes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from secondlook.errors import UserError
from secondlook.metrics.neighbours import NEIGHBOURS, precision_recall, radii

#: images that a net sees at a time
BATCH = 500
#: a class with this share of the samples counts as made
CLASS_SHARE = 0.02
#: the kernel distance is the mean over at most so many random subsets of at most so many images
KID_SUBSETS, KID_SUBSET_SIZE = 10, 1000
#: nets whose names begin so do not know the data's classes
WITHOUT_CLASSES = ("random", "inception")


def metric_names(nets: Iterable[str], classes: int) -> set[str]:
    """Names of all metrics that an `ImageJudge` of nets with these names gives, where the data have so many classes."""
    nets = list(nets)
    with_classes = [net for net in nets if not net.startswith(WITHOUT_CLASSES)]
    return {
        *(f"{kind}_{net}" for net in nets for kind in ("fid", "kid", "precision", "recall")),
        *(f"{kind}_{net}_floor" for net in nets for kind in ("fid", "kid")),
        *(f"{kind}_{net}" for net in with_classes for kind in ("score", "classes", "largest_share")),
        *(f"share_{label}" for label in range(classes) if with_classes),
    }


class FeatureNet(Protocol):
    """What a judge needs of a net, in images [B, C, H, W] with pixels in [-1, 1]."""

    @property
    def head(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """Features [B, D] to logits [B, K]."""

    def features(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return features [B, D], each image's by itself."""

    def eval(self) -> object:
        """Set the net to evaluation."""


@dataclass(frozen=True)
class _Reference:
    """What one net sees in the real images, computed once."""

    features: torch.Tensor
    statistics: dict[str, Any]
    neighbours: torch.Tensor
    """Features of as many images as are judged, for precision and recall."""
    radii: torch.Tensor


class ImageJudge:
    """Measures sets of ``count`` images against a reference.

    Args:
        nets: name in metrics -> net, on the device of the images; it is set to evaluation. A name that begins with "random" or
            "inception" gets no class metrics.
        reference_NCHW: real images, uint8, at least ``count``. All serve the Frechet and kernel distances, the first ``count``
            precision and recall, which need equal numbers.
        held_out_NCHW: other real images, uint8, at least ``count``; the first ``count`` give the floor.
        count: images in each set to be judged; the Frechet distance is biased upward by O(1 / count).

    Raises:
        UserError: ``count`` is too small for a neighbourhood, or larger than what there is.
    """

    def __init__(self, nets: Mapping[str, FeatureNet], reference_NCHW: torch.Tensor, held_out_NCHW: torch.Tensor, count: int) -> None:
        if not NEIGHBOURS < count <= min(len(reference_NCHW), len(held_out_NCHW)):
            raise UserError(
                f"samples: {count} images cannot be judged; give more than {NEIGHBOURS} and at most as many as there are training images"
                f" ({len(reference_NCHW)}) and test images ({len(held_out_NCHW)})"
            )
        self.nets, self.count = nets, count
        self._references: dict[str, _Reference] = {}
        self._floor: dict[str, float] = {}
        held_out_NCHW = in_byte_order(held_out_NCHW[:count])
        for name, net in nets.items():
            features_ND = extract(net, reference_NCHW)[0]
            near_ND = features_ND[:count]
            reference = _Reference(features_ND.cpu(), feature_statistics(features_ND), near_ND, radii(near_ND))
            self._references[name] = reference
            held_out_ND = extract(net, held_out_NCHW)[0]
            self._floor |= {f"{key}_floor": value for key, value in _distances(name, held_out_ND, reference).items()}

    def judge(self, images_NCHW: torch.Tensor) -> dict[str, float]:
        """Measure uint8 images [count, C, H, W]; neither their order nor the size of batches matters.

        Returns:
            For each net ``fid_<net>``, ``kid_<net>``, ``precision_<net>``, ``recall_<net>``, and of real images ``fid_<net>_floor`` and
            ``kid_<net>_floor``. For a trained net ``score_<net>`` (the Inception score's formula on its logits, one split: 1 to K),
            ``classes_<net>`` (how many classes have 2 % of the images or more) and ``largest_share_<net>``; for the first of them also
            ``share_<class>``. All are finite; a set of equal images has score 1, one class, and recall about 0.

        Raises:
            ValueError: another number of images.
        """
        if len(images_NCHW) != self.count:
            raise ValueError(
                f"{len(images_NCHW)} images to judge; every set must have {self.count}, since the Frechet distance depends on it"
            )
        images_NCHW = in_byte_order(images_NCHW)
        metrics: dict[str, float] = {}
        shares_K: dict[str, float] = {}
        for name, net in self.nets.items():
            features_ND, logits_NK = extract(net, images_NCHW)
            reference = self._references[name]
            metrics |= _distances(name, features_ND, reference)
            precision, recall = precision_recall(features_ND, reference.neighbours, reference.radii)
            metrics |= {f"precision_{name}": precision, f"recall_{name}": recall}
            if not name.startswith(WITHOUT_CLASSES):
                counts_K = logits_NK.argmax(1).bincount(minlength=logits_NK.shape[1])
                metrics |= {
                    f"score_{name}": classifier_score(logits_NK),
                    f"classes_{name}": float((counts_K >= CLASS_SHARE * self.count).sum()),
                    f"largest_share_{name}": counts_K.max().item() / self.count,
                }
                shares_K = shares_K or {f"share_{label}": number / self.count for label, number in enumerate(counts_K.tolist())}
        return metrics | shares_K | self._floor


def _distances(name: str, features_ND: torch.Tensor, reference: _Reference) -> dict[str, float]:
    return {
        f"fid_{name}": frechet_distance(feature_statistics(features_ND), reference.statistics),
        f"kid_{name}": kernel_distance(features_ND, reference.features),
    }


def in_byte_order(images_NCHW: torch.Tensor) -> torch.Tensor:
    """Return the images sorted by their bytes, so that sums and random subsets are the same for the same set of images."""
    rows = [row.tobytes() for row in images_NCHW.cpu().numpy()]
    order = sorted(range(len(rows)), key=rows.__getitem__)
    return images_NCHW[torch.tensor(order, device=images_NCHW.device)]


@torch.no_grad()
def extract(net: FeatureNet, images_NCHW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features [N, D] and logits [N, K] in evaluation mode, float64 on the images' device; the net runs in its own precision."""
    net.eval()
    features_ND, logits_NK = [], []
    for batch_BCHW in images_NCHW.split(BATCH):
        features_ND.append(net.features(batch_BCHW.float() / 127.5 - 1))
        logits_NK.append(net.head(features_ND[-1]))
    return torch.cat(features_ND).double(), torch.cat(logits_NK).double()


def feature_statistics(features_ND: torch.Tensor) -> dict[str, Any]:
    """Return mean and covariance of features, in float64 whatever they come in: float32 statistics shift a Frechet distance."""
    from torch_fidelity.metric_fid import fid_features_to_statistics

    return fid_features_to_statistics(features_ND.double().cpu())


def frechet_distance(statistics_1: Mapping[str, Any], statistics_2: Mapping[str, Any]) -> float:
    """Return the Frechet distance of the Gaussians with these statistics (Heusel et al. 2017); below zero only by rounding."""
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_statistics_to_metric

    return fid_statistics_to_metric(statistics_1, statistics_2, verbose=False)[KEY_METRIC_FID]


def kernel_distance(features_1_ND: torch.Tensor, features_2_MD: torch.Tensor) -> float:
    """Return the unbiased squared MMD with the kernel (x y / D + 1)^3 (Binkowski et al. 2018); equal distributions scatter around 0.

    Which images make up the subsets is fixed by their place, the same at every call.
    """
    from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

    size = min(KID_SUBSET_SIZE, len(features_1_ND), len(features_2_MD))
    subsets = min(KID_SUBSETS, -(-max(len(features_1_ND), len(features_2_MD)) // size))  # together as many images as there are
    settings = {"kid_subsets": subsets, "kid_subset_size": size, "rng_seed": 0, "verbose": False}
    return kid_features_to_metric(features_1_ND.double(), features_2_MD.double(), **settings)[KEY_METRIC_KID_MEAN]


def classifier_score(logits_NK: torch.Tensor) -> float:
    """Return exp of the mean KL divergence of a class posterior from the mean posterior (Salimans et al. 2016, Eq. 1); 1 to K."""
    from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric

    # A class whose probability underflows for every image would give 0 * inf; e^-700 is still above zero.
    logits_NK = logits_NK.double().log_softmax(1).clamp(min=-700)
    return isc_features_to_metric(logits_NK.cpu(), splits=1, shuffle=False)[KEY_METRIC_ISC_MEAN]


def weights_sha256(weights: Mapping[str, np.ndarray]) -> str:
    """Return the sha256 of a net's saved state: names, types, shapes and bytes, in the order of names."""
    digest = hashlib.sha256()
    for name, array in sorted(weights.items()):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
