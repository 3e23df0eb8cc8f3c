"""Both training experiments, whole, on made-up images: what they measure, that replicas are independent, and what dropout 0 is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from secondlook.data.fingerprint import fingerprint
from secondlook.errors import UserError
from secondlook.papers.chen2019 import plain, residual
from secondlook.train.resumable import Progress

SHARED = {"side": 8, "width": 4, "batch": 16, "lr": 0.01, "train_images": 48, "test_images": 50}
RESIDUAL = SHARED | {"depth": 8, "epochs": 3, "early_epochs": 2, "early_images": 30}
PLAIN = SHARED | {"epochs": 2}


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> dict[str, tuple[Path, str]]:
    """Random images in the layouts of both data sets."""
    draw, found = np.random.default_rng(0), {}
    records = {f"{part}_records": draw.integers(0, 100, (count, 3074)).astype(np.uint8) for part, count in (("train", 90), ("test", 50))}
    images = {
        f"{part}_{name}": draw.integers(0, high, (count, *rest)).astype(np.uint8)
        for part, count in (("train", 90), ("test", 50))
        for name, high, rest in (("images", 256, (3, 32, 32)), ("labels", 10, ()))
    }
    for name, arrays in (("cifar10", images), ("cifar100", records)):
        path = tmp_path_factory.mktemp("data") / f"{name}.safetensors"
        save_file(arrays, path)
        found[name] = (path, fingerprint(arrays))
    return found


def last(result, seed: int) -> dict[str, float]:
    return {metric: value for replica, _, metric, value in result.history.rows if replica == seed}


@pytest.mark.parametrize(
    "more", [{"arm": arm} for arm in "ABCDEFG"] + [{"arm": "C", "reestimate": False, "dependence": False}, {"arm": "A", "optimizer": "sgd"}]
)
def test_a_residual_run_writes_its_metrics(make_job, data, more: dict) -> None:
    result = residual.run(make_job(values=RESIDUAL | more, seeds=(0, 1), datasets=data))
    assert result.status == {0: "completed", 1: "completed"} and result.arrays == {}
    assert set(last(result, 1)) == residual.Settings(**RESIDUAL | more).metrics()
    early = [step for replica, step, metric, _ in result.history.rows if (replica, metric) == (1, "probe_error")]
    assert early == [3, 6], "the first two of three epochs of three updates"
    assert [step for replica, step, metric, _ in result.history.rows if (replica, metric) == (1, "test_error")] == [9]


@pytest.mark.parametrize(
    "more",
    [
        {"order": "conv-bn-relu-drop", "rate": 0.5},
        {"order": "conv-relu-bn-drop"},
        {"order": "conv-relu-bn-drop", "rate": 0.5, "dependence": False},
        {"order": "conv-relu-drop", "rate": 0.2},
        {"order": "conv-bn-relu-drop", "head_rate": 0.5},
        {"order": "conv-relu", "probe": "fit"},
        {"order": "conv-bn-relu", "probe": "fit"},
    ],
)
def test_a_plain_run_writes_its_metrics(make_job, data, more: dict) -> None:
    result = plain.run(make_job(values=PLAIN | more, seeds=(0, 1), datasets=data))
    assert set(last(result, 1)) == plain.Settings(**PLAIN | more).metrics()
    assert result.arrays == {}


def test_cifar100_has_a_hundred_outputs_and_reads_the_fine_labels(make_job, data, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(plain.training, "train_supervised", lambda job, make_task: seen.append(make_task(job.device)))
    monkeypatch.setattr(plain.training, "Centre", lambda images: None)
    plain.run(make_job(values=PLAIN | {"order": "conv-relu", "dataset": "cifar100"}, datasets=data))
    assert seen[0].net().head.out_features == 100
    assert int(seen[0].train.labels_N.max()) > 50


@pytest.mark.parametrize(
    ("module", "values"), [(residual, RESIDUAL | {"arm": "C", "rate": 0.5}), (plain, PLAIN | {"order": "conv-bn-relu", "probe": "fit"})]
)
def test_alone_and_among_others_are_the_same_bits(make_job, data, module, values: dict) -> None:
    together = module.run(make_job(values=values, seeds=(4, 5), datasets=data)).history.rows
    alone = module.run(make_job(values=values, seeds=(5,), datasets=data)).history.rows
    assert alone == [row for row in together if row[0] == 5]
    assert {row[3] for row in together if row[0] == 4} != {row[3] for row in alone}


def test_the_ic_layer_at_rate_0_is_arm_f_bit_for_bit_through_a_training(make_job, data) -> None:
    texts = [
        residual.run(make_job(values=RESIDUAL | more, seeds=(0,), datasets=data)).history.to_csv()
        for more in ({"arm": "C", "rate": 0.0}, {"arm": "F"}, {"arm": "C", "rate": 0.5})
    ]
    assert texts[0] == texts[1] != texts[2]


def test_a_killed_run_keeps_its_drift(make_job, data, tmp_path, monkeypatch) -> None:
    """Killed after the second epoch of the first replica; what it has summed up must be in the checkpoint."""
    values = PLAIN | {"order": "conv-bn-relu", "probe": "fit", "epochs": 4}
    straight = plain.run(make_job(values=values, seeds=(1, 2), datasets=data)).history.to_csv()
    job = make_job(values=values, seeds=(1, 2), datasets=data, checkpoint_seconds=0.0, work=tmp_path / "killed")
    save, calls = Progress.save, []

    def save_and_die(*arguments) -> None:
        save(*arguments)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "save", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            plain.run(job)
    assert plain.run(job).history.to_csv() == straight


@pytest.mark.parametrize(
    ("module", "wrong", "message"),
    [
        (residual, {"depth": 9}, r"'depth' must be 6 n \+ 2 with basic units, got 9"),
        (residual, {"depth": 8, "kind": "bottleneck"}, r"'depth' must be 9 n \+ 2"),
        (residual, {"early_epochs": 4}, "'early_epochs' must be at most 'epochs'"),
        (residual, {"rate": 1.0}, "'rate' must be at least 0 and below 1, got 1.0"),
        (residual, {"train_images": 3}, "'batch' must be at most 'train_images'"),
        (plain, {"head_rate": -0.1}, "'head_rate' must be at least 0 and below 1"),
        (plain, {"lr": 0.0}, "'lr' must be above 0"),
    ],
)
def test_ranges(module, wrong: dict, message: str) -> None:
    values = RESIDUAL | {"arm": "C"} if module is residual else PLAIN | {"order": "conv-bn-relu"}
    with pytest.raises(UserError, match=message):
        module.Settings(**values | wrong)


def test_more_images_than_there_are_cannot_be_drawn(make_job, data) -> None:
    with pytest.raises(UserError, match="91 images are to be drawn from 90"):
        plain.run(make_job(values=PLAIN | {"order": "conv-relu", "train_images": 91}, datasets=data))
