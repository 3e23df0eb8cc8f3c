"""Time of a VAE's update against pytorch/examples' vae/main.py written the usual way, one thread, in one run: part of `make bench`.

Both: 784-400-20-400-784 with ReLU, Adam, batches of 128, grey pixels. The usual way has a DataLoader with ToTensor and reads the loss each
step; random images, since the time of a step does not depend on their content. Prints CSV, medians of --repeats runs.

Usage: python bench/vae_step.py [--device cpu] [--threads 1]
"""

from __future__ import annotations

import csv
import statistics
import sys
from collections.abc import Callable
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from turns import parser, read, time_in_turns

from secondlook.papers.kingma2013.training import Settings, Training
from secondlook.train.device import device_name

BATCH, PIXELS, HIDDEN, LATENTS = 128, 784, 400, 20


def main() -> None:
    """Print one row a way of writing it."""
    options, device = read(parser(__doc__, 40))
    images_NP = torch.randint(0, 256, (options.steps * BATCH, PIXELS), dtype=torch.uint8)
    ways = {"the usual way": usual(images_NP, device), "ours": ours(images_NP, options.steps, device)}
    seconds = time_in_turns(ways, options.repeats, device)
    rates = {way: options.steps * BATCH / statistics.median(times) for way, times in seconds.items()}
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["way", "images_per_second", "ratio", "device", "torch", "threads", "batch"])
    for way, rate in rates.items():
        facts = [device_name(device), torch.__version__, options.threads, BATCH]
        writer.writerow([way, f"{rate:.0f}", f"{rate / rates['the usual way']:.2f}", *facts])


def ours(images_NP: torch.Tensor, steps: int, device: torch.device) -> Callable[[], object]:
    """Our training, ``steps`` further at each call."""
    settings = Settings(
        "aevb", LATENTS, 10**6, HIDDEN, units="relu", start="uniform", optimizer="adam", lr=1e-3, batch=BATCH, prior=False, pixels="grey"
    )
    data = SimpleNamespace(images_NP=images_NP.to(device), numbers=lambda images: images.float() / 255)
    training = Training(settings, data, (0,), device)  # type: ignore[arg-type] # all that it asks of its data

    def call() -> None:
        for _ in range(steps):
            training.advance()

    return call


class VAE(nn.Module):
    """The example's net."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc21, self.fc22 = nn.Linear(PIXELS, HIDDEN), nn.Linear(HIDDEN, LATENTS), nn.Linear(HIDDEN, LATENTS)
        self.fc3, self.fc4 = nn.Linear(LATENTS, HIDDEN), nn.Linear(HIDDEN, PIXELS)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return images, mean and log variance."""
        h = F.relu(self.fc1(x.view(-1, PIXELS)))
        mean, log_variance = self.fc21(h), self.fc22(h)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mean, log_variance


def usual(images_NP: torch.Tensor, device: torch.device) -> Callable[[], object]:
    """One epoch as the example has it."""
    net = VAE().to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    loader = DataLoader(
        [image.view(1, 28, 28) for image in images_NP], batch_size=BATCH, shuffle=True, drop_last=True, collate_fn=to_floats
    )

    def call() -> float:
        total = 0.0
        for data in loader:
            optimizer.zero_grad()
            made, mean, log_variance = net(data.to(device))
            error = F.binary_cross_entropy(made, data.to(device).view(-1, PIXELS), reduction="sum")
            loss = error - 0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
            loss.backward()
            total += loss.item()
            optimizer.step()
        return total

    return call


def to_floats(images: list[torch.Tensor]) -> torch.Tensor:
    """What ToTensor and the default collate do: each image to floats, then a batch."""
    return torch.stack([image.float().div(255) for image in images])


if __name__ == "__main__":
    main()
