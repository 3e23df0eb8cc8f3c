"""Example 1, trained: a generator with one parameter, the line's offset theta, starts at 1 and has to find the line at 0.

Shapes: R replicas, B batch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import nn

from secondlook.games.settings import GameSettings
from secondlook.nets.mlp import StackedMLP
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least, finite
from secondlook.train.adversarial import train_adversarial
from secondlook.train.game import Game, Measured, Moment, init_generators
from secondlook.train.streams import torch_generator

#: theta this near to 0 has arrived
NEAR = 0.1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(GameSettings):
    """Settings of the game."""

    #: offset that training starts from
    start: float = 1.0
    #: units of each hidden layer of the discriminator
    width: int = 64
    #: hidden layers of the discriminator
    layers: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        finite(self, "start")
        at_least(self, 1, "width")
        at_least(self, 0, "layers")

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        return super().metrics() | {"theta", "distance", "late_distance", "arrival"}


class LineGenerator(nn.Module):
    """Z [R, B, 1] -> points (theta, Z) [R, B, 2]; one theta per replica."""

    def __init__(self, replicas: int, start: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.full((replicas,), start))

    def forward(self, z_RB1: torch.Tensor) -> torch.Tensor:
        """Return points [R, B, 2]."""
        return torch.cat([self.theta[:, None, None].expand_as(z_RB1), z_RB1], -1)


def run(job: Job) -> Result:
    """Train one replica per seed.

    Metrics: those of `secondlook.train.adversarial.train_adversarial`; theta; distance, abs(theta), which is W1 (Example 1);
    and those of `add_arrival`.
    """
    settings = job.settings(Settings)
    result = train_adversarial(job, lambda device: line_game(settings, device))
    add_arrival(result, settings.steps)
    return result


def add_arrival(result: Result, steps: int) -> None:
    """Add to the last row of each replica that did not diverge what all rows say of where theta went.

    Metrics: ``late_distance``, the largest distance over the last quarter, since theta may swing through 0; ``arrival``, the first step
    with a distance below `NEAR`, twice all steps where there is none.
    """
    distances: dict[int, dict[int, float]] = {}
    for replica, step, metric, value in result.history.rows:
        if metric == "distance":
            distances.setdefault(replica, {})[step] = value
    for replica, rows in distances.items():
        if result.status.get(replica) != "completed":
            continue
        late = max(value for step, value in rows.items() if step >= 0.75 * steps)
        arrival = next((step for step, value in rows.items() if value < NEAR), 2 * steps)
        result.history.add(replica, max(rows), late_distance=late, arrival=arrival)


def line_game(settings: Settings, device: torch.device) -> Game:
    """Return the game; all replicas play together."""

    def uniform(count: int, generator: torch.Generator) -> torch.Tensor:
        return torch.rand(count, 1, generator=generator, device=generator.device)

    def data(seed: int, draw: int) -> torch.Tensor:
        z_B1 = uniform(settings.batch, torch_generator(seed, "data", draw, device=device))
        return torch.cat([torch.zeros_like(z_B1), z_B1], 1)

    def measure(moment: Moment) -> Sequence[Measured]:
        (theta_R,) = moment.generator.parameters()
        return [Measured({"theta": theta, "distance": abs(theta)}) for theta in theta_R.tolist()]

    sizes = [2, *[settings.width] * settings.layers, 1]
    return Game(
        generator=lambda seeds: LineGenerator(len(seeds), settings.start),
        discriminator=lambda seeds: StackedMLP(sizes, init_generators(seeds, "discriminator")),
        data=data,
        noise=uniform,
        measure=measure,
        together=True,
        **settings.game_fields(),
    )
