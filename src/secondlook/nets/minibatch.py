"""Minibatch discrimination (Salimans et al. 2016, section 3.2): features that say how near the others of a batch are.

Shapes: R replicas, B batch, A features of an example, K kernels, C numbers of a kernel.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


def closeness(rows_RBKC: torch.Tensor) -> torch.Tensor:
    """Return o [R, B, K], the sum over the *other* examples j of exp(-||M_i,k - M_j,k||_1), M the rows of one batch.

    The paper's sum also has j = i, which adds 1 to all of them; the released code leaves it out, as here.
    """
    replicas, batch, kernels, numbers = rows_RBKC.shape
    rows = rows_RBKC.transpose(1, 2).reshape(replicas * kernels, batch, numbers)
    near = torch.exp(-torch.cdist(rows, rows, p=1)).sum(-1) - 1
    return near.view(replicas, kernels, batch).transpose(1, 2)


class MinibatchFeatures(nn.Module):
    """f [R, B, A] -> [R, B, A + K]: the features themselves, then `closeness` of M = f T, so that D sees a batch at a time.

    What an example gets depends on how many others there are: a net is used at the batch size that it was trained at. Real data and fakes
    are two batches.

    Args:
        features: A.
        kernels: K, the paper's B.
        numbers: C.
        generators: one a replica, which T is drawn from: N(0, 0.05) before normalization, as the released code has it.
        normalised: as the released code (mnist_svhn_cifar10/nn.py, MinibatchLayer): each column of T is normalised and has a scale that is
            learned, and a bias of -1 is added. Else T is plain, uniform on +-1 / root(A), as torch starts a linear layer.
    """

    def __init__(
        self, features: int, kernels: int, numbers: int, generators: Sequence[torch.Generator], *, normalised: bool = False
    ) -> None:
        super().__init__()
        replicas = len(generators)
        tensor = torch.empty(replicas, features, kernels * numbers)
        for replica, generator in enumerate(generators):
            if normalised:
                tensor[replica].normal_(0, 0.05, generator=generator)
            else:
                tensor[replica].uniform_(-(features**-0.5), features**-0.5, generator=generator)
        self.kernels, self.tensor = kernels, nn.Parameter(tensor)
        self.log_scale = nn.Parameter(torch.zeros(replicas, 1, kernels * numbers)) if normalised else None
        self.bias = nn.Parameter(torch.full((replicas, 1, kernels), -1.0)) if normalised else None

    def _rows(self, features_RBA: torch.Tensor) -> torch.Tensor:
        """M, [R, B, K, C]."""
        tensor: torch.Tensor = self.tensor
        if self.log_scale is not None:
            tensor = tensor * (self.log_scale.exp() / tensor.square().sum(1, keepdim=True).sqrt())
        return (features_RBA @ tensor).unflatten(-1, (self.kernels, -1))

    def forward(self, features_RBA: torch.Tensor) -> torch.Tensor:
        """Return [R, B, A + K]."""
        near = closeness(self._rows(features_RBA))
        return torch.cat([features_RBA, near if self.bias is None else near + self.bias], -1)

    @torch.no_grad()
    def initialise(self, features_RBA: torch.Tensor) -> torch.Tensor:
        """Set scale and bias from data, where there are any, and return what `forward` gives then.

        Half the mean distance to the nearest other becomes 1, and the mean closeness 0 (nn.py, MinibatchLayer with init=True).
        """
        if self.log_scale is not None and self.bias is not None:
            rows = self._rows(features_RBA)
            distances = torch.cdist(rows.transpose(1, 2), rows.transpose(1, 2), p=1)  # [R, K, B, B]
            nearest = distances + 1e6 * torch.eye(distances.shape[-1], device=distances.device)
            typical_RK = nearest.amin(-1).mean(-1) / 2
            self.log_scale.sub_(typical_RK.log().repeat_interleave(rows.shape[-1], 1)[:, None])
            self.bias.copy_(-closeness(self._rows(features_RBA)).mean(1, keepdim=True))
        return self(features_RBA)
