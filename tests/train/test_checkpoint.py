import os
from pathlib import Path

import pytest
import torch

from secondlook.errors import UserError
from secondlook.train import checkpoint


def tensors(value: float) -> dict[str, torch.Tensor]:
    return {"net/weight": torch.full((3, 2), value), "net/count": torch.tensor(7)}


def test_round_trip_is_exact(tmp_path: Path) -> None:
    saved = {"a": torch.randn(4, 5, dtype=torch.float64), "b": torch.randn(3).to(torch.bfloat16), "c": torch.arange(3)}
    checkpoint.save(tmp_path, 12, "me", saved, {"rows": [[1, 0.1]], "note": "µ"})
    step, loaded, state = checkpoint.load(tmp_path, "me")
    assert step == 12
    assert state == {"rows": [[1, 0.1]], "note": "µ"}
    assert all(torch.equal(loaded[name], tensor) and loaded[name].dtype == tensor.dtype for name, tensor in saved.items())


def test_nothing_there(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path / "absent", "me") is None


def test_two_generations_are_kept_and_steps_are_numbers(tmp_path: Path) -> None:
    for step in (2, 9, 10, 11):
        checkpoint.save(tmp_path, step, "me", tensors(step), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-0000000010.safetensors",
        "step-0000000010.sha256",
        "step-0000000011.safetensors",
        "step-0000000011.sha256",
    ]
    assert checkpoint.load(tmp_path, "me")[0] == 11


@pytest.mark.parametrize("damage", ["truncate", "flip", "no checksum"])
def test_a_damaged_checkpoint_is_reported_and_the_one_before_is_used(tmp_path: Path, capsys, damage: str) -> None:
    checkpoint.save(tmp_path, 1, "me", tensors(1), {})
    newest = checkpoint.save(tmp_path, 2, "me", tensors(2), {})
    content = newest.read_bytes()
    if damage == "truncate":
        newest.write_bytes(content[:-3])
    elif damage == "flip":
        newest.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    else:
        newest.with_suffix(".sha256").unlink()
    step, loaded, _ = checkpoint.load(tmp_path, "me")
    assert step == 1
    assert torch.equal(loaded["net/weight"], torch.ones(3, 2))
    assert str(newest) in capsys.readouterr().err


def test_another_computation_is_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, 1, '{"lr": 0.1}', tensors(1), {})
    with pytest.raises(UserError, match=r"0\.1.*\n.*0\.2"):
        checkpoint.load(tmp_path, '{"lr": 0.2}')


def test_a_crash_while_writing_leaves_the_old_one_and_no_litter(tmp_path: Path, monkeypatch) -> None:
    checkpoint.save(tmp_path, 1, "me", tensors(1), {})
    before = sorted(tmp_path.iterdir())

    def crash(*_):
        raise OSError("power cut")

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(OSError, match="power cut"):
        checkpoint.save(tmp_path, 2, "me", tensors(2), {})
    assert sorted(tmp_path.iterdir()) == before
    assert checkpoint.load(tmp_path, "me")[0] == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.9),
        lambda p: torch.optim.Adam(p, lr=0.1),
        lambda p: torch.optim.Adagrad(p, lr=0.1),
    ],
)
def test_an_optimizer_goes_on_in_lock_step(tmp_path: Path, make) -> None:
    def net() -> torch.nn.Linear:
        torch.manual_seed(0)
        return torch.nn.Linear(4, 3)

    def step(model, optimizer, k: int) -> None:
        optimizer.zero_grad()
        model(torch.full((2, 4), float(k))).square().sum().backward()
        optimizer.step()

    straight = net()
    optimizer = make(list(straight.parameters()))
    for k in range(3):
        step(straight, optimizer, k)
    packed, groups = checkpoint.pack_optimizer(optimizer)
    checkpoint.save(tmp_path, 3, "me", {f"o/{name}": value for name, value in packed.items()}, {"groups": groups})
    resumed = net()
    resumed.load_state_dict({name: value.clone() for name, value in straight.state_dict().items()})
    _, loaded, state = checkpoint.load(tmp_path, "me")
    again = make(list(resumed.parameters()))
    checkpoint.unpack_optimizer(again, {name.removeprefix("o/"): value for name, value in loaded.items()}, state["groups"])
    for k in range(3, 23):
        step(straight, optimizer, k)
        step(resumed, again, k)
    assert all(torch.equal(a, b) for a, b in zip(straight.parameters(), resumed.parameters(), strict=True))
