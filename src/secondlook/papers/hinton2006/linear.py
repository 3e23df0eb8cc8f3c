"""Codes that pixels depend on linearly: PCA, and logistic PCA, where a pixel's log-odds are linear in the code.

Logistic PCA is that of Schein, Saul and Ungar 2003 ("A generalized linear model for principal component analysis of binary data"):
codes and loadings in turn minimise a quadratic bound of the cross-entropy (Jaakkola and Jordan 2000), which never lets it rise.
Everything in double precision. Shapes: N images, P pixels, Z code.
"""

from __future__ import annotations

import torch


def pca(train_NP: torch.Tensor, test_NP: torch.Tensor, code: int) -> torch.Tensor:
    """Return the reconstructions [N, P] of test images from their first principal components.

    Args:
        train_NP: the images that mean and components are of, float64.
        test_NP: the images that are reconstructed.
        code: number of components.
    """
    mean_P = train_NP.mean(0)
    centred_NP = train_NP - mean_P
    components_PZ = torch.linalg.eigh(centred_NP.T @ centred_NP).eigenvectors[:, -code:]  # in ascending order
    return mean_P + (test_NP - mean_P) @ components_PZ @ components_PZ.T


def logistic_pca(train_NP: torch.Tensor, test_NP: torch.Tensor, code: int, sweeps: int) -> tuple[torch.Tensor, list[float]]:
    """Return the reconstructions [N, P] of test images by logistic PCA, and the training cross-entropy after each sweep.

    A test image's code is the one that fits it best, with the loadings that training found.

    Args:
        train_NP: the images that the loadings are fitted to, in [0, 1], float64.
        test_NP: the images that are reconstructed.
        code: numbers of a code.
        sweeps: times that all codes and then all loadings are fitted; a test image's code as often.
    """
    mean_P = train_NP.mean(0).clamp(1e-3, 1 - 1e-3)
    centred_NP = train_NP - mean_P
    loadings_ZP = torch.linalg.eigh(centred_NP.T @ centred_NP).eigenvectors[:, -code:].T
    design_AP = torch.cat([loadings_ZP, mean_P.logit()[None]])  # the last row is the pixels' own log-odds
    codes_NZ, costs = torch.zeros(len(train_NP), code, dtype=train_NP.dtype, device=train_NP.device), []
    for _ in range(sweeps):
        codes_NZ = _fit(train_NP, _with_one(codes_NZ) @ design_AP, design_AP)
        known_NA = _with_one(codes_NZ)
        design_AP = _solve(train_NP.T - 0.5, _curvature((known_NA @ design_AP).T), known_NA.T).T
        costs.append(cross_entropy(train_NP, known_NA @ design_AP))
    codes_NZ = torch.zeros(len(test_NP), code, dtype=test_NP.dtype, device=test_NP.device)
    for _ in range(sweeps):
        codes_NZ = _fit(test_NP, _with_one(codes_NZ) @ design_AP, design_AP)
    return (_with_one(codes_NZ) @ design_AP).sigmoid(), costs


def cross_entropy(images_NP: torch.Tensor, logits_NP: torch.Tensor) -> float:
    """Return the mean cross-entropy of an image in nats."""
    return float((torch.nn.functional.softplus(logits_NP) - images_NP * logits_NP).sum(1).mean())


def _with_one(codes_NZ: torch.Tensor) -> torch.Tensor:
    return torch.cat([codes_NZ, codes_NZ.new_ones(len(codes_NZ), 1)], dim=1)


def _curvature(logits: torch.Tensor) -> torch.Tensor:
    """Curvature of the quadratic bound that touches the cross-entropy at ``logits``: tanh(l / 2) / (2 l), a quarter at 0."""
    safe = torch.where(logits.abs() < 1e-6, 1e-6, logits)
    return (safe / 2).tanh() / (2 * safe)


def _fit(images_NP: torch.Tensor, logits_NP: torch.Tensor, design_AP: torch.Tensor) -> torch.Tensor:
    """Return the codes [N, Z] that minimise the bound at ``logits_NP``."""
    curvature_NP, loadings_ZP, own_P = _curvature(logits_NP), design_AP[:-1], design_AP[-1]
    return _solve(images_NP - 0.5 - curvature_NP * own_P, curvature_NP, loadings_ZP)


def _solve(right_NP: torch.Tensor, curvature_NP: torch.Tensor, design_ZP: torch.Tensor) -> torch.Tensor:
    """Return the x [N, Z] with D diag(c) D' x = D r for each row of c and r; a small ridge keeps equations of dark pixels solvable."""
    size = len(design_ZP)
    pairs_PK = (design_ZP[:, None] * design_ZP).flatten(0, 1).T
    equations_NZZ = (curvature_NP @ pairs_PK).view(-1, size, size) + 1e-6 * torch.eye(size, dtype=design_ZP.dtype, device=design_ZP.device)
    return torch.linalg.solve(equations_NZZ, (right_NP @ design_ZP.T)[..., None])[..., 0]
