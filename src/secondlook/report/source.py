"""Where readers find the code of a commit on the web, from the checkout's own remote."""

from __future__ import annotations

import functools
import re
import subprocess
from pathlib import Path

#: host -> what stands between the repository's address and the commit
BLOB = {"github.com": "blob", "gitlab.com": "-/blob", "codeberg.org": "src/commit", "bitbucket.org": "src"}
#: https://host/owner/name.git, ssh://git@host/owner/name or git@host:owner/name.git; what stands before the @ is left out
REMOTE = re.compile(r"(?:(?:https?|ssh|git)://)?(?:[^@/\s]+@)?([a-z0-9.-]+)(?::\d+)?[/:]([\w.-]+(?:/[\w.-]+)+)")
COMMIT = re.compile(r"[0-9a-f]{40,64}")


@functools.cache
def repository() -> str | None:
    """The remote called origin of the checkout that holds this package, None where there is none."""
    try:
        command = ["git", "remote", "get-url", "origin"]
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip() or None


def source_link(remote: str | None, commit: str, path: str) -> str | None:
    """Address of a file at a commit; None where the remote is no known host, or the commit does not hold all that ran."""
    match = REMOTE.fullmatch((remote or "").removesuffix("/").removesuffix(".git"))
    if match is None or match[1] not in BLOB or not COMMIT.fullmatch(commit):
        return None
    return f"https://{match[1]}/{match[2]}/{BLOB[match[1]]}/{commit}/{path}"
