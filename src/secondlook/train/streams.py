"""Named random streams: every draw is a function of (seed, stream, counters) and of nothing else.

There is no generator state to save, so a resumed run draws what the uninterrupted one would have drawn; a new stream shifts no
other; and a replica's draws do not depend on its neighbours. Streams in use: init (in games one per player), order, augment,
noise, dropout, data, reference (of virtual batch normalization), eval, labels, penalty, fresh, prior.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def stream_seed(seed: int, stream: str, *counters: int) -> int:
    """Return the 63-bit seed of one draw, the same on every machine."""
    key = json.dumps([int(seed), stream, *map(int, counters)]).encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little") >> 1


def numpy_generator(seed: int, stream: str, *counters: int) -> np.random.Generator:
    """Return a fresh numpy generator (PCG64) for one draw."""
    return np.random.Generator(np.random.PCG64(stream_seed(seed, stream, *counters)))


def torch_generator(seed: int, stream: str, *counters: int, device: str | torch.device = "cpu") -> torch.Generator:
    """Return a fresh torch generator on ``device`` for one draw. CPU and CUDA generators give different numbers at equal seeds."""
    import torch

    return torch.Generator(device=device).manual_seed(stream_seed(seed, stream, *counters))


def seed_default(seed: int, stream: str, *counters: int, device: str | torch.device = "cpu") -> None:
    """Seed torch's default generator of ``device`` for one draw by what knows no other: a layer's initial weights, dropout.

    `torch.manual_seed` gives the same numbers, but it seeds all devices, which takes a hundred times as long.
    """
    import torch

    device = torch.device(device)
    generator = torch.default_generator
    if device.type == "cuda":
        torch.cuda.init()  # there are no generators before
        generator = torch.cuda.default_generators[torch.cuda.current_device() if device.index is None else device.index]
    generator.manual_seed(stream_seed(seed, stream, *counters))
