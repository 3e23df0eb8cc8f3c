"""Links to the code on the web: only where they can be right."""

from __future__ import annotations

import pytest

from secondlook.report.source import source_link

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("remote", "link"),
    [
        ("https://github.com/some-one/second.look.git", f"https://github.com/some-one/second.look/blob/{COMMIT}/src/a.py"),
        ("git@github.com:someone/look.git", f"https://github.com/someone/look/blob/{COMMIT}/src/a.py"),
        ("https://name:secret@github.com/someone/look", f"https://github.com/someone/look/blob/{COMMIT}/src/a.py"),
        ("ssh://git@gitlab.com:22/group/sub/look.git", f"https://gitlab.com/group/sub/look/-/blob/{COMMIT}/src/a.py"),
        ("https://codeberg.org/someone/look/", f"https://codeberg.org/someone/look/src/commit/{COMMIT}/src/a.py"),
    ],
)
def test_a_known_host_gives_a_link_without_what_is_secret(remote: str, link: str) -> None:
    assert source_link(remote, COMMIT, "src/a.py") == link


@pytest.mark.parametrize(
    "remote",
    [
        None,
        "",
        "/srv/git/look",
        "../look",
        "file:///srv/look",
        "https://intranet.example/a/look",
        "javascript:alert(1)//github.com/a/b",
        "git@github.com:",
    ],
)
def test_anything_else_gives_none(remote: str | None) -> None:
    assert source_link(remote, COMMIT, "src/a.py") is None


@pytest.mark.parametrize("commit", [f"{COMMIT}+changes", "unknown", "main", ""])
def test_a_commit_that_does_not_hold_what_ran_gives_none(commit: str) -> None:
    assert source_link("https://github.com/a/b", commit, "src/a.py") is None
