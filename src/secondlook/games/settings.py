"""The settings that all games share: losses, update rules, whose turn it is, what happens to the weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from secondlook.errors import UserError
from secondlook.runner.ranges import above, at_least, at_most
from secondlook.train.duel import LAST, RECORDED
from secondlook.train.extras import Clip, GradientPenalty, constant_steps, wgan_steps
from secondlook.train.losses import adversarial_loss
from secondlook.train.updates import SGD, Adam, RMSProp, Rule, TensorFlowRMSProp


@dataclasses.dataclass(frozen=True, kw_only=True)
class GameSettings:
    """Settings of a game. A value may be a mapping from losses to values: the entry of this run's loss counts."""

    #: losses of the two players
    #: a name of `secondlook.train.losses.LOSSES`
    loss: str
    #: generator steps
    steps: int
    #: batch size
    batch: int
    #: rows of the history
    #: evenly spaced; the last is after the last step
    records: int = 20
    #: update rule of both players
    optimizer: Literal["adam", "rmsprop", "sgd"] = "adam"
    #: step size of the discriminator
    d_lr: float
    #: step size of the generator
    g_lr: float
    #: beta1 of Adam
    beta1: float = 0.5
    #: beta2 of Adam
    beta2: float = 0.999
    #: alpha of RMSProp
    alpha: float = 0.99
    #: form of RMSProp
    #: of torch or of TensorFlow (`secondlook.train.updates`)
    rmsprop: Literal["torch", "tensorflow"] = "torch"
    #: momentum of SGD
    momentum: float = 0.0
    #: momentum of SGD at the end of its schedule
    #: None: the momentum stays what it is
    momentum_end: float | None = None
    #: updates over which SGD's momentum moves to its end
    momentum_updates: int = 1
    #: divisor of SGD's step size after each update
    lr_divisor: float = 1.0
    #: least step size of SGD's schedule
    lr_least: float = 0.0
    #: discriminator steps before each turn of the generator
    d_steps: int = 1
    #: generator steps in a row
    g_steps: int = 1
    #: warm-up of the critic
    #: its steps for each of the first 25 generator steps and every 500th; the official WGAN code has 100; 0: as for all others
    warm_up: int = 0
    #: bound of the discriminator's weights
    clip: float | None = None
    #: moment at which the discriminator's weights are clamped
    #: after or before each of its steps
    clip_when: Literal["after", "before"] = "after"
    #: weight of the gradient penalty
    #: added to the discriminator's loss, as in WGAN-GP; None: there is none
    penalty: float | None = None
    #: simultaneous steps of the players
    #: False: they alternate
    simultaneous: bool = False
    #: fakes that the players share
    #: the generator's step takes those of the discriminator's last one
    shared_noise: bool = False

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Mapping):
                if self.loss not in value:
                    raise UserError(f"setting '{field.name}' has no entry for the loss '{self.loss}'; it has {', '.join(map(str, value))}")
                object.__setattr__(self, field.name, value[self.loss])
        adversarial_loss(self.loss)
        at_least(self, 1, "steps", "batch", "records", "d_steps", "g_steps", "momentum_updates")
        at_most(self, "records", "steps")
        at_least(self, 0, "d_lr", "g_lr", "warm_up", "momentum", "momentum_end", "lr_least")
        at_least(self, 0, "beta1", "beta2", "alpha", below=1)
        above(self, 0, "clip", "penalty", "lr_divisor")
        if self.simultaneous and (self.d_steps, self.g_steps, self.warm_up, self.penalty) != (1, 1, 0, None):
            raise UserError(
                "settings: a simultaneous game has one step of each player and no penalty; "
                "leave out 'd_steps', 'g_steps', 'warm_up' and 'penalty'"
            )

    def metrics(self) -> set[str]:
        """Names of all metrics that a run with these settings may write; any may write ``diverged`` besides."""
        return {*RECORDED, *LAST}

    def rule(self, lr: float) -> Rule:
        """The update rule of a player."""
        if self.optimizer == "adam":
            return Adam(lr, self.beta1, self.beta2)
        if self.optimizer == "rmsprop":
            return (TensorFlowRMSProp if self.rmsprop == "tensorflow" else RMSProp)(lr, self.alpha)
        return SGD(lr, self.momentum, self.lr_divisor, self.lr_least, self.momentum_end, self.momentum_updates)

    def record_steps(self) -> tuple[int, ...]:
        """Generator steps after which a row is written, 0 among them."""
        return tuple(round(part * self.steps / self.records) for part in range(self.records + 1))

    def game_fields(self) -> dict[str, Any]:
        """The fields of `secondlook.train.game.Game` that these settings decide."""
        clip = Clip(self.clip) if self.clip is not None else None
        return {
            "loss": adversarial_loss(self.loss),
            "generator_rule": self.rule(self.g_lr),
            "discriminator_rule": self.rule(self.d_lr),
            "batch": self.batch,
            "steps": self.steps,
            "record": self.record_steps(),
            "discriminator_steps": wgan_steps(self.d_steps, self.warm_up) if self.warm_up else constant_steps(self.d_steps),
            "generator_steps": self.g_steps,
            "simultaneous": self.simultaneous,
            "shared_noise": self.shared_noise,
            "before_step": clip if self.clip_when == "before" else None,
            "after_step": clip if self.clip_when == "after" else None,
            "penalty": GradientPenalty(self.penalty) if self.penalty is not None else None,
        }
