"""Training by auto-encoding variational Bayes (AEVB) or by wake-sleep, with the same nets, batches and update rule.

All arms of a seed see the same images in the same order. A row's step counts updates; rows stand closer together early, as the points of
the paper's Fig. 2 do. Shapes: R replicas, N images, B batch, P pixels, Z code, K draws.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch

from secondlook.data.images import load_images
from secondlook.errors import UserError
from secondlook.papers.kingma2013.model import Model, Start, Units
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.batches import Batches
from secondlook.train.device import configure
from secondlook.train.flat import Flat, FlatRule
from secondlook.train.resumable import Progress
from secondlook.train.streams import torch_generator

#: rows of the history, from a hundredth of the updates to all, evenly spaced on a logarithmic axis
RECORDS = 20
#: images that are evaluated at once; on a CPU numbers of images should be multiples of 32, as batches are (nets/mlp.py)
CHUNK = 1024


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of it."""

    #: training method
    method: Literal["aevb", "wake-sleep"]
    #: latent variables
    latents: int
    #: updates
    updates: int
    #: hidden units of encoder and decoder
    hidden: int = 500
    #: hidden units compute
    units: Units = "tanh"
    #: start of the weights
    #: normal: N(0, 0.01), as in the paper; uniform: torch.nn.Linear's own
    start: Start = "normal"
    #: update rule
    optimizer: Literal["adagrad", "adam"] = "adagrad"
    #: step size
    lr: float = 0.02
    #: batch size
    batch: int = 100
    #: prior N(0, I) of the weights, a weight decay
    prior: bool = True
    #: pixels
    #: binary: white from one half on; grey: probabilities of white
    pixels: Literal["binary", "grey"] = "binary"
    #: side of the images
    side: int = 28
    #: training images
    #: drawn by the seed; None: all
    train_images: int | None = None
    #: test images
    #: evenly spaced; None: all
    test_images: int | None = None
    #: draws of the importance-sampled likelihood
    #: 0: it is not measured
    draws: int = 0
    #: test images of that likelihood
    likelihood_images: int = 1024

    def __post_init__(self) -> None:
        at_least(self, 1, "latents", "hidden", "batch", "side", "test_images", "likelihood_images")
        at_least(self, RECORDS, "updates")
        at_least(self, self.batch, "train_images")
        at_least(self, 0, "draws")
        above(self, 0, "lr")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` may write."""
        return {"train_bound", "test_bound", "overfitting", "active_units"} | ({"log_likelihood"} if self.draws else set())


class Data:
    """Training images, and evenly spaced test images, as numbers in [0, 1]."""

    def __init__(self, settings: Settings, job: Job, device: torch.device) -> None:
        (dataset,) = job.datasets
        self.settings = settings
        self.images_NP, test_NP = (
            load_images(job, dataset, split, settings.side, device=device)[0].flatten(1) for split in ("train", "test")
        )
        if settings.test_images is not None and settings.test_images > len(test_NP):
            raise UserError(f"setting 'test_images': {settings.test_images} images are to be taken from {len(test_NP)}")
        # the first half of MNIST's test images comes from neater writers
        self.test_NP = self.numbers(test_NP[:: len(test_NP) // (settings.test_images or len(test_NP))][: settings.test_images])

    def numbers(self, images: torch.Tensor) -> torch.Tensor:
        """Return uint8 pixels as numbers in [0, 1]."""
        return (images >= 128).float() if self.settings.pixels == "binary" else images.float() / 255


class Training:
    """Replicas in training, all of one method."""

    def __init__(self, settings: Settings, data: Data, seeds: Sequence[int], device: torch.device) -> None:
        self.settings, self.data, self.seeds, self.device, self.step = settings, data, tuple(seeds), device, 0
        images, pixels = data.images_NP.shape
        self.batches = Batches(images, settings.train_images, seeds, settings.batch, device)
        generators = [torch_generator(seed, "init") for seed in seeds]
        self.model = Model(pixels, settings.hidden, settings.latents, settings.units, settings.start, generators).to(device)
        decay = 1 / self.batches.part_RN.shape[1] if settings.prior else 0.0  # of -log p(weights) / N with p = N(0, I)
        both = self.model.decoder.parameters(), self.model.encoder.parameters()
        groups = [[*both[0], *both[1]]] if settings.method == "aevb" else [list(each) for each in both]
        self.flats = [Flat(group) for group in groups]
        self.rules = [FlatRule(settings.optimizer, flat, weight_decay=decay) for flat in self.flats]
        self.lost: list[int] = []

    def advance(self) -> None:
        """Do one update, of wake-sleep both halves."""
        images_RBP = self.data.numbers(self.data.images_NP[self.batches(self.step)])
        noise_RBZ, *dreamt = self._noise()
        if self.settings.method == "aevb":
            self._climb(0, self.model.bound(images_RBP, noise_RBZ))
        else:
            self._climb(0, self.model.wake(images_RBP, noise_RBZ))
            self._climb(1, self.model.sleep(*dreamt))
        self.step += 1

    def _climb(self, net: int, objective_RB: torch.Tensor) -> None:
        """Move one group of weights up the mean of what is to be large."""
        self.flats[net].differentiate(-objective_RB.sum() / self.settings.batch)
        self.rules[net].step(self.settings.lr)

    def _noise(self) -> list[torch.Tensor]:
        """Draw the code's noise, and for wake-sleep codes and pixels of the dreams."""
        batch, code, found = self.settings.batch, self.settings.latents, []
        for seed in self.seeds:
            generator = torch_generator(seed, "noise", self.step, device=self.device)
            drawn = [torch.randn(batch, code, generator=generator, device=self.device)]
            if self.settings.method == "wake-sleep":
                drawn.append(torch.randn(batch, code, generator=generator, device=self.device))
                drawn.append(torch.rand(batch, self.data.images_NP.shape[1], generator=generator, device=self.device))
            found.append(drawn)
        return [torch.stack(each) for each in zip(*found, strict=True)]

    @torch.no_grad()
    def bounds(self, images_RNP: torch.Tensor, split: int) -> list[float]:
        """Return the mean bound of images in nats, one a replica; the same draws each time."""
        shape = images_RNP.shape[1], self.settings.latents
        noise = [torch.randn(shape, generator=torch_generator(seed, "eval", split)).to(self.device) for seed in self.seeds]
        parts = zip(images_RNP.split(CHUNK, 1), torch.stack(noise).split(CHUNK, 1), strict=True)
        return [float(values.mean()) for values in torch.cat([self.model.bound(*part) for part in parts], 1).double()]

    def measure(self) -> dict[str, list[float]]:
        """Return what a row holds, one number a replica: bounds of test images and of as many training images."""
        test_RNP = self.data.test_NP.expand(len(self.seeds), -1, -1)
        train_RNP = self.data.numbers(self.data.images_NP[self.batches.part_RN[:, : len(self.data.test_NP)]])
        found = {"train_bound": self.bounds(train_RNP, 0), "test_bound": self.bounds(test_RNP, 1)}
        if self.step == self.settings.updates:
            found["overfitting"] = [train - test for train, test in zip(*found.values(), strict=True)]
            with torch.no_grad():
                found["active_units"] = [float(count) for count in self.model.active_units(test_RNP)]
            if self.settings.draws:
                found["log_likelihood"] = self._likelihoods(test_RNP[:, : self.settings.likelihood_images])
        return found

    @torch.no_grad()
    def _likelihoods(self, images_RNP: torch.Tensor) -> list[float]:
        """Mean of the importance-sampled log-likelihood."""
        count, latents, draws = images_RNP.shape[1], self.settings.latents, self.settings.draws
        noise = [torch.randn(draws, count, latents, generator=torch_generator(seed, "eval", 2)).to(self.device) for seed in self.seeds]
        return [float(values.mean()) for values in self.model.log_likelihood(images_RNP, torch.stack(noise, 1)).double()]

    def tensors(self) -> Mapping[str, torch.Tensor]:
        """All tensors that must survive a kill."""
        pairs = enumerate(zip(self.flats, self.rules, strict=True))
        return {
            f"{place}.{name}": tensor
            for place, (flat, rule) in pairs
            for name, tensor in (("weights", flat.weights), ("first", rule.first), ("second", rule.second))
        }

    def state(self) -> Mapping[str, Any]:
        """All else that must."""
        return {"step": self.step, "lost": self.lost}

    def load(self, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> None:
        """Put back what `tensors` and `state` gave."""
        for name, tensor in self.tensors().items():
            tensor.copy_(tensors[name])
        self.step, self.lost = state["step"], list(state["lost"])
        for rule in self.rules:
            rule.updates = self.step


def run(job: Job) -> Result:
    """Train one replica per seed, all of them together.

    Metrics: train_bound and test_bound in nats; at the end also overfitting, the first less the second, active_units, and, where asked
    for, log_likelihood by importance sampling. A replica whose numbers are not finite gets ``diverged`` = 1 and is measured no more.
    """
    settings, device = job.settings(Settings), configure(job)
    data = Data(settings, job, device)
    rows = {round(settings.updates * 10 ** (2 * part / RECORDS - 2)) for part in range(RECORDS + 1)}
    progress = Progress(job, device, [job.seeds], unit="updates")
    for training in progress.groups(lambda seeds: Training(settings, data, seeds, device)):
        while training.step < settings.updates:
            with progress.working(1):
                training.advance()
            if training.step in rows:
                _record(progress, training)
            progress.save(training)
        progress.status |= {seed: "completed" for seed in training.seeds if seed not in training.lost}
    return progress.result()


def _record(progress: Progress, training: Training) -> None:
    """Add a row of each replica that has not diverged."""
    found = training.measure()
    for replica, seed in enumerate(training.seeds):
        if seed in training.lost:
            continue
        values = {name: each[replica] for name, each in found.items()}
        if np.isfinite(list(values.values())).all():
            progress.history.add(seed, training.step, **values)
        else:
            training.lost.append(seed)
            progress.diverged(seed, training.step, "update")
