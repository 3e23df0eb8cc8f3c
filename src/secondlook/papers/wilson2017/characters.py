"""A small model of characters: from the last eight characters of a novel to the next one, by a perceptron, under the paper's update rules.

It stands in for the paper's L1 (a two-layer LSTM on War and Peace), in a setting where a difference between rules can be seen in seconds.
Each seed has its own passage of the novel to train on, its own start and its own order of batches, so that rules are compared seed by
seed. Held out is the text that follows the passage, cut into blocks of which every other one is for validation and the rest for the test:
how far a novel has moved on since the passage matters more than the rule, so that must not differ between seeds.
Shapes: R replicas, N windows, B windows of a batch, T characters, V vocabulary.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from secondlook.data.load import load
from secondlook.nets.mlp import StackedMLP
from secondlook.runner.job import History, Job, Result
from secondlook.runner.ranges import above, at_least
from secondlook.train.device import configure
from secondlook.train.flat import Flat, FlatRule
from secondlook.train.optimizers import RuleName, check_eps
from secondlook.train.streams import numpy_generator, torch_generator

#: characters of a block of held-out text
BLOCK = 2000
#: rows of the history, evenly spaced over the updates
RECORDS = 10
#: windows that are evaluated at once
CHUNK = 2000


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the protocol may say of it."""

    #: update rule
    optimizer: RuleName
    #: step size
    lr: float
    #: characters to train on
    #: a passage that the seed draws
    passage: int = 50_000
    #: characters held out
    #: those that follow the passage
    held_out: int = 100_000
    #: epochs
    epochs: int = 5
    #: batch size
    batch: int = 128
    #: characters of context
    context: int = 8
    #: numbers that stand for a character
    embedding: int = 16
    #: hidden units
    hidden: int = 128
    #: share of the updates after which the step size is a tenth
    #: 1: it stays as it is
    cut: float = 0.8
    #: epsilon of the update rule
    #: None: the rule's own
    eps: float | None = None
    #: weight decay
    weight_decay: float = 0.0
    #: form of the weight decay
    weight_decay_form: Literal["coupled", "decoupled"] = "coupled"
    #: windows that each loss is measured on at the end
    windows: int = 20_000
    #: windows that each loss is measured on before
    windows_before: int = 2_000

    def __post_init__(self) -> None:
        at_least(self, 1, "epochs", "batch", "context", "embedding", "hidden", "windows", "windows_before")
        at_least(self, self.context + self.batch, "passage")
        at_least(self, 2 * BLOCK, "held_out")
        at_least(self, 0, "lr", "weight_decay")
        at_least(self, 0, "cut", most=1)
        above(self, 0, "eps")
        check_eps(self.optimizer, self.eps)

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` writes."""
        return {"train_loss", "validation_loss", "test_loss"}

    @property
    def updates_per_epoch(self) -> int:
        """Updates of an epoch; the incomplete last batch is dropped."""
        return (self.passage - self.context) // self.batch


class Characters(nn.Module):
    """R perceptrons over the embedded context [R, B, T]: embedding, one hidden layer of rectified units, scores of V characters."""

    def __init__(self, settings: Settings, vocabulary: int, generators: list[torch.Generator]) -> None:
        super().__init__()
        rows = [torch.randn(vocabulary, settings.embedding, generator=generator) for generator in generators]  # torch.nn.Embedding's law
        self.embedding = nn.Parameter(torch.stack(rows))
        self.net = StackedMLP([settings.context * settings.embedding, settings.hidden, vocabulary], generators, shape=(vocabulary,))

    def forward(self, context_RBT: torch.Tensor) -> torch.Tensor:
        """Return scores [R, B, V]."""
        replicas, vocabulary, _ = self.embedding.shape
        rows = context_RBT + torch.arange(replicas, device=context_RBT.device).view(-1, 1, 1) * vocabulary
        return self.net(F.embedding(rows, self.embedding.flatten(0, 1)))


def held_out(settings: Settings, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Starts of all windows of the validation and of the test blocks after a passage that begins at ``first``; none leaves its block."""
    blocks = first + settings.passage + BLOCK * np.arange(settings.held_out // BLOCK)
    starts = blocks[:, None] + np.arange(BLOCK - settings.context)
    return starts[0::2].ravel(), starts[1::2].ravel()


def run(job: Job) -> Result:
    """Train one replica per seed, all of them together; a row's step counts updates.

    Metrics: train_loss, validation_loss and test_loss, mean cross-entropies of the net as it stands, each on windows that the seed draws
    from its passage and from the blocks after it; fewer of them before the end. A replica whose loss is not finite gets ``diverged`` = 1
    at that row and is measured no more.
    """
    settings, device = job.settings(Settings), configure(job)
    ((path, digest),) = job.datasets.values()
    letters, text_array = np.unique(load(path, digest)["text"], return_inverse=True)
    text_NT = (
        torch.from_numpy(text_array).to(device).unfold(0, settings.context + 1, 1)
    )  # every window: a context and the character after it
    net = Characters(settings, len(letters), [torch_generator(seed, "init") for seed in job.seeds]).to(device)
    flat = Flat(net.parameters())
    rule = FlatRule(settings.optimizer, flat, settings.eps, settings.weight_decay, settings.weight_decay_form)
    passages_RN, measured = _windows(settings, len(text_array), job.seeds, device)
    total = settings.epochs * settings.updates_per_epoch
    rows = {round(part * total / RECORDS) for part in range(1, RECORDS + 1)}
    history, status = History(), dict.fromkeys(job.seeds, "completed")
    for update in range(total):
        epoch, step = divmod(update, settings.updates_per_epoch)
        if step == 0:
            orders = [torch.randperm(passages_RN.shape[1], generator=torch_generator(seed, "order", epoch)) for seed in job.seeds]
            starts_RN = passages_RN.gather(1, torch.stack(orders).to(device))
        batch = starts_RN[:, step * settings.batch : (step + 1) * settings.batch]
        flat.differentiate(_losses(net, text_NT, batch).sum() / settings.batch)
        rule.step(settings.lr * (0.1 if update >= settings.cut * total else 1.0))
        if update + 1 in rows:
            last = update + 1 == total
            count = settings.windows if last else settings.windows_before
            names = measured if last else ("train_loss", "test_loss")
            values = {name: _evaluate(net, text_NT, measured[name][:, :count]) for name in names}
            for replica, seed in enumerate(job.seeds):
                if status[seed] != "completed":
                    continue
                found = {name: losses[replica] for name, losses in values.items()}
                if np.isfinite(list(found.values())).all():
                    history.add(seed, update + 1, **found)
                else:
                    history.add(seed, update + 1, diverged=1.0)
                    status[seed] = f"diverged at update {update + 1}"
    return Result(history, status=status)


def _windows(settings: Settings, length: int, seeds: Sequence[int], device: torch.device) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Where the windows start that each seed is trained on, [R, N], and those that each metric is measured on."""
    chosen: dict[str, list[np.ndarray]] = {"train": [], "train_loss": [], "validation_loss": [], "test_loss": []}
    for seed in seeds:
        first = int(numpy_generator(seed, "data").integers(length - settings.passage - settings.held_out + 1))
        passage, (validation, test) = first + np.arange(settings.passage - settings.context), held_out(settings, first)
        chosen["train"].append(passage)
        for stream, (name, starts) in enumerate({"train_loss": passage, "validation_loss": validation, "test_loss": test}.items()):
            drawn = numpy_generator(seed, "eval", stream).choice(starts, min(settings.windows, len(starts)), replace=False)
            chosen[name].append(drawn)
    windows = {name: torch.from_numpy(np.stack(starts)).to(device) for name, starts in chosen.items()}
    return windows.pop("train"), windows


def _losses(net: Characters, text_NT: torch.Tensor, starts_RB: torch.Tensor) -> torch.Tensor:
    """Cross-entropy [R, B] of the last character of the windows that start there."""
    windows = text_NT.index_select(0, starts_RB.flatten()).unflatten(0, starts_RB.shape)
    scores = net(windows[:, :, :-1])
    return F.cross_entropy(scores.flatten(0, 1), windows[:, :, -1].flatten(), reduction="none").view(starts_RB.shape)


@torch.inference_mode()
def _evaluate(net: Characters, text_NT: torch.Tensor, starts_RN: torch.Tensor) -> list[float]:
    """Mean loss of each replica."""
    losses_RN = torch.cat([_losses(net, text_NT, part) for part in starts_RN.split(CHUNK, dim=1)], dim=1).double()
    return [float(losses.mean()) for losses in losses_RN]  # one by one: a sum over the whole would depend on the neighbours
