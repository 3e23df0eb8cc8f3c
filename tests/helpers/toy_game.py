"""Tiny games: perceptrons against points, replicas together or one after the other, and convolutions with batch norm and dropout.

As a script, `python toy_game.py WORK GAME=N ...` plays each game in a child that is killed (SIGKILL) after its N-th checkpoint.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from secondlook.nets.mlp import StackedMLP
from secondlook.runner.job import Job, Result
from secondlook.train import adversarial
from secondlook.train.duel import Duel
from secondlook.train.extras import constant_steps
from secondlook.train.game import Game, Measured, Moment, alone, init_generators, normal_noise
from secondlook.train.losses import adversarial_loss
from secondlook.train.resumable import Progress
from secondlook.train.streams import torch_generator
from secondlook.train.updates import Adam

SCRIPT = Path(__file__).resolve()
STEPS, RECORD, BATCH = 12, (0, 1, 5, 6, 12), 32


def measure(moment: Moment) -> list[Measured]:
    """Numbers that see every weight and buffer of both nets."""
    samples = moment.samples(20, batch=8)
    with torch.no_grad():
        outputs = moment.discriminator(samples)
    return [
        Measured({"sample": float(sample.mean()), "output": float(output.mean())}, {f"samples_{moment.step}": sample.numpy(force=True)})
        for sample, output in zip(samples, outputs, strict=True)
    ]


def points(device: torch.device, **fields) -> Game:
    """Perceptrons, played together."""

    def data(seed: int, draw: int) -> torch.Tensor:
        return 2 + 0.5 * torch.randn(BATCH, 2, generator=torch_generator(seed, "data", draw, device=device), device=device)

    values = {
        "generator": lambda seeds: StackedMLP([4, 16, 2], init_generators(seeds, "g"), activation=torch.tanh, shape=(2,)),
        "discriminator": lambda seeds: StackedMLP([2, 16, 1], init_generators(seeds, "d"), activation=torch.tanh),
        "loss": adversarial_loss("non-saturating"),
        "generator_rule": Adam(1e-2, 0.5),
        "discriminator_rule": Adam(1e-2, 0.5),
        "data": data,
        "noise": normal_noise(4),
        "batch": BATCH,
        "steps": STEPS,
        "record": RECORD,
        "measure": measure,
        "together": True,
    }
    return Game(**(values | fields))


def generator_net() -> nn.Module:
    return nn.Sequential(
        nn.Linear(4, 32), nn.Unflatten(1, (2, 4, 4)), nn.BatchNorm2d(2), nn.ReLU(), nn.ConvTranspose2d(2, 1, 4, 2, 1), nn.Tanh()
    )


def discriminator_net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 4, 2, 1), nn.BatchNorm2d(4), nn.LeakyReLU(0.2), nn.Dropout(0.3), nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0)
    )


def images(device: torch.device, **fields) -> Game:
    """Convolutions, played one replica after the other."""

    def data(seed: int, draw: int) -> torch.Tensor:
        return torch.rand(BATCH, 1, 8, 8, generator=torch_generator(seed, "data", draw, device=device), device=device)

    nets = {"generator": alone(generator_net, "g"), "discriminator": alone(discriminator_net, "d")}
    return points(device, **(nets | {"data": data, "together": False} | fields))


#: name -> how it is built from a device
GAMES = {
    "points": points,
    "images": functools.partial(images, generator_steps=2, discriminator_steps=constant_steps(2)),
}


def toy_job(work: Path, seeds: tuple[int, ...] = (1, 2), **fields) -> Job:
    values = {"work": work, "identity": "toy", "checkpoint_seconds": 1e9, "threads": 1, "device": "cpu"}
    return Job(paper="toy", experiment="toy", values={}, seeds=seeds, datasets={}, inputs={}, **(values | fields))


def play(work: Path, game: str = "points", seeds: tuple[int, ...] = (1, 2), checkpoint_seconds: float = 1e9, **fields) -> Result:
    job = toy_job(work, seeds, checkpoint_seconds=checkpoint_seconds)
    return adversarial.train_adversarial(job, functools.partial(GAMES[game], **fields))


def contents(result: Result) -> tuple:
    """All that a result holds but times, bit for bit."""
    arrays = {name: (array.shape, np.ascontiguousarray(array).tobytes()) for name, array in result.arrays.items()}
    return result.history.to_csv(), result.status, arrays


def two_steps() -> None:
    duel = Duel(points(torch.device("cpu")), (1, 2), torch.device("cpu"))
    duel.advance(2)


if __name__ == "__main__":
    save, left = Progress.save, 0

    def dies(*arguments) -> None:
        global left
        save(*arguments)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    adversarial.STRIDES, Progress.save = {True: 3, False: 3}, dies
    for argument in sys.argv[2:]:
        name, number = argument.split("=")
        left, child = int(number), os.fork()
        if child == 0:
            play(Path(sys.argv[1]) / name, name, checkpoint_seconds=0.0)
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
