"""Images as rows of numbers between 0 (black) and 1.

Shapes: N images, P pixels, ... any leading axes.
"""

from __future__ import annotations

import torch

from secondlook.data.images import load_images
from secondlook.runner.job import Job


class Data:
    """The training images, and the test images, of which the first of each class are shown.

    Args:
        job: its data set is read.
        side: side of the images.
        test_images: the first so many test images; None: all.
        device: where they lie.

    Raises:
        UserError: there are fewer images.
    """

    def __init__(self, job: Job, side: int, test_images: int | None, device: torch.device) -> None:
        (dataset,) = job.datasets
        images, _ = load_images(job, dataset, "train", side, device=device)
        test, labels = load_images(job, dataset, "test", side, test_images, device)
        self.images_NP, self.test_NP = images.flatten(1), test.flatten(1).float() / 255
        #: which are the first test images of their classes
        self.shown = [int((labels == label).nonzero()[0]) for label in sorted(set(labels.tolist()))]

    @property
    def pixels(self) -> int:
        """Pixels of an image."""
        return self.images_NP.shape[1]

    def take(self, chosen: torch.Tensor) -> torch.Tensor:
        """Return the training images of these numbers [...] as [..., P]."""
        return self.images_NP[chosen].float() / 255
