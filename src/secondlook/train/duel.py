"""The two players of a game at work: whose turn it is, what each step computes, and what a stop needs to know.

Gradients are asked for by parameter, so a step of one player cannot reach the other. Nothing inside a step waits for the device.
Shapes: R replicas of the group, B batch, P numbers recorded per step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from secondlook.nets.noise import GaussianNoise
from secondlook.train import checkpoint
from secondlook.train.averages import HistoricalAveraging, WeightAverage
from secondlook.train.discriminator import Constraint, discriminate
from secondlook.train.game import Game, Measured, Moment
from secondlook.train.resumable import TOLD_TO_END
from secondlook.train.streams import seed_default, torch_generator
from secondlook.train.updates import Updater

#: recorded every step and averaged over the steps since the last record
RECORDED = ("d_loss", "d_real", "d_fake", "g_loss")
#: recorded of each player's newest step before a stop
LAST = ("d_gradient_norm", "d_step_cosine", "g_gradient_norm")
#: where a game asks for it: steps of the discriminator so far whose cosine was negative
UPHILL = "d_uphill"
D, G = 0, 1  # the players, as counters of their streams
TINY = torch.finfo(torch.float32).tiny


class Duel:
    """A group of replicas at play."""

    def __init__(self, game: Game, seeds: tuple[int, ...], device: torch.device) -> None:
        self.game, self.seeds, self.device = game, seeds, device
        self.generator, self.discriminator = game.generator(seeds).to(device), game.discriminator(seeds).to(device)
        self.g_parameters, self.d_parameters = _trained(self.generator), _trained(self.discriminator)
        self.g_updater = Updater(game.generator_rule, self.g_parameters)
        self.d_updater = Updater(game.discriminator_rule, self.d_parameters)
        self.averages: dict[str, WeightAverage] = {}
        self.g_history = self.d_history = None
        if game.historical:
            self.g_history = HistoricalAveraging(self.g_parameters, game.historical)
            self.d_history = HistoricalAveraging(self.d_parameters, game.historical)
            self.averages |= {"g_history": self.g_history.average, "d_history": self.d_history.average}
        if game.average_rate is not None:
            self.averages["d_average"] = WeightAverage(self.d_parameters, game.average_rate, game.average_corrected)
        self.noisy = [layer for net in (self.generator, self.discriminator) for layer in net.modules() if isinstance(layer, GaussianNoise)]
        self.step = self.started = self.recorded = 0
        self.alive = list(seeds)
        gaps = np.diff(sorted({0, *game.record, game.steps}))
        self.window = torch.zeros(int(gaps.max()), len(RECORDED), len(seeds), device=device)  # [steps since the last record, P, R]
        self.d_numbers = torch.zeros(len(RECORDED) - 1, len(seeds), device=device)  # of the discriminator's newest step
        self.last = {name: torch.zeros(len(seeds), device=device) for name in (*LAST, *([UPHILL] if game.watch_uphill else []))}

    # -- a step --------------------------------------------------------------------------------------------------------

    def advance(self, stop: int) -> None:
        """Do generator steps up to ``stop``, or up to the one in which the process is told to end."""
        self.generator.train()
        self.discriminator.train()
        while self.step < stop:
            left = stop - self.step  # steps to do, this one among them; norms are recorded at stops only
            self.window[self.step - self.recorded] = self._both_at_once(left) if self.game.simultaneous else self._alternating(left)
            self.step += 1
            if TOLD_TO_END.is_set():
                return

    def _alternating(self, left: int) -> torch.Tensor:
        game, fake = self.game, None
        if self.step % game.generator_steps == 0:
            turns = game.discriminator_steps(self.step)
            for turn in range(turns):
                self._constrain(game.before_step)
                noise, real = self._noise(D, self.d_updater.done), self._real()
                with torch.set_grad_enabled(game.shared_noise):  # the generator's step will go through these fakes, or nobody will
                    fake = self.generator(noise)
                loss, real_outputs, fake_outputs = discriminate(self.discriminator, real, fake.detach(), game.loss)
                if game.penalty:
                    chances = [torch_generator(seed, "penalty", self.d_updater.done, device=self.device) for seed in self.seeds]
                    loss = loss + game.penalty(self.discriminator, real, fake.detach(), chances)
                last = turn + 1 == turns and left <= game.generator_steps
                self._update_discriminator(torch.autograd.grad(loss.sum(), self.d_parameters), last)
            self.d_numbers = self._d_numbers(loss, real_outputs, fake_outputs)
        if fake is None or not game.shared_noise:
            fake = self.generator(self._noise(G, self.g_updater.done))
        if game.generator_loss:
            g_loss = game.generator_loss(self.discriminator, self._real(G), fake)
        else:
            g_loss = game.loss.generator(self.discriminator(fake))
        self._update_generator(torch.autograd.grad(g_loss.sum(), self.g_parameters), left == 1)
        return torch.cat([self.d_numbers, g_loss.detach()[None]])

    def _both_at_once(self, left: int) -> torch.Tensor:
        self._constrain(self.game.before_step)
        fake = self.generator(self._noise(D, self.d_updater.done))
        d_loss, real_outputs, fake_outputs = discriminate(self.discriminator, self._real(), fake, self.game.loss)
        g_loss = self.game.loss.generator(fake_outputs)
        d_gradients = torch.autograd.grad(d_loss.sum(), self.d_parameters, retain_graph=True)
        g_gradients = torch.autograd.grad(g_loss.sum(), self.g_parameters)
        self._update_discriminator(d_gradients, left == 1)
        self._update_generator(g_gradients, left == 1)
        return torch.cat([self._d_numbers(d_loss, real_outputs, fake_outputs), g_loss.detach()[None]])

    def _update_discriminator(self, gradients: Sequence[torch.Tensor], last: bool) -> None:
        looked_at = last or self.game.watch_uphill
        before = [parameter.detach().clone() for parameter in self.d_parameters] if looked_at else []
        if self.d_history:
            gradients = self.d_history.added_to(gradients)
        self.d_updater.step(gradients)
        if looked_at:
            size, step = self._norm(gradients), [old - new for old, new in zip(before, self.d_parameters, strict=True)]
            self.last["d_gradient_norm"] = size
            self.last["d_step_cosine"] = self._dot(step, gradients) / (self._norm(step) * size).clamp_min(TINY)
        if self.game.watch_uphill:
            self.last[UPHILL] = self.last[UPHILL] + (self.last["d_step_cosine"] < 0)
        self._constrain(self.game.after_step)
        if "d_average" in self.averages:
            self.averages["d_average"].include()

    def _constrain(self, constraint: Constraint | None) -> None:
        if constraint:
            constraint(self.d_parameters)

    def _update_generator(self, gradients: Sequence[torch.Tensor], last: bool) -> None:
        if self.g_history:
            gradients = self.g_history.added_to(gradients)
        self.g_updater.step(gradients)
        if last:
            self.last["g_gradient_norm"] = self._norm(gradients)

    def _real(self, player: int = D) -> torch.Tensor:
        """Real samples [R, B, ...] of a player's step: the discriminator's draws count up from 0, the generator's down from -1."""
        draw = self.d_updater.done if player == D else -1 - self.g_updater.done
        return torch.stack([self.game.data(seed, draw) for seed in self.seeds])

    def _noise(self, player: int, draw: int) -> torch.Tensor:
        """Noise [R, B, ...] of a player's step. A replica that plays alone may draw from the default generator: it is seeded too."""
        if not self.game.together:
            seed_default(self.seeds[0], "dropout", player, draw, device=self.device)
        elif self.noisy:
            chances = [torch_generator(seed, "dropout", player, draw, device=self.device) for seed in self.seeds]
            for layer in self.noisy:
                layer.draw_from(chances)
        generators = (torch_generator(seed, "noise", player, draw, device=self.device) for seed in self.seeds)
        return torch.stack([self.game.noise(self.game.batch, generator) for generator in generators])

    @torch.no_grad()
    def _d_numbers(self, loss: torch.Tensor, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        """What is recorded of a step of the discriminator, [P - 1, R]."""
        shown = self.game.loss.shown
        return torch.stack([loss, shown(real).mean(-1), shown(fake).mean(-1)])

    # -- sums over all weights of a replica ------------------------------------------------------------------------------

    def _rows(self, tensors: Sequence[torch.Tensor]) -> Iterator[torch.Tensor]:
        return (tensor.detach().reshape(len(self.seeds), -1) for tensor in tensors)

    def _dot(self, first: Sequence[torch.Tensor], second: Sequence[torch.Tensor]) -> torch.Tensor:
        total = torch.zeros(len(self.seeds), device=self.device)  # added up in this order: the order of a tensor's sum depends on R
        for a, b in zip(self._rows(first), self._rows(second), strict=True):
            total += (a * b).sum(1)
        return total

    def _norm(self, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        return self._dot(tensors, tensors).sqrt()

    # -- at a stop -------------------------------------------------------------------------------------------------------

    def rows(self) -> dict[int, dict[str, float]]:
        """Seed -> what was recorded since the last row; that record ends here."""
        means = self.window[: self.step - self.recorded].double().mean(0).tolist()
        last = {name: values.tolist() for name, values in self.last.items()}
        return {
            seed: {name: means[place][replica] for place, name in enumerate(RECORDED)}
            | {name: values[replica] for name, values in last.items()}
            for replica, seed in enumerate(self.seeds)
        }

    def find_diverged(self) -> list[tuple[int, int]]:
        """Replicas that have diverged since the last look, as (seed, step of the first loss or weights that were not finite)."""
        recent = self.window[self.started - self.recorded : self.step - self.recorded].isfinite().all(1)  # [steps, R]
        weights = torch.stack([row.isfinite().all(1) for row in self._rows([*self.d_parameters, *self.g_parameters])]).all(0)
        found = []
        for replica, seed in enumerate(self.seeds):
            bad = (~recent[:, replica]).nonzero()
            if seed in self.alive and (len(bad) or not bool(weights[replica])):
                found.append((seed, self.started + int(bad[0]) + 1 if len(bad) else self.step))
                self.alive.remove(seed)
        if self.step in self.game.record:
            self.recorded = self.step
        self.started = self.step
        return found

    @torch.no_grad()
    def measure(self) -> Sequence[Measured]:
        """Measure every replica in evaluation mode."""
        self.generator.eval()
        self.discriminator.eval()
        moment = Moment(self.step, self.seeds, self.generator, self.discriminator, self.game.noise, self.device)
        if "d_average" not in self.averages:
            return self.game.measure(moment)
        kept = [parameter.clone() for parameter in self.d_parameters]
        _put(self.averages["d_average"].values(), self.d_parameters)
        measured = self.game.measure(moment)
        _put(kept, self.d_parameters)
        return measured

    # -- checkpoints -----------------------------------------------------------------------------------------------------

    def _parts(self) -> dict[str, Mapping[str, torch.Tensor]]:
        return {
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "g_updater": self.g_updater.tensors(),
            "d_updater": self.d_updater.tensors(),
            "numbers": {"window": self.window, "newest": self.d_numbers, **self.last},
            **{name: average.tensors() for name, average in self.averages.items()},
        }

    def tensors(self) -> dict[str, torch.Tensor]:
        """All tensors of the group, for a checkpoint."""
        return checkpoint.join(self._parts())

    def state(self) -> dict[str, Any]:
        """All else, as plain JSON."""
        updates = {"g_updates": self.g_updater.done, "d_updates": self.d_updater.done}
        updates |= {name: average.count for name, average in self.averages.items()}
        return {"step": self.step, "started": self.started, "recorded": self.recorded, "alive": self.alive, **updates}

    def load(self, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> None:
        """Put back what `tensors` and `state` gave."""
        parts = {name: checkpoint.part(tensors, name) for name in self._parts()}
        self.generator.load_state_dict(parts["generator"])
        self.discriminator.load_state_dict(parts["discriminator"])
        self.g_updater.load(parts["g_updater"], state["g_updates"])
        self.d_updater.load(parts["d_updater"], state["d_updates"])
        for name, average in self.averages.items():
            average.load(parts[name], state[name])
        self.window.copy_(parts["numbers"]["window"])
        self.d_numbers.copy_(parts["numbers"]["newest"])
        self.last = {name: parts["numbers"][name] for name in self.last}
        self.step, self.started, self.recorded = state["step"], state["started"], state["recorded"]
        self.alive = list(state["alive"])


def _trained(net: nn.Module) -> list[nn.Parameter]:
    """The weights that training moves."""
    return [parameter for parameter in net.parameters() if parameter.requires_grad]


@torch.no_grad()
def _put(values: Sequence[torch.Tensor], parameters: Sequence[torch.Tensor]) -> None:
    """Give weights these values."""
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)
