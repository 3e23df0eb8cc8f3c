"""Divergences of two densities on a line, their slopes, and the discriminators that would be optimal for them.

Densities come as their logarithms on a grid ``x`` [n] that rises and covers both: p of the data, q of the generator; -inf where there is
none. Logarithms keep far tails, which decide Kullback-Leibler divergences, and make disjoint supports harmless. Integrals are by the
trapezoidal rule, which for smooth densities that vanish at both ends converges faster than any power of the spacing. Natural logarithms.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit


def kullback_leibler(log_p: np.ndarray, log_q: np.ndarray, x: np.ndarray) -> float:
    """KL(p || q); infinite if q is zero where p is not."""
    return _integral(_times(np.exp(log_p), _difference(log_p, log_q)), x)


def jensen_shannon(log_p: np.ndarray, log_q: np.ndarray, x: np.ndarray) -> float:
    """Mean of KL(p || m) and KL(q || m) with m = (p + q) / 2; 0 to log 2."""
    log_m = np.logaddexp(log_p, log_q) - math.log(2)
    return (kullback_leibler(log_p, log_m, x) + kullback_leibler(log_q, log_m, x)) / 2


def total_variation(log_p: np.ndarray, log_q: np.ndarray, x: np.ndarray) -> float:
    """Half the integral of abs(p - q); 0 to 1."""
    return _integral(np.abs(np.exp(log_p) - np.exp(log_q)), x) / 2


def pearson_chi2(log_p: np.ndarray, log_q: np.ndarray, x: np.ndarray) -> float:
    """Pearson chi-squared of p + q against 2 q, the integral of (2 q - (p + q))^2 / (p + q); 0 to 2.

    Twice what the generator of LSGAN minimises under the optimal discriminator if b - c = 1 and b - a = 2 (Mao et al. 2017, sec. 3.2.2).
    """
    # (q - p) / (p + q) is tanh of half the difference of logarithms
    return _integral(_times(np.exp(log_p) + np.exp(log_q), np.tanh(_difference(log_q, log_p) / 2) ** 2), x)


def ls_binary(log_p: np.ndarray, log_q: np.ndarray, x: np.ndarray) -> float:
    """Integral of q^2 / (p + q); 1/2 (p = q) to 1.

    Twice what the generator of LSGAN minimises under the optimal discriminator with the coding (a, b, c) = (0, 1, 1).
    """
    return _integral(_times(np.exp(log_q), expit(_difference(log_q, log_p))), x)


def jensen_shannon_slope(log_p: np.ndarray, log_q: np.ndarray, x: np.ndarray, score: np.ndarray) -> float:
    """Derivative of `jensen_shannon` by a parameter of q.

    Args:
        log_p: of the data.
        log_q: of the generator.
        x: the grid.
        score: derivative of log q by that parameter, [n]; x - t where it is the mean t of N(t, 1).
    """
    # d/dq of 2 JSD's integrand is log(2 q / (p + q)); the constant drops out, since q stays a density
    return _integral(_times(np.exp(log_q) * score, -np.logaddexp(0, _difference(log_p, log_q))), x) / 2


def pearson_chi2_slope(log_p: np.ndarray, log_q: np.ndarray, x: np.ndarray, score: np.ndarray) -> float:
    """Derivative of `pearson_chi2` by a parameter of q; arguments as of `jensen_shannon_slope`."""
    ratio = np.tanh(_difference(log_q, log_p) / 2)  # (q - p) / (p + q), of which the integrand is (p + q) times the square
    return _integral(np.exp(log_q) * score * (2 * ratio - ratio**2), x)


def wasserstein(log_p: np.ndarray, log_q: np.ndarray, x: np.ndarray) -> float:
    """Wasserstein-1 distance, the integral of the absolute difference of the two distribution functions."""
    density = np.exp(log_p) - np.exp(log_q)
    steps = (density[1:] + density[:-1]) / 2 * np.diff(x)
    return _integral(np.abs(np.concatenate([[0.0], steps.cumsum()])), x)


def optimal_discriminator(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """The best discriminator of Goodfellow et al. 2014 (Prop. 1), p / (p + q); 1/2 where both are zero and the game leaves it open."""
    return expit(_difference(log_p, log_q))


def optimal_ls_discriminator(log_p: np.ndarray, log_q: np.ndarray, a: float, b: float) -> np.ndarray:
    """The best discriminator of LSGAN, labels b for data and a for samples (Mao et al. 2017, sec. 3.2): (b p + a q) / (p + q).

    The mean of a and b where both densities are zero and the game leaves it open.
    """
    return a + (b - a) * optimal_discriminator(log_p, log_q)


def js_estimate(discriminator_loss: float) -> float:
    """A lower bound of the Jensen-Shannon divergence by a trained discriminator, log 2 - loss / 2, as in Fig. 4 of Arjovsky et al. 2017.

    Args:
        discriminator_loss: -(E log D(x) + E log(1 - D(G(z)))), in which D = 1/2 everywhere costs 2 log 2.
    """
    return math.log(2) - discriminator_loss / 2


def _integral(values: np.ndarray, x: np.ndarray) -> float:
    return float(np.trapezoid(values, x))


def _difference(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """Logarithm of p / q; 0 where both are zero."""
    with np.errstate(invalid="ignore"):  # -inf - -inf
        return np.where(np.isneginf(log_p) & np.isneginf(log_q), 0.0, log_p - log_q)


def _times(density: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """The product, 0 where the density is zero even if the factor is infinite."""
    return density * np.where(density != 0, factor, 0.0)
