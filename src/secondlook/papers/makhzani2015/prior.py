"""Whether codes follow the prior, what images decode from it, and what that costs: three autoencoders that differ in one term.

The control that the usual answer forgets stands beside them: a Gaussian fitted to the codes after training, which makes a generator of
any autoencoder. Shapes: N images, D pixels, Z code.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
import torch

from secondlook.errors import UserError
from secondlook.games.images import load_feature_nets, to_bytes
from secondlook.metrics.mmd import mmd2
from secondlook.metrics.wasserstein import sliced_w1
from secondlook.papers.makhzani2015.generation import NETS, Frechet, Parzen
from secondlook.papers.makhzani2015.priors import Prior, make_prior
from secondlook.papers.makhzani2015.training import Found, Images, Prepared, load, to_pixels, train
from secondlook.papers.makhzani2015.trio import LOSSES, Trained, Trio, TrioSettings
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least, at_most
from secondlook.train.streams import numpy_generator, torch_generator

#: codes that the sliced distance compares with as many draws of the prior, on how many lines, and codes that the MMD compares
SLICED, PROJECTIONS, PAIRED = 2000, 50, 1000
#: what is kept of the first seed for figures: images reconstructed, steps of a line between two codes, images along an edge of the grid
ROWS, STRIP, GRID = 10, 9, 10
#: the middle of a grid's outermost cells lies at this share of the prior
QUANTILES = (np.arange(GRID) + 0.5) / GRID
#: the prior's component of a code is asked for where there are several
COMPONENT_METRICS = {"on_mode", "purity"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(TrioSettings):
    """Settings of one of the three, and of what is measured."""

    #: images in each set whose Frechet distance is measured
    #: 0: none is
    samples: int = 10000
    #: training images that they are compared with
    #: the first so many; None: all
    reference_images: int | None = None
    #: samples of a Parzen estimate
    #: 0: there is none
    parzen_samples: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "reference_images")
        at_least(self, 0, "samples", "parzen_samples")
        at_most(self, "samples", "test_images")
        if self.parzen_samples and not self.held_out:
            raise UserError("setting 'parzen_samples': images must be held out to choose the window's width; give held_out")
        at_most(self, "reference_images", "train_images")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` may write."""
        found = {*LOSSES, "sliced_w", "sliced_w_floor", "mmd", "minus_mmd", "reconstruction"}
        if self.samples:
            found |= {"minus_fid_b", "fid_a_used", "log_fid_a_used", "fid_a_reconstructed", "fid_a_midpoints"}
            found |= {f"fid_{net}{kind}" for net in NETS for kind in ("", "_fitted", "_floor")}
        if self.code == 2:
            found |= {"empty", "empty_floor"}
        if self.prior == "mixture":
            found |= COMPONENT_METRICS
        else:
            found |= {"sliced_w_whitened", "shape_share"}
        if self.parzen_samples:
            found |= {"parzen", "parzen_sigma", "parzen_fitted", "parzen_used", "parzen_ceiling"}
        return found


def run(job: Job) -> Result:
    """Train one replica per seed; a row's step counts minibatches.

    Metrics of the last row: ``sliced_w`` and ``mmd`` (unbiased, squared) of the test images' codes to the prior, ``sliced_w_floor`` of as
    many draws, and of a Gaussian ``sliced_w_whitened`` of the codes' shape, without place and size; in the plane ``empty``, the share of
    the prior's cells without a code, and ``empty_floor`` of as many draws; ``shape_share``, what of the sliced distance the shape has;
    ``reconstruction``, the squared error of a test image summed over pixels; ``fid_<net>`` of images decoded from the prior, with
    ``_fitted`` from a Gaussian fitted to codes of training images, ``_reconstructed`` from the test images' own codes, ``_midpoints``
    from halfway between two of the latter, ``_floor`` of test images themselves, and ``fid_a_used`` (and its logarithm) of the way to
    generate that a model is used with: the fitted Gaussian of a plain autoencoder, the prior of the others; of a mixture ``on_mode``, the
    share of codes in the component of their own label, and ``purity``, the share in a component whose commonest label is theirs;
    ``parzen`` of the prior's images, its sigma, ``parzen_fitted``, ``parzen_used``, and ``parzen_ceiling`` of as many training images.
    ``minus_mmd`` and ``minus_fid_b`` are lowest where a model is worst. Arrays of the first seed: see `pictures`.
    """
    settings = job.settings(Settings)

    def prepare(device: torch.device) -> Prepared[Trio]:
        images = load(job, settings, device)
        prior = make_prior(settings.prior, settings.code, settings.prior_std, device)
        nets = load_feature_nets(job, 1, settings.side, device)[0] if settings.samples else {}
        frechet = Frechet(nets, images, settings.side, settings.samples, settings.reference_images) if settings.samples else None
        parzen = Parzen.on(images) if settings.parzen_samples else None
        ceiling = parzen.of(to_pixels(images.train_ND[: settings.parzen_samples]))[0] if parzen else 0.0

        def measure(group: Trio, replica: int) -> Found:
            one, seed = group.one(replica), group.seeds[replica]
            metrics = measured(one, seed, prior, images, frechet, settings)
            if parzen:
                metrics |= parzen_estimates(one, seed, prior, images, parzen, settings) | {"parzen_ceiling": ceiling}
            return metrics, pictures(one, seed, prior, images) if seed == job.seeds[0] and settings.code == 2 else {}

        return lambda seeds: Trio(settings, prior, images, seeds, device), measure

    return train(job, settings, prepare)


