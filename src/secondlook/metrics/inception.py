"""The Inception net of the published FID, where the internet is at hand: torch-fidelity's port of the TensorFlow weights.

Shapes: B batch, C H W an image, D = 2048 features.
"""

from __future__ import annotations

import contextlib
import io
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3


#: longest wait, in seconds, for the server to answer or to send more; there is no limit on the whole while bytes arrive
TIME_OUT = 20.0


class Inception(nn.Module):
    """A feature net for `secondlook.metrics.image_quality.ImageJudge`, of colour images in [-1, 1]."""

    def __init__(self, extractor: FeatureExtractorInceptionV3) -> None:
        super().__init__()
        self.extractor = extractor

    def features(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return the last pooling layer's outputs [B, D]; the extractor resizes to 299 pixels as TensorFlow 1 does."""
        (features_BD,) = self.extractor(((images_BCHW + 1) * 127.5).round().to(torch.uint8))
        return features_BD

    def head(self, features_BD: torch.Tensor) -> torch.Tensor:
        """Return logits [B, 1008] without the bias, as the Inception score takes them."""
        return features_BD @ self.extractor.fc.weight.T


def load_inception() -> Inception:
    """Return the net, fetched at the first call into torch's own cache (torch.hub), where a file put there by hand serves as well.

    Raises:
        OSError: the weights are not there and cannot be fetched (urllib's errors and a time-out are among these).
        RuntimeError: what was fetched has not the hash that its name promises.
    """
    from torch.hub import load_state_dict_from_url
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3

    # torch-fidelity would unpickle whatever the file holds; so it is read here, as tensors only, and handed over as a file of our own.
    with _time_out(TIME_OUT):
        weights = load_state_dict_from_url(URL_INCEPTION_V3, map_location="cpu", progress=False, check_hash=True, weights_only=True)
    own = io.BytesIO()
    torch.save(weights, own)
    own.seek(0)
    return Inception(FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], feature_extractor_weights_path=own))


@contextlib.contextmanager
def _time_out(seconds: float) -> Iterator[None]:
    """Give a time-out to sockets that are opened without one, as those of torch.hub are."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
