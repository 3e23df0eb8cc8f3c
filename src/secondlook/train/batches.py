"""Batches of images by number: each seed trains on its own part of a data set, in an order that seed, phase and epoch decide.

Shapes: R replicas, N images of a part, B batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from secondlook.errors import UserError
from secondlook.train.streams import torch_generator


def part(images: int, count: int | None, seed: int) -> torch.Tensor:
    """Return which of the images a seed has, [N]: so many drawn without replacement, in the order of the draw; None: all.

    Raises:
        UserError: there are fewer images.
    """
    if count is not None and count > images:
        raise UserError(f"setting 'train_images': {count} images are to be drawn from {images}")
    return torch.randperm(images, generator=torch_generator(seed, "data"))[:count]


class Batches:
    """Batches of each seed's part; an epoch shows each image once, and an incomplete last batch is dropped.

    Args:
        images: images of the data set.
        count: images of a part; None: all.
        seeds: one a replica.
        batch: images of a batch.
        device: where the numbers of the images lie.
    """

    def __init__(self, images: int, count: int | None, seeds: Sequence[int], batch: int, device: str | torch.device = "cpu") -> None:
        self.seeds, self.size = tuple(seeds), batch
        self.part_RN = torch.stack([part(images, count, seed) for seed in seeds]).to(device)
        self._drawn: tuple[int, ...] | None = None

    def __call__(self, update: int, *phase: int) -> torch.Tensor:
        """Return the images [R, B] of an update, counted from 0, of a phase of the training."""
        count = self.part_RN.shape[1]
        epoch, place = divmod(update, count // self.size)
        if self._drawn != (*phase, epoch):
            orders = [torch.randperm(count, generator=torch_generator(seed, "order", *phase, epoch)) for seed in self.seeds]
            self._ordered_RN = self.part_RN.gather(1, torch.stack(orders).to(self.part_RN.device))
            self._drawn = *phase, epoch
        return self._ordered_RN[:, place * self.size : (place + 1) * self.size]
