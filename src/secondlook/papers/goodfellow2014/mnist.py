"""The perceptrons of the official mnist.yaml against MNIST, with the losses and schedules that later replications say decide.

Source: goodfeli/adversarial @1720041, mnist.yaml and __init__.py.
Shapes: N images, C H W an image.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch

from secondlook.games.images import OUTPUTS, ImageSettings, image_game, to_bytes
from secondlook.nets.mlp import StackedMLP
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least
from secondlook.train.adversarial import train_adversarial
from secondlook.train.game import Game, Measured, Moment
from secondlook.train.streams import torch_generator


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(ImageSettings):
    """What the protocol may say."""

    #: samples of each seed that are kept at the end
    #: for the Parzen estimate
    keep: int = 0
    #: batches that the generator's gradient is a mean over, at each row
    gradient_batches: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 0, "keep")
        at_least(self, 1, "gradient_batches")

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        return super().metrics() | {"judged", "mean_gradient_norm"}


def run(job: Job) -> Result:
    """Play one game per seed.

    Metrics: those of `secondlook.train.adversarial` and `secondlook.metrics.image_quality`, ``judged``, how many samples these look at,
    and, once training has begun, ``mean_gradient_norm`` (the function of that name).
    Arrays: sheets of the first seed; with ``keep`` also ``<seed>/samples``, uint8 [keep, C, H, W], after the last step.
    """
    settings = job.settings(Settings)

    def game(device: torch.device) -> Game:
        return counting_and_keeping(image_game(job, settings, device, adjust_generator=match_marginals), settings)

    return train_adversarial(job, game)


@torch.no_grad()
def match_marginals(generator: StackedMLP, images_NCHW: torch.Tensor) -> None:
    """Set the output's bias to the logit of each pixel's mean, clipped by 1e-7 (pylearn2's init_sigmoid_bias_from_marginals)."""
    *_, bias = generator.parameters()
    bias.copy_(images_NCHW.flatten(1).double().mean(0).clamp(1e-7, 1 - 1e-7).logit())


def counting_and_keeping(game: Game, settings: Settings) -> Game:
    """Return a game that also measures the generator's gradient, counts judged samples, and with ``keep`` saves samples at its end."""

    def measure(moment: Moment) -> Sequence[Measured]:
        added = {"judged": float(settings.samples)}
        if moment.step:  # before that there is no discriminator to speak of
            added["mean_gradient_norm"] = mean_gradient_norm(moment, game, settings.gradient_batches)
        rows = [dataclasses.replace(row, metrics={**row.metrics, **added}) for row in game.measure(moment)]
        if not settings.keep or moment.step < settings.steps:
            return rows
        samples = to_bytes(moment.samples(settings.keep), OUTPUTS[settings.output][1]).cpu().numpy()
        return [dataclasses.replace(row, arrays={**row.arrays, "samples": own_NCHW}) for row, own_NCHW in zip(rows, samples, strict=True)]

    return dataclasses.replace(game, measure=measure)


def mean_gradient_norm(moment: Moment, game: Game, batches: int) -> float:
    """Return the norm of the gradient of the generator's own loss, a mean over batches of fresh noise; dropout is off.

    The norm of one mini-batch scatters by as much as that of one run from another's.
    """
    (seed,) = moment.seeds
    parameters, norms = list(moment.generator.parameters()), []
    with torch.enable_grad():
        for batch in range(batches):
            noise = moment.noise(game.batch, torch_generator(seed, "eval", moment.step, batch, device=moment.device))
            loss = game.loss.generator(moment.discriminator(moment.generator(noise[None]))).sum()
            norms.append(torch.stack([each.square().sum() for each in torch.autograd.grad(loss, parameters)]).sum().sqrt())
    return float(torch.stack(norms).mean())
