"""Figure 2: a GAN's discriminator and a clipped critic, each trained alone to separate two Gaussians on a line.

A row's step is the number of a point x of a grid; the last row also holds what the claims ask for.
Shapes: R replicas, B batch, N points of the grid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from secondlook.games.settings import GameSettings
from secondlook.nets.mlp import StackedMLP
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.device import configure, device_name
from secondlook.train.discriminator import fit_discriminator
from secondlook.train.game import init_generators
from secondlook.train.streams import torch_generator

#: the grid, as wide as the paper's figure
LOW, HIGH, POINTS = -8.0, 8.0, 161
#: where a straight line is fitted: both Gaussians but their outermost tails
FITTED = 6.0
#: parts that training is cut into; the estimate of each is the mean over its updates
PARTS = 50
#: a slope below this, or below this share of the steepest one, is as good as none
FLAT = 1e-3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(GameSettings):
    """Settings of a discriminator that is trained alone; there is no generator to be updated."""

    #: updates of the discriminator
    steps: int
    #: step size of the generator
    #: there is none
    g_lr: float = 0.0
    #: rows of the history while the discriminator learns
    #: not asked for: it is looked at after training
    records: int = 1
    #: mean of the fakes
    #: they are N(mean, 1), and real data N(-mean, 1); both must lie where the line is fitted
    mean: float = 3.0
    #: units of each hidden layer
    width: int = 64
    #: hidden layers
    layers: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        above(self, 0, "mean")
        at_least(self, 0, "mean", below=FITTED)
        at_least(self, 1, "width")
        at_least(self, 0, "layers")
        at_least(self, PARTS, "steps")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        points = {"x", "output", "slope", "raw", "real_density", "fake_density"}
        return points | {"flat", "flat_relative", "steepest", "r2", "raw_r2", "dual", "d_loss", "moved", "to_best"}


def run(job: Job) -> Result:
    """Train one discriminator per seed, then look at its shape.

    Metrics of each point: x, output (D(x) or f(x)), slope (of the output), raw (before the sigmoid), real_density, fake_density. At the
    last one: ``flat``, the share of the fakes where abs(slope) is below 0.001; ``flat_relative``, where it is at most a thousandth of the
    steepest on the grid; ``steepest``; ``r2`` and ``raw_r2`` of a straight line through output and raw on [-6, 6]; ``dual``, the output's
    mean on the data less that on the fakes, over ``steepest`` and over W1, which by duality is 1 at most; ``d_loss`` of the last step;
    ``moved``, by how much the output changed over the second half of training, as a share of its range; ``to_best`` (`updates_to_best`).
    """
    settings = job.settings(Settings)
    device = configure(job)
    fields = settings.game_fields()
    net = StackedMLP([1, *[settings.width] * settings.layers, 1], init_generators(job.seeds, "discriminator")).to(device)
    x_N = np.linspace(LOW, HIGH, POINTS)

    def draw(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        both = [
            torch.randn(2, settings.batch, 1, generator=torch_generator(seed, "data", step, device=device), device=device)
            for seed in job.seeds
        ]
        real, fake = torch.stack(both, 1)
        return real - settings.mean, fake + settings.mean

    half: list[np.ndarray] = []
    losses = fit_discriminator(
        net,
        draw,
        fields["loss"],
        fields["discriminator_rule"],
        settings.steps,
        before_step=fields["before_step"],
        after_step=fields["after_step"],
        watched={settings.steps // 2},
        watch=lambda step: half.append(shape(net, fields["loss"].shown, x_N, len(job.seeds), device)["output"]),
    )
    curves = shape(net, fields["loss"].shown, x_N, len(job.seeds), device)
    densities = {"real_density": density(x_N + settings.mean), "fake_density": density(x_N - settings.mean)}
    history = History()
    for replica, seed in enumerate(job.seeds):
        own = {name: values[replica] for name, values in curves.items()}
        for point, x in enumerate(x_N):
            columns = {**own, **densities}
            history.add(seed, point, x=x, **{name: values[point] for name, values in columns.items()})
        moved = np.abs(own["output"] - half[0][replica]).max() / np.ptp(own["output"])
        gained = -losses[:, replica].double().cpu().numpy()
        shown = summary(x_N, own, densities["real_density"], densities["fake_density"]) | {"moved": moved}
        history.add(seed, POINTS - 1, d_loss=-gained[-1], to_best=updates_to_best(gained), **shown)
    return Result(history, facts={"device_name": device_name(device)})


def shape(
    net: nn.Module, shown: Callable[[torch.Tensor], torch.Tensor], x_N: np.ndarray, replicas: int, device: torch.device
) -> dict[str, np.ndarray]:
    """Return output, raw output and the output's slope at the points, [R, N] each."""
    x_RN1 = torch.tensor(x_N, dtype=torch.float32, device=device).expand(replicas, -1)[..., None].clone().requires_grad_()
    raw = net(x_RN1)
    output = shown(raw)
    (slope,) = torch.autograd.grad(output.sum(), x_RN1)
    curves = {"output": output, "raw": raw, "slope": slope[..., 0]}
    return {name: values.detach().double().cpu().numpy() for name, values in curves.items()}


def updates_to_best(gained_S: np.ndarray) -> int:
    """Updates until what is gained per update [S] has come, in means over a fiftieth of them, nine tenths of the way to its best."""
    parts = [part.mean() for part in np.array_split(gained_S, PARTS)]
    reached = parts[0] + 0.9 * (max(parts) - parts[0])
    return round((next(place for place, part in enumerate(parts) if part >= reached) + 1) * len(gained_S) / PARTS)


def summary(x_N: np.ndarray, own: dict[str, np.ndarray], data_N: np.ndarray, fakes_N: np.ndarray) -> dict[str, float]:
    """Flatness where the fakes are, how straight the curves are, and how much of W1 the output finds, of one replica.

    Two Gaussians of one width differ by a shift, so W1 is the distance of their means.
    """
    slope_N = np.abs(own["slope"])
    weight_N = fakes_N / fakes_N.sum()
    middle = np.abs(x_N) <= FITTED
    distance = abs(weight_N @ x_N - data_N @ x_N / data_N.sum())
    found = data_N @ own["output"] / data_N.sum() - weight_N @ own["output"]
    return {
        "flat": float(weight_N @ (slope_N < FLAT)),
        "flat_relative": float(weight_N @ (slope_N <= FLAT * slope_N.max())),
        "steepest": float(slope_N.max()),
        "r2": straightness(x_N[middle], own["output"][middle]),
        "raw_r2": straightness(x_N[middle], own["raw"][middle]),
        "dual": float(found / slope_N.max() / distance) if slope_N.max() else 0.0,
    }


def straightness(x_N: np.ndarray, y_N: np.ndarray) -> float:
    """R squared of the least-squares line through the points; 0 if y does not vary."""
    if np.ptp(y_N) == 0:
        return 0.0
    return float(np.corrcoef(x_N, y_N)[0, 1] ** 2)


def density(x_N: np.ndarray) -> np.ndarray:
    """Density of N(0, 1)."""
    return np.exp(-0.5 * x_N**2) / np.sqrt(2 * np.pi)
