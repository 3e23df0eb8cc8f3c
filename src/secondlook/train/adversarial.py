"""The loop of every adversarial game.

A paper says what is played (`secondlook.train.game`), a duel plays it (`secondlook.train.duel`); this file does so for every replica of
a job, measures as it goes, and can be killed at any moment. Small nets play all replicas together along a leading axis
(`Game.together`), convolutional ones one after the other; on a CPU a replica's numbers are the same either way.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from secondlook.errors import UserError
from secondlook.runner.job import History, Job, Result
from secondlook.train import checkpoint
from secondlook.train.device import configure, device_name
from secondlook.train.duel import RECORDED, Duel
from secondlook.train.game import Game

#: generator steps between two looks at the device, at the losses for a divergence and at the clock for a checkpoint: of small nets, which
#: play together, and of those that play in turn
STRIDES = {True: 500, False: 50}


@dataclasses.dataclass
class _Progress:
    """What has been measured so far, and the clock."""

    history: History
    status: dict[int, str]
    arrays: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    groups_done: int = 0
    #: replicas times generator steps, and the time they took without measuring
    steps: int = 0
    seconds: float = 0.0
    saved: float = dataclasses.field(default_factory=time.monotonic)


def train_adversarial(job: Job, make_game: Callable[[torch.device], Game]) -> Result:
    """Play one replica a seed and return its history; a row's step counts updates of the generator.

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
    progress, resume = _Progress(History(), {}), None
    if found := checkpoint.load(job.work, job.identity, device):
        _, tensors, state = found
        progress = _Progress(
            History(map(tuple, state["history"])),
            {int(seed): text for seed, text in state["status"].items()},
            {name.removeprefix("arrays/"): value.cpu().numpy() for name, value in tensors.items() if name.startswith("arrays/")},
            state["groups_done"],
        )
        resume = (tensors, state) if state["duel"] else None
        where = f"{progress.groups_done} of {len(groups)} done" + (f", the next at step {state['duel']['step']}" if resume else "")
        print(f"taking up a checkpoint: {where}", file=sys.stderr, flush=True)
    for seeds in groups[progress.groups_done :]:
        duel = Duel(game, tuple(seeds), device)
        if resume:
            duel.load(*resume)
            resume = None
        _play(job, duel, progress)
        progress.groups_done += 1
        if progress.groups_done < len(groups):
            _save(job, game, progress, None)
    facts: dict[str, Any] = {"device_name": device_name(device), **game.facts}
    if progress.seconds:
        facts["steps_per_second"] = round(progress.steps / progress.seconds, 1)
    if device.type == "cuda":
        facts["peak_gpu_memory_mb"] = round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    return Result(progress.history, progress.arrays, progress.status, facts=facts)


def _play(job: Job, duel: Duel, progress: _Progress) -> None:
    """Play a group to the end, or until its last replica has diverged."""
    game = duel.game
    records, stride = set(game.record), STRIDES[game.together]
    if duel.step == 0 and 0 in records:
        _write(duel, progress, {})
    for stop in sorted({*records, *range(stride, game.steps, stride), game.steps}):
        if stop <= duel.step:
            continue
        started = time.monotonic()
        duel.advance(stop)
        if stop in records:
            rows = duel.rows()
        for seed, step in duel.find_diverged():
            progress.history.add(seed, step, diverged=1.0)
            progress.status[seed] = f"diverged at step {step}"
            print(f"seed {seed}: {progress.status[seed]}", file=sys.stderr, flush=True)
        progress.seconds += time.monotonic() - started
        progress.steps += len(duel.seeds) * (stop - duel.started)
        duel.started = stop
        if not duel.alive:
            return
        if stop in records:
            _write(duel, progress, rows)
            _say(duel, progress, rows)
        if stop < game.steps:
            _save(job, game, progress, duel)
    progress.status |= dict.fromkeys(duel.alive, "completed")


def _write(duel: Duel, progress: _Progress, rows: Mapping[int, Mapping[str, float]]) -> None:
    """Add a row for each replica that is alive."""
    for seed, measured in zip(duel.seeds, duel.measure(), strict=True):
        if seed in duel.alive:
            progress.history.add(seed, duel.step, **rows.get(seed, {}), **measured.metrics)
            progress.arrays |= {f"{seed}/{name}": array for name, array in measured.arrays.items()}


def _say(duel: Duel, progress: _Progress, rows: Mapping[int, Mapping[str, float]]) -> None:
    losses = " ".join(f"{name} {np.mean([rows[seed][name] for seed in duel.alive]):.4g}" for name in RECORDED)
    who = f"seed {duel.seeds[0]}" if len(duel.seeds) == 1 else f"seeds {duel.seeds[0]}-{duel.seeds[-1]}"
    speed = progress.steps / progress.seconds
    print(f"{who} step {duel.step}/{duel.game.steps}: {losses}, {speed:.0f} replica-steps/s", file=sys.stderr, flush=True)


def _save(job: Job, game: Game, progress: _Progress, duel: Duel | None) -> None:
    """Write a checkpoint if the last one is old enough: inside a group with its duel, between two groups without."""
    if time.monotonic() - progress.saved < job.checkpoint_seconds:
        return
    tensors = {f"arrays/{name}": torch.from_numpy(np.ascontiguousarray(array)) for name, array in progress.arrays.items()}
    state = {
        "groups_done": progress.groups_done,
        "history": progress.history.rows,
        "status": progress.status,
        "duel": duel.state() if duel else None,
    }
    step = progress.groups_done * game.steps + (duel.step if duel else 0)
    checkpoint.save(job.work, step, job.identity, tensors | (duel.tensors() if duel else {}), state)
    progress.saved = time.monotonic()
