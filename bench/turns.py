"""What the benchmarks share: their options, and timing several ways of doing the same thing in one run."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping

import torch


def parser(about: str, steps: int, steps_are: str = "steps a repeat") -> argparse.ArgumentParser:
    """Options that every benchmark has: device, threads, steps and repeats."""
    found = argparse.ArgumentParser(description=about.splitlines()[0])
    found.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    found.add_argument("--threads", type=int, default=1)
    found.add_argument("--steps", type=int, default=steps, help=steps_are)
    found.add_argument("--repeats", type=int, default=5)
    return found


def read(options: argparse.ArgumentParser) -> tuple[argparse.Namespace, torch.device]:
    """Read the command line, and set torch's threads by it."""
    found = options.parse_args()
    torch.set_num_threads(found.threads)
    return found, torch.device(found.device)


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
