import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, entropy

from secondlook.data.mixtures import MAKERS, Mixture, mixture, ring, ring_as_coded
from secondlook.metrics.modes import mode_coverage
from secondlook.train.streams import torch_generator


@pytest.mark.parametrize("name", MAKERS)
def test_the_mixture_itself(name: str) -> None:
    target = mixture(name)
    found = mode_coverage(target.sample(20_000, torch_generator(0, "data")).double().numpy(), target)
    assert found["modes"] == found["held"] == len(target.weights)
    assert found["high_quality"] == pytest.approx(chi2(2).cdf(9), abs=0.004)  # 1 - e^-4.5: within 3 standard deviations in the plane
    assert 0 < found["reverse_kl"] < 0.003
    assert 0 < found["jsd"] < 0.001


@pytest.mark.parametrize(("sigmas", "share"), [(2.99, 1.0), (3.01, 0.0)])
def test_the_limit_is_three_standard_deviations(sigmas: float, share: float) -> None:
    target = ring()
    assert mode_coverage(target.centres + np.array([0, sigmas * 0.01]), target)["high_quality"] == share


def test_one_point_captures_a_mode_and_low_quality_ones_do_not_count() -> None:
    target = ring()
    points = np.concatenate([target.centres[[0, 0, 0, 3]], [[0.0, 0.0], [5.0, 5.0], [math.nan, 0.0], [math.inf, 1.0]]])
    found = mode_coverage(points, target)
    assert found["modes"] == 2 and found["high_quality"] == 0.5
    assert found["reverse_kl"] == pytest.approx(entropy([0.75, 0, 0, 0.25, 0, 0, 0, 0], np.full(8, 1 / 8)))
    assert found["jsd"] == pytest.approx(jensenshannon([0.75, 0, 0, 0.25, 0, 0, 0, 0], np.full(8, 1 / 8)) ** 2)


@pytest.mark.parametrize("target", [ring(), ring_as_coded()])
def test_a_circle_that_has_learnt_no_mode_covers_all_and_holds_none(target: Mixture) -> None:
    """A generator that has found the circle but none of the modes on it: the rule of PacGAN counts every one."""
    chance = np.random.default_rng(0)
    angles, radii = chance.uniform(0, 2 * math.pi, 2500), chance.normal(1, 0.05, 2500)
    found = mode_coverage(np.stack([radii * np.cos(angles), radii * np.sin(angles)], 1), target)
    assert (found["modes"], found["held"]) == (8, 0)
    assert found["high_quality"] < 0.05


@pytest.mark.parametrize(("count", "held"), [(62, 7), (63, 8)])
def test_a_mode_is_held_with_half_of_its_weights_worth_of_points(count: int, held: int) -> None:
    """Of 1,000 points an eighth is 125, half of that 62.5."""
    target = ring()
    counts = [count, *[125] * 6, 1000 - count - 750]
    assert mode_coverage(np.repeat(target.centres, counts, axis=0), target)["held"] == held


@pytest.mark.parametrize(("sigmas", "held"), [(9.99, 8), (10.01, 0)])
def test_a_point_within_ten_standard_deviations_holds(sigmas: float, held: int) -> None:
    target = ring()
    assert mode_coverage(target.centres + np.array([0, sigmas * 0.01]), target)["held"] == held


def test_the_heavy_mode_of_the_ring_as_coded_needs_twice_as_many_points() -> None:
    coded = ring_as_coded()
    even = np.repeat(coded.centres, 125, axis=0)
    assert mode_coverage(even, coded)["held"] == 8  # 125 of 1,000 points are more than half of 2/9
    few = np.repeat(coded.centres, [110, *[127] * 7], axis=0)
    assert mode_coverage(few, coded)["held"] == 7  # and 110 of 999 are less


def test_the_histogram_is_compared_with_the_true_weights() -> None:
    coded = ring_as_coded()
    as_weighted = np.repeat(coded.centres, [2, *[1] * 7], axis=0)
    assert mode_coverage(as_weighted, coded)["reverse_kl"] == pytest.approx(0, abs=1e-12)
    assert mode_coverage(as_weighted, coded)["jsd"] == pytest.approx(0, abs=1e-12)
    assert mode_coverage(as_weighted, ring())["reverse_kl"] == pytest.approx(entropy(coded.weights, np.full(8, 1 / 8)))
    assert mode_coverage(as_weighted, ring())["reverse_kl"] > 0.03


@pytest.mark.parametrize("points", [np.full((10, 2), 7.0), np.full((10, 2), math.nan)])
@pytest.mark.parametrize("target", [ring(), ring_as_coded()])
def test_no_point_of_high_quality_ranks_last_and_stays_finite(points: np.ndarray, target: Mixture) -> None:
    nothing = mode_coverage(points, target)
    assert nothing["modes"] == nothing["held"] == nothing["high_quality"] == 0
    collapsed = [mode_coverage(centre[None], target) for centre in target.centres]
    assert nothing["reverse_kl"] == pytest.approx(max(found["reverse_kl"] for found in collapsed))
    assert math.log(2) == nothing["jsd"] > max(found["jsd"] for found in collapsed)
