"""Images as rows of numbers, and the batches that a seed draws from its part of them.

Shapes: R replicas, N images, B batch, P pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from secondlook.data.images import load_images
from secondlook.errors import UserError
from secondlook.runner.job import Job
from secondlook.train.streams import torch_generator


def rows(images_NCHW: torch.Tensor) -> torch.Tensor:
    """Return uint8 images as [N, P] numbers from 0 (black) to 1."""
    return images_NCHW.flatten(1).float() / 255


class Data:
    """The training images, a part of them for each seed, and the test images.

    Args:
        job: its data set is read.
        side: side of the images.
        train_images: images of a seed's part, which it draws without replacement; None: all.
        test_images: the first so many test images; None: all.
        device: where they lie.

    Raises:
        UserError: there are fewer images.
    """

    def __init__(self, job: Job, side: int, train_images: int | None, test_images: int | None, device: torch.device) -> None:
        (dataset,) = job.datasets
        images, _ = load_images(job, dataset, "train", side, device=device)
        if train_images is not None and train_images > len(images):
            raise UserError(f"setting 'train_images': {train_images} images are to be drawn from {len(images)}")
        self.count = len(images) if train_images is None else train_images
        self.images_NP = images.flatten(1)
        test, labels = load_images(job, dataset, "test", side, test_images, device)
        self.test_NP = rows(test)
        #: which are the first test images of their classes
        self.shown = [int((labels == label).nonzero()[0]) for label in sorted(set(labels.tolist()))]
        self.pixels = self.images_NP.shape[1]

    def part(self, seeds: Sequence[int]) -> torch.Tensor:
        """Return which images each seed trains on, [R, N]."""
        drawn = [torch.randperm(len(self.images_NP), generator=torch_generator(seed, "data"))[: self.count] for seed in seeds]
        return torch.stack(drawn).to(self.images_NP.device)

    def take(self, chosen_RB: torch.Tensor) -> torch.Tensor:
        """Return those training images as numbers, [R, B, P]."""
        return self.images_NP[chosen_RB].float() / 255


class Batches:
    """Batches of each seed's part, in an order that seed, phase and epoch decide; an incomplete last batch is dropped."""

    def __init__(self, data: Data, seeds: Sequence[int], batch: int) -> None:
        self.data, self.seeds, self.size = data, tuple(seeds), batch
        self.part_RN = data.part(seeds)
        self._per_epoch = data.count // batch
        self._drawn: tuple[int, int] | None = None

    def __call__(self, phase: int, update: int) -> torch.Tensor:
        """Return the images [R, B, P] of an update, counted from 0, of a phase of the training."""
        epoch, place = divmod(update, self._per_epoch)
        if self._drawn != (phase, epoch):
            orders = [torch.randperm(self.data.count, generator=torch_generator(seed, "order", phase, epoch)) for seed in self.seeds]
            self._ordered_RN = self.part_RN.gather(1, torch.stack(orders).to(self.part_RN.device))
            self._drawn = phase, epoch
        return self.data.take(self._ordered_RN[:, place * self.size : (place + 1) * self.size])