def draws(seed: int, number: int, device: torch.device) -> torch.Generator:
    """The generator of one kind of draw in a replica's evaluation."""
    return torch_generator(seed, "eval", number, device=device)


def fitted_codes(one: Trained, seed: int, images: Images, count: int) -> torch.Tensor:
    """Return ``count`` draws [N, Z] of the Gaussian with mean and covariance of the codes of (at most 10,000) training images."""
    device = images.train_ND.device
    codes_NZ = one.code(images.train_ND[:10000], draws(seed, 0, device))[0].double()
    noise_NZ = torch.randn(count, codes_NZ.shape[1], generator=draws(seed, 1, device), device=device, dtype=torch.float64)
    return (codes_NZ.mean(0) + noise_NZ @ root(codes_NZ).T).float()


def root(codes_NZ: torch.Tensor) -> torch.Tensor:
    """Return the Cholesky factor [Z, Z] of the codes' covariance, with a trace of round noise, so that a code left constant has one."""
    covariance_ZZ = codes_NZ.double().T.cov()
    return torch.linalg.cholesky(covariance_ZZ + 1e-9 * covariance_ZZ.trace() * torch.eye(len(covariance_ZZ)).to(covariance_ZZ))


def measured(one: Trained, seed: int, prior: Prior, images: Images, frechet: Frechet | None, settings: Settings) -> dict[str, float]:
    """All metrics of a replica but the Parzen estimates."""
    device = images.test_ND.device
    codes_NZ, means_NZ = one.code(images.test_ND, draws(seed, 2, device))
    prior_NZ, other_NZ = (prior.sample(len(codes_NZ), draws(seed, number, device)) for number in (3, 4))
    found = distances(codes_NZ, prior_NZ, other_NZ, prior, seed, settings.prior_std)
    if prior.components > 1:
        found |= components(codes_NZ, images.test_labels_N, prior)
    error_ND = one.decode(means_NZ).double() - to_pixels(images.test_ND).double()
    found["reconstruction"] = float(error_ND.square().sum(1).mean())
    return found | (judged(one, seed, prior, codes_NZ, images, frechet, settings) if frechet else {})


