"""What there is: a GPU, a git checkout. Standard library only, since the Snakefile and the report ask too."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from secondlook.errors import UserError


def resolve_device(asked: str, wants_gpu: bool) -> str:
    """Return "cuda" or "cpu" for the configured device, without importing torch for a job that cannot use a GPU.

    Raises:
        UserError: "cuda" was asked for and there is no GPU.
    """
    if not wants_gpu or asked == "cpu":
        return "cpu"
    if asked == "auto" and not gpu_present():
        print("no GPU here: this job, which would use one, runs on the CPU", file=sys.stderr, flush=True)
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if asked == "auto":
        print("there is a GPU, but torch cannot use it: this job runs on the CPU", file=sys.stderr, flush=True)
        return "cpu"
    raise UserError(
        "config 'device: cuda', but torch finds no GPU on this machine. "
        "Use 'device: auto' or 'device: cpu', or check the driver with nvidia-smi."
    )


def gpu_present() -> bool:
    """Tell whether an NVIDIA driver shows a GPU, by its device file: cheap enough for every start of the workflow."""
    seen = any(Path("/dev").glob("nvidia[0-9]*")) or Path("/dev/dxg").exists()  # the second under Windows' Linux
    return seen and os.environ.get("CUDA_VISIBLE_DEVICES", "0") not in ("", "-1")


def processor_name() -> str:
    """Return the processor's name, for the run record."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def git_commit() -> str:
    """Return the checked-out commit, with ``+changes`` when tracked files differ from it, or "unknown" outside a git checkout."""
    folder = Path(__file__).parent
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
        dirty = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"], cwd=folder, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+changes" if dirty.strip() else "")
