"""Every command of README.md and docs/running.md, as written; after the other tests here, which want the clone as it was."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: how a command begins that is not run again here, and why
ELSEWHERE = {
    "make report": "the fixture has run it",
    "make test": "this is it",
    "snakemake --cores all wilson2017 --config seeds=6": "the README has the like with 4 seeds",
    "snakemake --cores all --sdm apptainer": "no apptainer can be assumed; what the image installs is checked in tests/plan",
    "make setup": "the fixture stands in an environment that is set up",
    "source .venv/bin/activate": "see above",
    "snakemake -n --quiet rules --workflow-profile profiles/slurm": "test_cluster.py runs it on a cluster",
    "snakemake --workflow-profile profiles/slurm": "see above",
    "sbatch": "see above",
    "squeue": "see above",
    "python -m secondlook restore": "here are results already; tests/workflow/test_transfer.py restores into an empty checkout",
    "conda create": "no conda solver can be assumed; envs/ are checked against the lock",
    "conda activate": "see above",
    "snakemake --cores all --use-conda": "run with a stand-in conda in tests/workflow",
}


def commands(document: str) -> list[str]:
    """Lines of a document's shell blocks, comments off."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


README, RUNNING = commands("README.md"), commands("docs/running.md")
HERE = [line for line in dict.fromkeys([*README, *RUNNING]) if not line.startswith(tuple(ELSEWHERE))]


def test_the_readme_says_how_to_build_and_to_test() -> None:
    assert {"make report", "make test"} <= set(README)


@pytest.mark.parametrize("command", sorted(HERE, key=lambda line: "seeds=" in line))  # other seeds last: what follows would be made again
def test_a_command(smoke, command: str) -> None:
    done = smoke.run(command)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
