import itertools

import numpy as np
import pytest
import torch

from secondlook.train.streams import numpy_generator, seed_default, stream_seed, torch_generator


def test_seed_of_a_draw_is_a_fixed_number() -> None:
    """Written down once: a change here changes every result of the project."""
    assert stream_seed(0, "init") == 4299779367542116311
    assert stream_seed(7, "order", 3) == 6437600885917738265


def test_no_two_draws_share_a_seed() -> None:
    keys = itertools.product(range(20), ("init", "order", "augment", "noise", "dropout", "eval"), range(50))
    seeds = {stream_seed(seed, stream, counter) for seed, stream, counter in keys}
    assert len(seeds) == 20 * 6 * 50
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_counters_are_not_run_together() -> None:
    assert stream_seed(0, "order", 1, 23) != stream_seed(0, "order", 12, 3)
    assert stream_seed(0, "order") != stream_seed(0, "order", 0)


def test_numpy_counters_are_accepted() -> None:
    assert stream_seed(np.int64(3), "order", np.int32(2)) == stream_seed(3, "order", 2)


@pytest.mark.parametrize("stream", ["init", "augment"])
def test_generators_repeat_and_differ(stream: str) -> None:
    assert np.array_equal(numpy_generator(1, stream, 2).random(5), numpy_generator(1, stream, 2).random(5))
    assert not np.array_equal(numpy_generator(1, stream, 2).random(5), numpy_generator(2, stream, 2).random(5))
    first, second, other = (torch.rand(5, generator=torch_generator(*key)) for key in ((1, stream, 2), (1, stream, 2), (1, stream, 3)))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_the_default_generator_gives_what_manual_seed_gives(device: str | torch.device) -> None:
    def draws() -> list[torch.Tensor]:
        layer, dropped = torch.nn.Linear(3, 2), torch.nn.functional.dropout(torch.ones(50), 0.3)
        return [layer.weight.detach(), layer.bias.detach(), dropped, torch.randn(17), torch.randperm(9)]

    torch.manual_seed(stream_seed(4, "dropout", 1, 2))
    expected = draws()
    seed_default(4, "dropout", 1, 2, device=device)
    assert all(torch.equal(one, other) for one, other in zip(draws(), expected, strict=True))
    assert torch.default_generator.initial_seed() == stream_seed(4, "dropout", 1, 2)


@pytest.mark.parametrize(("device", "seeded"), [("cuda", 1), ("cuda:0", 0), ("cuda:1", 1)])
def test_only_the_generator_of_the_device_is_seeded(monkeypatch: pytest.MonkeyPatch, device: str, seeded: int) -> None:
    """With stand-ins for the generators of two GPUs, of which the second is in use; they are there only after CUDA's start."""
    generators = (torch.Generator().manual_seed(5), torch.Generator().manual_seed(5))
    monkeypatch.setattr(torch.cuda, "default_generators", ())
    monkeypatch.setattr(torch.cuda, "init", lambda: monkeypatch.setattr(torch.cuda, "default_generators", generators))
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    torch.manual_seed(7)
    seed_default(4, "dropout", 1, device=device)
    assert torch.default_generator.initial_seed() == 7
    assert [generator.initial_seed() for generator in generators] == [
        stream_seed(4, "dropout", 1) if index == seeded else 5 for index in range(2)
    ]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_default_generator_gives_what_manual_seed_gives() -> None:
    torch.manual_seed(stream_seed(4, "dropout", 1))
    expected = torch.nn.functional.dropout(torch.ones(50, device="cuda"), 0.3)
    seed_default(4, "dropout", 1, device="cuda")
    assert torch.equal(torch.nn.functional.dropout(torch.ones(50, device="cuda"), 0.3), expected)
