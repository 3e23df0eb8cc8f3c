"""What a run leaves, made by hand: for the tests of tables and of what is made from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from secondlook.files import file_sha256, write_text
from secondlook.runner.job import History
from secondlook.runner.record import write_run


def make_run(root: Path, name: str, cell: dict[str, Any], rows: list[tuple[int, int, str, float]], **values: Any) -> Path:
    """Write the record of a run: its cell, the values it used, and its history; ``values["said"]``: what else the record says."""
    folder, said = root / name, values.pop("said", {})
    write_text(folder / "history.csv", History(rows).to_csv())
    files = {"history.csv": file_sha256(folder / "history.csv")}
    record = {"name": name, "cell": cell, "values": {**cell, **values}, "seeds": sorted({row[0] for row in rows}), "files": files}
    write_run(folder, {"paper": "toy", "experiment": "grid", **record, **said})
    return folder
