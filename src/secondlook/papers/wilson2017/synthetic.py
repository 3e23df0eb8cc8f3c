"""The separable least-squares problem of section 3.3, on which adaptive methods fail and gradient descent does not.

Sample i has the label y_i (+1 with probability p > 1/2, else -1) and the features y_i, 1, 1 and a block of five private coordinates:
the first is 1 if y_i = +1, all five are 1 if y_i = -1. Test samples own other private blocks, whose weights never leave 0.

Weights that see equal gradients from w = 0 stay equal, so a state is (w1, w2, one private weight per group): w1 weighs the label, w2 each
of the two constant features, and a group is all samples of one label (full batch) or one sample (mini-batches). This is exact. Arrays
carry the replicas as their first axis R; only elementwise operations and sums along a row are used, so that a replica's numbers do
not depend on its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from secondlook.errors import UserError
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.streams import numpy_generator

#: steps whose mini-batches are drawn by one generator; part of what a seed means, not a tuning knob
BLOCK = 1000
ADAPTIVE = ("adagrad", "rmsprop", "adam")


@dataclass(frozen=True)
class Settings:
    """What protocol.yaml may set. Raises UserError where a value is out of its range or `lr` has no entry for this run."""

    #: training samples
    n: int
    #: probability of the label +1
    p: float
    #: update rule
    optimizer: Literal["gd", "heavy_ball", "adagrad", "rmsprop", "adam"]
    #: updates
    steps: int
    #: step size
    #: a number, or "a/L" for a over the curvature L of the squared loss; or a mapping from the values of `lr_by` to these
    lr: float | str | Mapping[str, float | str]
    #: setting that a mapping of step sizes is keyed by
    lr_by: Literal["optimizer", "eps", "batch"] = "optimizer"
    #: batch size
    #: drawn without replacement afresh at each step; "full" takes all n
    batch: int | Literal["full"] = "full"
    #: epsilon in the denominators of the adaptive methods
    #: added to the root
    eps: float = 1e-8
    #: loss of a sample
    loss: Literal["squared", "logistic"] = "squared"
    #: fresh samples that the test error is measured on
    test_points: int = 2000

    def __post_init__(self) -> None:
        at_least(self, 2, "n")
        at_least(self, 1, "steps", "test_points")
        above(self, 0, "p", "eps")
        at_least(self, 0, "p", below=1)
        if self.batch != "full":
            at_least(self, 1, "batch", most=self.n)
        self.step_size(1.0)

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes; `measure` says what they are."""
        names = {"train_error", "test_error", "expected_test_error", "train_loss", "w1", "w2", "lemma_holds", "positives"}
        return names | ({"distance_to_limit"} if self.loss == "squared" else set())

    def step_size(self, curvature: np.ndarray | float) -> np.ndarray | float:
        """Return this run's step size on problems of the given curvature L. Raises UserError where `lr` says none."""
        entry: float | str | Mapping[str, float | str] | None = self.lr
        key = str(getattr(self, self.lr_by))
        if isinstance(entry, Mapping):
            # Keys are compared as text, since JSON knows no others.
            entry = {str(name): value for name, value in entry.items()}.get(key)
        try:
            factor = float(str(entry).removesuffix("/L"))
        except ValueError:
            factor = 0.0
        if not 0 < factor < math.inf:
            raise UserError(
                f"setting 'lr' for {self.lr_by} {key} is '{entry}'; it must be a positive number or, in units of the inverse curvature, "
                f"text like '0.1/L'. A mapping needs an entry for each {self.lr_by} of the grid."
            )
        return factor / curvature if str(entry).endswith("/L") else factor


