"""Every replica's curves, and every run, as the pages show them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from secondlook.report import curves
from secondlook.report.curves import curves_script


def script(tmp_path: Path, rows: str, first: list[str] | None = None) -> dict[str, Any] | None:
    path = tmp_path / "grid.csv"
    path.write_text("loss,replica,step,metric,value\n" + rows, encoding="utf-8")
    found = curves_script("toy/grid", path, {"w1": "a distance </script>"}, first or [])
    if found is None:
        return None
    start = '(window.secondLookCurves ??= {})["toy/grid"] = '
    assert found.startswith(start)
    assert "</script>" not in found
    return json.loads(found.removeprefix(start).removesuffix(";\n"))


def test_a_line_a_replica_by_metric_and_cell(tmp_path: Path) -> None:
    rows = "gan,0,1,w1,1.23456\ngan,0,2,w1,nan\nls-0-1-1,1,1,w1,3\nls-0-1-1,1,2,w1,2\ngan,0,2,end,1\ngan,0,2,diverged,1\n"
    found = script(tmp_path, rows)
    assert found is not None
    assert list(found["metrics"]) == ["w1"]  # one point is no curve
    assert found["metrics"]["w1"]["means"] == "a distance </script>"
    assert found["metrics"]["w1"]["lines"] == [[0, 0, [1, 2], [1.235, None]], [1, 1, [1, 2], [3.0, 2.0]]]
    assert found["cells"] == ["loss = gan", "LSGAN (0, 1, 1)"]


def test_what_claims_read_comes_first(tmp_path: Path) -> None:
    found = script(tmp_path, "".join(f"gan,0,{step},{metric},1\n" for step in (1, 2) for metric in ("a", "b", "c")), ["c", "b"])
    assert found is not None
    assert list(found["metrics"]) == ["c", "b", "a"]


def test_a_long_line_is_thinned_with_its_ends(tmp_path: Path) -> None:
    found = script(tmp_path, "".join(f"gan,0,{step},w1,{step}\n" for step in range(1000)))
    assert found is not None
    ((_, _, steps, values),) = found["metrics"]["w1"]["lines"]
    assert len(steps) == curves.POINTS
    assert (steps[0], steps[-1], values[-1]) == (0, 999, 999.0)


def test_a_table_without_curves_has_no_script(tmp_path: Path) -> None:
    assert script(tmp_path, "gan,0,1,w1,1\n") is None


def test_what_does_not_fit_is_left_out(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(curves, "LARGEST", 100)
    found = script(tmp_path, "".join(f"gan,0,{step},{metric},1\n" for step in range(9) for metric in ("a", "b")))
    assert found is not None
    assert list(found["metrics"]) == ["a"]
