"""The loop of every adversarial game.

A paper says what is played (`secondlook.train.game`), a duel plays it (`secondlook.train.duel`); this file does so for every replica of
a job and measures as it goes. Small nets play all replicas together along a leading axis (`Game.together`), convolutional ones one after
the other; on a CPU a replica's numbers are the same either way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import numpy as np
import torch

from secondlook.errors import UserError
from secondlook.runner.job import Job, Result
from secondlook.train.device import configure
from secondlook.train.duel import RECORDED, Duel
from secondlook.train.game import Game
from secondlook.train.resumable import Progress

#: generator steps between two looks at the device, at the losses for a divergence and at the clock for a checkpoint: of replicas that
#: play together (small nets), and of those that play one after the other
STRIDES = {True: 500, False: 50}


def train_adversarial(job: Job, make_game: Callable[[torch.device], Game]) -> Result:
    """Play one replica per seed and return its history; a row's step counts updates of the generator.

    Metrics: d_loss, g_loss (as minimised), d_real, d_fake (D's output as the paper shows it), all four means over the steps since the row
    before; d_gradient_norm, g_gradient_norm, and d_step_cosine, the cosine between the discriminator's step and its negative gradient, of
    each player's newest step; and what ``measure`` gives. A replica whose loss or weights are not finite gets ``diverged`` = 1 at that
    step and no more rows: it is a result, not a failure.

    Raises:
        UserError: a checkpoint belongs to another computation, or replicas would play together on several threads.
    """
    device = configure(job)
    game = make_game(device)
    if game.together and device.type == "cpu" and job.threads != 1:
        raise UserError(
            f"{job.paper}/{job.experiment}: replicas that play together need threads: 1, not {job.threads}; "
            "with more, a replica's sums would depend on how many others there are"
        )
    groups = [job.seeds] if game.together else [(seed,) for seed in job.seeds]
    progress = Progress(job, device, groups, unit="steps")
    for duel in progress.groups(lambda seeds: Duel(game, seeds, device)):
        _play(duel, progress)
    return progress.result(**game.facts)


def _play(duel: Duel, progress: Progress) -> None:
    """Play a group to the end, or until its last replica has diverged."""
    game = duel.game
    records, stride = set(game.record), STRIDES[game.together]
    if duel.step == 0 and 0 in records:
        _write(duel, progress, {})
    for stop in sorted({*records, *range(stride, game.steps, stride), game.steps}):
        if stop <= duel.step:
            continue
        with progress.working(len(duel.seeds) * (stop - duel.step)):
            duel.advance(stop)
            if duel.step < stop:
                progress.save(duel)  # and end: the process was told to
            rows = duel.rows() if stop in records else {}
            diverged = duel.find_diverged()
        for seed, step in diverged:
            progress.diverged(seed, step)
        if not duel.alive:
            return
        if stop in records:
            _write(duel, progress, rows)
            _say(duel, progress, rows)
        if stop < game.steps:
            progress.save(duel)
    progress.status |= dict.fromkeys(duel.alive, "completed")


def _write(duel: Duel, progress: Progress, rows: Mapping[int, Mapping[str, float]]) -> None:
    """Add a row for each replica that is alive."""
    for seed, measured in zip(duel.seeds, duel.measure(), strict=True):
        if seed in duel.alive:
            progress.history.add(seed, duel.step, **rows.get(seed, {}), **measured.metrics)
            progress.arrays |= {f"{seed}/{name}": array for name, array in measured.arrays.items()}


def _say(duel: Duel, progress: Progress, rows: Mapping[int, Mapping[str, float]]) -> None:
    losses = " ".join(f"{name} {np.mean([rows[seed][name] for seed in duel.alive]):.4g}" for name in RECORDED)
    who = f"seed {duel.seeds[0]}" if len(duel.seeds) == 1 else f"seeds {duel.seeds[0]}-{duel.seeds[-1]}"
    print(f"{who} step {duel.step}/{duel.game.steps}: {losses}, {progress.rate:.0f} replica-steps/s", file=sys.stderr, flush=True)
