"""The priors against torch's own distributions, and the cells that they are cut into."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from secondlook.errors import UserError
from secondlook.papers.makhzani2015.figures.latent_planes import shapes
from secondlook.papers.makhzani2015.priors import Prior, gaussian, make_prior, mixture

CPU = torch.device("cpu")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("prior", [gaussian(2, 1.0, CPU), gaussian(3, 2.5, CPU), mixture(1.0, CPU), mixture(3.0, CPU)])
def test_the_density_is_torchs(prior: Prior) -> None:
    covariances = prior.factors_KZZ.double() @ prior.factors_KZZ.double().mT
    theirs = MixtureSameFamily(Categorical(torch.ones(prior.components).double()), MultivariateNormal(prior.means_KZ.double(), covariances))
    z = 2 * torch.randn(5, 7, prior.means_KZ.shape[1], generator=generator()).double()
    torch.testing.assert_close(prior.log_density(z), theirs.log_prob(z), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(prior.component(z), theirs.component_distribution.log_prob(z[..., None, :]).argmax(-1))


def test_draws_have_the_components_moments() -> None:
    prior = mixture(1.0, CPU)
    for component in (0, 3):
        draws = prior.sample(20_000, generator(), torch.full((20_000,), component))
        torch.testing.assert_close(draws.mean(0), prior.means_KZ[component], rtol=0, atol=0.02)
        torch.testing.assert_close(draws.T.cov(), prior.factors_KZZ[component] @ prior.factors_KZZ[component].T, rtol=0, atol=0.01)
    radius = float(prior.means_KZ.norm(dim=1).mean())
    assert radius == pytest.approx(1.4, abs=1e-6)
    assert torch.linalg.svdvals(prior.factors_KZZ[4]).tolist() == pytest.approx([0.5, 0.1], abs=1e-6)


def test_draws_without_a_component_are_of_all() -> None:
    prior = mixture(1.0, CPU)
    asked = torch.tensor([2] * 500 + [-1] * 4500)
    found = prior.component(prior.sample(5000, generator(), asked))
    assert (found[:500] == 2).double().mean() > 0.97
    assert found[500:].bincount(minlength=10).min() > 350


def test_the_figures_contours_are_the_prior() -> None:
    for (mean, factor), theirs_mean, theirs in zip(
        shapes("mixture"), mixture(1.0, CPU).means_KZ, mixture(1.0, CPU).factors_KZZ, strict=True
    ):
        torch.testing.assert_close(torch.from_numpy(mean).float(), theirs_mean, rtol=0, atol=1e-6)
        torch.testing.assert_close(torch.from_numpy(factor).float(), theirs, rtol=0, atol=1e-6)


def test_cells_have_equal_probability() -> None:
    """n draws leave a cell empty with probability (1 - 1/400)^n."""
    prior = gaussian(2, 3.0, CPU)
    for count in (200, 800):
        mean = sum(prior.empty_cells(prior.sample(count, generator(seed))) for seed in range(20)) / 20
        assert mean == pytest.approx((1 - 1 / 400) ** count, abs=0.01)


def test_codes_in_one_place_leave_all_other_cells_empty() -> None:
    assert gaussian(2, 1.0, CPU).empty_cells(torch.zeros(50, 2)) == pytest.approx(1 - 1 / 400)
    prior = mixture(1.0, CPU)
    assert prior.empty_cells(torch.full((50, 2), 100.0)) == pytest.approx(1 - 1 / 360)
    one_arm = prior.sample(5000, generator(), torch.zeros(5000, dtype=torch.int64))
    assert 0.8 < prior.empty_cells(one_arm) <= 0.9, "one arm of ten, and what of it reaches over the middle"
    assert prior.empty_cells(prior.sample(20_000, generator())) < 0.01


def test_a_mixture_lies_in_the_plane() -> None:
    with pytest.raises(UserError, match="code: 2, not 8"):
        make_prior("mixture", 8, 1.0, CPU)
    assert make_prior("gaussian", 8, 2.0, CPU).log_density(torch.zeros(8)).item() == pytest.approx(
        -8 * math.log(2 * math.sqrt(2 * math.pi))
    )
