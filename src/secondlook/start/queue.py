"""What of this checkout is in a SLURM queue."""

from __future__ import annotations

import subprocess
from pathlib import Path

from secondlook.errors import UserError

#: a job's id, the folder that it runs in, its comment: the executor's say which rule it runs
FORMAT = "%i|%Z|%k"
PATIENCE = 60  # seconds


def refuse_a_second_driver(folder: Path) -> None:
    """Refuse to submit jobs where those of an earlier start are still in the queue: they would do the same work into the same files.

    Snakemake does not take up jobs that it submitted before it was killed.

    Raises:
        UserError: there are such jobs, or the queue does not answer.
    """
    jobs = queued_jobs(folder)
    if jobs:
        raise UserError(
            f"{len(jobs)} jobs of an earlier start are still in the queue for this folder, and Snakemake cannot take them up. Either\n"
            f"  wait until they have ended:  squeue --jobs {','.join(jobs)}\n"
            f"  or cancel them:              scancel {' '.join(jobs)}\n"
            "then start again: what they have trained is kept in checkpoints."
        )


def queued_jobs(folder: Path) -> list[str]:
    """Return the ids of this user's jobs, waiting or running, that Snakemake submitted from ``folder``.

    Raises:
        UserError: the queue does not answer.
    """
    command = ["squeue", "--me", "--noheader", "--format", FORMAT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip()
        raise UserError(f"The queue cannot be asked ({' '.join(command[:2])}): {said}. Try again when it answers.") from error
    rows = (line.split("|", 2) for line in done.stdout.splitlines())
    return [job for job, where, comment in rows if comment.startswith("rule_") and Path(where).resolve() == folder.resolve()]
