"""What a training job has measured so far, kept so that a kill costs no more than the time between two checkpoints.

A job that is told to end (SIGTERM, which a scheduler sends before it kills) writes a checkpoint at the next offer and ends there. A loop
that offers only now and then looks at `TOLD_TO_END` after every step.

A job trains its replicas in groups, one group after the other; a group is one replica, or several that train together. A loop says how
a group is made and trained, and this file does the rest:

    progress = Progress(job, device, groups, unit="steps")
    for group in progress.groups(make):
        ...  # train it; fill progress.history, .status and .arrays; offer progress.save(group) between two steps
    return progress.result()
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
import torch

from secondlook.runner.job import History, Job, Result
from secondlook.train import checkpoint
from secondlook.train.device import device_name

#: set by SIGTERM, for all trainings that follow in this process
TOLD_TO_END = threading.Event()


class Group(Protocol):
    """Replicas in training, as a checkpoint sees them."""

    @property
    def step(self) -> int:
        """Number of steps done."""

    def tensors(self) -> Mapping[str, torch.Tensor]:
        """All tensors that must survive a kill."""

    def state(self) -> Mapping[str, Any]:
        """All else that must, as plain JSON."""

    def load(self, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> None:
        """Put back what `tensors` and `state` gave."""


@contextlib.contextmanager
def _saving_before_the_end() -> Iterator[None]:
    """Note SIGTERM instead of dying of it."""
    if threading.current_thread() is not threading.main_thread():  # which alone may set a handler
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: TOLD_TO_END.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


G = TypeVar("G", bound=Group)


class Progress:
    """What a job has measured so far, which of its groups are done, and the clock.

    Args:
        job: the job; its newest checkpoint is taken up at once.
        device: where the tensors of a checkpoint are put.
        groups: seeds of each group, in the order of training.
        unit: what `working` counts, for the record's ``<unit>_per_second``.

    Raises:
        UserError: a checkpoint belongs to another computation.
    """

    def __init__(self, job: Job, device: torch.device, groups: Sequence[tuple[int, ...]], unit: str) -> None:
        self.job, self.device, self.unit = job, device, unit
        self.history = History()
        #: seed -> how its training ended
        self.status: dict[int, str] = {}
        #: "<seed>/<name>" -> array of the result
        self.arrays: dict[str, np.ndarray] = {}
        self._groups, self._groups_done, self._steps_done = tuple(groups), 0, 0
        self._under_way: tuple[dict[str, torch.Tensor], dict[str, Any]] | None = None  # the group that was in training
        self._amount, self._seconds = 0, 0.0
        if found := checkpoint.load(job.work, job.identity, device):
            self._take_up(*found)
        self._saved = time.monotonic()

    def groups(self, make: Callable[[tuple[int, ...]], G]) -> Iterator[G]:
        """Yield each group that is left, as ``make`` gives it or as it was at a kill; it is done when the next one is asked for."""
        with _saving_before_the_end():
            for seeds in self._groups[self._groups_done :]:
                group = make(seeds)
                if self._under_way:
                    group.load(*self._under_way)
                    self._under_way = None
                yield group
                self._groups_done += 1
                self._steps_done += group.step
                if self._groups_done < len(self._groups):
                    self.save()

    def save(self, group: Group | None = None) -> None:
        """Write a checkpoint if the last one is old enough: inside a group with that group, between two groups without.

        Raises:
            SystemExit: the process was told to end; all is saved.
        """
        if time.monotonic() - self._saved < self.job.checkpoint_seconds and not TOLD_TO_END.is_set():
            return
        arrays = {name: torch.from_numpy(np.asarray(array, order="C")) for name, array in self.arrays.items()}
        tensors = checkpoint.join({"arrays": arrays, "group": group.tensors() if group else {}})
        state = {
            "history": self.history.rows,
            "status": self.status,
            "groups_done": self._groups_done,
            "steps_done": self._steps_done,
            "group": group.state() if group else None,
        }
        checkpoint.save(self.job.work, self._steps_done + (group.step if group else 0), self.job.identity, tensors, state)
        self._saved = time.monotonic()
        if TOLD_TO_END.is_set():
            print("told to end: a checkpoint is written, and the next start goes on from it", file=sys.stderr, flush=True)
            raise SystemExit(128 + signal.SIGTERM)

    @contextlib.contextmanager
    def working(self, amount: int) -> Iterator[None]:
        """Count ``amount`` of work and the time that the body takes for it."""
        started = time.monotonic()
        yield
        self._seconds += time.monotonic() - started
        self._amount += amount

    @property
    def rate(self) -> float:
        """Work per second of this process, which has done some."""
        return self._amount / self._seconds

    def diverged(self, seed: int, step: int, unit: str = "step") -> None:
        """Record that a replica's numbers are not finite from ``step`` on: a result, not a failure."""
        self.history.add(seed, step, diverged=1.0)
        self.status[seed] = f"diverged at {unit} {step}"
        print(f"seed {seed}: {self.status[seed]}", file=sys.stderr, flush=True)

    def result(self, **facts: Any) -> Result:
        """Return all that was measured, with the device's name, how fast it was, how much memory a GPU took, and ``facts``."""
        facts = {"device_name": device_name(self.device), **facts}
        if self._amount:
            facts[f"{self.unit}_per_second"] = round(self.rate, 1)
        if self.device.type == "cuda":
            facts["peak_gpu_memory_mb"] = round(torch.cuda.max_memory_allocated(self.device) / 2**20, 1)
        return Result(self.history, self.arrays, self.status, facts=facts)

    def _take_up(self, step: int, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> None:
        self.history = History(tuple(row) for row in state["history"])
        self.status = {int(seed): text for seed, text in state["status"].items()}
        self.arrays = {name: tensor.numpy(force=True) for name, tensor in checkpoint.part(tensors, "arrays").items()}
        self._groups_done, self._steps_done = state["groups_done"], state["steps_done"]
        where = f"{self._groups_done} of {len(self._groups)} groups of replicas done"
        if state["group"] is not None:
            self._under_way = checkpoint.part(tensors, "group"), state["group"]
            where += f", the next one at step {step - self._steps_done}"
        print(f"taking up a checkpoint: {where}", file=sys.stderr, flush=True)
