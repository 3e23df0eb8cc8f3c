"""A deep autoencoder from four kinds of start: small weights, Xavier's, a stack of RBMs, and rectified units with He's.

All arms of a seed see the same images in the same order. A row's step counts updates of the whole net, fine-tuning in the paper's word;
training RBMs comes before step 0. Shapes: R replicas, B batch, P pixels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch

from secondlook.errors import UserError
from secondlook.papers.hinton2006.conjugate import search
from secondlook.papers.hinton2006.images import Data
from secondlook.papers.hinton2006.nets import Autoencoder, Start, Units
from secondlook.papers.hinton2006.rbm import RBM
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.batches import Batches
from secondlook.train.device import configure
from secondlook.train.flat import Flat, FlatRule
from secondlook.train.resumable import Progress
from secondlook.train.streams import torch_generator
from secondlook.train.variational import bernoulli_log_likelihood

#: rows of the history after the one before fine-tuning, evenly spaced
RECORDS = 12
#: share of an RBM's updates with the lower momentum, and both momenta (5 of 50 epochs in the authors' rbm.m)
EARLY, MOMENTA = 0.1, (0.5, 0.9)
#: images that are evaluated at once
CHUNK = 1000


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of it."""

    #: what the weights start from
    start: Start
    #: hidden units
    units: Units
    #: sizes of the encoder's hidden layers
    #: the decoder has them in reverse
    hidden: Sequence[int]
    #: numbers of the code
    code: int
    #: updates of the whole net
    updates: int
    #: optimizer of the whole net
    #: cg: conjugate gradients, one replica a job
    optimizer: Literal["adam", "cg"] = "adam"
    #: step size of Adam
    lr: float = 0.001
    #: batch size of the whole net
    batch: int = 100
    #: line searches of an update by conjugate gradients
    searches: int = 3
    #: updates of each RBM
    pretraining: int = 0
    #: step size of RBMs with logistic hidden units
    rbm_lr: float = 0.1
    #: step size of the RBM with linear hidden units, the last
    linear_lr: float = 0.001
    #: batch size of the RBMs
    rbm_batch: int = 100
    #: side of the images
    side: int = 28
    #: training images
    #: drawn by the seed; None: all
    train_images: int | None = None
    #: test images
    #: None: all
    test_images: int | None = None

    def __post_init__(self) -> None:
        at_least(self, 1, "hidden", "code", "updates", "batch", "searches", "rbm_batch", "side", "train_images", "test_images")
        at_least(self, 1 if self.start == "rbm" else 0, "pretraining")
        above(self, 0, "lr", "rbm_lr", "linear_lr")
        if self.start == "rbm" and self.units != "sigmoid":
            raise UserError("setting 'start': a stack of RBMs has logistic units, so 'units' must be 'sigmoid'")
        if self.train_images is not None and self.train_images < max(self.batch, self.rbm_batch):
            raise UserError(f"setting 'train_images' must be at least the size of a batch, got {self.train_images}")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {"squared_error", "explained", "mean_image_error", "first_gradient"}

    @property
    def before(self) -> int:
        """Updates of all RBMs."""
        return self.pretraining * (len(self.hidden) + 1) if self.start == "rbm" else 0


