"""One place that sets torch up for a job: threads, determinism, number format."""

from __future__ import annotations

import os

import torch

from secondlook.machine import processor_name
from secondlook.runner.job import Job


def configure(job: Job) -> torch.device:
    """Fix the thread count and the deterministic, full-precision modes, and return the job's device.

    To be called before CUDA is used: cuBLAS reads its setting once.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic cuBLAS
    torch.set_num_threads(job.threads)
    # What use_deterministic_algorithms(True) does, but for torch.compile's settings, whose import takes longer than many of our runs.
    torch.set_deterministic_debug_mode("error")
    # on by default with the line above; costs a kernel per allocation
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # set by a trick that mypy does not see
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False  # convolutions default to TF32, matmuls do not
    torch.set_float32_matmul_precision("highest")
    if job.device == "cuda":
        torch.cuda.init()
        torch.cuda.reset_peak_memory_stats()  # a process may make several runs, and each says its own peak
    return torch.device(job.device)


def device_name(device: torch.device) -> str:
    """Return the GPU's or the processor's name, for the run record."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor_name()
