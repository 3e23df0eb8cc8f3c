import hashlib
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from secondlook.errors import UserError
from secondlook.train import checkpoint
from secondlook.train.optimizers import build


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


@pytest.mark.parametrize(
    "damage", ["truncate", "flip", "no checksum", "checksum of other bytes", "truncate with its checksum", "no header"]
)
def test_a_damaged_checkpoint_is_reported_and_the_one_before_is_used(tmp_path: Path, capsys, damage: str) -> None:
    checkpoint.save(tmp_path, 1, "me", tensors(1), {})
    newest = checkpoint.save(tmp_path, 2, "me", tensors(2), {})
    content = newest.read_bytes()
    if damage == "truncate":
        newest.write_bytes(content[:-3])
    elif damage == "flip":
        newest.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "checksum of other bytes":
        newest.with_suffix(".sha256").write_bytes(b"\xff\xfe")
    elif damage == "truncate with its checksum":
        newest.write_bytes(content[:-3])
        newest.with_suffix(".sha256").write_text(hashlib.sha256(content[:-3]).hexdigest())
    elif damage == "no header":
        save_file({"a": torch.zeros(1)}, newest)
        newest.with_suffix(".sha256").write_text(hashlib.sha256(newest.read_bytes()).hexdigest())
    else:
        newest.with_suffix(".sha256").unlink()
    step, loaded, _ = checkpoint.load(tmp_path, "me")
    assert step == 1
    assert torch.equal(loaded["net/weight"], torch.ones(3, 2))
    assert str(newest) in capsys.readouterr().err
    checkpoint.save(tmp_path, 3, "me", tensors(3), {})
    assert sorted(path.stem for path in tmp_path.glob("*.sha256")) == ["step-0000000001", "step-0000000003"]  # two sound ones


def test_what_is_no_checkpoint_is_left_out_and_removed(tmp_path: Path) -> None:
    (tmp_path / "step-abc.safetensors").write_bytes(b"")
    (tmp_path / "step-0000000009.safetensors").write_bytes(b"cut before its checksum was written")
    (tmp_path / "owner.json").write_text("{}")
    for step in (1, 2, 3):
        checkpoint.save(tmp_path, step, "me", tensors(step), {})
    assert sorted(path.name for path in tmp_path.glob("*.safetensors")) == ["step-0000000002.safetensors", "step-0000000003.safetensors"]
    assert (tmp_path / "owner.json").exists()


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


def images_net() -> torch.nn.Sequential:
    """Convolutions of all kinds whose layout matters or is ambiguous: one channel in, kernels of one pixel, transposed."""
    torch.manual_seed(0)
    layers = (
        torch.nn.Conv2d(1, 6, 3),
        torch.nn.BatchNorm2d(6),
        torch.nn.Conv2d(6, 5, 1),
        torch.nn.Conv2d(5, 4, (1, 3)),
        torch.nn.ConvTranspose2d(4, 3, 4),
    )
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(3 * 9 * 7, 2))


def layouts(net: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, tuple[int, ...]]:
    """Strides of all weights and buffers, and of all that the optimizer remembers of each."""
    found = {name: tensor.stride() for name, tensor in net.state_dict().items()}
    for name, parameter in net.named_parameters():
        found |= {f"{name}: {key}": value.stride() for key, value in optimizer.state[parameter].items() if isinstance(value, torch.Tensor)}
    return found


@pytest.mark.parametrize("rule", ["sgd", "heavy_ball", "adagrad", "rmsprop", "adam"])
def test_memory_layouts_are_those_of_a_run_without_a_kill(tmp_path: Path, rule: str) -> None:
    """A file knows no layout: states in another one than their weights are slow on a GPU, and their sums may round differently."""
    batch = torch.randn(7, 1, 8, 8, generator=torch.Generator().manual_seed(1)).contiguous(memory_format=torch.channels_last)

    def make() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        net = images_net().to(memory_format=torch.channels_last)
        return net, build(rule, list(net.parameters()), lr=0.01)

    def step(net: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        net(batch).square().mean().backward()
        optimizer.step()

    net, optimizer = make()
    for _ in range(3):
        step(net, optimizer)
    packed, groups = checkpoint.pack_optimizer(optimizer)
    checkpoint.save(tmp_path, 3, "me", checkpoint.join({"net": net.state_dict(), "optimizer": packed}), {"groups": groups})
    _, loaded, state = checkpoint.load(tmp_path, "me")
    twin, again = make()
    twin.load_state_dict(checkpoint.part(loaded, "net"))
    checkpoint.unpack_optimizer(again, checkpoint.part(loaded, "optimizer"), state["groups"])
    expected = layouts(net, optimizer)
    assert not net[4].weight.is_contiguous(), "nothing is in channels_last"
    assert layouts(twin, again) == expected
    for _ in range(5):
        step(net, optimizer)
        step(twin, again)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), twin.parameters(), strict=True))


def test_parts_are_joined_and_parted_by_name() -> None:
    parts = {"net": {"a": torch.zeros(1), "b/c": torch.ones(2)}, "nets": {"a": torch.ones(3)}, "none": {}}
    joined = checkpoint.join(parts)
    assert set(joined) == {"net/a", "net/b/c", "nets/a"}
    assert {name: checkpoint.part(joined, name) for name in parts} == parts
