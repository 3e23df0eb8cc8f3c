"""Reading a fetched dataset; what a training job imports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from secondlook.data.fingerprint import fingerprint
from secondlook.errors import UserError


def load(path: str | Path, digest: str) -> dict[str, np.ndarray]:
    """Return the arrays of a fetched dataset, those of its entry in the registry.

    Mostly ``train_images`` and ``test_images`` uint8 (N, C, H, W), labels uint8 (N,).

    Args:
        path: file that ``python -m secondlook fetch`` wrote.
        digest: what its arrays must hash to, as the plan gives it to the job.

    Raises:
        UserError: the file is missing, cannot be read, or holds other arrays.
    """
    path = Path(path)
    again = f"Delete it and fetch it again: python -m secondlook fetch {path.stem}"
    try:
        arrays = load_file(path)
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}. Fetch it first: python -m secondlook fetch {path.stem}") from error
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"{path} is not a readable safetensors file ({error}). {again}") from error
    if (found := fingerprint(arrays)) != digest:
        raise UserError(f"{path} holds other data: its arrays hash to {found}, not to the recorded {digest}. {again}")
    return arrays
