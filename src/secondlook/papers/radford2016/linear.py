"""A linear classifier on features, its strength chosen on images that it was not fitted to. Shapes: N images, F features."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import RidgeClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

#: features [N, F] and labels [N]
Labelled = tuple[np.ndarray, np.ndarray]


def classifier_of(kind: Literal["svm", "ridge"], strength: float) -> Any:
    """Return an unfitted classifier; ``strength`` is the weight of the data beside the L2 penalty (C, or 1 / alpha)."""
    if kind == "svm":
        return LinearSVC(C=strength, dual="auto", random_state=0)
    return RidgeClassifier(alpha=1 / strength)


def error_of_linear(kind: Literal["svm", "ridge"], strengths: Sequence[float], fit: Labelled, choose: Labelled, test: Labelled) -> float:
    """Return the test error in percent of the classifier whose strength errs least on ``choose`` (of equals the weakest).

    Features are standardised by the mean and the standard deviation over ``fit``; the chosen classifier is not fitted again.
    """
    scaler = StandardScaler().fit(fit[0])
    x_NF, chosen_NF, test_NF = (scaler.transform(part[0]) for part in (fit, choose, test))
    best: tuple[float, Any] | None = None
    for strength in sorted(strengths):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # at its limit of iterations it is a classifier all the same
            model = classifier_of(kind, strength).fit(x_NF, fit[1])
        error = float(np.mean(model.predict(chosen_NF) != choose[1]))
        if best is None or error < best[0]:
            best = (error, model)
    assert best is not None
    return 100 * float(np.mean(best[1].predict(test_NF) != test[1]))
