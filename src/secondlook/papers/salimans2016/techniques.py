"""The paper's techniques by name, each alone and each left out of the full recipe, and the nets and losses that they change.

The recipe is what Table 3 calls "our methods": everything but feature matching and historical averaging (its caption).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import torch
from torch import nn

from secondlook.nets.features import FeatureDiscriminator, feature_gap
from secondlook.runner.ranges import above, at_least
from secondlook.train.game import Game
from secondlook.train.losses import AdversarialLoss, adversarial_loss, smoothed

TechniqueName = Literal[
    "none",
    "feature_matching",
    "minibatch",
    "historical",
    "one_sided",
    "two_sided",
    "batch_norm",
    "virtual",
    "recipe",
    "recipe_no_minibatch",
    "recipe_no_smoothing",
    "recipe_batch_norm",
]


@dataclasses.dataclass(frozen=True)
class Technique:
    """Which of the techniques are on."""

    feature_matching: bool = False
    minibatch: bool = False
    historical: bool = False
    smoothing: Literal["none", "one_sided", "two_sided"] = "none"
    #: of the generator
    norm: Literal["none", "batch", "virtual"] = "none"


RECIPE = Technique(minibatch=True, smoothing="one_sided", norm="virtual")
TECHNIQUES: dict[str, Technique] = {
    "none": Technique(),
    "feature_matching": Technique(feature_matching=True),
    "minibatch": Technique(minibatch=True),
    "historical": Technique(historical=True),
    "one_sided": Technique(smoothing="one_sided"),
    "two_sided": Technique(smoothing="two_sided"),
    "batch_norm": Technique(norm="batch"),
    "virtual": Technique(norm="virtual"),
    "recipe": RECIPE,
    "recipe_no_minibatch": dataclasses.replace(RECIPE, minibatch=False),
    "recipe_no_smoothing": dataclasses.replace(RECIPE, smoothing="none"),
    "recipe_batch_norm": dataclasses.replace(RECIPE, norm="batch"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TechniqueSettings:
    """Settings of the techniques, beside those of a game."""

    #: techniques that are on
    #: a name of `TECHNIQUES`
    technique: TechniqueName
    #: kernels of minibatch discrimination
    kernels: int = 8
    #: numbers of each of its kernels
    kernel_size: int = 2
    #: lambda, the weight of historical averaging
    averaging: float = 0.01
    #: smoothed target of real data
    alpha: float = 0.9
    #: smoothed target of fakes, where both sides are smoothed
    beta: float = 0.1
    #: reference batch of virtual batch normalization
    reference: int = 64

    def __post_init__(self) -> None:
        at_least(self, 1, "kernels", "kernel_size", "reference")
        above(self, 0, "averaging", "alpha", "beta")
        at_least(self, 0, "alpha", "beta", most=1)

    @property
    def on(self) -> Technique:
        """What the name stands for."""
        return TECHNIQUES[self.technique]

    def pair(self) -> AdversarialLoss:
        """The non-saturating pair, with D's targets smoothed where they are."""
        if self.on.smoothing == "none":
            return adversarial_loss("non-saturating")
        return smoothed(self.alpha, self.beta if self.on.smoothing == "two_sided" else 0.0)


def with_losses(game: Game, settings: TechniqueSettings) -> Game:
    """Return the game with the losses and costs of its techniques; its nets are built by the caller."""
    return dataclasses.replace(
        game,
        loss=settings.pair(),
        generator_loss=match_features if settings.on.feature_matching else None,
        historical=settings.averaging if settings.on.historical else 0.0,
    )


def match_features(discriminator: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Return the loss of feature matching, [R]: f is the discriminator's last hidden layer."""
    assert isinstance(discriminator, FeatureDiscriminator)
    return feature_gap(discriminator.features(real), discriminator.features(fake))


@torch.no_grad()
def share_of_companions(generator: nn.Module, fixed_RFZ: torch.Tensor, companions: Sequence[torch.Tensor]) -> list[float]:
    """Return, per replica, which share of the variance of what a generator makes of fixed noise comes from the rest of the batch.

    Args:
        generator: noise [R, B, Z] -> samples [R, B, ...].
        fixed_RFZ: noise of the samples that are looked at.
        companions: the noise of the rest of a batch, several draws of [R, B - F, Z].
    """
    count = fixed_RFZ.shape[1]
    made = torch.stack([generator(torch.cat([fixed_RFZ, rest], 1))[:, :count].double() for rest in companions]).flatten(3)  # [D, R, F, P]
    between = made.var(0, correction=0).mean((1, 2))
    total = made.transpose(1, 2).flatten(0, 1).var(0, correction=0).mean(-1)
    return (between / total).tolist()
