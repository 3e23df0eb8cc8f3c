"""Time of an adversarial step on this machine, in one run, against the same game written the usual way: `make bench`.

- planar: the toy of Mao et al. 2017 (perceptrons 2 x 128, a ring of Gaussians) with one replica and with ten, together and in turn,
  against a plain loop: nn.Sequential, torch.optim, loss.backward(), the losses read after each step
- dcgan: DCGAN at 32 pixels against the loop of pytorch/examples dcgan/main.py: DataLoader with transforms, BCELoss, five .item() a step

The two write the same game: same nets, batch, losses and rule. Prints CSV, medians of --repeats runs; a step is one update of each player.

Usage: python bench/gan_step.py [planar] [dcgan] [--device cpu] [--threads 1] [--batch 64] [--width 64]
"""

from __future__ import annotations

import argparse
import csv
import itertools
import statistics
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2
from turns import parser, read, time_in_turns

from secondlook.data.mixtures import mixture
from secondlook.games.images import ImageSource
from secondlook.nets.dcgan import DCGANDiscriminator, DCGANGenerator
from secondlook.nets.mlp import StackedMLP
from secondlook.train.device import device_name
from secondlook.train.duel import Duel
from secondlook.train.game import Game, alone, init_generators, normal_noise
from secondlook.train.losses import adversarial_loss
from secondlook.train.streams import torch_generator
from secondlook.train.updates import Adam

REPLICAS = 10
SIDE = 32
Way = tuple[Callable[[], object], int]  # the call, and how many replicas it advances by --steps


def main() -> None:
    """Print one row a game and a way of writing it."""
    asked = parser(__doc__, 0, "steps a repeat (default: 100 planar, 4 dcgan)")
    asked.add_argument("games", nargs="*", choices=[[], "planar", "dcgan"], metavar="GAME", help="planar, dcgan (default: both)")
    asked.add_argument("--batch", type=int, default=64)
    asked.add_argument("--width", type=int, default=64, help="of the DCGAN")
    options, device = read(asked)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ["game", "way", "replica_steps_per_second", "images_per_second", "slowest", "ratio", "device", "torch", "threads", "batch"]
    )
    for name in options.games or ["planar", "dcgan"]:
        steps = options.steps or {"planar": 100, "dcgan": 4}[name]
        ways = {"planar": planar, "dcgan": dcgan}[name](options, steps, device)
        seconds = time_in_turns({way: call for way, (call, _) in ways.items()}, options.repeats, device)
        rates = {way: steps * ways[way][1] / statistics.median(times) for way, times in seconds.items()}
        for way, rate in rates.items():
            slowest = steps * ways[way][1] / max(seconds[way])
            ratio = rate / rates["the usual way"]
            settings = [device_name(device), torch.__version__, options.threads, options.batch]
            writer.writerow([name, way, f"{rate:.1f}", f"{rate * options.batch:.0f}", f"{slowest:.1f}", f"{ratio:.2f}", *settings])


def advance(game: Game, replicas: int, steps: int, device: torch.device) -> Way:
    """Our loop, ``steps`` further at each call; replicas along one axis or one after the other."""
    groups = [tuple(range(replicas))] if game.together else [(seed,) for seed in range(replicas)]
    duels = [Duel(game, seeds, device) for seeds in groups]

    def call() -> None:
        for duel in duels:
            duel.recorded = duel.step  # as a row would do
            duel.advance(duel.step + steps)

    return call, replicas


# -- planar ------------------------------------------------------------------------------------------------------------------


def planar(options: argparse.Namespace, steps: int, device: torch.device) -> dict[str, Way]:
    """The ways to play the toy."""
    ring = mixture("ring")
    loss, rules = adversarial_loss("non-saturating"), (Adam(1e-3, 0.5), Adam(1e-4, 0.5))

    def game(together: bool) -> Game:
        return Game(
            generator=lambda seeds: StackedMLP((256, 128, 128, 2), init_generators(seeds, "g"), activation=torch.tanh, shape=(2,)),
            discriminator=lambda seeds: StackedMLP((2, 128, 128, 1), init_generators(seeds, "d"), activation=torch.tanh),
            loss=loss,
            generator_rule=rules[0],
            discriminator_rule=rules[1],
            data=lambda seed, draw: ring.sample(options.batch, torch_generator(seed, "data", draw, device=device)),
            noise=normal_noise(256),
            batch=options.batch,
            steps=10**6,
            record=range(0, 10**6, steps),
            measure=lambda moment: [],
            together=together,
        )

    return {
        "the usual way": (usual_planar(options.batch, steps, device), 1),
        "ours, 1 replica": advance(game(True), 1, steps, device),
        f"ours, {REPLICAS} replicas together": advance(game(True), REPLICAS, steps, device),
        f"ours, {REPLICAS} replicas in turn": advance(game(False), REPLICAS, steps, device),
    }


