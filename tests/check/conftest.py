"""The project that tests put one mistake into."""

from __future__ import annotations

from pathlib import Path

import pytest
from broken import OnDisk, write


@pytest.fixture
def project(tmp_path: Path) -> OnDisk:
    """The project without a mistake."""
    return write(tmp_path)
