"""PCA and logistic PCA against other ways to the same minimum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from secondlook.papers.hinton2006.linear import _curvature, cross_entropy, logistic_pca, pca


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    draw = torch.Generator().manual_seed(1)
    logits = torch.randn(60, 2, generator=draw, dtype=torch.float64) @ torch.randn(2, 9, generator=draw, dtype=torch.float64)
    return (logits.sigmoid() > torch.rand(60, 9, generator=draw, dtype=torch.float64)).double()


def test_pca_by_singular_values(images: torch.Tensor) -> None:
    train, test = images[:40].numpy(), images[40:].numpy()
    mean = train.mean(0)
    components = np.linalg.svd(train - mean)[2][:3]
    known = mean + (test - mean) @ components.T @ components
    np.testing.assert_allclose(pca(images[:40], images[40:], 3).numpy(), known, atol=1e-10)


def test_pca_with_all_components_gives_the_images_back(images: torch.Tensor) -> None:
    torch.testing.assert_close(pca(images[:40], images[40:], 9), images[40:])


def test_the_bound_lies_above_the_cross_entropy_and_touches_it() -> None:
    logits = torch.linspace(-8, 8, 161, dtype=torch.float64)
    for at in (-5.0, -0.3, 0.0, 2.0):
        at = torch.tensor(at, dtype=torch.float64)
        bound = F.softplus(at) + (logits - at) / 2 + _curvature(at) / 2 * (logits**2 - at**2)
        slack = bound - F.softplus(logits)
        assert float(slack.min()) > -1e-9
        assert float(F.softplus(at) - cross_entropy(torch.zeros(1, 1), at.view(1, 1))) == pytest.approx(0, abs=1e-12)
    assert float(_curvature(torch.tensor(0.0, dtype=torch.float64))) == pytest.approx(0.25)


def test_the_cross_entropy_never_rises(images: torch.Tensor) -> None:
    _, costs = logistic_pca(images, images, 2, 60)
    assert all(after <= before + 1e-9 for before, after in itertools.pairwise(costs))
    assert costs[-1] < costs[0] - 0.2


def test_it_reaches_what_gradient_descent_reaches(images: torch.Tensor) -> None:
    """On grey images, whose best logits are finite."""
    grey = 0.8 * images + 0.1
    _, costs = logistic_pca(grey, grey, 2, 400)
    draw = torch.Generator().manual_seed(3)
    codes = torch.randn(60, 2, generator=draw, dtype=torch.float64, requires_grad=True)
    design = (0.1 * torch.randn(3, 9, generator=draw, dtype=torch.float64)).requires_grad_()
    optimizer = torch.optim.LBFGS([codes, design], max_iter=2000, line_search_fn="strong_wolfe", tolerance_change=1e-12)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        logits = codes @ design[:2] + design[2]
        loss = F.binary_cross_entropy_with_logits(logits, grey, reduction="sum") / 60
        loss.backward()
        return loss

    optimizer.step(closure)
    assert costs[-1] == pytest.approx(float(closure().detach()), abs=0.02)


def test_a_test_images_code_is_the_best_for_the_loadings(images: torch.Tensor) -> None:
    """So training images get back what training gave them."""
    grey = 0.8 * images + 0.1
    again, costs = logistic_pca(grey, grey, 2, 300)
    assert cross_entropy(grey, again.logit()) == pytest.approx(costs[-1], abs=2e-3)
