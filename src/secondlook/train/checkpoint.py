"""Checkpoints that survive a kill: written whole or not at all, checked on reading, two generations kept.

A checkpoint is one safetensors file (tensors, and a JSON state in its header: no pickle) beside a ``.sha256`` file. Without that it counts
for nothing: its writer was killed before it was complete. It carries the identity of its computation; another computation's checkpoint is
refused, never continued.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from secondlook.errors import UserError
from secondlook.files import atomic, file_sha256, write_text

GENERATIONS = 2


def save(folder: Path, step: int, identity: str, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> Path:
    """Write the checkpoint of ``step`` and drop all but the newest two.

    Args:
        folder: the job's own folder.
        step: number of finished steps; the newest checkpoint is the one with the largest.
        identity: what the computation is (cell, code, data, seed).
        tensors: tensors of any device, saved as they are.
        state: plain JSON.
    """
    path = folder / f"step-{step:010d}.safetensors"
    header = {"identity": identity, "step": str(step), "state": json.dumps(state)}
    content = to_bytes({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, metadata=header)
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    write_text(_checksum_file(path), hashlib.sha256(content).hexdigest() + "\n")
    complete = [old for old in _newest_first(folder) if _checksum_file(old).exists()]
    for old in set(folder.glob("step-*")) - {file for kept in complete[:GENERATIONS] for file in (kept, _checksum_file(kept))}:
        old.unlink()
    return path


def load(folder: Path, identity: str, device: str | torch.device = "cpu") -> tuple[int, dict[str, torch.Tensor], dict[str, Any]] | None:
    """Read the newest sound checkpoint: (step, tensors on ``device``, state), or None when there is none.

    A damaged one, whatever the damage, is reported on stderr, by name, and the generation before it is used.

    Raises:
        UserError: the checkpoint belongs to another computation.
    """
    for path in _newest_first(folder):
        try:
            found, step, tensors, state = _read(path, device)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            print(f"checkpoint {path} is damaged ({error}); trying the one before it", file=sys.stderr, flush=True)
            for file in (path, _checksum_file(path)):  # it would count as one of the two generations
                with contextlib.suppress(OSError):
                    file.unlink()
            continue
        if found != identity:
            raise UserError(
                f"checkpoint {path} was written by another computation:\n  it has {found}\n  this is {identity}\n"
                "Refusing to continue it. Delete that folder to start from step 0."
            )
        return step, tensors, state
    return None


def _read(path: Path, device: str | torch.device) -> tuple[str, int, dict[str, torch.Tensor], dict[str, Any]]:
    """Identity, step, tensors and state; an exception of some kind where anything is wrong."""
    if file_sha256(path) != _checksum_file(path).read_text(encoding="utf-8").strip():
        raise ValueError("its sha256 is not the recorded one")
    with safe_open(path, framework="pt", device=str(device)) as file:
        header = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    return header["identity"], int(header["step"]), tensors, json.loads(header["state"])


def join(parts: Mapping[str, Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Return the tensors of all parts, named ``<part>/<name>``."""
    return {f"{part}/{name}": tensor for part, tensors in parts.items() for name, tensor in tensors.items()}


def part(tensors: Mapping[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    """Return the part ``name`` of what `join` gave."""
    return {key.removeprefix(f"{name}/"): tensor for key, tensor in tensors.items() if key.startswith(f"{name}/")}


def pack_optimizer(optimizer: torch.optim.Optimizer) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """Split an optimizer's state into tensors named ``<parameter>/<key>`` and its parameter groups as plain JSON."""
    state = optimizer.state_dict()
    tensors = {f"{index}/{key}": value for index, values in state["state"].items() for key, value in values.items() if value is not None}
    return tensors, state["param_groups"]


def unpack_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor], groups: list[dict[str, Any]]) -> None:
    """Put back what `pack_optimizer` took out, each tensor in the memory layout of its parameter, as torch would have made it.

    A file knows no layout. In another one, say of a net in channels_last, updates would be slower and might be rounded differently.
    """
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition("/")
        # torch keeps the count of updates on the CPU; on a GPU each update would wait for it
        own = tensor.cpu() if key == "step" else torch.empty_like(parameters[int(index)]).copy_(tensor)
        state.setdefault(int(index), {})[key] = own
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _newest_first(folder: Path) -> list[Path]:
    """Checkpoints of a folder by their step as a number: as text, step 10 would come before step 2. Other files are none."""
    found = [path for path in folder.glob("step-*.safetensors") if path.stem.removeprefix("step-").isdecimal()]
    return sorted(found, key=lambda path: int(path.stem.removeprefix("step-")), reverse=True)


def _checksum_file(path: Path) -> Path:
    return path.with_suffix(".sha256")
