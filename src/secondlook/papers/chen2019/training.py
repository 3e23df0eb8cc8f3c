"""What the two training experiments of this paper share: data, augmentation, update rule, schedule, and errors over the first epochs.

The schedule is that of the Keras example ``cifar10_resnet.py``, stretched over the run. Shapes: N images, B batch, C channels, H height,
W width.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from secondlook.data.images import images_and_labels, resized
from secondlook.data.load import load
from secondlook.errors import UserError
from secondlook.papers.chen2019 import probes
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import above, at_least, at_most
from secondlook.train.optimizers import build
from secondlook.train.supervised import METRICS as EVERY_EPOCH
from secondlook.train.supervised import Moment, Split, Task, evaluate, train_supervised

#: share of the epochs -> factor of the step size after it (cifar10_resnet.py: epochs above 80, 120, 160, 180 of 200, counted from 0)
KERAS = ((0.4, 0.1), (0.6, 1e-2), (0.8, 1e-3), (0.9, 5e-4))
ONCE = ((0.6, 0.1),)
CLASSES = {"cifar10": 10, "cifar100": 100}
#: pixels by which an image is shifted at most, as a share of its side (cifar10_resnet.py)
SHIFT = 0.1

Measure = Callable[[Moment], Mapping[str, float]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """What the protocol may say of any training here."""

    #: data set
    dataset: Literal["cifar10", "cifar100"] = "cifar10"
    #: update rule
    #: adam: with Keras's epsilon; sgd: momentum 0.9
    optimizer: Literal["adam", "sgd"] = "adam"
    #: step size at the start
    lr: float
    #: schedule of the step size
    #: keras: cut after 40, 60, 80 and 90 % of the epochs; once: a tenth after 60 %
    schedule: Literal["keras", "once"] = "keras"
    #: epochs
    epochs: int
    #: batch size
    batch: int
    #: L2 penalty of the convolutions' weights, as a factor of their square
    weight_decay: float = 1e-4
    #: side of the images in pixels
    side: Literal[32, 16, 8] = 32
    #: augmentation of the training images
    #: flip: half of them mirrored; shift: that, and shifted by a tenth of the side at most
    augment: Literal["none", "flip", "shift"] = "flip"
    #: training images that a replica draws
    #: those of every replica where None: all
    train_images: int | None = None
    #: whether the dependence of channels is measured at the end
    dependence: bool = True
    #: test images
    #: the first so many; None: all
    test_images: int | None = None

    def __post_init__(self) -> None:
        at_least(self, 1, "epochs", "batch", "train_images", "test_images")
        at_most(self, "batch", "train_images")
        at_least(self, 0, "weight_decay")
        above(self, 0, "lr")

    def metrics(self) -> set[str]:
        """Names of all metrics that `secondlook.train.supervised.train_supervised` writes."""
        return {*EVERY_EPOCH}


def make_task(job: Job, settings: Training, net: Callable[[], nn.Module], measure: Measure, device: torch.device) -> Task:
    """Return the task of a job."""
    if settings.dataset not in job.datasets:
        raise UserError(f"{job.paper}/{job.experiment}: its settings ask for '{settings.dataset}'; add it to 'datasets' of that experiment")
    train, test = splits(*job.datasets[settings.dataset], settings.side, device)
    test = Split(test.images_NCHW[: settings.test_images], test.labels_N[: settings.test_images])
    return Task(
        net=net,
        optimizer=functools.partial(optimizer, settings),
        lr=lambda epoch, done: settings.lr * factor(settings, epoch),
        train=train,
        test=test,
        prepare=Centre(train.images_NCHW),
        augment=functools.partial(augmented, settings.augment),
        epochs=settings.epochs,
        batch=settings.batch,
        drawn=settings.train_images,
        test_at_end=True,
        measure=measure,
    )


@functools.lru_cache(maxsize=1)
def splits(path: Path, digest: str, side: int, device: torch.device) -> tuple[Split, Split]:
    """Training and test images on the device; kept, since the cells of a job read the same ones."""
    arrays = load(path, digest)

    def split(name: Literal["train", "test"]) -> Split:
        images, labels = images_and_labels(arrays, name)
        return Split(resized(torch.from_numpy(images), side).to(device), torch.from_numpy(labels).long().to(device))

    return split("train"), split("test")


def optimizer(settings: Training, parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
    """Return Adam or SGD; the penalty is on the convolutions' weights alone, and its gradient is twice the factor times the weight."""
    kernels = [parameter for parameter in parameters if parameter.ndim == 4]
    rest = [parameter for parameter in parameters if parameter.ndim != 4]
    groups = [{"params": kernels, "weight_decay": 2 * settings.weight_decay}, {"params": rest, "weight_decay": 0.0}]
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=settings.lr, momentum=0.9)
    return build("adam", groups, settings.lr, eps=1e-7)  # type: ignore[arg-type] # Keras has epsilon where Torch 7 has it, and 1e-7