def usual_planar(batch: int, steps: int, device: torch.device) -> Callable[[], object]:
    """The toy as tutorials write it."""

    def net(*sizes: int) -> nn.Module:
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), nn.Tanh()]
        return nn.Sequential(*layers[:-1]).to(device)

    generator, discriminator = net(256, 128, 128, 2), net(2, 128, 128, 1)
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=1e-4, betas=(0.5, 0.999))
    criterion, ring = nn.BCEWithLogitsLoss(), mixture("ring")
    chance = torch.Generator(device).manual_seed(0)
    ones, zeros = torch.ones(batch, 1, device=device), torch.zeros(batch, 1, device=device)

    def call() -> list[float]:
        history = []
        for _ in range(steps):
            d_optimizer.zero_grad()
            fake = generator(torch.randn(batch, 256, device=device))
            d_loss = criterion(discriminator(ring.sample(batch, chance)), ones) + criterion(discriminator(fake.detach()), zeros)
            d_loss.backward()
            d_optimizer.step()
            g_optimizer.zero_grad()
            g_loss = criterion(discriminator(generator(torch.randn(batch, 256, device=device))), ones)
            g_loss.backward()
            g_optimizer.step()
            history += [d_loss.item(), g_loss.item()]
        return history

    return call


# -- DCGAN -------------------------------------------------------------------------------------------------------------------


def dcgan(options: argparse.Namespace, steps: int, device: torch.device) -> dict[str, Way]:
    """The ways to play DCGAN on images of CIFAR-10's size; random ones, since the time of a step does not depend on their content."""
    pixels = torch.randint(0, 256, (steps * options.batch, 3, SIDE, SIDE), dtype=torch.uint8)
    shape: dict[str, Any] = {"side": SIDE, "channels": 3, "width": options.width}
    game = Game(
        generator=alone(lambda: DCGANGenerator(noise=100, **shape), "g"),
        discriminator=alone(lambda: DCGANDiscriminator(**shape), "d"),
        loss=adversarial_loss("non-saturating"),
        generator_rule=Adam(2e-4, 0.5),
        discriminator_rule=Adam(2e-4, 0.5),
        data=ImageSource(pixels.to(device), options.batch, (-1.0, 1.0)),
        noise=normal_noise(100),
        batch=options.batch,
        steps=10**6,
        record=range(0, 10**6, steps),
        measure=lambda moment: [],
        shared_noise=True,  # as pytorch/examples does
    )
    return {"the usual way": (usual_dcgan(pixels, options.batch, shape, device), 1), "ours": advance(game, 1, steps, device)}


class Images(Dataset):
    """Images one at a time through torchvision's transforms."""

    def __init__(self, pixels: torch.Tensor) -> None:
        self.pixels = pixels
        self.transform = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize((0.5,) * 3, (0.5,) * 3)])

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.pixels[index]), 0


def usual_dcgan(pixels: torch.Tensor, batch: int, shape: dict[str, Any], device: torch.device) -> Callable[[], object]:
    """One epoch of pytorch/examples dcgan/main.py: a sigmoid and BCELoss, the fakes once for both players, the losses read each step."""
    generator, discriminator = DCGANGenerator(noise=100, **shape).to(device), DCGANDiscriminator(**shape).to(device)
    loader = DataLoader(Images(pixels), batch_size=batch, shuffle=True, drop_last=True)
    criterion = nn.BCELoss()
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))

    def call() -> list[float]:
        history = []
        for data, _ in loader:
            discriminator.zero_grad()
            label = torch.full((batch,), 1.0, device=device)
            output = torch.sigmoid(discriminator(data.to(device)))
            real_error = criterion(output, label)
            real_error.backward()
            history.append(output.mean().item())
            fake = generator(torch.randn(batch, 100, device=device))
            label.fill_(0.0)
            output = torch.sigmoid(discriminator(fake.detach()))
            fake_error = criterion(output, label)
            fake_error.backward()
            history.append(output.mean().item())
            d_optimizer.step()
            generator.zero_grad()
            label.fill_(1.0)
            output = torch.sigmoid(discriminator(fake))
            g_error = criterion(output, label)
            g_error.backward()
            g_optimizer.step()
            history += [output.mean().item(), (real_error + fake_error).item(), g_error.item()]
        return history

    return call


if __name__ == "__main__":
    main()
