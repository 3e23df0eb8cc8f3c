"""The commands for a cluster of docs/running.md, as written, on a real SLURM: what they make is what one machine makes, file by file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from slurm_cluster import Cluster
from slurm_site import name_the_site
from toy_project import clean_environment

ROOT = Path(__file__).parents[2]
PAPERS = ("goodfellow2014", "mao2017")
#: what one start leaves in a checkout
PRODUCTS = ("results", "logs", "benchmarks", "work", ".snakemake")
KINDS = ("history.csv", "arrays.safetensors", "*.csv", "claims.json", "*.svg")
#: commands that are run with less to do: how they begin, and what they are asked to make at scale smoke
SHORTER = {
    "snakemake --workflow-profile profiles/slurm --config scale=paper": "goodfellow2014_best_discriminator",
    "sbatch profiles/slurm/driver.sbatch --config scale=paper": "goodfellow2014_best_discriminator",
}


def commands() -> list[str]:
    """Lines of the shell blocks of the section."""
    (section,) = re.findall(r"(?s)## On a SLURM cluster\n(.*?)\n## ", (ROOT / "docs/running.md").read_text(encoding="utf-8"))
    blocks = re.findall(r"(?s)```sh\n(.*?)```", section)
    return [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines() if line]


@pytest.fixture
def checkout(smoke, cluster: Cluster, tmp_path: Path) -> Path:
    """The tracked files of the smoke clone, its data sets, and the profile as a user edits it."""
    folder = tmp_path / "checkout"
    shutil.copytree(smoke.folder, folder, symlinks=True, ignore=lambda path, names: PRODUCTS if Path(path) == smoke.folder else ())
    name_the_site(folder / "profiles/slurm/config.yaml")
    return folder


def numbers(folder: Path, paper: str) -> dict[str, bytes]:
    """Measurements, arrays, tables, verdicts and pictures of a paper; a picture's card names the configuration, which differs."""
    found = folder / "results/smoke" / paper
    files = {str(path.relative_to(found)): path.read_bytes() for kind in KINDS for path in found.rglob(kind)}
    return {name: re.sub(rb"(?s)<metadata>.*?</metadata>", b"", content) for name, content in files.items()}


def test_every_command_for_a_cluster(smoke, checkout: Path, cluster: Cluster) -> None:
    environment = clean_environment() | cluster.environment
    search = os.pathsep.join([str(Path(sys.executable).parent), cluster.environment["PATH"]])
    for command in commands():
        (begins,) = [key for key in SHORTER if command.startswith(key)] or [""]
        shell = command.replace("scale=paper", f"scale=smoke -- {SHORTER[begins]}") if begins else command
        if command == "make setup":
            continue  # its marker is there
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", shell],
            cwd=checkout,
            env=environment | {"PATH": search, "PYTHONPATH": str(checkout / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{shell}\n{done.stdout[-3000:]}{done.stderr[-5000:]}"
        while command.startswith("sbatch") and cluster.jobs("PENDING", "RUNNING", "COMPLETING"):
            time.sleep(1)
    for paper in PAPERS:
        assert numbers(checkout, paper) == numbers(smoke.folder, paper), paper
    assert set(cluster.jobs().values()) == {"COMPLETED"}
    (said,) = checkout.glob("second-look.*.log")
    assert "Nothing to be done" in said.read_text(encoding="utf-8")
