"""Time of one C1 update on this machine, in one run, against two references: `make bench`.

- net alone: forward, backward and optimizer on one batch that never changes; the rest of our step is data and book-keeping
- the usual way: a DataLoader with per-image transforms and `.item()` after each step, as in pytorch/examples

Usage: python bench/c1_step.py [--device cpu] [--threads 1] [--width 0.125] [--side 16] [--batch 64]
Random images in CIFAR-10's layout: the time of a step does not depend on their content. Prints CSV; medians of --repeats runs.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2
from turns import parser, read, time_in_turns

from secondlook.nets.vgg import CifarVGG
from secondlook.papers.wilson2017.c1 import Preprocess, flip_half
from secondlook.train import supervised
from secondlook.train.device import device_name
from secondlook.train.optimizers import build
from secondlook.train.supervised import Split, Task


def main() -> None:
    """Print one row a way of doing it."""
    asked = parser(__doc__, 60)
    asked.add_argument("--width", type=float, default=0.125)
    asked.add_argument("--side", type=int, default=16)
    asked.add_argument("--batch", type=int, default=64)
    options, device = read(asked)
    ways = {"ours": ours(options, device), "net alone": net_alone(options, device), "the usual way": usual(options, device)}
    seconds = time_in_turns(ways, options.repeats, device)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ["way", "images_per_second", "ms_per_step", "slowest_ms", "ratio_to_ours", "device", "torch", "threads", "width", "side", "batch"]
    )
    base = statistics.median(seconds["ours"])
    for name, times in seconds.items():
        middle = statistics.median(times)
        settings = [device_name(device), torch.__version__, options.threads, options.width, options.side, options.batch]
        rate, step, slowest = options.steps * options.batch / middle, 1000 * middle / options.steps, 1000 * max(times) / options.steps
        writer.writerow([name, f"{rate:.0f}", f"{step:.2f}", f"{slowest:.2f}", f"{middle / base:.3f}", *settings])
    alone = statistics.median(seconds["net alone"])
    print(f"share of our step that is not the network: {100 * (1 - alone / base):.1f} %", file=sys.stderr)


def images(options: argparse.Namespace) -> tuple[torch.Tensor, torch.Tensor]:
    """Random images and labels, enough for one epoch of ``steps``."""
    count = options.steps * options.batch
    return torch.randint(0, 256, (count, 3, options.side, options.side), dtype=torch.uint8), torch.randint(0, 10, (count,))


def ours(options: argparse.Namespace, device: torch.device) -> Callable[[], object]:
    """One epoch of the training loop."""
    pixels, labels = images(options)
    split = Split(pixels.to(device), labels.to(device))
    task = Task(
        net=lambda: CifarVGG(options.width),
        optimizer=lambda parameters: build("sgd", parameters, 0.1, weight_decay=5e-4),
        lr=lambda epoch, updates: 0.1,
        train=split,
        test=split,
        prepare=Preprocess(split.images_NCHW),
        augment=flip_half,
        epochs=1,
        batch=options.batch,
    )
    replica = supervised._Replica(task, 0)
    return lambda: supervised._train_epoch(replica)


def net_alone(options: argparse.Namespace, device: torch.device) -> Callable[[], object]:
    """As many updates on one batch."""
    net = CifarVGG(options.width).to(device, memory_format=torch.channels_last).train()
    optimizer = build("sgd", list(net.parameters()), 0.1, weight_decay=5e-4)
    batch = torch.randn(options.batch, 3, options.side, options.side, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (options.batch,), device=device)

    def epoch() -> None:
        for _ in range(options.steps):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(net(batch), labels).backward()
            optimizer.step()

    return epoch


class Images(Dataset):
    """Images one at a time through torchvision's transforms."""

    def __init__(self, pixels: torch.Tensor, labels: torch.Tensor) -> None:
        mean, std = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
        self.pixels, self.labels = pixels, labels
        self.transform = v2.Compose([v2.RandomHorizontalFlip(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.transform(self.pixels[index]), self.labels[index]


def usual(options: argparse.Namespace, device: torch.device) -> Callable[[], object]:
    """The same net and optimizer, fed by a DataLoader in this process, with the loss read after each step."""
    loader = DataLoader(Images(*images(options)), batch_size=options.batch, shuffle=True, drop_last=True)
    net = CifarVGG(options.width).to(device).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=5e-4)

    def epoch() -> float:
        total = 0.0
        for data, target in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(data.to(device)), target.to(device))
            loss.backward()
            optimizer.step()
            total += loss.item()
        return total

    return epoch


if __name__ == "__main__":
    main()
