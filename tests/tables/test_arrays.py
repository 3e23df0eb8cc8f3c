"""Arrays that runs saved, as figures get them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from secondlook.files import file_sha256
from secondlook.runner.record import write_run
from secondlook.tables.arrays import arrays_file, read_arrays


def save(record: Path, experiment: str, lr: float, seeds: list[int]) -> Path:
    record.parent.mkdir(parents=True)
    save_file({f"{seed}/net/w": np.full(2, seed, np.uint8) for seed in seeds}, arrays_file(record))
    files = {arrays_file(record).name: file_sha256(arrays_file(record))}
    said = {
        "paper": "toy",
        "experiment": experiment,
        "cell": {"lr": lr},
        "values": {"lr": lr},
        "seeds": seeds,
        "status": {},
        "files": files,
    }
    write_run(record.parent, said)
    return record


def test_runs_stand_by_experiment_in_the_order_given(tmp_path: Path) -> None:
    paths = [
        save(tmp_path / name / "run.json", *what)
        for name, what in {"b": ("gan", 0.5, [3, 4]), "x": ("nets", 2.0, [0]), "a": ("gan", 0.25, [3])}.items()
    ]
    found = read_arrays(paths)
    assert list(found) == ["gan", "nets"]
    assert [(record.cell, record.seeds) for record in found["gan"]] == [({"lr": 0.5}, (3, 4)), ({"lr": 0.25}, (3,))]
    assert found["gan"][0].arrays.keys() == {"3/net/w", "4/net/w"}
    assert found["gan"][0].arrays["4/net/w"].dtype == np.uint8
    assert found["gan"][0].arrays["4/net/w"].tolist() == [4, 4]
    with pytest.raises(AttributeError):
        found["gan"][0].seeds = ()


def test_without_torch() -> None:
    code = "import secondlook.tables.arrays, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
