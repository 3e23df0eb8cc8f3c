"""A tiny classification task on random images, and a script that trains on it: `python toy_task.py WORK OUT SEEDS EPOCHS`."""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path

import torch
from torch import nn

from secondlook.runner.job import Job, Result
from secondlook.train.optimizers import build
from secondlook.train.supervised import Split, Task, train_supervised


def net() -> nn.Module:
    """Convolution, batch normalization, dropout: one of each layer that keeps or draws something."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(), nn.Linear(8 * 8 * 8, 4)
    )


def flip(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    mask = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    return torch.where(mask[:, None, None, None], images.flip(3), images)


def make_task(device: torch.device, *, rule: str = "adam", lr: float = 0.01, epochs: int = 4, batch: int = 16, **fields) -> Task:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (80, 3, 8, 8), generator=generator, dtype=torch.uint8)
    labels = (images[:, 0].float().mean((1, 2)) > 127).long() + 2 * (images[:, 1].float().mean((1, 2)) > 127).long()
    split = Split(images[:64].to(device), labels[:64].to(device))
    values = {
        "net": net,
        "optimizer": lambda parameters: build(rule, parameters, lr),
        "lr": lambda epoch, updates: lr * 0.9**epoch,
        "train": split,
        "test": Split(images[64:].to(device), labels[64:].to(device)),
        "prepare": lambda batch: batch.float() / 255 - 0.5,
        "augment": flip,
        "epochs": epochs,
        "batch": batch,
    }
    return Task(**(values | fields))


def train(job: Job, **options) -> Result:
    return train_supervised(job, functools.partial(make_task, **options))


if __name__ == "__main__":
    work, out, seeds, epochs = sys.argv[1:]
    job = Job("toy", "toy", {}, tuple(map(int, seeds.split(","))), {}, {}, "cpu", 1, Path(work), "toy", checkpoint_seconds=0.0)
    result = train(job, epochs=int(epochs))
    Path(out).write_text(json.dumps({"history": result.history.to_csv(), "status": result.status}))
