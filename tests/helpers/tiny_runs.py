"""What a run leaves, made by hand: for the tests of tables and of what is made from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from secondlook.files import write_json
from secondlook.runner.job import History


def make_run(root: Path, name: str, cell: dict[str, Any], rows: list[tuple[int, int, str, float]], **values: Any) -> Path:
    """Write the record of a run: its cell, the values it used, and its history."""
    folder = root / name
    write_json(folder / "run.json", {"name": name, "cell": cell, "values": {**cell, **values}, "seeds": sorted({row[0] for row in rows})})
    (folder / "history.csv").write_text(History(rows).to_csv(), encoding="utf-8")
    return folder
