import math

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import norm, wasserstein_distance

from secondlook.metrics import wasserstein
from secondlook.metrics.wasserstein import sliced_w1, w1
from secondlook.train.streams import numpy_generator


@pytest.fixture
def rng() -> np.random.Generator:
    return numpy_generator(0, "eval")


def test_on_a_line_it_is_the_distance_of_sorted_points(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((200, 1)), 2 * rng.standard_normal((200, 1)) + 1
    assert w1(x, y) == pytest.approx(np.abs(np.sort(x[:, 0]) - np.sort(y[:, 0])).mean(), rel=1e-9)


def test_unequal_numbers_of_points(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((150, 1)), rng.standard_normal((70, 1)) + 1
    assert w1(x, y) == pytest.approx(wasserstein_distance(x[:, 0], y[:, 0]), rel=1e-9)
    assert w1(np.repeat(x, 7, axis=0), x) == pytest.approx(0, abs=1e-9)


def test_in_the_plane_it_is_the_best_assignment(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((200, 2)), rng.standard_normal((200, 2)) @ [[1.0, 0.5], [0.0, 2.0]]
    costs = cdist(x, y)
    assert w1(x, y) == pytest.approx(costs[linear_sum_assignment(costs)].mean(), rel=1e-9)
    assert w1(x, y) == pytest.approx(w1(y, x), rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 1e-6, 0.3, 50.0])
def test_a_shift_by_t_is_a_distance_of_t(rng: np.random.Generator, shift: float) -> None:
    x = rng.standard_normal((300, 2))
    direction = np.array([0.6, -0.8])
    assert w1(x, x + shift * direction) == pytest.approx(shift, rel=1e-6, abs=1e-12)


def test_shifted_gaussians(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((1000, 2)), rng.standard_normal((1000, 2)) + np.array([3.0, 0.0])
    assert w1(x, y) == pytest.approx(3, abs=0.15)


def test_sliced_distance_of_a_shift(rng: np.random.Generator) -> None:
    x = rng.standard_normal((100, 2))
    assert sliced_w1(x, x + np.array([3.0, 4.0]), rng, projections=2000) == pytest.approx(5 * 2 / math.pi, abs=0.15)
    assert sliced_w1(x, x, rng) == 0


def test_sliced_distance_is_the_mean_over_directions(rng: np.random.Generator) -> None:
    x, y = rng.standard_normal((120, 3)), rng.exponential(size=(75, 3))
    directions = numpy_generator(1, "eval").standard_normal((3, 40))
    directions /= np.linalg.norm(directions, axis=0)
    by_hand = np.mean([wasserstein_distance(x @ direction, y @ direction) for direction in directions.T])
    assert sliced_w1(x, y, numpy_generator(1, "eval"), projections=40) == pytest.approx(by_hand, rel=1e-9)
    assert sliced_w1(x, y, rng) < w1(x, y)


def test_sliced_distance_on_a_line_is_exact(rng: np.random.Generator) -> None:
    x, y = norm.ppf((np.arange(50) + 0.5) / 50)[:, None], rng.standard_normal((80, 1))
    assert sliced_w1(x, y, rng, projections=1) == pytest.approx(w1(x, y), rel=1e-9)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_points_that_are_not_finite_have_no_distance(rng: np.random.Generator, bad: float) -> None:
    x = rng.standard_normal((5, 2))
    broken = x.copy()
    broken[2, 1] = bad
    assert math.isnan(w1(x, broken)) and math.isnan(w1(broken, x)) and math.isnan(sliced_w1(broken, x, rng))


@pytest.mark.filterwarnings("ignore:numItermax")
def test_an_unfinished_solution_is_not_returned(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wasserstein, "MAX_PIVOTS", 3)
    with pytest.raises(RuntimeError, match="exact W1 of 200 and 200 points"):
        w1(rng.standard_normal((200, 2)), rng.standard_normal((200, 2)))
