"""The loop for classifiers: one process trains every replica of a cell, one after the other.

Data stay on the device as uint8; selection, preparation and augmentation of a batch happen there. Nothing inside a step waits for the
device: loss, errors and the finite flag are summed on it and copied once per epoch.
Shapes: N images, B batch, C channels, H height, W width.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from secondlook.errors import UserError
from secondlook.runner.job import Job, Result
from secondlook.train import checkpoint
from secondlook.train.device import configure
from secondlook.train.optimizers import decay_weights, set_lr
from secondlook.train.resumable import Progress
from secondlook.train.streams import seed_default, torch_generator

EVAL_BATCH = 1000
#: what `train_supervised` measures after every epoch
METRICS = ("epoch", "lr", "train_loss", "train_error", "test_loss", "test_error")


@dataclasses.dataclass(frozen=True)
class Split:
    """Images [N, C, H, W] uint8 and labels [N] int64, on the job's device."""

    images_NCHW: torch.Tensor
    labels_N: torch.Tensor


@dataclasses.dataclass(frozen=True)
class Task:
    """What to train, and how; everything that differs between papers."""

    #: builds the net, on the CPU, with torch's default generator, which the loop has seeded from the stream "init"
    net: Callable[[], nn.Module]
    optimizer: Callable[[list[nn.Parameter]], torch.optim.Optimizer]
    #: (epoch counted from 0, updates done) -> step size
    lr: Callable[[int, int], float]
    train: Split
    test: Split
    #: uint8 [B, C, H, W] -> what the net takes, float32
    prepare: Callable[[torch.Tensor], torch.Tensor]
    #: (uint8 [B, C, H, W], generator of the stream "augment" on the device) -> uint8 [B, C, H, W]
    augment: Callable[[torch.Tensor, torch.Generator], torch.Tensor]
    epochs: int
    batch: int
    #: decoupled weight decay; coupled decay is the optimizer's own
    decoupled_weight_decay: float = 0.0
    #: True: the weights (the net's state) of every completed replica become the result's arrays "<seed>/<name>"
    keep_weights: bool = False
    #: training images that each replica draws for itself, without replacement (stream "data"); None: all, for all replicas
    drawn: int | None = None
    #: True: the test split is looked at after the last epoch alone
    test_at_end: bool = False
    #: further metrics of an epoch
    measure: Callable[[Moment], Mapping[str, float]] | None = None

    @property
    def steps(self) -> int:
        """Updates per epoch; the incomplete last batch is dropped, as cifar.torch does."""
        return len(self.train.labels_N) // self.batch

    @property
    def device(self) -> torch.device:
        """Where the data are."""
        return self.train.labels_N.device

    def of(self, seed: int) -> Task:
        """The task of one replica, with the training images that it draws."""
        if self.drawn is None:
            return self
        chosen = torch.randperm(len(self.train.labels_N), generator=torch_generator(seed, "data"))[: self.drawn].to(self.device)
        return dataclasses.replace(self, train=Split(self.train.images_NCHW[chosen], self.train.labels_N[chosen]), drawn=None)


@dataclasses.dataclass(frozen=True)
class Moment:
    """A replica after an epoch, for a task's own measurements, which must leave the net as it is."""

    #: with the training images of this replica
    task: Task
    net: nn.Module
    seed: int
    #: epochs done
    epoch: int
    #: what was measured on the test split after this epoch
    tested: Mapping[str, float]
    #: the result's arrays; what is put here survives a kill
    arrays: dict[str, np.ndarray]


