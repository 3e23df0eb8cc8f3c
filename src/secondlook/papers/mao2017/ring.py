"""The ring of Gaussians of Mao et al. 2017, Fig. 8 (official code: xudonmao/LSGAN @3b13d36, mixture_gaussian).

The game is `secondlook.games.planar`; added are the step at which modes are lost for good, and samples for a figure.
"""

from __future__ import annotations

import dataclasses

from secondlook.data.mixtures import mixture
from secondlook.games.planar import PlanarSettings, planar_game
from secondlook.runner.job import Job, Result
from secondlook.train.adversarial import train_adversarial
from secondlook.train.game import Game, Measured, Moment

#: points of the first seed that are kept at each row, for a figure
KEPT = 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(PlanarSettings):
    """Settings of a game in the plane."""

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write."""
        return super().metrics() | {"collapse_step", "kept", "ever_all", "lost", "d_step_size"}


def run(job: Job) -> Result:
    """Play one replica per seed, all together.

    Metrics: those of `secondlook.train.adversarial.train_adversarial` and `secondlook.games.planar.planar_game`; and at the last row
    ``collapse_step``, the first recorded step from which on fewer than all modes are held (steps + 1 where all are at the end);
    ``d_step_size``, for figures of several settings; and, each 1 or 0, ``kept``: all modes are held at the end, ``ever_all``: they are at
    some record, ``lost``: they were and at the end are not, so that a run that never had them has lost none.
    Arrays: "<first seed>/samples_<step>", float32 [500, 2].
    """
    settings = job.settings(Settings)
    result = train_adversarial(job, lambda device: with_samples(planar_game(settings, device), job.seeds[0]))
    every = len(mixture(settings.data).centres)
    for seed in job.seeds:
        if result.status[seed] == "completed":
            held = {step: value for replica, step, metric, value in result.history.rows if (replica, metric) == (seed, "held")}
            lost = collapse_step(held, every, settings.steps)
            kept, ever_all = lost > settings.steps, max(held.values()) >= every
            result.history.add(
                seed,
                settings.steps,
                collapse_step=lost,
                kept=float(kept),
                ever_all=float(ever_all),
                lost=float(ever_all and not kept),
                d_step_size=settings.d_lr,
            )
    return result


def with_samples(game: Game, seed: int) -> Game:
    """Return the game with samples of ``seed`` kept at each row; they are the same noise each time."""

    def measure(moment: Moment) -> list[Measured]:
        rows = list(game.measure(moment))
        place = moment.seeds.index(seed)
        samples = moment.samples(KEPT)[place].float().cpu().numpy()
        rows[place] = dataclasses.replace(rows[place], arrays={f"samples_{moment.step}": samples})
        return rows

    return dataclasses.replace(game, measure=measure)


def collapse_step(held: dict[int, float], every: int, steps: int) -> int:
    """Return the first recorded step after which (and at which) fewer than ``every`` modes are held; ``steps`` + 1 if there is none."""
    lost = steps + 1
    for step in sorted(held, reverse=True):
        if held[step] >= every:
            break
        lost = step
    return lost
