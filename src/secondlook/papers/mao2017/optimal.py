"""The optimal discriminator of LSGAN, found by training: N(0, 1) for the data against a generator that stands still at N(shift, 1).

Shapes: R replicas, B batch, N grid points.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from secondlook.errors import UserError, did_you_mean
from secondlook.metrics.divergences import optimal_ls_discriminator
from secondlook.nets.mlp import StackedMLP
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import at_least, at_most
from secondlook.train.device import configure
from secondlook.train.discriminator import fit_discriminator
from secondlook.train.game import init_generators
from secondlook.train.losses import adversarial_loss
from secondlook.train.streams import torch_generator
from secondlook.train.updates import Adam

#: loss -> (a, b): what D aims at on fakes and on data
TARGETS = {"ls-0-1-1": (0.0, 1.0), "ls-neg1-1-0": (-1.0, 1.0)}


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of this training."""

    #: losses of the two players
    #: one of LSGAN's
    loss: str
    #: updates of the discriminator
    steps: int
    #: batch size
    batch: int = 512
    #: step size of Adam
    lr: float = 1e-3
    #: units of each hidden layer
    width: int = 64
    #: mean of the generator's density
    shift: float = 2.0
    #: rows of the history
    #: evenly spaced; the last is after the last step
    records: int = 10

    def __post_init__(self) -> None:
        if self.loss not in TARGETS:
            raise UserError(f"setting 'loss': '{self.loss}' is none of LSGAN's.{did_you_mean(self.loss, TARGETS)}")
        at_least(self, 1, "steps", "batch", "width", "records")
        at_most(self, "records", "steps")
        at_least(self, 0, "lr", "shift")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {"error", "largest_error"}


def run(job: Job) -> Result:
    """Train one discriminator per seed, all together; a row's step counts its updates.

    Metrics: error and largest_error, the mean under (p_d + p_g) / 2 and the maximum, from three standard deviations below the lower mean to
    three above the upper, of the absolute difference to (b p_d + a p_g) / (p_d + p_g), in units of b - a. Array "<seed>/grid", of each
    seed: x, D and D*, [3, N].
    """
    settings = job.settings(Settings)
    device, (a, b) = configure(job), TARGETS[settings.loss]
    x = np.linspace(-3.0, settings.shift + 3.0, 301)
    log_p, log_q = (-((x - mean) ** 2) / 2 - math.log(2 * math.pi) / 2 for mean in (0.0, settings.shift))
    best, weight = optimal_ls_discriminator(log_p, log_q, a, b), np.exp(log_p) + np.exp(log_q)
    grid_RN1 = torch.tensor(x, dtype=torch.float32, device=device)[None, :, None].repeat(len(job.seeds), 1, 1)
    net = StackedMLP([1, settings.width, settings.width, 1], init_generators(job.seeds, "discriminator"), activation=torch.tanh).to(device)
    history, outputs = History(), np.empty(0)

    def draw(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        generators = [torch_generator(seed, "data", step, device=device) for seed in job.seeds]
        both = torch.stack([torch.randn(2, settings.batch, 1, generator=generator, device=device) for generator in generators], 1)
        return both[0], both[1] + settings.shift

    @torch.no_grad()
    def watch(step: int) -> None:
        nonlocal outputs
        outputs = net(grid_RN1).double().cpu().numpy()
        off = np.abs(outputs - best) / (b - a)
        for seed, values in zip(job.seeds, off, strict=True):
            history.add(seed, step, error=float(np.average(values, weights=weight)), largest_error=float(values.max()))

    watched = {round(part * settings.steps / settings.records) for part in range(settings.records + 1)}
    fit_discriminator(net, draw, adversarial_loss(settings.loss), Adam(settings.lr), settings.steps, watched=watched, watch=watch)
    return Result(history, {f"{seed}/grid": np.stack([x, row, best]) for seed, row in zip(job.seeds, outputs, strict=True)})
