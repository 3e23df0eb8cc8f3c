"""What a code should follow: a Gaussian, or the paper's mixture of ten Gaussians in the plane (section 2.3, Figures 2 and 4).

Source of the mixture's numbers: conan7882/adversarial-autoencoders @2b753eb, distribution.py, since the paper gives none.
Shapes: K components, N points, Z coordinates, ... any leading axes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from secondlook.errors import UserError
from secondlook.train.variational import normal_log_density

#: components of the mixture, one a class
COMPONENTS = 10
#: distance of a component's mean from the origin, its standard deviation along that line, and across it
SHIFT, ALONG, ACROSS = 1.4, 0.5, 0.1
#: cells that the prior is cut into, about as many for each prior
CELLS = 400


@dataclass(frozen=True, eq=False)
class Prior:
    """Equal mixture of K Gaussians; a draw of component k is mean + factor @ N(0, I)."""

    means_KZ: torch.Tensor
    factors_KZZ: torch.Tensor

    @property
    def components(self) -> int:
        """K."""
        return len(self.means_KZ)

    def sample(self, count: int, generator: torch.Generator, components_N: torch.Tensor | None = None) -> torch.Tensor:
        """Return ``count`` draws [N, Z]; ``components_N`` says of which component each is, -1 of any."""
        any_N = torch.randint(self.components, (count,), generator=generator, device=generator.device)
        components_N = any_N if components_N is None else torch.where(components_N < 0, any_N, components_N)
        noise_NZ = torch.randn(count, self.means_KZ.shape[1], generator=generator, device=generator.device)
        return self.means_KZ[components_N] + (self.factors_KZZ[components_N] @ noise_NZ[:, :, None])[:, :, 0]

    def _whitened(self, z: torch.Tensor) -> torch.Tensor:
        """Points [..., Z] in the coordinates of each component, where that is N(0, I): [..., K, Z]."""
        inverse_KZZ = torch.linalg.inv(self.factors_KZZ).to(z.dtype)
        return torch.einsum("kij,...kj->...ki", inverse_KZZ, z[..., None, :] - self.means_KZ.to(z.dtype))

    def _log_densities(self, whitened: torch.Tensor) -> torch.Tensor:
        return normal_log_density(whitened) - torch.linalg.slogdet(self.factors_KZZ)[1].to(whitened.dtype)

    def log_density(self, z: torch.Tensor) -> torch.Tensor:
        """Return the log density [...] at points [..., Z]."""
        return self._log_densities(self._whitened(z)).logsumexp(-1) - math.log(self.components)

    def component(self, z: torch.Tensor) -> torch.Tensor:
        """Return the likeliest component [...] of points [..., Z], int64."""
        return self._log_densities(self._whitened(z)).argmax(-1)

    def empty_cells(self, z_N2: torch.Tensor) -> float:
        """Return the share of cells of the plane without a point: of all components, cut into squares of equal probability.

        A point belongs to its likeliest component, there to a square of the grid that its two coordinates' normal distribution functions
        make. Of one component the cells have exactly equal probability, of several nearly, where these hardly overlap.
        """
        whitened = self._whitened(z_N2)
        component_N = self._log_densities(whitened).argmax(-1)
        own_N2 = whitened[torch.arange(len(z_N2)), component_N]
        side = round(math.sqrt(CELLS / self.components))
        cells_N2 = (torch.special.ndtr(own_N2) * side).long().clamp(0, side - 1)
        cell_N = (component_N * side + cells_N2[:, 0]) * side + cells_N2[:, 1]
        return 1 - len(cell_N.unique()) / (self.components * side**2)


def gaussian(size: int, std: float, device: torch.device) -> Prior:
    """Return N(0, std^2 I) in ``size`` coordinates."""
    return Prior(torch.zeros(1, size, device=device), std * torch.eye(size, device=device)[None])


def mixture(std: float, device: torch.device) -> Prior:
    """Return the ten-armed star in the plane, all its lengths times ``std``."""
    angles = torch.arange(COMPONENTS, dtype=torch.float64) * (2 * math.pi / COMPONENTS)
    along_K2 = torch.stack([angles.cos(), angles.sin()], 1)
    across_K2 = torch.stack([-angles.sin(), angles.cos()], 1)
    factors = torch.stack([ALONG * along_K2, ACROSS * across_K2], 2)
    return Prior((std * SHIFT * along_K2).float().to(device), (std * factors).float().to(device))


def make_prior(name: str, size: int, std: float, device: torch.device) -> Prior:
    """Return the prior that settings name.

    Raises:
        UserError: a mixture is asked for in another space than the plane.
    """
    if name == "gaussian":
        return gaussian(size, std, device)
    if size != 2:
        raise UserError(f"setting 'prior': the mixture lies in the plane; it needs code: 2, not {size}")
    return mixture(std, device)
