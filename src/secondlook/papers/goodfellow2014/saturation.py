"""How strong the generator's gradient is while the discriminator learns: section 3 of Goodfellow et al. 2014.

Data are N(0, I) in the plane. The generator is the affine map x = z A + b of noise N(0, I), frozen at A = I and a shift b of length
``distance``. The discriminator is trained alone by its own loss; at steps spaced evenly on a logarithmic scale the gradient of the
generator's loss is taken, which never moves the generator. Everything is in float64: in float32 the gradient would be rounded to zero.
Shapes: R replicas, B batch, N noise vectors.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from secondlook.games.settings import GameSettings
from secondlook.nets.mlp import Initialise, StackedMLP
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.device import configure
from secondlook.train.discriminator import fit_discriminator
from secondlook.train.game import init_generators
from secondlook.train.losses import AdversarialLoss, adversarial_loss
from secondlook.train.streams import torch_generator

#: losses of the generator that meet one and the same discriminator
PAIR = ("non-saturating", "minimax")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(GameSettings):
    """What the protocol may say of a discriminator that is trained alone, and of the generator's gradient."""

    #: updates of the discriminator
    steps: int
    #: rows of the history
    #: about so many, evenly spaced on a logarithmic scale
    records: int = 20
    #: step size of the generator
    #: it stands still
    g_lr: float = 0.0
    #: distance of the fakes from the data
    distance: float
    #: units of each hidden layer of the discriminator
    width: int
    #: hidden layers of the discriminator
    layers: int
    #: noise vectors that the gradient is a mean over
    #: fresh ones at each row
    points: int

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "width", "points")
        at_least(self, 0, "distance", "layers")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {"gradient_norm", "decades", "slope", "output", "null_norm", "null_decades"} | (
            {"ratio_gap"} if self.loss in PAIR else set()
        )

    def record_steps(self) -> tuple[int, ...]:
        """About ``records`` steps, evenly spaced on a logarithmic scale, and 0."""
        return (0, *sorted(set(np.geomspace(1, self.steps, self.records).round().astype(int).tolist())))


def run(job: Job) -> Result:
    """Train the discriminators of all seeds together; a row's step counts their updates.

    Metrics:

    - ``gradient_norm``: of the generator's loss with respect to all of the generator's parameters
    - ``decades``: its log10, less that before the first update
    - ``slope``: mean absolute derivative of that loss with respect to the discriminator's output on a fake
    - ``output``: mean of that output
    - ``ratio_gap``, of the two losses of Goodfellow et al. 2014: `ratio_gap`, the largest so far
    - ``null_norm``, ``null_decades``: the same through a discriminator with random weights that is never trained
    - ``diverged``: 1 where the gradient is not finite; the replica has no more rows
    """
    settings = job.settings(Settings)
    device = configure(job)
    fields = settings.game_fields()
    loss = fields["loss"]
    generator = StackedMLP([2, 2], init_generators(job.seeds, "generator"), initialise=shifted(settings.distance), shape=(2,))
    generator = generator.double().to(device)

    def build(player: str) -> StackedMLP:
        sizes = [2, *[settings.width] * settings.layers, 1]
        return StackedMLP(sizes, init_generators(job.seeds, player)).double().to(device)

    discriminator, null = build("discriminator"), build("null discriminator")

    def normal(stream: str, step: int, shape: Sequence[int]) -> torch.Tensor:
        generators = (torch_generator(seed, stream, step, device=device) for seed in job.seeds)
        return torch.stack([torch.randn(*shape, generator=each, device=device, dtype=torch.float64) for each in generators])

    @torch.no_grad()
    def draw(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        real_RB2, noise_RB2 = normal("data", step, (2, settings.batch, 2)).unbind(1)
        return real_RB2, generator(noise_RB2)

    history, status, first = History(), dict.fromkeys(job.seeds, "completed"), {}
    gaps = np.zeros(len(job.seeds))

    def watch(step: int) -> None:
        noise_RN2 = normal("eval", step, (settings.points, 2))
        trained, untrained = (gradient(generator, net, loss, noise_RN2) for net in (discriminator, null))
        norms = {"": trained["gradient_norm"], "null_": untrained["gradient_norm"]}
        logs = {name: np.log10(np.maximum(norm, np.finfo(float).tiny)) for name, norm in norms.items()}
        first.update({name: log for name, log in logs.items() if name not in first})
        if settings.loss in PAIR:
            with torch.no_grad():
                output_RN = discriminator(generator(noise_RN2))
            trained["ratio_gap"] = np.maximum(gaps, ratio_gap(output_RN), out=gaps)
        for replica, seed in enumerate(job.seeds):
            if status[seed] != "completed":
                continue
            if not math.isfinite(norms[""][replica]):
                status[seed] = f"diverged at step {step}"
                history.add(seed, step, diverged=1.0)
                continue
            history.add(
                seed,
                step,
                **{name: value[replica] for name, value in trained.items()},
                null_norm=norms["null_"][replica],
                **{f"{name}decades": (logs[name] - first[name])[replica] for name in logs},
            )

    fit_discriminator(
        discriminator,
        draw,
        loss,
        fields["discriminator_rule"],
        settings.steps,
        after_step=fields["after_step"],
        watched=settings.record_steps(),
        watch=watch,
    )
    return Result(history, status=status)


def shifted(distance: float) -> Initialise:
    """Return a filling with the identity and a shift of length ``distance`` along the first axis."""

    def fill(weight: torch.Tensor, bias: torch.Tensor, generator: torch.Generator) -> None:
        nn.init.eye_(weight)
        bias.zero_()[0] = distance

    return fill


def gradient(generator: StackedMLP, discriminator: StackedMLP, loss: AdversarialLoss, noise_RN2: torch.Tensor) -> dict[str, np.ndarray]:
    """Return ``gradient_norm``, ``slope`` and ``output`` as `run` defines them, [R] each."""
    output_RN = discriminator(generator(noise_RN2))
    parameters = list(generator.parameters())
    *gradients, slope_RN = torch.autograd.grad(loss.generator(output_RN).sum(), [*parameters, output_RN])
    squares = torch.stack([each.flatten(1).square().sum(1) for each in gradients]).sum(0)
    # the loss is a mean over N, so the sum of its derivatives is the mean of those of single samples
    measured = {"gradient_norm": squares.sqrt(), "slope": slope_RN.abs().sum(1), "output": output_RN.detach().mean(1)}
    return {name: values.cpu().numpy() for name, values in measured.items()}


def ratio_gap(output_RN: torch.Tensor) -> np.ndarray:
    """Return the largest relative difference over samples of the ratio of both losses' slopes from exp(-output), [R].

    The gradient that a sample passes on is that slope times the discriminator's own gradient, which both losses share; so the ratio of
    their gradients is exp(-output) sample by sample, whatever the discriminator.
    """
    output_RN = output_RN.detach().requires_grad_()
    slopes = [torch.autograd.grad(adversarial_loss(name).generator(output_RN).sum(), [output_RN])[0] for name in PAIR]
    return (slopes[0] / slopes[1] * output_RN.detach().exp() - 1).abs().amax(1).cpu().numpy()
