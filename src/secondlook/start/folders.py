"""Folders that the workflow writes into, looked at before the first job: one that cannot be made would stop every job."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from secondlook.errors import UserError


def check_folders(folders: Iterable[str]) -> None:
    """Refuse a folder that is a file, lies below a file, or takes no files; make none.

    Raises:
        UserError: naming the first such folder.
    """
    for name in folders:
        there = Path(name).absolute()
        while not there.exists() and not there.is_symlink():
            there = there.parent
        if not there.is_dir():
            raise UserError(f"the folder {name} cannot be made: {there} is no folder. Move it away, or choose another one.")
        if not os.access(there, os.W_OK | os.X_OK):
            raise UserError(f"the folder {name} takes no files: {there} may not be written to. Make it writable, or choose another folder.")
