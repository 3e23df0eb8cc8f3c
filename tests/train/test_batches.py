"""Parts and batches: who sees which images when."""

from __future__ import annotations

import pytest
import torch

from secondlook.errors import UserError
from secondlook.train.batches import Batches, part


def test_a_part_has_no_image_twice_and_belongs_to_its_seed() -> None:
    assert len(set(part(50, 20, 1).tolist())) == 20 and torch.equal(part(50, 20, 1), part(50, 20, 1))
    assert not torch.equal(part(50, 20, 1), part(50, 20, 2)) and torch.equal(part(50, None, 1).sort().values, torch.arange(50))
    assert torch.equal(part(50, 20, 1), part(50, None, 1)[:20]), "a larger part holds the smaller one"


def test_an_epoch_shows_each_image_of_the_part_once_in_an_order_of_its_own() -> None:
    batches = Batches(50, 20, (1, 2), 5)
    epochs = [torch.cat([batches(4 * epoch + place) for place in range(4)], 1) for epoch in range(2)]
    for replica in range(2):
        for epoch in epochs:
            assert torch.equal(epoch[replica].sort().values, part(50, 20, (1, 2)[replica]).sort().values)
    assert not torch.equal(*epochs)


def test_the_incomplete_last_batch_is_dropped() -> None:
    batches = Batches(50, 20, (1,), 6)
    epochs = [torch.cat([batches(3 * epoch + place) for place in range(3)], 1) for epoch in range(2)]
    assert all(len(set(epoch[0].tolist())) == 18 for epoch in epochs)


def test_a_batch_depends_on_seed_update_and_phase_alone() -> None:
    together, alone = Batches(50, 20, (3, 1, 2), 5), Batches(50, 20, (2,), 5)
    together(0)
    assert torch.equal(together(9)[2:], alone(9)) and torch.equal(together(2, 1)[2:], alone(2, 1))
    assert not torch.equal(alone(2), alone(2, 1)) and not torch.equal(alone(2, 1), alone(2, 2))


def test_more_images_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(UserError, match="51 images are to be drawn from 50"):
        Batches(50, 51, (1,), 5)
