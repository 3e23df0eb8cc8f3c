"""C1 of Wilson et al. 2017: the VGG of cifar.torch on CIFAR-10 under five update rules.

Protocol of the code base the paper used (szagoruyko/cifar.torch: train.lua, provider.lua, models/vgg_bn_drop.lua): batch 128, the step
size halved every 25 epochs, coupled weight decay 5e-4, horizontal flips only, Y channel locally contrast-normalised.
Shapes: N images, B batch, C channels, H height, W width.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F

from secondlook.data.images import resized
from secondlook.data.load import load
from secondlook.nets.vgg import CifarVGG
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import above, at_least, at_most
from secondlook.train.optimizers import RuleName, WeightDecayForm, build, check_eps
from secondlook.train.streams import torch_generator
from secondlook.train.supervised import METRICS, Split, Task, train_supervised

#: rows: Y, U, V from R, G, B (Lua torch/image, rgb2yuv)
YUV = ((0.299, 0.587, 0.114), (-0.14713, -0.28886, 0.436), (0.615, -0.51499, -0.10001))


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of a C1 run."""

    #: update rule
    optimizer: RuleName
    #: step size at the start
    lr: float
    #: epochs
    epochs: int
    #: epochs between two halvings of the step size
    #: 1-based epochs divisible by it, as in train.lua; 0: constant
    halve_every: int = 25
    #: batch size
    batch: int = 128
    #: weight decay
    weight_decay: float = 5e-4
    #: form of the weight decay
    weight_decay_form: WeightDecayForm = "coupled"
    #: epsilon of the update rule
    #: None: the rule's own
    eps: float | None = None
    #: wear of the step size
    #: lr / (1 + decay_per_update * t) after t updates, train.lua's learningRateDecay
    decay_per_update: float = 1e-7
    #: factor of the net's channels
    #: 1 is the paper's net
    width: float = 1.0
    #: factor of the net's dropout probabilities
    #: 1 is the paper's net, whose largest is 0.5
    dropout: float = 1.0
    #: side of the images in pixels
    #: 32 is CIFAR-10's own, smaller ones are averaged down
    side: Literal[32, 16, 8] = 32
    #: random labels of the training images
    #: a control
    random_labels: bool = False
    #: training images
    #: the first so many; None: all
    train_images: int | None = None
    #: test images
    #: the first so many; None: all
    test_images: int | None = None

    def __post_init__(self) -> None:
        at_least(self, 1, "epochs", "batch", "train_images", "test_images")
        at_most(self, "batch", "train_images")
        at_least(self, 0, "lr", "halve_every", "weight_decay", "decay_per_update")
        at_least(self, 0, "dropout", most=2)
        above(self, 0, "eps", "width")
        check_eps(self.optimizer, self.eps)

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write: those of `secondlook.train.supervised.train_supervised`."""
        return {*METRICS}


def run(job: Job) -> Result:
    """Train one replica per seed (`secondlook.train.supervised.train_supervised` lists the metrics)."""
    settings = job.settings(Settings)

    def task(device: torch.device) -> Task:
        arrays = load(*job.datasets["cifar10"])
        train = split(arrays["train_images"], arrays["train_labels"], settings.train_images, settings.side, device)
        if settings.random_labels:  # one draw for all replicas: the data are the same, and say nothing
            labels = torch.randint(0, 10, train.labels_N.shape, generator=torch_generator(0, "labels"))
            train = dataclasses.replace(train, labels_N=labels.to(device))
        test = split(arrays["test_images"], arrays["test_labels"], settings.test_images, settings.side, device)
        decay = settings.weight_decay if settings.weight_decay_form != "none" else 0.0
        coupled = settings.weight_decay_form == "coupled"
        return Task(
            net=functools.partial(CifarVGG, settings.width, settings.dropout),
            optimizer=lambda parameters: build(
                settings.optimizer, parameters, settings.lr, weight_decay=decay if coupled else 0.0, eps=settings.eps
            ),
            lr=functools.partial(step_size, settings),
            train=train,
            test=test,
            prepare=Preprocess(train.images_NCHW),
            augment=flip_half,
            epochs=settings.epochs,
            batch=settings.batch,
            decoupled_weight_decay=0.0 if coupled else decay,
        )

    return train_supervised(job, task)


def step_size(settings: Settings, epoch: int, updates: int) -> float:
    """Step size of an update: halved at the start of epochs (from 1) divisible by ``halve_every``, worn down by ``decay_per_update``."""
    halvings = (epoch + 1) // settings.halve_every if settings.halve_every else 0
    return settings.lr * 0.5**halvings / (1 + settings.decay_per_update * updates)


def split(images: np.ndarray, labels: np.ndarray, count: int | None, side: int, device: torch.device) -> Split:
    """Put the first ``count`` images on the device as uint8, averaged down to ``side`` pixels where that is less than 32."""
    images_NCHW = resized(torch.from_numpy(images[:count]), side)
    return Split(images_NCHW.to(device), torch.from_numpy(labels[:count]).long().to(device))


def flip_half(images_BCHW: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Mirror exactly half of the batch left to right, chosen at random (train.lua, BatchFlip)."""
    count = len(images_BCHW)
    chosen_B = torch.randperm(count, generator=generator, device=images_BCHW.device) < count // 2
    return torch.where(chosen_B[:, None, None, None], images_BCHW.flip(3), images_BCHW)


