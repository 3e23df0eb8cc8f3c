"""What a fake feels that lies on the real side of the decision boundary, far beyond the data, while D is trained (Mao et al. 2017, Fig. 1).

In the plane: data at the origin, fakes at x = -2, and further fakes, "beyond", at x = +2. A D that separates the first two takes those
beyond for real. In the situation "unseen" it was not trained on them, as for a generator that has just moved there; in "seen" they are a
fifth of its fakes.
Shapes: R replicas of both situations, B batch.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from secondlook.errors import UserError, did_you_mean
from secondlook.nets.mlp import StackedMLP
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import at_least, at_most
from secondlook.train.device import configure
from secondlook.train.discriminator import fit_discriminator
from secondlook.train.game import init_generators
from secondlook.train.losses import adversarial_loss
from secondlook.train.streams import torch_generator
from secondlook.train.updates import Adam

#: loss -> output at which D does not know: the middle of its two targets
BOUNDARY = {"minimax": 0.0, "non-saturating": 0.0, "ls-0-1-1": 0.5, "ls-neg1-1-0": 0.0}
#: share of D's training fakes that lie beyond the data
SITUATIONS = {"unseen": 0.0, "seen": 0.2}
DISTANCE, STD = 2.0, 0.3
#: a mean over fewer fakes is not taken
FEWEST = 0.05
#: outputs of D from minus to plus this are drawn
RANGE = 6.0
#: what is left of a push is not less than this, the smallest number of float32
LEAST = 1e-45


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of this training."""

    #: losses of the two players
    #: one that has a decision boundary
    loss: str
    #: updates of the discriminator
    steps: int
    #: batch size
    batch: int = 128
    #: step size of Adam
    lr: float = 1e-3
    #: units of each hidden layer
    width: int = 64
    #: rows of the history
    #: about so many, evenly spaced on a logarithmic scale from the first update to the last
    records: int = 25
    #: fakes of each place that the gradient is measured at
    probes: int = 500
    #: updates of a discriminator that has learnt but is far from its best
    #: the push is compared at the last row up to there, too
    moderate: int = 250

    def __post_init__(self) -> None:
        if self.loss not in BOUNDARY:
            raise UserError(f"setting 'loss': '{self.loss}' has no decision boundary here.{did_you_mean(self.loss, BOUNDARY)}")
        at_least(self, 1, "steps", "batch", "width", "records", "probes", "moderate")
        at_most(self, "records", "steps")
        at_least(self, 0, "lr")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` may write."""
        rows = ("real_side", "push_left", "push_beyond", "relative_push")
        last = ("mean_relative_push", *(f"{push}_decades{when}" for push in ("push_beyond", "push_left") for when in ("", "_moderate")))
        return {f"{name}_{situation}" for name in (*rows, *last) for situation in SITUATIONS}


def run(job: Job) -> Result:
    """Train two discriminators per seed, all together; a row's step counts their updates.

    Arrays of the first seed, situation "unseen", for the paper's Fig. 2: "<seed>/curve" [3, N], outputs of D, G's loss there and the size
    of its slope; "<seed>/outputs" [2, probes], D's outputs at the last step on the fakes that it was trained to reject and on those beyond.

    Metrics, each for a situation s; the push on a fake x is the norm of the gradient of G's loss at x, one loss per fake:

    - ``real_side_<s>``: share of the fakes beyond that D takes for real
    - ``push_beyond_<s>``, ``relative_push_<s>``: mean push on those, and the same over the mean push on all fakes, half of them beyond;
      0 to 2, and free of the loss's scale. Not recorded where hardly any fake lies there
    - ``push_left_<s>``: mean push on the other fakes
    - last row: ``mean_relative_push_<s>``, the mean over the rows, missing ones as 1 (nothing is special about those fakes);
      ``push_beyond_decades_<s>`` and ``push_left_decades_<s>``, log10 of what is left of the largest ``push_beyond_<s>`` and
      ``push_left_<s>`` at the last row that has one, and ``..._decades_moderate_<s>``, the same as if the training ended after
      ``moderate`` updates; 0 (nothing was seen to fade) where no row has one
    """
    settings = job.settings(Settings)
    device, loss = configure(job), adversarial_loss(settings.loss)
    seeds, places = job.seeds * len(SITUATIONS), [name for name in SITUATIONS for _ in job.seeds]
    # The first two weights of a seed's pair are the same: only what D sees differs.
    net = StackedMLP([2, settings.width, settings.width, 1], init_generators(seeds, "discriminator")).to(device)
    shares = torch.tensor([SITUATIONS[place] for place in places], device=device)[:, None]
    probes = _around(seeds, "eval", 0, 2 * settings.probes, device)
    probes[:, : settings.probes, 0] -= DISTANCE
    probes[:, settings.probes :, 0] += DISTANCE
    history: dict[int, dict[str, dict[int, float]]] = {seed: {} for seed in job.seeds}
    arrays = {f"{job.seeds[0]}/curve": curve(settings.loss)}

    def draw(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        real, fake = _around(seeds, "data", step, 2 * settings.batch, device).chunk(2, dim=1)
        place = torch.arange(settings.batch, device=device)[None] < shares * settings.batch
        return real, fake + torch.stack([torch.where(place, DISTANCE, -DISTANCE), torch.zeros_like(place, dtype=fake.dtype)], -1)

    def watch(step: int) -> None:
        points = probes.clone().requires_grad_()
        outputs = net(points)
        (gradient,) = torch.autograd.grad(loss.generator(outputs[..., None]).sum(), [points])
        push, outputs = gradient.norm(dim=-1).double().cpu().numpy(), outputs.detach().cpu().numpy()
        if step == settings.steps:
            arrays[f"{job.seeds[0]}/outputs"] = outputs[places.index("unseen")].reshape(2, -1)
        for seed, place, sizes, values in zip(seeds, places, push, outputs, strict=True):
            for name, value in measure(sizes, values > BOUNDARY[settings.loss], settings.probes).items():
                history[seed].setdefault(f"{name}_{place}", {})[step] = value

    watched = sorted(set(np.geomspace(1, settings.steps, settings.records).round().astype(int).tolist()))
    fit_discriminator(net, draw, loss, Adam(settings.lr), settings.steps, watched=watched, watch=watch)
    result = History()
    for seed, metrics in history.items():
        for name, values in metrics.items():
            for step, value in values.items():
                result.add(seed, step, **{name: value})
        for place in SITUATIONS:
            relative = metrics.get(f"relative_push_{place}", {})
            summary = {f"mean_relative_push_{place}": float(np.mean([relative.get(step, 1.0) for step in watched]))}
            for name in ("push_beyond", "push_left"):
                rows = metrics.get(f"{name}_{place}", {})
                summary[f"{name}_decades_{place}"] = decades(rows)
                summary[f"{name}_decades_moderate_{place}"] = decades({step: rows[step] for step in rows if step <= settings.moderate})
            result.add(seed, settings.steps, **summary)
    return Result(result, arrays)


def curve(name: str) -> np.ndarray:
    """Return outputs of D [N], what G loses on a fake with that output, and the size of the slope there: [3, N]."""
    outputs = torch.linspace(-RANGE, RANGE, 241, dtype=torch.float64, requires_grad=True)
    losses = adversarial_loss(name).generator(outputs[:, None])
    (slopes,) = torch.autograd.grad(losses.sum(), [outputs])
    return torch.stack([outputs, losses, slopes.abs()]).detach().numpy()


def decades(push: dict[int, float]) -> float:
    """Return log10 of the last value over the largest, given the push at some steps; 0 where there is none."""
    return math.log10(max(push[max(push)], LEAST) / max(*push.values(), LEAST)) if push else 0.0


def measure(push: np.ndarray, real_side: np.ndarray, probes: int) -> dict[str, float]:
    """Return the metrics of one net from the push on 2 * ``probes`` fakes, the second half beyond, and which D takes for real."""
    there = real_side[probes:]
    row = {"real_side": float(there.mean()), "push_left": float(push[:probes].mean())}
    if there.mean() >= FEWEST:
        row["push_beyond"] = float(push[probes:][there].mean())
        row["relative_push"] = row["push_beyond"] / float(push.mean())
    return row


def _around(seeds: tuple[int, ...], stream: str, draw: int, count: int, device: torch.device) -> torch.Tensor:
    """Points around the origin, [R, count, 2]."""
    generators = (torch_generator(seed, stream, draw, device=device) for seed in seeds)
    return torch.stack([STD * torch.randn(count, 2, generator=generator, device=device) for generator in generators])
