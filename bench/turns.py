"""Timing several ways of doing the same thing in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch


def time_in_turns(ways: Mapping[str, Callable[[], object]], repeats: int, device: torch.device) -> dict[str, list[float]]:
    """Return the seconds of each way's calls. The ways take turns, so that a slow moment hits all; one round before is a warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if repeat:
                seconds[name].append(time.perf_counter() - started)
    return seconds