class Preprocess:
    """RGB uint8 -> YUV float32: Y locally contrast-normalised in each image, U and V standardised by the training split (provider.lua).

    Done a batch at a time so that the data stay on the device as uint8: 150 MB for CIFAR-10 instead of 600.

    Args:
        train_NCHW: the training images, uint8, whose U and V means and standard deviations are used.
    """

    def __init__(self, train_NCHW: torch.Tensor) -> None:
        device = train_NCHW.device
        self.rgb_to_yuv = torch.tensor(YUV, device=device)
        # image.gaussian1D(7): sigma is a quarter of the size
        offsets = torch.arange(7, dtype=torch.float64) - 3
        kernel = torch.exp(-((offsets / (0.25 * 7)) ** 2) / 2)
        self.kernel = (kernel / kernel.sum()).float().to(device)
        side = train_NCHW.shape[-1]
        self.inside = self._blur(torch.ones(1, 1, side, side, device=device))  # what of the window lies inside the image
        chroma = torch.cat([self._yuv(part)[:, 1:].double() for part in train_NCHW.split(5000)])
        self.mean = chroma.mean((0, 2, 3), keepdim=True).float()
        self.std = chroma.std((0, 2, 3), keepdim=True).float()

    def __call__(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        """Return float32 [B, 3, H, W]."""
        yuv = self._yuv(images_BCHW)
        return torch.cat([self.contrast_normalise(yuv[:, :1]), (yuv[:, 1:] - self.mean) / self.std], 1)

    def contrast_normalise(self, luma_B1HW: torch.Tensor) -> torch.Tensor:
        """Subtract the local mean, divide by the local deviation (torch/nn SpatialContrastiveNormalization, threshold 1e-4)."""
        centred = luma_B1HW - self._blur(luma_B1HW) / self.inside
        deviation = self._blur(centred.square()).sqrt() / self.inside
        return centred / torch.where(deviation > 1e-4, deviation, 1e-4)

    def _yuv(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        return torch.einsum("bchw,dc->bdhw", images_BCHW.float(), self.rgb_to_yuv)

    def _blur(self, images_B1HW: torch.Tensor) -> torch.Tensor:
        rows = F.conv2d(images_B1HW, self.kernel.view(1, 1, 1, 7), padding=(0, 3))
        return F.conv2d(rows, self.kernel.view(1, 1, 7, 1), padding=(3, 0))
