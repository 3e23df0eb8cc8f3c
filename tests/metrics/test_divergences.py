import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from secondlook.metrics import divergences as dv

X = np.linspace(-40, 60, 20_001)


def shifted(t: float) -> tuple[np.ndarray, np.ndarray]:
    return norm.logpdf(X), norm.logpdf(X, t)


def uniform(low: float, high: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(np.where((low < X) & (high > X), 1 / (high - low), 0.0))


@pytest.mark.parametrize(
    ("t", "jsd", "pearson", "binary"),
    [(1, 0.1114, 0.408, 0.602), (2, 0.3368, 1.101, 0.775), (4, 0.6327, 1.863, 0.966), (8, 0.6931, 1.9998, 1.000), (16, 0.6931, 2.0, 1.000)],
)
def test_table_of_shifted_gaussians(t: float, jsd: float, pearson: float, binary: float) -> None:
    log_p, log_q = shifted(t)
    assert dv.jensen_shannon(log_p, log_q, X) == pytest.approx(jsd, abs=5.1e-5)
    assert dv.pearson_chi2(log_p, log_q, X) == pytest.approx(pearson, abs=5.1e-4 if t < 8 else 5.1e-5)
    assert dv.ls_binary(log_p, log_q, X) == pytest.approx(binary, abs=5.1e-4)
    assert dv.wasserstein(log_p, log_q, X) == pytest.approx(t, abs=1e-9)


@pytest.mark.parametrize("t", [0.0, 0.5, 3.0, 16.0])
def test_closed_forms(t: float) -> None:
    log_p, log_q = shifted(t)
    assert dv.kullback_leibler(log_p, log_q, X) == pytest.approx(t**2 / 2, abs=1e-9)
    assert dv.total_variation(log_p, log_q, X) == pytest.approx(2 * norm.cdf(t / 2) - 1, abs=1e-4)


def test_equal_densities() -> None:
    log_p, _ = shifted(0)
    assert dv.jensen_shannon(log_p, log_p, X) == pytest.approx(0, abs=1e-12)
    assert dv.pearson_chi2(log_p, log_p, X) == 0
    assert dv.ls_binary(log_p, log_p, X) == pytest.approx(0.5)
    assert dv.wasserstein(log_p, log_p, X) == 0


def test_kullback_leibler_is_not_symmetric() -> None:
    log_p, log_q = norm.logpdf(X), norm.logpdf(X, 1, 2)
    assert dv.kullback_leibler(log_p, log_q, X) == pytest.approx(math.log(2) + 2 / 8 - 0.5)
    assert dv.kullback_leibler(log_q, log_p, X) == pytest.approx(-math.log(2) + 5 / 2 - 0.5)


def test_against_adaptive_quadrature_of_the_formulas() -> None:
    def integral(formula: str) -> float:
        p, q = norm(0, 1).pdf, norm(1.5, 0.7).pdf
        return quad(lambda x: eval(formula, {"p": p(x), "q": q(x)}), -9, 9, points=[0, 1.5])[0]

    log_p, log_q = norm.logpdf(X), norm.logpdf(X, 1.5, 0.7)
    assert dv.pearson_chi2(log_p, log_q, X) == pytest.approx(integral("(2 * q - (p + q)) ** 2 / (p + q)"), rel=1e-6)
    assert dv.ls_binary(log_p, log_q, X) == pytest.approx(integral("q ** 2 / (p + q)"), rel=1e-6)


@pytest.mark.parametrize("t", [0.0, 0.25, 2.0, 8.0])
@pytest.mark.parametrize(("slope", "divergence"), [(dv.jensen_shannon_slope, dv.jensen_shannon), (dv.pearson_chi2_slope, dv.pearson_chi2)])
def test_slopes_are_the_derivatives_by_the_mean_and_by_the_width(t: float, slope, divergence) -> None:
    log_p, step = norm.logpdf(X), 1e-4
    for score, move in ((X - t, lambda by: norm.logpdf(X, t + by)), ((X - t) ** 2 - 1, lambda by: norm.logpdf(X, t, 1 + by))):
        expected = (divergence(log_p, move(step), X) - divergence(log_p, move(-step), X)) / (2 * step)
        assert slope(log_p, move(0), X, score) == pytest.approx(expected, abs=1e-7)


def test_disjoint_supports_without_warnings() -> None:
    with np.errstate(all="raise", under="ignore"):
        log_p, log_q = uniform(0, 1), uniform(2, 3)
        assert dv.jensen_shannon(log_p, log_q, X) == pytest.approx(math.log(2), rel=0.01)
        assert dv.pearson_chi2(log_p, log_q, X) == pytest.approx(2, rel=0.01)
        assert dv.ls_binary(log_p, log_q, X) == pytest.approx(1, rel=0.01)
        assert dv.total_variation(log_p, log_q, X) == pytest.approx(1, rel=0.01)
        assert dv.wasserstein(log_p, log_q, X) == pytest.approx(2, rel=0.01)
        assert dv.kullback_leibler(log_p, log_q, X) == math.inf


def test_densities_that_underflow_far_apart() -> None:
    x = np.linspace(-20, 120, 20_001)  # at 100 standard deviations a density is below the smallest float
    log_p, log_q = norm.logpdf(x), norm.logpdf(x, 100)
    assert dv.kullback_leibler(log_p, log_q, x) == pytest.approx(5000)
    assert dv.jensen_shannon(log_p, log_q, x) == pytest.approx(math.log(2))
    assert np.isfinite(dv.optimal_discriminator(log_p, log_q)).all()


def test_optimal_discriminators() -> None:
    log_p, log_q = shifted(2)
    p, q = np.exp(log_p), np.exp(log_q)
    there = p + q > 0
    np.testing.assert_allclose(dv.optimal_discriminator(log_p, log_q)[there], (p / np.where(there, p + q, 1))[there], atol=1e-12)
    for a, b in [(-1, 1), (0, 1)]:
        expected = ((b * p + a * q) / np.where(there, p + q, 1))[there]
        np.testing.assert_allclose(dv.optimal_ls_discriminator(log_p, log_q, a, b)[there], expected, atol=1e-12)
    nowhere = np.array([-np.inf])
    assert dv.optimal_discriminator(nowhere, nowhere) == [0.5] and dv.optimal_ls_discriminator(nowhere, nowhere, -1, 1) == [0]


@pytest.mark.parametrize(("a", "b", "c", "divergence"), [(-1, 1, 0, dv.pearson_chi2), (0, 1, 1, dv.ls_binary)])
def test_lsgans_generator_minimises_half_the_divergence(a: float, b: float, c: float, divergence) -> None:
    log_p, log_q = shifted(2)
    best = dv.optimal_ls_discriminator(log_p, log_q, a, b)
    doubled = np.trapezoid((np.exp(log_p) + np.exp(log_q)) * (best - c) ** 2, X)
    assert divergence(log_p, log_q, X) == pytest.approx(doubled)


@pytest.mark.parametrize("t", [0.0, 1.0, 4.0])
def test_js_estimate_of_the_best_discriminator_is_the_divergence_and_others_are_below(t: float) -> None:
    log_p, log_q = shifted(t)

    def loss(discriminator: np.ndarray) -> float:
        real, fake = np.log(np.maximum(discriminator, 1e-300)), np.log(np.maximum(1 - discriminator, 1e-300))
        return -np.trapezoid(np.exp(log_p) * real + np.exp(log_q) * fake, X)

    best = dv.optimal_discriminator(log_p, log_q)
    true = dv.jensen_shannon(log_p, log_q, X)
    assert dv.js_estimate(loss(best)) == pytest.approx(true, abs=1e-9)
    assert dv.js_estimate(loss(0.9 * best + 0.05)) < true
    assert dv.js_estimate(2 * math.log(2)) == 0
