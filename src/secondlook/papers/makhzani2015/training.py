"""What all trainings of this paper share: settings of the nets, the images, and the loop over replicas, rows and checkpoints.

Shapes: N images, D pixels, R replicas.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch

from secondlook.data.images import load_images
from secondlook.errors import UserError
from secondlook.nets.autoencoders import Autoencoder
from secondlook.nets.mlp import StackedMLP, orthogonal
from secondlook.papers.makhzani2015.phases import Phased
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import above, at_least, at_most
from secondlook.train.device import configure
from secondlook.train.game import Seeds, init_generators
from secondlook.train.resumable import Progress
from secondlook.train.updates import Adam

#: minibatches between two looks at the device, at divergence and at the clock for a checkpoint
STRIDE = 500

P = TypeVar("P", bound=Phased)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """Settings of any training here."""

    #: data set
    dataset: Literal["mnist"] = "mnist"
    #: side of the images in pixels
    side: int
    #: training images
    #: the first so many; None: all
    train_images: int | None = None
    #: training images held out of the training
    #: the last so many, for what is chosen by validation
    held_out: int = 0
    #: test images
    #: the first so many; None: all
    test_images: int | None = None
    #: widths of the encoder's hidden layers
    #: the decoder has them backwards
    hidden: tuple[int, ...]
    #: gain of the orthogonal weights that encoder and decoder start from
    #: biases start at 0
    gain: float = 1.0
    #: dropout in the hidden layers of encoder and decoder
    dropout: float = 0.0
    #: minibatches
    steps: int
    #: batch size
    batch: int
    #: rows of the history
    #: evenly spaced; the last is after the last minibatch
    records: int = 1
    #: step size of Adam in the reconstruction phase
    lr: float
    #: step size of Adam in the regularisation phase
    #: of the discriminator, and of the encoder against it
    adversarial_lr: float
    #: beta1 of Adam in the regularisation phase
    beta1: float = 0.5
    #: units of each of a discriminator's two hidden layers
    d_width: int

    def __post_init__(self) -> None:
        at_least(self, 1, "side", "train_images", "test_images", "hidden", "steps", "batch", "records", "d_width")
        at_least(self, 0, "held_out")
        at_least(self, 0, "dropout", below=1)
        above(self, 0, "lr", "adversarial_lr", "gain")
        at_least(self, 0, "beta1", below=1)
        at_most(self, "batch", "train_images")
        at_most(self, "records", "steps")

    @property
    def adversarial_rule(self) -> Adam:
        """Update rule of both players of the regularisation phase."""
        return Adam(self.adversarial_lr, beta1=self.beta1)

    @property
    def recorded(self) -> list[int]:
        """Minibatches after which a row is written."""
        return sorted({round(part * self.steps / self.records) for part in range(1, self.records + 1)})

    def autoencoder(self, seeds: Seeds, outputs: int, code: int) -> Autoencoder:
        """Return the replicas' encoders and decoders."""
        generators = init_generators(seeds, "encoder"), init_generators(seeds, "decoder")
        return Autoencoder(self.side**2, self.hidden, outputs, code, *generators, initialise=orthogonal(self.gain), dropout=self.dropout)

    def discriminator(self, seeds: Seeds, inputs: int, player: str = "discriminator") -> StackedMLP:
        """Return the replicas' discriminators of a part of the code, [R, B, inputs] to [R, B]."""
        return StackedMLP([inputs, self.d_width, self.d_width, 1], init_generators(seeds, player))


@dataclasses.dataclass(frozen=True)
class Images:
    """A data set on the device: pixels as uint8 [N, D], labels int64 [N]; for training, held out of it, and for tests."""

    train_ND: torch.Tensor
    train_labels_N: torch.Tensor
    held_out_ND: torch.Tensor
    held_out_labels_N: torch.Tensor
    test_ND: torch.Tensor
    test_labels_N: torch.Tensor


