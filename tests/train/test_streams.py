import itertools

import numpy as np
import pytest
import torch

from secondlook.train.streams import numpy_generator, stream_seed, torch_generator


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