def factor(settings: Training, epoch: int) -> float:
    """Factor of the step size in an epoch, counted from 0."""
    done = 1.0
    for share, then in KERAS if settings.schedule == "keras" else ONCE:
        if epoch > share * settings.epochs:
            done = then
    return done


class Centre:
    """Pixels from 0 to 1 less the mean of each pixel over the training images (cifar10_resnet.py).

    Args:
        train_NCHW: the training images, uint8.
    """

    def __init__(self, train_NCHW: torch.Tensor) -> None:
        total = sum(part.double().sum(0) for part in train_NCHW.split(5000))
        self.mean_CHW = (total / len(train_NCHW) / 255).float()

    def __call__(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return float32 [B, C, H, W]."""
        return images_BCHW.float() / 255 - self.mean_CHW


def augmented(how: Literal["none", "flip", "shift"], images_BCHW: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirror each image with a chance of one half and shift it by whole pixels, what comes in being the nearest edge, as Keras does."""
    if how == "none":
        return images_BCHW
    count, side, device = len(images_BCHW), images_BCHW.shape[-1], images_BCHW.device
    mirrored_B = torch.rand(count, generator=generator, device=device) < 0.5
    images_BCHW = torch.where(mirrored_B[:, None, None, None], images_BCHW.flip(3), images_BCHW)
    if how == "flip":
        return images_BCHW
    most = round(SHIFT * side)
    moves_2B = torch.randint(-most, most + 1, (2, count), generator=generator, device=device)
    places = torch.arange(side, device=device)
    rows_BH, columns_BW = ((places + move_B[:, None]).clamp(0, side - 1) for move_B in moves_2B)
    images_index = torch.arange(count, device=device)[:, None, None]
    return images_BCHW.permute(0, 2, 3, 1)[images_index, rows_BH[:, :, None], columns_BW[:, None, :]].permute(0, 3, 1, 2)


def train(job: Job, settings: Training, net: Callable[[], nn.Module], measure: Measure) -> Result:
    """Train one replica per seed."""
    return train_supervised(job, functools.partial(make_task, job, settings, net, measure))


def error_on(task: Task, net: nn.Module, count: int) -> float:
    """Error in percent on the first ``count`` test images."""
    test = Split(task.test.images_NCHW[:count], task.test.labels_N[:count])
    return evaluate(dataclasses.replace(task, test=test), net)[1]


def healed(moment: Moment) -> dict[str, float]:
    """Error with batch statistics that are re-estimated without dropout on the same net, and by how much it is lower."""
    error = evaluate(moment.task, probes.reestimated(moment.task, moment.net))[1]
    return {"error_reestimated": error, "healed": moment.tested["test_error"] - error}


def add_early(history: History, epochs: int) -> None:
    """Add to the last row of each replica what its errors over the first epochs (metric ``probe_error``) come to.

    ``early_error``: their mean, the lower the faster; ``early_rises``: the sum of all rises from one epoch to the next, the lower the
    stabler. Replicas that diverged before have neither.
    """
    errors: dict[int, list[float]] = {}
    last: dict[int, int] = {}
    for replica, step, metric, value in history.rows:
        last[replica] = step
        if metric == "probe_error":
            errors.setdefault(replica, []).append(value)
    for replica, values in errors.items():
        if len(values) == epochs:
            rises = sum(max(after - before, 0.0) for before, after in itertools.pairwise(values))
            history.add(replica, last[replica], early_error=float(np.mean(values)), early_rises=rises)
