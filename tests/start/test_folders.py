"""A folder that takes no files is named before the first job."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from secondlook.errors import UserError
from secondlook.start.folders import check_folders


def test_what_is_there_or_can_be_made_is_fine(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    check_folders([str(tmp_path / name) for name in ("there", "link", "new/deep", "link/deep")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "there"]


@pytest.mark.parametrize("name", ["file", "file/below", "broken", "broken/below"])
def test_a_file_in_its_place_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "broken").symlink_to(tmp_path / "absent")
    with pytest.raises(UserError, match=f"the folder .*{name} cannot be made: .* is no folder"):
        check_folders([str(tmp_path / name)])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_named(tmp_path: Path) -> None:
    (tmp_path / "fixed").mkdir(mode=0o500)
    with pytest.raises(UserError, match="takes no files"):
        check_folders([str(tmp_path / "fixed/work")])
