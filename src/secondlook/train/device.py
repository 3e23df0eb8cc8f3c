"""One place that sets torch up for a job: threads, determinism, number format."""

from __future__ import annotations

import torch

from secondlook.machine import processor_name
from secondlook.runner.job import Job


def configure(job: Job) -> torch.device:
    """Fix the thread count and the deterministic, full-precision modes, and return the job's device.

    The launcher has set CUBLAS_WORKSPACE_CONFIG before torch was imported (`secondlook.cli`); later would be too late.
    """
    torch.set_num_threads(job.threads)
    # What use_deterministic_algorithms(True) does, but for torch.compile's settings, whose import takes longer than many of our runs.
    torch.set_deterministic_debug_mode("error")
    torch.utils.deterministic.fill_uninitialized_memory = False  # on by default with the line above; costs a kernel an allocation
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False  # convolutions default to TF32, matmuls do not
    torch.set_float32_matmul_precision("highest")
    return torch.device(job.device)


def device_name(device: torch.device) -> str:
    """Return the GPU's or the processor's name, for the run record."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor_name()
