"""What gates do to the dependence of two units, by enumeration: no training, no sampling, double precision.

Two units x, y with a drawn joint law on a few values are each multiplied by an independent gate that is 1 with probability p (what dropout
keeps) and else 0. Chen et al. 2019 say that with standardised x, y the correlation falls to p times itself and the mutual information to p
squared times itself. The second law needs gates that can be seen: no value of x or y may be 0.

The same is computed for rectified units, ReLU(x), which have a mean and an atom at 0. There the correlation becomes
p v / (v + (1 - p) m^2) times itself, for mean m and variance v, which is less than p. Shapes: K values of a unit.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.streams import numpy_generator


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of it."""

    #: probability that dropout keeps a unit
    #: one less the dropout rate
    keep: float
    #: values of a unit
    values: int = 6

    def __post_init__(self) -> None:
        above(self, 0, "keep")
        at_least(self, 0, "keep", most=1)
        at_least(self, 3, "values")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` may write."""
        laws = {"correlation_ratio", "information_ratio", "correlation_gap", "information_gap"}
        return laws | {"rectified_correlation_ratio", "rectified_information_ratio", "rectified_gap"}


def run(job: Job) -> Result:
    """Draw one joint law per seed and enumerate it. The gaps are absolute differences from the laws."""
    settings = job.settings(Settings)
    history = History()
    for seed in job.seeds:
        joint_KK, values_K = draw(seed, settings.values)
        p, rectified_K = settings.keep, np.maximum(values_K, 0)
        before, after = Pair(joint_KK, values_K), gated(joint_KK, values_K, p)
        bent, bent_after = Pair(joint_KK, rectified_K), gated(joint_KK, rectified_K, p)
        mean, variance = bent.moments
        history.add(
            seed,
            0,
            correlation_ratio=after.correlation / before.correlation,
            information_ratio=after.information / before.information,
            correlation_gap=abs(after.correlation - p * before.correlation),
            information_gap=abs(after.information - p**2 * before.information),
            rectified_correlation_ratio=bent_after.correlation / bent.correlation,
            rectified_information_ratio=bent_after.information / bent.information,
            rectified_gap=abs(bent_after.correlation - p * variance / (variance + (1 - p) * mean**2) * bent.correlation),
        )
    return Result(history)


def draw(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the joint law [K, K] of two exchangeable units and their values [K]: mean 0, variance 1, positively correlated, none at 0."""
    draws = numpy_generator(seed, "data")
    points_K = np.sort(draws.normal(size=count))
    noise_KK = draws.gamma(1.0, size=(count, count))
    joint_KK = (noise_KK + noise_KK.T) * np.exp(-((points_K[:, None] - points_K[None, :]) ** 2))  # near values go together
    joint_KK /= joint_KK.sum()
    weights_K = joint_KK.sum(1)
    values_K = points_K - weights_K @ points_K
    return joint_KK, values_K / np.sqrt(weights_K @ values_K**2)


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two exchangeable units: their joint law [K, K] over the values [K], which may repeat."""

    joint_KK: np.ndarray
    values_K: np.ndarray

    @property
    def moments(self) -> tuple[float, float]:
        """Mean and variance of a unit."""
        weights_K = self.joint_KK.sum(1)
        mean = float(weights_K @ self.values_K)
        return mean, float(weights_K @ (self.values_K - mean) ** 2)

    @property
    def correlation(self) -> float:
        """Pearson's."""
        mean, variance = self.moments
        centred_K = self.values_K - mean
        return float(centred_K @ self.joint_KK @ centred_K) / variance

    @property
    def information(self) -> float:
        """Mutual information in nats, of what can be seen: equal values are one."""
        _, place_K = np.unique(self.values_K, return_inverse=True)
        merged_MM = np.zeros((place_K.max() + 1,) * 2)
        np.add.at(merged_MM, (place_K[:, None], place_K[None, :]), self.joint_KK)
        product_MM = np.outer(merged_MM.sum(1), merged_MM.sum(0))
        there = merged_MM > 0
        return float((merged_MM[there] * np.log(merged_MM[there] / product_MM[there])).sum())


def gated(joint_KK: np.ndarray, values_K: np.ndarray, keep: float) -> Pair:
    """Return the pair after independent gates: a further value, 0, that a closed gate gives."""
    count = len(values_K)
    joint = np.zeros((count + 1, count + 1))
    joint[:count, :count] = keep**2 * joint_KK
    joint[:count, count] = joint[count, :count] = keep * (1 - keep) * joint_KK.sum(1)
    joint[count, count] = (1 - keep) ** 2
    return Pair(joint, np.append(values_K, 0.0))
