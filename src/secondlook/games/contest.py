"""The settings that all games share: losses, update rules, whose turn it is, what happens to the weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

from secondlook.errors import UserError
from secondlook.train.extras import Clip, constant_steps, wgan_steps
from secondlook.train.losses import adversarial_loss
from secondlook.train.updates import SGD, Adam, RMSProp, Rule


@dataclasses.dataclass(frozen=True, kw_only=True)
class Contest:
    """Settings of a game. A value may be a mapping from losses to values: the entry of this run's loss counts."""

    #: a name of `secondlook.train.losses.LOSSES`
    loss: str
    #: generator steps
    steps: int
    batch: int
    #: rows of the history, evenly spaced; the last is after the last step
    records: int = 20
    optimizer: Literal["adam", "rmsprop", "sgd"] = "adam"
    d_lr: float
    g_lr: float
    #: of Adam
    beta1: float = 0.5
    beta2: float = 0.999
    #: of RMSProp
    alpha: float = 0.99
    #: of SGD, with the two schedules of `secondlook.train.updates.SGD`
    momentum: float = 0.0
    momentum_end: float | None = None
    momentum_updates: int = 1
    lr_divisor: float = 1.0
    lr_least: float = 0.0
    #: discriminator steps before each step of the generator, and generator steps in a row
    d_steps: int = 1
    g_steps: int = 1
    #: the official WGAN code's 100 critic steps for the first 25 generator steps and every 500th
    warm_up: bool = False
    #: bound of the discriminator's weights, and when they are clamped
    clip: float | None = None
    clip_when: Literal["after", "before"] = "after"
    simultaneous: bool = False
    #: the generator's step takes the fakes of the discriminator's last one
    shared_noise: bool = False

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Mapping):
                if self.loss not in value:
                    raise UserError(f"setting '{field.name}' has no entry for the loss '{self.loss}'; it has {', '.join(map(str, value))}")
                object.__setattr__(self, field.name, value[self.loss])
        adversarial_loss(self.loss)
        if self.steps < 1 or not 1 <= self.records <= self.steps:
            raise UserError(f"settings: 'records' must be from 1 to 'steps', got records {self.records} and steps {self.steps}")
        if self.clip is not None and not self.clip > 0:
            raise UserError(f"setting 'clip' must be above 0, got {self.clip}")
        if min(self.d_lr, self.g_lr) < 0:
            raise UserError(f"settings: step sizes must not be below 0, got d_lr {self.d_lr} and g_lr {self.g_lr}")
        if self.optimizer not in ("adam", "rmsprop", "sgd"):
            raise UserError(f"setting 'optimizer': '{self.optimizer}' is not known; known: adam, rmsprop, sgd")
        for name in ("batch", "d_steps", "g_steps"):
            if getattr(self, name) < 1:
                raise UserError(f"setting '{name}' must be at least 1, got {getattr(self, name)}")
        if self.simultaneous and (self.d_steps, self.g_steps, self.warm_up) != (1, 1, False):
            raise UserError("settings: a simultaneous game has one step of each player; leave out 'd_steps', 'g_steps' and 'warm_up'")
        if self.clip_when not in ("after", "before"):
            raise UserError(f"setting 'clip_when': '{self.clip_when}' is not known; known: after, before")

    def rule(self, lr: float) -> Rule:
        """The update rule of a player."""
        if self.optimizer == "adam":
            return Adam(lr, self.beta1, self.beta2)
        if self.optimizer == "rmsprop":
            return RMSProp(lr, self.alpha)
        return SGD(lr, self.momentum, self.lr_divisor, self.lr_least, self.momentum_end, self.momentum_updates)

    def record_steps(self) -> tuple[int, ...]:
        """Generator steps after which a row is written, 0 among them."""
        return tuple(round(part * self.steps / self.records) for part in range(self.records + 1))

    def moves(self) -> dict[str, Any]:
        """The fields of `secondlook.train.game.Game` that these settings decide."""
        clip = Clip(self.clip) if self.clip is not None else None
        return {
            "loss": adversarial_loss(self.loss),
            "generator_rule": self.rule(self.g_lr),
            "discriminator_rule": self.rule(self.d_lr),
            "batch": self.batch,
            "steps": self.steps,
            "record": self.record_steps(),
            "discriminator_steps": (wgan_steps if self.warm_up else constant_steps)(self.d_steps),
            "generator_steps": self.g_steps,
            "simultaneous": self.simultaneous,
            "shared_noise": self.shared_noise,
            "before_step": clip if self.clip_when == "before" else None,
            "after_step": clip if self.clip_when == "after" else None,
        }
