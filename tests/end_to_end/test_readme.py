"""Every command of the README, executed as written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]

#: why a command is not run again here
ELSEWHERE = {
    "make report": "the fixture has run it",
    "make test": "this is it",
    "conda create": "no conda solver can be assumed; envs/ are checked against the lock",
    "conda activate": "see above",
    "snakemake --cores all --use-conda": "run with a stand-in conda in tests/workflow",
}


def commands() -> list[str]:
    """Lines of the README's shell blocks, comments off."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_the_readme_has_the_commands_that_it_must_have() -> None:
    assert {"make report", "make test", "snakemake --cores all --use-conda"} <= set(commands())


@pytest.mark.parametrize("command", [line for line in commands() if not line.startswith(tuple(ELSEWHERE))])
def test_a_command_of_the_readme(smoke, command: str) -> None:
    done = smoke.run(command)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
