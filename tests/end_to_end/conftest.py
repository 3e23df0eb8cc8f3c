"""The project as a newcomer clones it, at scale smoke, run once for all tests here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class Clone(NamedTuple):
    """A working copy in which the whole report was built."""

    folder: Path
    #: what ``make report`` printed
    said: str = ""

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command as it stands in the documents, with the environment that the tests run in."""
        search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        variables = {
            name: value for name, value in os.environ.items() if not name.startswith(("SECONDLOOK_", "MAKE", "MFLAGS"))
        }  # make test is no parent of make report
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=self.folder,
            env=variables | {"PATH": search, "PYTHONPATH": str(self.folder / "src")},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The tracked and new files in a folder of their own, with ``scale: smoke``, after ``make report``.

    The environment is the one that the tests run in: its marker says that the lock is installed already.
    """
    folder = tmp_path_factory.mktemp("clone") / "second-look"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    config = (folder / "config.yaml").read_text(encoding="utf-8")
    assert "\nscale: quick\n" in config
    (folder / "config.yaml").write_text(config.replace("\nscale: quick\n", "\nscale: smoke\n"), encoding="utf-8")
    environment = Path(sys.prefix)
    (folder / ".venv").mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (folder / ".venv" / part).symlink_to(environment / part)
    (folder / ".venv/.ready").touch()
    done = Clone(folder).run("make report")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return Clone(folder, done.stdout)