def judged(
    one: Trained, seed: int, prior: Prior, codes_NZ: torch.Tensor, images: Images, frechet: Frechet, settings: Settings
) -> dict[str, float]:
    """The Frechet distances of a replica; ``codes_NZ`` are those of the test images."""
    half_NZ = codes_NZ[: 2 * (len(codes_NZ) // 2)].unflatten(0, (2, -1)).mean(0)
    sets = {
        "": (prior.sample(settings.samples, draws(seed, 5, codes_NZ.device)), NETS),
        "_fitted": (fitted_codes(one, seed, images, settings.samples), NETS),
        "_reconstructed": (codes_NZ[: settings.samples], NETS[:1]),
        "_midpoints": (half_NZ[: settings.samples], NETS[:1]),
    }
    found = dict(frechet.floor)
    for kind, (set_NZ, nets) in sets.items():
        found |= {f"fid_{net}{kind}": value for net, value in frechet.of(one.decode(set_NZ), nets).items()}
    used = found["fid_a_fitted" if settings.model == "ae" else "fid_a"]
    return found | {"minus_fid_b": -found["fid_b"], "fid_a_used": used, "log_fid_a_used": math.log(used)}


def distances(
    codes_NZ: torch.Tensor, prior_NZ: torch.Tensor, other_NZ: torch.Tensor, prior: Prior, seed: int, scale: float
) -> dict[str, float]:
    """How far codes lie from the prior, by three measures, and how far other draws of the prior do."""

    def sliced(points_NZ: torch.Tensor) -> float:
        generator = numpy_generator(seed, "eval")
        x, y = (points[:SLICED].cpu().double().numpy() for points in (points_NZ, prior_NZ))
        return sliced_w1(x, y, generator, PROJECTIONS)

    mmd = mmd2(codes_NZ[:PAIRED], prior_NZ[:PAIRED], scale)
    found = {"sliced_w": sliced(codes_NZ), "sliced_w_floor": sliced(other_NZ), "mmd": mmd, "minus_mmd": -mmd}
    if prior.components == 1:
        found["sliced_w_whitened"] = sliced(scale * whitened(codes_NZ))
        found["shape_share"] = found["sliced_w_whitened"] / found["sliced_w"]
    if codes_NZ.shape[1] == 2:
        found |= {"empty": prior.empty_cells(codes_NZ), "empty_floor": prior.empty_cells(other_NZ)}
    return found


def whitened(codes_NZ: torch.Tensor) -> torch.Tensor:
    """Return codes by a linear map so that their mean is 0 and their covariance I: their shape, without place and size."""
    centred_NZ = codes_NZ.double() - codes_NZ.double().mean(0)
    return torch.linalg.solve_triangular(root(codes_NZ), centred_NZ.T, upper=False).T


def components(codes_NZ: torch.Tensor, labels_N: torch.Tensor, prior: Prior) -> dict[str, float]:
    """How far components of the prior are classes: with the label as the component's number, and whatever the numbers are."""
    component_N = prior.component(codes_NZ)
    table = torch.zeros(prior.components, prior.components, dtype=torch.int64, device=codes_NZ.device)
    table.index_put_((component_N, labels_N), torch.ones_like(labels_N), accumulate=True)
    return {"on_mode": float(table.trace()) / len(labels_N), "purity": float(table.amax(1).sum()) / len(labels_N)}


def parzen_estimates(one: Trained, seed: int, prior: Prior, images: Images, parzen: Parzen, settings: Settings) -> dict[str, float]:
    """The Parzen log-likelihoods of images decoded from the prior and from the fitted Gaussian."""
    count = settings.parzen_samples
    value, sigma = parzen.of(one.decode(prior.sample(count, draws(seed, 6, images.train_ND.device))))
    fitted, _ = parzen.of(one.decode(fitted_codes(one, seed, images, count)))
    return {"parzen": value, "parzen_sigma": sigma, "parzen_fitted": fitted, "parzen_used": fitted if settings.model == "ae" else value}


def pictures(one: Trained, seed: int, prior: Prior, images: Images) -> Mapping[str, np.ndarray]:
    """What figures show of a model of the plane.

    ``codes`` [N, 2] of the first 2,000 test images and their ``labels``; ``fitted`` [3, 2], mean and covariance of the fitted Gaussian;
    images as uint8 [.., D]: ``grid`` and ``grid_fitted`` [GRID, GRID], decoded at quantiles of the Gaussian prior and of the fitted one
    (of a mixture, along each component's long axis), ``originals`` and ``reconstructions`` [ROWS], ``strips`` [3, STRIP] along lines
    between codes of two test images of different classes.
    """
    device = images.test_ND.device
    codes_NZ, means_NZ = one.code(images.test_ND[:SLICED], draws(seed, 2, device))
    train_NZ = one.code(images.train_ND[:10000], draws(seed, 0, device))[0].double()
    fitted = torch.cat([train_NZ.mean(0)[None], train_NZ.T.cov()])
    steps = torch.special.ndtri(torch.from_numpy(QUANTILES)).to(device)
    across, down = torch.meshgrid(steps, -steps, indexing="xy")
    square = torch.stack([across, down], -1).flatten(0, 1)
    if prior.components == 1:
        grid = square @ prior.factors_KZZ[0].double().T + prior.means_KZ[0].double()
    else:
        grid = (prior.means_KZ[:, None] + steps[None, :, None] * prior.factors_KZZ[:, None, :, 0]).flatten(0, 1)
    labels_N = images.test_labels_N[:SLICED]
    first = [int((labels_N == label).nonzero()[0]) for label in (0, 1, 4, 5, 7, 3) if bool((labels_N == label).any())]
    first = (first + [0] * 6)[:6]
    share = torch.linspace(0, 1, STRIP, device=device)[None, :, None]
    ends = means_NZ[torch.tensor(first, device=device)].unflatten(0, (3, 2))
    lines = (1 - share) * ends[:, :1] + share * ends[:, 1:]

    def decoded(points: torch.Tensor) -> np.ndarray:
        return to_bytes(one.decode(points.float()), (0.0, 1.0)).cpu().numpy()

    return {
        "codes": codes_NZ.float().cpu().numpy(),
        "labels": labels_N.to(torch.uint8).cpu().numpy(),
        "fitted": fitted.cpu().numpy(),
        "grid": decoded(grid).reshape(GRID, GRID, -1),
        "grid_fitted": decoded(square @ root(train_NZ).T + fitted[0]).reshape(GRID, GRID, -1),
        "originals": images.test_ND[:ROWS].cpu().numpy(),
        "reconstructions": decoded(means_NZ[:ROWS]),
        "strips": decoded(lines.flatten(0, 1)).reshape(3, STRIP, -1),
    }
