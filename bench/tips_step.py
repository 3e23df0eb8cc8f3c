"""Time and memory of a DCGAN step with each guideline removed and with each technique, one thread, in one run: part of `make bench`.

Small nets on 16-pixel grey images, as at scale quick. Prints CSV, medians of --repeats runs; the ratio is to the first row of the group:
guidelines against the full recipe, techniques against the plain DCGAN. Memory is what the two nets and the update rules keep.

Usage: python bench/tips_step.py [--device cpu] [--threads 1] [--batch 32] [--width 16]
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
from typing import Any, get_args

import torch
from turns import parser, read, time_in_turns

from secondlook.games.images import ImageSource
from secondlook.nets.dcgan import DCGANDiscriminator, DCGANGenerator
from secondlook.papers.radford2016.guidelines import REMOVED
from secondlook.papers.salimans2016.images import Settings, discriminator, generator
from secondlook.papers.salimans2016.techniques import TechniqueName, with_losses
from secondlook.train.device import device_name
from secondlook.train.duel import Duel
from secondlook.train.game import Game, alone, normal_noise
from secondlook.train.losses import adversarial_loss
from secondlook.train.updates import Adam

SIDE, NOISE = 16, 100


def main() -> None:
    """Print one row an arm."""
    asked = parser(__doc__, 10)
    asked.add_argument("--batch", type=int, default=32)
    asked.add_argument("--width", type=int, default=16)
    options, device = read(asked)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["group", "arm", "images_per_second", "ratio", "kept_mb", "device", "torch", "threads", "batch", "width"])
    for group, games in {"guideline removed": guidelines(options, device), "technique": techniques(options, device)}.items():
        duels = {arm: Duel(game, (0,), device) for arm, game in games.items()}
        seconds = time_in_turns({arm: lambda duel=duel: steps(duel, options.steps) for arm, duel in duels.items()}, options.repeats, device)
        rates = {arm: options.steps * options.batch / statistics.median(times) for arm, times in seconds.items()}
        first = next(iter(rates.values()))
        for arm, rate in rates.items():
            kept = sum(tensor.numel() * tensor.element_size() for tensor in duels[arm].tensors().values()) / 1e6
            facts = [device_name(device), torch.__version__, options.threads, options.batch, options.width]
            writer.writerow([group, arm, f"{rate:.0f}", f"{rate / first:.2f}", f"{kept:.1f}", *facts])


def steps(duel: Duel, count: int) -> None:
    """Go so many steps further."""
    duel.recorded = duel.step  # as a row would do
    duel.advance(duel.step + count)


def game(options: argparse.Namespace, device: torch.device, **nets: Any) -> Game:
    """A game on random images; the time of a step does not depend on their content."""
    pixels = torch.randint(0, 256, (20 * options.batch, 1, SIDE, SIDE), dtype=torch.uint8, device=device)
    fields: dict[str, Any] = {"generator_rule": Adam(2e-4, 0.5), "discriminator_rule": Adam(2e-4, 0.5), **nets}
    return Game(
        loss=adversarial_loss("non-saturating"),
        data=ImageSource(pixels, options.batch, (-1.0, 1.0)),
        noise=normal_noise(NOISE),
        batch=options.batch,
        steps=10**6,
        record=range(0, 10**6, options.steps),
        measure=lambda moment: [],
        **fields,
    )


def guidelines(options: argparse.Namespace, device: torch.device) -> dict[str, Game]:
    """The recipe, and the recipe with each guideline removed."""
    shape: dict[str, Any] = {"side": SIDE, "channels": 1, "width": options.width}

    def nets(change: dict[str, Any], player: str) -> dict[str, Any]:
        own = {"g": ("g_batch_norm", "g_activation"), "d": ("d_batch_norm", "d_activation")}[player]
        shared = {name: change[name] for name in ("resampling", "connected") if name in change}
        return shape | shared | {name[2:]: change[name] for name in own if name in change}

    return {
        removed: game(
            options,
            device,
            generator=alone(lambda change=change: DCGANGenerator(noise=NOISE, **nets(change, "g")), "g"),
            discriminator=alone(lambda change=change: DCGANDiscriminator(**nets(change, "d")), "d"),
        )
        for removed, change in REMOVED.items()
    }


def techniques(options: argparse.Namespace, device: torch.device) -> dict[str, Game]:
    """The plain DCGAN, and each technique of Salimans et al. 2016."""
    common: dict[str, Any] = {"dataset": "mnist", "side": SIDE, "loss": "non-saturating", "batch": options.batch, "steps": 20, "records": 1}
    common |= {"d_lr": 2e-4, "g_lr": 2e-4, "noise": NOISE, "g_width": options.width, "d_width": options.width}
    found = {}
    for name in get_args(TechniqueName):
        settings = Settings(technique=name, **common)
        plain = game(
            options,
            device,
            generator=lambda seeds, settings=settings: generator(settings, normal_noise(NOISE), seeds),
            discriminator=lambda seeds, settings=settings: discriminator(settings, seeds),
        )
        found[name] = with_losses(plain, settings)
    return found


if __name__ == "__main__":
    main()