def load(job: Job, settings: Training, device: torch.device) -> Images:
    """Return the images that the settings name; kept, since the cells of a job read the same ones.

    Raises:
        UserError: there are too few, or the experiment does not name the data set.
    """
    if settings.dataset not in job.datasets:
        raise UserError(f"{job.paper}/{job.experiment}: its settings ask for '{settings.dataset}'; add it to 'datasets' of that experiment")
    source = job.datasets[settings.dataset]
    every_ND, every_N, test_ND, test_N = _load(source, settings.dataset, settings.side, settings.train_images, settings.test_images, device)
    kept = len(every_ND) - settings.held_out
    if kept < settings.batch:
        raise UserError(f"setting 'held_out': {settings.held_out} of {len(every_ND)} images leave less than a batch of {settings.batch}")
    return Images(every_ND[:kept], every_N[:kept], every_ND[kept:], every_N[kept:], test_ND, test_N)


@functools.lru_cache(maxsize=1)
def _load(
    source: tuple[Path, str], name: str, side: int, train: int | None, test: int | None, device: torch.device
) -> tuple[torch.Tensor, ...]:
    """All training images [N, D] and labels [N], then the test images."""
    job = Job("makhzani2015", "images", {}, (), {name: source}, {}, device.type, 1, Path(), "")
    train_NCHW, train_labels_N = load_images(job, name, "train", side, train, device)
    test_NCHW, test_labels_N = load_images(job, name, "test", side, test, device)
    return train_NCHW.flatten(1), train_labels_N, test_NCHW.flatten(1), test_labels_N


def to_pixels(images: torch.Tensor) -> torch.Tensor:
    """Return uint8 images as float32 in [0, 1]."""
    return images.float() / 255


#: metrics and arrays of one replica
Found = tuple[Mapping[str, float], Mapping[str, np.ndarray]]
#: how a group of seeds is made, and what is measured of its replica with that number after the last minibatch
Prepared = tuple[Callable[[tuple[int, ...]], P], Callable[[P, int], Found]]


def train(job: Job, settings: Training, prepare: Callable[[torch.device], Prepared[P]]) -> Result:
    """Train one replica per seed, all together, or one after the other where there is dropout; a row's step counts minibatches.

    Args:
        job: the job.
        settings: its settings.
        prepare: device -> what is trained and measured there.

    Returns:
        Rows of the losses; in the last row what was measured. A replica whose losses or weights are not finite gets ``diverged`` = 1.

    Raises:
        UserError: replicas would train together on several threads of a CPU.
    """
    device = configure(job)
    together = settings.dropout == 0
    if together and device.type == "cpu" and job.threads != 1:
        raise UserError(f"{job.paper}/{job.experiment}: replicas that train together need threads: 1, not {job.threads}")
    make, measure = prepare(device)
    progress = Progress(job, device, [job.seeds] if together else [(seed,) for seed in job.seeds], unit="minibatches")
    for group in progress.groups(make):
        _advance(group, settings, progress)
        for net in group.nets.values():
            net.eval()
        for replica, seed in enumerate(group.seeds):
            if seed in group.alive:
                metrics, arrays = measure(group, replica)
                progress.history.add(seed, settings.steps, **metrics)
                progress.arrays |= {f"{seed}/{name}": array for name, array in arrays.items()}
                progress.status[seed] = "completed"
    return progress.result()


def _advance(group: Phased, settings: Training, progress: Progress) -> None:
    """Train a group to the end, or until its last replica has diverged, and write the rows of the losses."""
    records = set(settings.recorded)
    for stop in sorted({*records, *range(STRIDE, settings.steps, STRIDE), settings.steps}):
        if stop <= group.step or not group.alive:
            continue
        with progress.working(len(group.seeds) * (stop - group.step)):
            group.advance(stop)
            if group.step < stop:
                progress.save(group)  # and end: the process was told to
            diverged = group.find_diverged()
        for seed in diverged:
            progress.diverged(seed, stop, "minibatch")
        if stop in records:
            rows = group.rows()
            for seed in group.alive:
                progress.history.add(seed, stop, **rows[seed])
            print(f"seeds {group.seeds} minibatch {stop}/{settings.steps}, {progress.rate:.0f} a second", file=sys.stderr, flush=True)
        if stop < settings.steps:
            progress.save(group)
