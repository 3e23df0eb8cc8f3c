from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import torch

from secondlook.runner.job import Job
from secondlook.train.device import configure


@pytest.mark.parametrize(("before", "after"), [(None, ":4096:8"), (":16:8", ":16:8")])
def test_cublas_is_deterministic_unless_the_user_chose_its_workspace(
    make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, before: str | None, after: str
) -> None:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", before or "")
    if before is None:
        monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    configure(make_job())
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == after


def test_the_mode_is_deterministic_and_of_full_precision(make_job: Callable[..., Job]) -> None:
    assert configure(make_job()) == torch.device("cpu")
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.is_deterministic_algorithms_warn_only_enabled()
    assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cudnn.benchmark
    assert torch.get_float32_matmul_precision() == "highest"
    assert torch.get_num_threads() == 1
