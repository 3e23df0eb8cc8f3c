"""What a job costs on SLURM beyond its own work, submitted by itself and as a task of an array.

Starts a SLURM of one node on this machine (Debian's packages slurm-wlm and munge), runs the trainings of two papers at scale smoke in a
clone of the project, and compares the time that SLURM held their slots with the time of Snakemake's benchmarks. Arrays are not what the
profile does: docs/running.md says why. Prints CSV.

Usage: python bench/slurm_jobs.py [--data resources/datasets]
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/helpers"))

from slurm_cluster import Cluster, missing, running_cluster  # noqa: E402
from slurm_site import name_the_site  # noqa: E402

PAPERS = ("goodfellow2014", "mao2017")


def main() -> None:
    """Print one row a way of submitting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT / "resources/datasets", help="data sets that are there already")
    options = parser.parse_args()
    if lacking := missing():
        sys.exit(f"needs SLURM (Debian's packages slurm-wlm and munge): {', '.join(lacking)} not found")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["way", "jobs", "submissions", "slot_seconds", "own_seconds", "overhead_a_job", "wall_seconds", "cpus"])
    for way, arrays in (("jobs", False), ("arrays", True)):
        with tempfile.TemporaryDirectory(prefix="slurm", dir="/tmp") as folder:  # a short path: sockets lie in it
            writer.writerow([way, *measure(Path(folder), options.data.resolve(), arrays), os.cpu_count()])
            sys.stdout.flush()


def measure(folder: Path, data: Path, arrays: bool) -> list[int | str]:
    """Return the numbers of a row."""
    checkout = folder / "checkout"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
    if data.exists():
        shutil.copytree(data, checkout / "resources/datasets")
    profile = checkout / "profiles/slurm/config.yaml"
    name_the_site(profile)
    if arrays:  # a task waits for the files of the first
        profile.write_text(profile.read_text().replace("latency-wait: 5\n", "latency-wait: 60\n") + "slurm-array-jobs: run\n")
    command = [sys.executable, "-m", "snakemake", "--nocolor", "--workflow-profile", "profiles/slurm"]
    command += ["--config", "scale=smoke", f"papers={','.join(PAPERS)}", "--", *PAPERS]
    (folder / "cluster").mkdir()
    with running_cluster(folder / "cluster") as cluster:
        started = time.monotonic()
        done = subprocess.run(command, cwd=checkout, env={**os.environ, **cluster.environment}, capture_output=True, text=True)
        wall = time.monotonic() - started
        if done.returncode:
            sys.exit(f"the workflow failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        slots = slot_seconds(cluster)
    files = list(checkout.glob("benchmarks/smoke/**/seeds=*.tsv"))
    own = sum(float(row["s"]) for file in files for row in csv.DictReader(file.read_text().splitlines(), delimiter="\t"))
    submissions = len(re.findall(r"submitted with SLURM|Submitted array job", done.stdout + done.stderr))
    return [len(slots), submissions, f"{sum(slots):.0f}", f"{own:.0f}", f"{(sum(slots) - own) / len(slots):.1f}", f"{wall:.0f}"]


def slot_seconds(cluster: Cluster) -> list[float]:
    """How long each job that the controller remembers held its slot."""
    found = []
    for line in cluster.ask("scontrol", "show", "job", "--oneliner").splitlines():
        start, end = (datetime.fromisoformat(re.search(rf"{name}=(\S+)", line)[1]) for name in ("StartTime", "EndTime"))  # type: ignore[index]
        found.append((end - start).total_seconds())
    return found


if __name__ == "__main__":
    main()