class _Replica:
    """A net in training."""

    def __init__(self, task: Task, seed: int) -> None:
        self.task, self.seed, self.epoch, self.batch = task.of(seed), seed, 0, 0  # epochs, and batches of the one under way, that are done
        #: of the epoch under way: the loss of each batch, and how many images were taken for another class
        self.losses, self.wrong = torch.zeros(self.task.steps, device=task.device), torch.zeros((), device=task.device)
        seed_default(seed, "init")  # the net is built on the CPU
        self.net = task.net().to(task.device).to(memory_format=torch.channels_last)
        self.optimizer = task.optimizer(list(self.net.parameters()))

    @property
    def step(self) -> int:
        """Updates done."""
        return self.epoch * self.task.steps + self.batch

    def tensors(self) -> dict[str, torch.Tensor]:
        """Weights, buffers, what the optimizer remembers, and what the epoch under way has summed up."""
        epoch = {"losses": self.losses, "wrong": self.wrong}
        return checkpoint.join({"net": self.net.state_dict(), "optimizer": checkpoint.pack_optimizer(self.optimizer)[0], "epoch": epoch})

    def state(self) -> dict[str, Any]:
        """All else, as plain JSON."""
        return {"epoch": self.epoch, "batch": self.batch, "optimizer": checkpoint.pack_optimizer(self.optimizer)[1]}

    def load(self, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> None:
        """Put back what `tensors` and `state` gave."""
        self.net.load_state_dict(checkpoint.part(tensors, "net"))
        checkpoint.unpack_optimizer(self.optimizer, checkpoint.part(tensors, "optimizer"), state["optimizer"])
        self.epoch, self.batch = state["epoch"], state["batch"]
        self.losses, self.wrong = (checkpoint.part(tensors, "epoch")[name] for name in ("losses", "wrong"))


def train_supervised(job: Job, make_task: Callable[[torch.device], Task]) -> Result:
    """Train one replica per seed and return its history, one row per metric and epoch.

    Metrics: train_loss and train_error (means over the epoch's batches, in training mode, as cifar.torch prints them), test_loss,
    test_error (evaluation mode, after the epoch), lr, epoch; ``diverged`` = 1 at the first update whose loss was not finite. Errors are
    percentages. A diverged replica stops there: it is a result, not a failure.
    With no epochs, test_error of the untrained net is all there is.

    Raises:
        UserError: the training split is smaller than a batch, or a checkpoint belongs to another computation.
    """
    device = configure(job)
    task = make_task(device)
    count = len(task.train.labels_N)
    if task.drawn is not None and task.drawn > count:
        raise UserError(f"{job.paper}/{job.experiment}: {task.drawn} images are to be drawn from {count}")
    if (count if task.drawn is None else task.drawn) < task.batch:
        raise UserError(f"{job.paper}/{job.experiment}: {count} training images are less than one batch of {task.batch}")
    progress = Progress(job, device, [(seed,) for seed in job.seeds], unit="images")
    for replica in progress.groups(lambda seeds: _Replica(task, *seeds)):
        _train(replica, progress)
    return progress.result()


def _train(replica: _Replica, progress: Progress) -> None:
    """Train to the end, or until the loss is not finite."""
    task, net, seed = replica.task, replica.net, replica.seed
    for epoch in range(replica.epoch, task.epochs):
        with progress.working((task.steps - replica.batch) * task.batch):
            loss, error, bad_step = _train_epoch(replica, lambda: progress.save(replica))
        if bad_step >= 0:
            progress.diverged(seed, epoch * task.steps + bad_step + 1, unit="update")
            return
        done = replica.step
        tested, said = {}, ""
        if epoch + 1 == task.epochs or not task.test_at_end:
            tested = dict(zip(("test_loss", "test_error"), evaluate(task, net), strict=True))
            said = f"test error {tested['test_error']:.2f} %, "
        if task.measure:
            tested |= task.measure(Moment(task, net, seed, epoch + 1, tested, progress.arrays))
        progress.history.add(seed, done, epoch=epoch + 1, lr=task.lr(epoch, done - 1), train_loss=loss, train_error=error, **tested)
        print(
            f"seed {seed} epoch {epoch + 1}/{task.epochs}: train loss {loss:.4f}, train error {error:.2f} %, "
            f"{said}{progress.rate:.0f} images/s",
            file=sys.stderr,
            flush=True,
        )
    if not task.epochs:
        progress.history.add(seed, 0, test_error=evaluate(task, net)[1])
    if task.keep_weights:
        progress.arrays |= {f"{seed}/{name}": value.cpu().numpy().copy(order="C") for name, value in net.state_dict().items()}
    progress.status[seed] = "completed"


def _train_epoch(replica: _Replica, after_batch: Callable[[], None] = lambda: None) -> tuple[float, float, int]:
    """Train to the end of the epoch under way; return mean loss, error in percent, and the first step (from 0) with a bad loss, or -1.

    A bad loss is one that is not finite. ``after_batch`` is called between two updates, where a checkpoint may be written.
    """
    task, net, optimizer, seed, epoch = replica.task, replica.net, replica.optimizer, replica.seed, replica.epoch
    steps, device = task.steps, task.device
    net.train()
    order = torch.randperm(len(task.train.labels_N), generator=torch_generator(seed, "order", epoch, device=device), device=device)
    for step in range(replica.batch, steps):
        done = epoch * steps + step
        chosen_B = order[step * task.batch : (step + 1) * task.batch]
        images_BCHW = task.augment(task.train.images_NCHW[chosen_B], torch_generator(seed, "augment", done, device=device))
        labels_B = task.train.labels_N[chosen_B]
        seed_default(seed, "dropout", done, device=device)
        lr = task.lr(epoch, done)
        set_lr(optimizer, lr)
        optimizer.zero_grad(set_to_none=True)
        logits = net(task.prepare(images_BCHW).contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits, labels_B)
        loss.backward()
        if task.decoupled_weight_decay:
            decay_weights(list(net.parameters()), 1 - lr * task.decoupled_weight_decay)
        optimizer.step()
        replica.losses[step] = loss.detach()
        replica.wrong += (logits.detach().argmax(1) != labels_B).sum()
        replica.batch += 1
        after_batch()
    finite = replica.losses.isfinite().cpu()  # the epoch's one wait for the device
    bad_step = -1 if bool(finite.all()) else int((~finite).nonzero()[0])
    found = float(replica.losses.double().mean()), 100 * float(replica.wrong) / (steps * task.batch), bad_step
    replica.epoch, replica.batch, replica.wrong = epoch + 1, 0, torch.zeros_like(replica.wrong)
    return found


@torch.inference_mode()
def evaluate(task: Task, net: nn.Module) -> tuple[float, float]:
    """Return loss (mean) and error (percent) on the test split in evaluation mode."""
    net.eval()
    loss = torch.zeros((), device=task.test.labels_N.device, dtype=torch.float64)
    wrong = torch.zeros((), device=task.test.labels_N.device)
    for images_BCHW, labels_B in zip(task.test.images_NCHW.split(EVAL_BATCH), task.test.labels_N.split(EVAL_BATCH), strict=True):
        logits = net(task.prepare(images_BCHW).contiguous(memory_format=torch.channels_last))
        loss += F.cross_entropy(logits, labels_B, reduction="sum").double()
        wrong += (logits.argmax(1) != labels_B).sum()
    count = len(task.test.labels_N)
    return float(loss) / count, 100 * float(wrong) / count
