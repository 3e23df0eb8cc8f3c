"""What an experiment is given, and the history that it hands back."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from secondlook.errors import UserError
from secondlook.runner.job import History, Job

# ---- history


def test_a_history_keeps_order_and_every_bit() -> None:
    history = History([(0, 1, "loss", 0.1 + 0.2)])
    history.add(np.int64(1), np.int32(2), loss=np.float64(1e-300), error=5)
    assert history.to_csv() == "replica,step,metric,value\n0,1,loss,0.30000000000000004\n1,2,loss,1e-300\n1,2,error,5.0\n"


def test_a_history_made_from_numpy_rows_is_plain_numbers() -> None:
    assert History([(np.int64(0), np.int64(1), "loss", np.float64(0.5))]).to_csv().splitlines()[1] == "0,1,loss,0.5"


# ---- settings


@dataclasses.dataclass(frozen=True)
class Settings:
    lr: float
    steps: int = 10
    widths: list[int] = dataclasses.field(default_factory=list)


def test_settings_are_the_values_over_the_defaults(make_job: Callable[..., Job]) -> None:
    assert make_job(values={"lr": 0.1}).settings(Settings) == Settings(0.1, 10, [])
    assert make_job(values={"lr": 0.1, "widths": [3], "steps": 2}).settings(Settings) == Settings(0.1, 2, [3])


def test_an_unknown_setting_is_refused_with_the_nearest_one(make_job: Callable[..., Job]) -> None:
    with pytest.raises(UserError, match=r"toy/toy: wrong settings in protocol\.yaml:\n  step: unknown setting\. Did you mean 'steps'\?"):
        make_job(values={"lr": 0.1, "step": 3}).settings(Settings)


def test_a_setting_without_value_or_default_is_refused(make_job: Callable[..., Job]) -> None:
    with pytest.raises(
        UserError, match=r"toy/toy: wrong settings in protocol\.yaml:\n  lr: no value is given, and .*Settings has no default"
    ):
        make_job(values={"steps": 3}).settings(Settings)


def test_every_wrong_setting_is_named_at_once(make_job: Callable[..., Job]) -> None:
    with pytest.raises(UserError) as caught:
        make_job(values={"step": 3, "steps": "many"}).settings(Settings)
    first, *wrong = str(caught.value).splitlines()
    assert first == "toy/toy: wrong settings in protocol.yaml:"
    assert sorted(line.split(":")[0] for line in wrong) == ["  lr", "  step", "  steps"]


# ---- arrays of earlier runs


def save(folder: Path, arrays: dict[str, float]) -> Path:
    folder.mkdir()
    save_file({key: np.full(2, value, np.float32) for key, value in arrays.items()}, folder / "arrays.safetensors")
    return folder


def test_arrays_of_a_seed_come_from_whichever_block_holds_it(make_job: Callable[..., Job], tmp_path: Path) -> None:
    blocks = (save(tmp_path / "a", {"0/w": 0.0, "1/w": 1.0, "1/net/b": 1.5}), save(tmp_path / "b", {"12/w": 12.0}))
    job = make_job(inputs={"codes": blocks})
    assert {key: array.tolist() for key, array in job.arrays("codes", 1).items()} == {"w": [1.0, 1.0], "net/b": [1.5, 1.5]}
    assert job.arrays("codes", 12)["w"].tolist() == [12.0, 12.0]
    with pytest.raises(UserError, match="input 'codes' has no replica 2; it has 0, 1, 12"):
        job.arrays("codes", 2)


def test_one_replica_serves_every_seed(make_job: Callable[..., Job], tmp_path: Path) -> None:
    job = make_job(inputs={"codes": (save(tmp_path / "a", {"7/w": 7.0}),)})
    assert job.arrays("codes", 0)["w"].tolist() == job.arrays("codes", 3)["w"].tolist() == [7.0, 7.0]


def test_an_input_without_arrays_is_refused(make_job: Callable[..., Job], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it has none"):
        make_job(inputs={"codes": (save(tmp_path / "a", {}),)}).arrays("codes", 0)


def test_a_job_needs_numpy_and_safetensors_alone() -> None:
    code = "import secondlook.runner.bundle, sys; sys.exit(bool({'torch', 'scipy', 'pandas', 'pydantic', 'yaml'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