@dataclass(frozen=True)
class Problem:
    """R training sets of n samples in k groups of equal samples; all arrays are (R, k) float64."""

    #: label of the group's samples, +1 or -1
    labels: np.ndarray
    #: samples in the group
    counts: np.ndarray

    @classmethod
    def by_label(cls, y: np.ndarray) -> Problem:
        """Group the labels ``y`` (R, n) into all +1 and all -1: k = 2, exact for full batches."""
        positives = (y == 1).sum(axis=1)
        return cls(np.tile([1.0, -1.0], (len(y), 1)), np.stack([positives, y.shape[1] - positives], axis=1).astype(float))

    @classmethod
    def by_sample(cls, y: np.ndarray) -> Problem:
        """Keep each sample of ``y`` (R, n) for itself: k = n."""
        return cls(y.astype(float), np.ones(y.shape))

    @cached_property
    def width(self) -> np.ndarray:
        """Private coordinates that are 1: one if the label is +1, five if it is -1."""
        return 3.0 - 2.0 * self.labels

    @cached_property
    def sizes(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of training labels +1 and -1, each (R,)."""
        return (self.counts * (self.labels > 0)).sum(axis=1), (self.counts * (self.labels < 0)).sum(axis=1)

    def predict(self, weights: np.ndarray) -> np.ndarray:
        """Return <w, x> for a sample of each group, (R, k), at ``weights`` (R, 2 + k)."""
        return self.labels * weights[:, :1] + 2.0 * weights[:, 1:2] + self.width * weights[:, 2:]


def draw_labels(rng: np.random.Generator, n: int, p: float, test_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the labels of the training set (n,) and then of the test set (test_points,), +1 with probability ``p``, else -1."""
    train, test = (np.where(rng.random(size) < p, 1, -1) for size in (n, test_points))
    return train, test


def draw_batches(seed: int, block: int, n: int, batch: int) -> np.ndarray:
    """Draw the mini-batches of steps block * BLOCK + 1 ... (block + 1) * BLOCK, each without replacement, as a mask (BLOCK, n)."""
    keys = numpy_generator(seed, "order", block).random((BLOCK, n))
    return keys <= np.partition(keys, batch - 1, axis=1)[:, batch - 1 : batch]


def adaptive_limit(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """Return sign(X^T y) / 4, the limit of AdaGrad, RMSProp and Adam with full batches from w = 0 (Lemma 3.1 with c = 4).

    Args:
        positives, negatives: numbers of training labels +1 and -1, any shape S. Only where positives > negatives does the lemma's
            condition hold and is this the limit.

    Returns:
        (*S, 4): w1, w2, the private weight of a +1 sample, each private weight of a -1 sample.
    """
    balance = np.sign(np.asarray(positives) - np.asarray(negatives)) / 4.0
    quarter = np.full_like(balance, 0.25)
    return np.stack([quarter, balance, quarter, -quarter], axis=-1)


def minimum_norm_limit(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """Return X^T (X X^T)^-1 y, the limit of gradient descent, SGD and heavy ball on the squared loss from w = 0 (section 3.3).

    Args:
        positives, negatives: numbers of training labels +1 and -1, any shape S.

    Returns:
        (*S, 4): w1, w2, the private weight of a +1 sample, each private weight of a -1 sample.
    """
    positives, negatives = np.asarray(positives, float), np.asarray(negatives, float)
    # w = X^T a with one number a for each label, from the two equations X X^T a = y.
    determinant = 15 * positives + 3 * negatives + 8 * positives * negatives + 5
    plus, minus = (4 * negatives + 5) / determinant, -(4 * positives + 1) / determinant
    return np.stack([positives * plus - negatives * minus, positives * plus + negatives * minus, plus, minus], axis=-1)


def curvature(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """Return L, the largest eigenvalue of X X^T / n, for n = positives + negatives >= 2: gradient descent converges for lr < 2 / L."""
    positives, negatives = np.asarray(positives, float), np.asarray(negatives, float)
    # On vectors constant within each label X X^T is [[3 n+ + 1, root(n+ n-)], [root(n+ n-), 3 n- + 5]]; all others have eigenvalue 1 or 5.
    half_gap = (3 * positives + 1 - 3 * negatives - 5) / 2
    return (3 * (positives + negatives) / 2 + 3 + np.sqrt(half_gap**2 + positives * negatives)) / (positives + negatives)


# The rules of section 2: the direction of step t >= 1 from the gradient g and the state (m, v), which starts at 0 and changes in place.


def _heavy_ball(g: np.ndarray, m: np.ndarray, v: np.ndarray, t: int, eps: float) -> np.ndarray:
    m *= 0.9
    m += g
    return m


def _adagrad(g: np.ndarray, m: np.ndarray, v: np.ndarray, t: int, eps: float) -> np.ndarray:
    v += g * g
    return g / (np.sqrt(v) + eps)


def _rmsprop(g: np.ndarray, m: np.ndarray, v: np.ndarray, t: int, eps: float) -> np.ndarray:
    v *= 0.99
    v += 0.01 * (g * g)
    return g / (np.sqrt(v) + eps)


def _adam(g: np.ndarray, m: np.ndarray, v: np.ndarray, t: int, eps: float) -> np.ndarray:
    m *= 0.9
    m += 0.1 * g
    v *= 0.999
    v += 0.001 * (g * g)
    return m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + eps)


RULES = {"gd": lambda g, m, v, t, eps: g, "heavy_ball": _heavy_ball, "adagrad": _adagrad, "rmsprop": _rmsprop, "adam": _adam}

#: loss -> (value, derivative by the prediction) of one sample, from the prediction f and the label y
LOSSES = {
    "squared": (lambda f, y: 0.5 * (f - y) ** 2, lambda f, y: f - y),
    "logistic": (lambda f, y: np.logaddexp(0.0, -y * f), lambda f, y: -y / (1.0 + np.exp(y * f))),
}


def descend(problem: Problem, settings: Settings, batches: Callable[[int], np.ndarray] | None = None) -> Iterator[tuple[int, np.ndarray]]:
    """Train from w = 0 on the mean loss of each batch.

    Args:
        problem: grouped by label without, by sample with mini-batches.
        settings: the rule, its step size, and how long.
        batches: block number -> masks (BLOCK, R, n) of that block's mini-batches; None for full batches.

    Yields:
        (updates done, weights (R, 2 + k)) after each update; the array is the same each time and changes in place.
    """
    labels, counts = problem.labels, problem.counts
    slope, rule = LOSSES[settings.loss][1], RULES[settings.optimizer]
    weights, g, m, v = np.zeros((4, len(labels), 2 + labels.shape[1]))
    lr = np.zeros_like(weights) + np.reshape(settings.step_size(curvature(*problem.sizes)), (-1, 1))
    g1, g2, g_private = g[:, 0], g[:, 1], g[:, 2:]
    # A group's part in the mean: all its samples pull on w1 and w2 (share), but only one on each private weight (own).
    share, own = counts / settings.n, (counts > 0) / settings.n
    for step in range(1, settings.steps + 1):
        if batches is not None:
            block, place = divmod(step - 1, BLOCK)
            if place == 0:
                masks = batches(block) / float(settings.batch)
            share = own = masks[place]
        derivative = slope(problem.predict(weights), labels)
        np.multiply(derivative, own, out=g_private)
        shared = derivative * share
        np.add.reduce(shared, axis=1, out=g2)
        shared *= labels
        np.add.reduce(shared, axis=1, out=g1)
        weights -= lr * rule(g, m, v, step, settings.eps)
        yield step, weights


def run(job: Job) -> Result:
    """Train one replica per seed and record `measure` at about 60 steps, evenly spaced on a log scale from the first to the last.

    A replica whose weights end at no finite number gets ``diverged`` = 1 at the last step.
    """
    settings = job.settings(Settings)
    draws = [draw_labels(numpy_generator(seed, "data"), settings.n, settings.p, settings.test_points) for seed in job.seeds]
    y, test = (np.stack(part) for part in zip(*draws, strict=True))

    def batches(block: int) -> np.ndarray:
        return np.stack([draw_batches(seed, block, settings.n, int(settings.batch)) for seed in job.seeds], axis=1)

    full = settings.batch in ("full", settings.n)
    problem = Problem.by_label(y) if full else Problem.by_sample(y)
    history = History()
    recorded = set(np.geomspace(1, settings.steps, 60).round().astype(int).tolist())
    for step, weights in descend(problem, settings, None if full else batches):
        if step in recorded:
            measured = measure(problem, settings, weights, test)
            for replica, seed in enumerate(job.seeds):
                history.add(seed, step, **{name: values[replica] for name, values in measured.items()})
    status = dict.fromkeys(job.seeds, "completed")
    for seed, good in zip(job.seeds, np.isfinite(weights).all(axis=1), strict=True):
        if not good:
            history.add(seed, settings.steps, diverged=1.0)
            status[seed] = "diverged"
    return Result(history, status=status)


def measure(problem: Problem, settings: Settings, weights: np.ndarray, test: np.ndarray) -> dict[str, np.ndarray]:
    """Measure ``weights`` (R, 2 + k) on the training set and on the test labels ``test`` (R, T).

    Returns:
        Each (R,):

        - ``train_error``, ``test_error``: share of samples whose <w, x> has not the label's sign (0 counts as wrong)
        - ``expected_test_error``: what section 3.3 derives for full batches and eps -> 0: 0 for gd and heavy_ball, the share of -1 in
          the test set for the adaptive methods
        - ``train_loss``: mean over the training set, with the factor 1/2 of the squared loss
        - ``w1``, ``w2``: the weights of the label and of each constant feature
        - ``lemma_holds``: 1 if X sign(X^T y) = c y and no component of X^T y is 0, that is positives > negatives; else 0
        - ``positives``: training labels +1
        - ``distance_to_limit``: largest absolute difference of a weight from `adaptive_limit` or `minimum_norm_limit`; squared loss only
    """
    positives, negatives = problem.sizes
    adaptive = settings.optimizer in ADAPTIVE
    w1, w2, predicted = weights[:, 0], weights[:, 1], problem.predict(weights)
    # A fresh sample's private weights are 0, so that all fresh samples of a label get the same prediction.
    test_negative = (test == -1).mean(axis=1)
    wrong = np.where(problem.labels * predicted > 0, 0.0, problem.counts)
    metrics = {
        "train_error": wrong.sum(axis=1) / settings.n,
        "test_error": (1 - test_negative) * ~(w1 + 2 * w2 > 0) + test_negative * ~(-w1 + 2 * w2 < 0),
        "expected_test_error": test_negative if adaptive else np.zeros_like(test_negative),
        "train_loss": (problem.counts * LOSSES[settings.loss][0](predicted, problem.labels)).sum(axis=1) / settings.n,
        "w1": w1,
        "w2": w2,
        "lemma_holds": positives > negatives,
        "positives": positives,
    }
    if settings.loss == "squared":
        limit = (adaptive_limit if adaptive else minimum_norm_limit)(positives, negatives)
        off = np.abs(weights - np.concatenate([limit[:, :2], np.where(problem.labels > 0, limit[:, 2:3], limit[:, 3:])], axis=1))
        off[:, 2:] *= problem.counts > 0  # a label that was not drawn has no private weights
        metrics["distance_to_limit"] = off.max(axis=1)
    return metrics
