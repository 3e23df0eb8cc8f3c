"""Fixtures that several test files use."""

from __future__ import annotations

import os

# One thread, as the command line gives the jobs that promise equal bits; before anything imports numpy or torch.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = "1"
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic cuBLAS, for tests that use a GPU without a job

import shutil  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from pathlib import Path  # noqa: E402

import pytest  # noqa: E402
from slurm_cluster import Cluster, missing, running_cluster  # noqa: E402

from secondlook.runner.job import Job  # noqa: E402

ROOT = Path(__file__).parents[1]


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., Job]:
    """Return a function that builds a job for tests; keywords replace its fields."""

    def make(**fields) -> Job:
        values = {
            "paper": "toy",
            "experiment": "toy",
            "values": {},
            "seeds": (0,),
            "datasets": {},
            "inputs": {},
            "device": "cpu",
            "threads": 1,
            "work": tmp_path / "work",
            "identity": "toy",
            "checkpoint_seconds": 1e9,
        }
        return Job(**(values | fields))

    return make


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A SLURM of one node."""
    if lacking := missing():
        pytest.skip(f"needs SLURM (Debian's packages slurm-wlm and munge): {', '.join(lacking)} not found")
    folder = Path(tempfile.mkdtemp(prefix="slurm", dir="/tmp"))  # a short path: sockets lie in it
    try:
        with running_cluster(folder) as found:
            yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ends_by(ending: type[BaseException], call: Callable[[], object], owner: object, name: str, stand_in: Callable) -> bool:
    """Whether ``call`` ends by that exception while an attribute of ``owner`` is replaced; False if it ends by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, stand_in)
        try:
            call()
        except ending:
            return True
    return False


@pytest.fixture
def dies() -> Callable[[int, Callable[[], object]], bool]:
    """Return a function that calls its second argument until checkpoint number ``after`` is written; False if there are fewer."""

    from secondlook.train.resumable import Progress  # only here, since it loads torch

    def call_and_die(after: int, call: Callable[[], object]) -> bool:
        save, calls = Progress.save, []

        def save_and_die(*arguments: object) -> None:
            save(*arguments)
            calls.append(1)
            if len(calls) == after:
                raise KeyboardInterrupt

        return _ends_by(KeyboardInterrupt, call, Progress, "save", save_and_die)

    return call_and_die


@pytest.fixture
def told() -> Callable[[int, Callable[[], object]], bool]:
    """Return a function that calls its second argument, which is told to end at its look number ``after``; False if it ends first.

    It may look twice more, to write a checkpoint and to end.
    """

    from secondlook.train.resumable import TOLD_TO_END  # only here, since it loads torch

    def call_and_tell(after: int, call: Callable[[], object]) -> bool:
        looks = 0

        def is_set() -> bool:
            nonlocal looks
            looks += 1
            assert looks < after + 3, "it was told to end and went on"
            return looks >= after

        return _ends_by(SystemExit, call, TOLD_TO_END, "is_set", is_set)

    return call_and_tell
