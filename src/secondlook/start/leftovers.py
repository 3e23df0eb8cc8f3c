"""What a kill leaves: files that were being written, and checkpoints that no job takes up any more."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from secondlook.errors import UserError
from secondlook.files import TEMPORARY, read_json
from secondlook.plan.plan import DATA_FOLDER, Plan

#: name of the file in a folder of checkpoints that says whose they are (`secondlook.runner.bundle`)
OWNER = "owner.json"
#: how the name of a folder begins that is being written, by the report or by `secondlook.transfer.restore`
UNFINISHED = (".assets.", ".restore.")


def sweep(plan: Plan, code: Callable[[str, str], str], work: Path) -> list[str]:
    """Remove leftovers; return what was removed. Only for one who knows that no other workflow lives here.

    Checkpoints go where their run is not planned any more or has other code by now; those of other scales and papers stay.

    Args:
        plan: the plan.
        code: digest of the code of a paper's experiment.
        work: folder of the checkpoints.
    """
    gone = []
    for path in [*_unfinished(Path("results")), *_unfinished(Path(DATA_FOLDER)), *_unfinished(work), *_checkpoints(plan, code, work)]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        gone.append(str(path))
    return gone


def _unfinished(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        unfinished = [name for name in folders if name.startswith(UNFINISHED)]
        folders[:] = [name for name in folders if name not in unfinished]
        unfinished += [name for name in files if name.startswith(".") and name.endswith(TEMPORARY)]
        yield from (Path(root, name) for name in unfinished)


def _checkpoints(plan: Plan, code: Callable[[str, str], str], work: Path) -> Iterator[Path]:
    planned = {
        (paper, key): {f"{run.cell.name}/{run.seeds_name}" for run in plan.runs(paper, key)}
        for paper in plan.papers
        for key in plan.experiments(paper)
    }
    for note in work.glob(f"*/{OWNER}"):
        try:
            said = read_json(note)
            job = said["paper"], said["experiment"]
            if said["scale"] != plan.scale or said["paper"] not in plan.papers:
                continue
            if said["folder"] not in planned.get(job, ()) or said["code"] != code(*job):
                yield note.parent
        except (OSError, UserError, KeyError, TypeError):
            yield note.parent  # written by no job