class Training:
    """Replicas in training, one RBM after the other, then the whole net."""

    def __init__(self, settings: Settings, data: Data, seeds: Sequence[int], device: torch.device) -> None:
        self.settings, self.data, self.seeds, self.device, self.step = settings, data, tuple(seeds), device, 0
        self.net = Autoencoder(
            data.pixels, settings.hidden, settings.code, settings.units, settings.start, [torch_generator(seed, "init") for seed in seeds]
        ).to(device)
        self.flat = Flat(self.net.parameters())
        self.rule = FlatRule("adam", self.flat)
        self.batches, self.rbm_batches = (
            Batches(len(data.images_NP), settings.train_images, seeds, size, device) for size in (settings.batch, settings.rbm_batch)
        )
        widths = [data.pixels, *settings.hidden, settings.code]
        self.machines = [
            RBM(
                widths[layer],
                widths[layer + 1],
                "linear" if layer == len(settings.hidden) else "logistic",
                [torch_generator(seed, "init", 1 + layer) for seed in seeds],
                device,
            )
            for layer in range(len(widths) - 1 if settings.start == "rbm" else 0)
        ]
        self.mean_image_errors = [self._mean_image_error(part_N) for part_N in self.batches.part_RN]
        self.lost: list[int] = []

    def _mean_image_error(self, part_N: torch.Tensor) -> float:
        """Squared error of the mean of a replica's training images: all that a net can do whose code says nothing."""
        mean_P = self.data.images_NP[part_N].double().mean(0) / 255
        return float((self.data.test_NP - mean_P).square().sum(1).mean())

    @property
    def update(self) -> int:
        """Updates of the whole net done; negative while there are RBMs to train."""
        return self.step - self.settings.before

    def advance(self) -> None:
        """Do one update of an RBM, or of the whole net."""
        if self.update < 0:
            self._learn(*divmod(self.step, self.settings.pretraining))
        elif self.settings.optimizer == "cg":
            images_RBP = self.data.take(self.batches(self.update))
            search(self.flat, lambda: self.loss(images_RBP), self.settings.searches)
        else:
            self.flat.differentiate(self.loss(self.data.take(self.batches(self.update))))
            self.rule.step(self.settings.lr)
        self.step += 1
        if self.machines and self.update == 0:
            self.net.unroll(self.machines)

    def _learn(self, layer: int, update: int) -> None:
        """One update of an RBM, on what the ones below it make of a batch."""
        settings, machine = self.settings, self.machines[layer]
        values_RBV = self.data.take(self.rbm_batches(update, 1 + layer))
        for below in self.machines[:layer]:
            values_RBV = below.up(values_RBV)
        generators = [torch_generator(seed, "noise", layer, update, device=self.device) for seed in self.seeds]
        lr = settings.rbm_lr if machine.units == "logistic" else settings.linear_lr
        momentum = MOMENTA[update >= EARLY * settings.pretraining]
        machine.learn(values_RBV, machine.noise(settings.rbm_batch, generators), lr, momentum)

    def loss(self, images_RBP: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of images and reconstructions in nats: a sum over pixels, a mean over the batch, a sum over replicas."""
        return -bernoulli_log_likelihood(self.net(images_RBP), images_RBP).sum() / images_RBP.shape[1]

    @torch.no_grad()
    def reconstruct(self, images_NP: torch.Tensor) -> torch.Tensor:
        """Return what each replica makes of the same images, [R, N, P]."""
        parts = [self.net(part_NP.expand(len(self.seeds), -1, -1)).sigmoid() for part_NP in images_NP.split(CHUNK)]
        return torch.cat(parts, dim=1)

    def squared_errors(self) -> list[float]:
        """Squared error of a test image, summed over its pixels, in the mean; one number a replica."""
        errors_RN = (self.reconstruct(self.data.test_NP) - self.data.test_NP).square().sum(-1).double()
        return [float(errors.mean()) for errors in errors_RN]

    def first_gradients(self) -> list[float]:
        """Norm of the loss's gradient with respect to the first layer's weights, on the first batch."""
        (slope_RPH,) = torch.autograd.grad(self.loss(self.data.take(self.batches(0))), self.flat.parameters[:1])
        return [float(slope_PH.norm()) for slope_PH in slope_RPH]

    def tensors(self) -> Mapping[str, torch.Tensor]:
        """All tensors that must survive a kill."""
        found = {"weights": self.flat.weights, "first": self.rule.first, "second": self.rule.second}
        for layer, machine in enumerate(self.machines):
            found |= {f"rbm{layer}.{place}": tensor for place, tensor in enumerate([*machine.parameters, *machine.moves])}
        return found

    def state(self) -> Mapping[str, Any]:
        """All else that must."""
        return {"step": self.step, "updates": self.rule.updates, "lost": self.lost}

    def load(self, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> None:
        """Put back what `tensors` and `state` gave."""
        for name, tensor in self.tensors().items():
            tensor.copy_(tensors[name])
        self.step, self.rule.updates, self.lost = state["step"], state["updates"], list(state["lost"])


def run(job: Job) -> Result:
    """Train one replica per seed, all of them together, or one after the other by conjugate gradients.

    Metrics: squared_error of a test image, and explained, the part of the mean training image's error that it takes away; before
    fine-tuning also that error, mean_image_error, and first_gradient, the norm of the loss's gradient with respect to the first layer's
    weights. A replica whose numbers are not finite gets ``diverged`` = 1 and is measured no more.
    Arrays: "<seed>/shown" [10, P] and "<seed>/reconstructed" [10, P], the first test image of each class and what comes back.
    """
    settings, device = job.settings(Settings), configure(job)
    data = Data(job, settings.side, settings.test_images, device)
    groups = [(seed,) for seed in job.seeds] if settings.optimizer == "cg" else [job.seeds]
    progress = Progress(job, device, groups, unit="updates")
    rows = {round(part * settings.updates / RECORDS) for part in range(RECORDS + 1)}
    total = settings.before + settings.updates
    for training in progress.groups(lambda seeds: Training(settings, data, seeds, device)):
        if training.step == 0 and not settings.before:
            _measure(progress, training)
        while training.step < total:
            with progress.working(1):
                training.advance()
            if training.update in rows:
                _measure(progress, training)
            progress.save(training)
        _keep(progress, training)
    return progress.result()


def _measure(progress: Progress, training: Training) -> None:
    """Add a row of each replica that has not diverged."""
    errors, means = training.squared_errors(), training.mean_image_errors
    found = {"squared_error": errors, "explained": [1 - error / mean for error, mean in zip(errors, means, strict=True)]}
    if training.update == 0:
        found |= {"mean_image_error": means, "first_gradient": training.first_gradients()}
    for replica, seed in enumerate(training.seeds):
        if seed in training.lost:
            continue
        values = {name: each[replica] for name, each in found.items()}
        if np.isfinite(list(values.values())).all():
            progress.history.add(seed, training.update, **values)
        else:
            training.lost.append(seed)
            progress.diverged(seed, training.update, "update")


def _keep(progress: Progress, training: Training) -> None:
    """Note how each replica ended, and keep what figures draw."""
    shown_NP = training.data.test_NP[training.data.shown]
    reconstructed_RNP = training.reconstruct(shown_NP).numpy(force=True)
    for replica, seed in enumerate(training.seeds):
        if seed not in training.lost:
            progress.status[seed] = "completed"
            progress.arrays[f"{seed}/shown"] = shown_NP.numpy(force=True)
            progress.arrays[f"{seed}/reconstructed"] = reconstructed_RNP[replica]
