"""What a generator N(t, 1) is told by the best discriminator against N(0, 1), loss by loss, beside the slope of what it minimises.

The theorems of the papers put the best discriminator into the generator's loss and find a divergence; a generator descends on its loss with
the discriminator held still. Where the two players' losses are each other's negative both slopes are one (the envelope theorem); where they
are not, a theorem on the divergence says nothing of the generator's gradient. All by quadrature, with grids as in
`secondlook.metrics.divergences`.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from secondlook.metrics.divergences import jensen_shannon_slope, pearson_chi2_slope

#: coding -> (a, b, c) of Mao et al. 2017, section 3.2: D aims at a on fakes and b on data, G at c
CODINGS = {"neg1_1_0": (-1.0, 1.0, 0.0), "0_1_1": (0.0, 1.0, 1.0)}


def split(a: float, b: float, c: float) -> tuple[float, float]:
    """Return alpha = (a + b) / 2 - c and beta = (a - b) / 2.

    The best discriminator of a coding is c + alpha + beta (q - p) / (p + q), so that 2 C(G) = 2 alpha^2 + beta^2 chi^2 whatever the coding.
    """
    return (a + b) / 2 - c, (a - b) / 2


def gradients(log_p: np.ndarray, log_q: np.ndarray, x: np.ndarray, t: float) -> dict[str, float]:
    """Return the derivatives by t of each loss's generator against its best discriminator, held still, and of what that loss minimises.

    Args:
        log_p: logarithm of N(0, 1) on the grid, [n].
        log_q: of N(t, 1).
        x: the grid.
        t: the generator's mean.

    Returns:
        ``gradient_<loss>`` of minimax, non_saturating, ls_neg1_1_0, ls_0_1_1; and ``slope_<loss>``: of 2 JSD for minimax, of KL(q || p) - 2
        JSD for non_saturating (Arjovsky & Bottou 2017, Theorem 2.5), of C(G) for least squares.
    """
    # A sample moves with t one for one. The logit log p - log q falls along x at the rate t, ratio = (q - p) / (p + q) rises.
    q, data = np.exp(log_q), expit(log_p - log_q)
    ratio = np.tanh((log_q - log_p) / 2)
    rises = (1 - ratio**2) * t / 2
    jsd, chi2 = (2 * jensen_shannon_slope(log_p, log_q, x, x - t), pearson_chi2_slope(log_p, log_q, x, x - t))
    found = {
        "gradient_minimax": t * np.trapezoid(q * data, x),
        "gradient_non_saturating": t * np.trapezoid(q * (1 - data), x),
        "slope_minimax": jsd,
        "slope_non_saturating": t - jsd,  # KL is t^2 / 2
    }
    for coding, targets in CODINGS.items():
        alpha, beta = split(*targets)
        found[f"gradient_ls_{coding}"] = np.trapezoid(q * (alpha + beta * ratio) * beta * rises, x)
        found[f"slope_ls_{coding}"] = beta**2 * chi2 / 2
    return {name: float(value) for name, value in found.items()}
