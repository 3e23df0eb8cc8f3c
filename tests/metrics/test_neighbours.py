import pytest
import torch

from secondlook.metrics import neighbours
from secondlook.metrics.neighbours import NEIGHBOURS, precision_recall, radii, squared_distances
from secondlook.train.streams import torch_generator


def normal(count: int, size: int, draw: int) -> torch.Tensor:
    return torch.randn(count, size, generator=torch_generator(0, "eval", draw)).double()


def measure(samples: torch.Tensor, real: torch.Tensor) -> tuple[float, float]:
    return precision_recall(samples, real, radii(real))


def test_distances() -> None:
    x, y = normal(30, 7, 0), normal(20, 7, 1)
    torch.testing.assert_close(squared_distances(x, y), (x[:, None] - y).square().sum(2))


def test_a_point_is_not_its_own_neighbour() -> None:
    line = torch.arange(20.0).double()[:, None]
    found = radii(line)
    assert NEIGHBOURS == 5
    assert found[0] == 25 and found[10] == 9  # five to one side; three and two to both sides


@pytest.mark.parametrize("block", [64, 1000])
def test_the_same_numbers_as_torch_fidelity(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch_fidelity.metric_prc import prc_features_to_metric

    monkeypatch.setattr(neighbours, "BLOCK", block)
    samples, real = normal(700, 6, 0) + 0.8, normal(500, 6, 1)
    theirs = prc_features_to_metric(samples, real, prc_neighborhood=NEIGHBOURS, verbose=False)
    assert measure(samples, real) == pytest.approx((theirs["precision"], theirs["recall"]), abs=1e-6)
    assert 0.1 < theirs["recall"] < theirs["precision"] - 0.02 < 0.95  # neither end of the scale, and not the same number


def test_a_collapsed_set_is_precise_and_a_too_wide_one_recalls() -> None:
    modes = torch.where(torch.arange(1000) % 2 == 0, 4.0, -4.0).double()[:, None]
    real = normal(1000, 4, 0) + modes
    precision, recall = measure(normal(1000, 4, 1) + 4, real)
    assert precision > 0.9 and 0.3 < recall < 0.6
    precision, recall = measure(10 * normal(1000, 4, 2), real)
    assert precision < 0.2 and recall > 0.9
    precision, recall = measure(normal(1000, 4, 3) + modes, real)
    assert precision > 0.9 and recall > 0.9


def test_a_single_point_repeated_recalls_nothing() -> None:
    real = normal(300, 8, 0)
    assert measure(torch.zeros(300, 8).double(), real) == (1, 0)
    assert measure(torch.full((300, 8), 50.0).double(), real) == (0, 0)
