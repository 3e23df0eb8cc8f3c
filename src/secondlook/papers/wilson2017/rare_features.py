"""Common and rare features: which of the two an adaptive rule favours, and what that costs or gains.

Not in the paper: the mechanism behind its section 3.3, in a net that fits its training data completely. A sample has a few features that
are often present and many that rarely are, all of them 0 or 1. In one block each feature is more likely under one of the two classes,
the other block says nothing; where the label can be read is all that changes. Dividing each coordinate of the gradient by its own history
makes rare features count as much as common ones: a loss where they are noise, a gain where they carry the signal.
Shapes: R replicas, N samples, B batch, F features.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F

from secondlook.nets.mlp import StackedMLP
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.device import configure
from secondlook.train.flat import Flat, FlatRule
from secondlook.train.optimizers import RuleName, check_eps
from secondlook.train.streams import numpy_generator, torch_generator


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of it."""

    #: update rule
    optimizer: RuleName
    #: step size
    lr: float
    #: block of features that carries the label
    signal: Literal["common", "rare"]
    #: training samples
    samples: int = 200
    #: common features
    common: int = 20
    #: rare features
    rare: int = 1000
    #: rate of a common feature
    common_rate: float = 0.5
    #: rate of a rare feature
    rare_rate: float = 0.02
    #: what the label adds to the rate of a common feature that carries it
    #: as a share of the rate; under the other class it is taken off
    common_signal: float = 0.4
    #: what the label adds to the rate of a rare feature that carries it
    rare_signal: float = 0.5
    #: hidden units
    hidden: int = 32
    #: batch size
    batch: int = 20
    #: epochs
    epochs: int = 20
    #: share of the updates after which the step size is a tenth
    #: 1: it stays as it is
    cut: float = 0.8
    #: epsilon of the update rule
    #: None: the rule's own
    eps: float | None = None
    #: samples of the validation set and of the test set
    held_out: int = 1000

    def __post_init__(self) -> None:
        at_least(self, 1, "samples", "common", "rare", "hidden", "batch", "epochs", "held_out")
        at_least(self, 0, "common_rate", "rare_rate", "common_signal", "rare_signal", "cut", most=1)
        at_least(self, 0, "lr")
        above(self, 0, "eps")
        check_eps(self.optimizer, self.eps)

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {"train_loss", "train_error", "validation_error", "test_error"}


def draw(settings: Settings, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return split -> features [N, F] float32, the common ones first, and labels [N], 0 or 1; half of each block speaks for each class."""
    rng = numpy_generator(seed, "data")
    strength = np.zeros(settings.common + settings.rare)
    block = slice(None, settings.common) if settings.signal == "common" else slice(settings.common, None)
    strength[block] = settings.common_signal if settings.signal == "common" else settings.rare_signal
    strength[1::2] *= -1  # every other feature speaks for the other one
    rate = np.repeat([settings.common_rate, settings.rare_rate], [settings.common, settings.rare])
    rates = np.stack([rate * (1 - strength), rate * (1 + strength)]).astype(np.float32)
    found = {}
    for split, count in {"train": settings.samples, "validation": settings.held_out, "test": settings.held_out}.items():
        labels = rng.integers(2, size=count)
        found[split] = (rng.random((count, len(rate)), np.float32) < rates[labels]).astype(np.float32), labels
    return found


def run(job: Job) -> Result:
    """Train one replica per seed, all of them together, and measure it at the end; a row's step counts updates.

    Metrics: train_loss; train_error, validation_error and test_error in percent. A replica whose loss is not finite gets ``diverged`` = 1.
    """
    settings, device = job.settings(Settings), configure(job)
    drawn = [draw(settings, seed) for seed in job.seeds]
    data = {
        split: tuple(torch.from_numpy(np.stack([each[split][part] for each in drawn])).to(device) for part in (0, 1)) for split in drawn[0]
    }
    generators = [torch_generator(seed, "init") for seed in job.seeds]
    net = StackedMLP([settings.common + settings.rare, settings.hidden, 2], generators, shape=(2,)).to(device)
    flat = Flat(net.parameters())
    rule = FlatRule(settings.optimizer, flat, settings.eps)
    features, labels = data["train"]
    steps = settings.samples // settings.batch
    total = settings.epochs * steps
    for update in range(total):
        epoch, step = divmod(update, steps)
        if step == 0:
            orders = [torch.randperm(settings.samples, generator=torch_generator(seed, "order", epoch)) for seed in job.seeds]
            order_RN = torch.stack(orders).to(device)
        chosen = order_RN[:, step * settings.batch : (step + 1) * settings.batch]
        batch = features.gather(1, chosen[:, :, None].expand(-1, -1, features.shape[2]))
        scores = net(batch).flatten(0, 1)
        flat.differentiate(F.cross_entropy(scores, labels.gather(1, chosen).flatten(), reduction="sum") / settings.batch)
        rule.step(settings.lr * (0.1 if update >= settings.cut * total else 1.0))
    measured = {split: _measure(net, *arrays) for split, arrays in data.items()}
    history, status = History(), dict.fromkeys(job.seeds, "completed")
    for replica, seed in enumerate(job.seeds):
        loss = measured["train"][0][replica]
        if np.isfinite(loss):
            history.add(seed, total, train_loss=loss, **{f"{split}_error": errors[replica] for split, (_, errors) in measured.items()})
        else:
            history.add(seed, total, diverged=1.0)
            status[seed] = f"diverged at update {total}"
    return Result(history, status=status)


@torch.inference_mode()
def _measure(net: StackedMLP, features_RNF: torch.Tensor, labels_RN: torch.Tensor) -> tuple[list[float], list[float]]:
    """Mean cross-entropy and error in percent of each replica."""
    scores = net(features_RNF)
    losses = F.cross_entropy(scores.flatten(0, 1), labels_RN.flatten(), reduction="none").view(labels_RN.shape).double()
    wrong = (scores.argmax(2) != labels_RN).double()
    return [float(each.mean()) for each in losses], [100 * float(each.mean()) for each in wrong]
