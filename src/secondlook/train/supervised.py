"""The loop for classifiers: one process trains every replica of a cell, in turn, and can be killed at any moment.

Data stay on the device as uint8; selection, preparation and augmentation of a batch happen there. Nothing inside a step waits for the
device: loss, errors and the finite flag are summed on it and copied once an epoch.
Shapes: N images, B batch, C channels, H height, W width.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from secondlook.errors import UserError
from secondlook.runner.job import History, Job, Result
from secondlook.train import checkpoint
from secondlook.train.device import configure, device_name
from secondlook.train.optimizers import decay_weights, set_lr
from secondlook.train.streams import stream_seed, torch_generator

EVAL_BATCH = 1000


@dataclasses.dataclass(frozen=True)
class Split:
    """Images [N, C, H, W] uint8 and labels [N] int64, on the job's device."""

    images_NCHW: torch.Tensor
    labels_N: torch.Tensor


@dataclasses.dataclass(frozen=True)
class Task:
    """What to train, and how; everything that differs between papers."""

    #: builds the net with torch's default generator, which the loop has seeded from the stream "init"
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

    @property
    def steps(self) -> int:
        """Updates an epoch; the incomplete last batch is dropped, as cifar.torch does."""
        return len(self.train.labels_N) // self.batch


@dataclasses.dataclass
class _Progress:
    """What has been measured so far, and the clock."""

    history: History
    status: dict[int, str]
    replicas_done: int = 0
    #: "<seed>/<name>" -> weights of the completed replicas, where the task keeps them
    weights: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    #: training alone, without evaluation
    images: int = 0
    seconds: float = 0.0
    saved: float = dataclasses.field(default_factory=time.monotonic)


def train_supervised(job: Job, make_task: Callable[[torch.device], Task]) -> Result:
    """Train one replica a seed and return its history, one row a metric and epoch.

    Metrics: train_loss and train_error (means over the epoch's batches, in training mode, as cifar.torch prints them), test_loss,
    test_error (evaluation mode, after the epoch), lr, epoch; ``diverged`` = 1 at the first update whose loss was not finite. Errors are
    percentages. A diverged replica stops there: it is a result, not a failure.
    With no epochs, test_error of the untrained net is all there is.

    Raises:
        UserError: the training split is smaller than a batch, or a checkpoint belongs to another computation.
    """
    device = configure(job)
    task = make_task(device)
    if len(task.train.labels_N) < task.batch:
        raise UserError(f"{job.paper}/{job.experiment}: {len(task.train.labels_N)} training images are less than one batch of {task.batch}")
    progress, resume = _Progress(History(), {}), None
    if found := checkpoint.load(job.work, job.identity, device):
        _, tensors, state = found
        status = {int(seed): text for seed, text in state["status"].items()}
        weights = {name.removeprefix("weights/"): value.cpu().numpy() for name, value in tensors.items() if name.startswith("weights/")}
        progress = _Progress(History(map(tuple, state["history"])), status, state["replicas_done"], weights)
        resume = (tensors, state) if state["epoch"] else None
        where = f"{progress.replicas_done} replicas done" + (f", the next at epoch {state['epoch']}" if resume else "")
        print(f"taking up a checkpoint: {where}", file=sys.stderr, flush=True)
    for seed in job.seeds[progress.replicas_done :]:
        _train_replica(job, task, seed, progress, resume)
        resume = None
        progress.replicas_done += 1
        if progress.replicas_done < len(job.seeds):
            _save(job, task, progress, 0)
    facts = {"device_name": device_name(device)}
    if progress.seconds:
        facts["images_per_second"] = round(progress.images / progress.seconds, 1)
    if device.type == "cuda":
        facts["peak_gpu_memory_mb"] = round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    return Result(progress.history, arrays=progress.weights, status=progress.status, facts=facts)


def _train_replica(job: Job, task: Task, seed: int, progress: _Progress, resume: tuple[dict[str, torch.Tensor], dict] | None) -> None:
    torch.manual_seed(stream_seed(seed, "init"))
    net = task.net().to(task.train.labels_N.device, memory_format=torch.channels_last)
    optimizer = task.optimizer(list(net.parameters()))
    first_epoch = 0
    if resume:
        tensors, state = resume
        net.load_state_dict({name.removeprefix("net/"): value for name, value in tensors.items() if name.startswith("net/")})
        optimizer_tensors = {name.removeprefix("optimizer/"): value for name, value in tensors.items() if name.startswith("optimizer/")}
        checkpoint.unpack_optimizer(optimizer, optimizer_tensors, state["optimizer_groups"])
        first_epoch = state["epoch"]

    for epoch in range(first_epoch, task.epochs):
        started = time.monotonic()
        loss, error, bad_step = _train_epoch(task, net, optimizer, seed, epoch)
        progress.seconds += time.monotonic() - started
        progress.images += task.steps * task.batch
        done = (epoch + 1) * task.steps
        if bad_step >= 0:
            update = epoch * task.steps + bad_step + 1
            progress.history.add(seed, update, diverged=1.0)
            progress.status[seed] = f"diverged at update {update}"
            print(f"seed {seed}: {progress.status[seed]}", file=sys.stderr, flush=True)
            return
        test_loss, test_error = evaluate(task, net)
        tested = {"test_loss": test_loss, "test_error": test_error}
        progress.history.add(seed, done, epoch=epoch + 1, lr=task.lr(epoch, done - 1), train_loss=loss, train_error=error, **tested)
        print(
            f"seed {seed} epoch {epoch + 1}/{task.epochs}: train loss {loss:.4f}, train error {error:.2f} %, "
            f"test error {test_error:.2f} %, {progress.images / progress.seconds:.0f} images/s",
            file=sys.stderr,
            flush=True,
        )
        if epoch + 1 < task.epochs:
            _save(job, task, progress, epoch + 1, net, optimizer)
    if not task.epochs:
        progress.history.add(seed, 0, test_error=evaluate(task, net)[1])
    if task.keep_weights:
        progress.weights |= {f"{seed}/{name}": value.cpu().numpy().copy(order="C") for name, value in net.state_dict().items()}
    progress.status[seed] = "completed"


def _train_epoch(task: Task, net: nn.Module, optimizer: torch.optim.Optimizer, seed: int, epoch: int) -> tuple[float, float, int]:
    """Train for one epoch; return mean loss, error in percent, and the first step (from 0) with a non-finite loss, or -1."""
    steps = task.steps
    device = task.train.labels_N.device
    net.train()
    order = torch.randperm(len(task.train.labels_N), generator=torch_generator(seed, "order", epoch, device=device), device=device)
    losses = torch.zeros(steps, device=device)
    wrong = torch.zeros((), device=device)
    for step in range(steps):
        done = epoch * steps + step
        chosen_B = order[step * task.batch : (step + 1) * task.batch]
        images_BCHW = task.augment(task.train.images_NCHW[chosen_B], torch_generator(seed, "augment", done, device=device))
        labels_B = task.train.labels_N[chosen_B]
        torch.manual_seed(stream_seed(seed, "dropout", done))
        lr = task.lr(epoch, done)
        set_lr(optimizer, lr)
        optimizer.zero_grad(set_to_none=True)
        logits = net(task.prepare(images_BCHW).contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits, labels_B)
        loss.backward()
        if task.decoupled_weight_decay:
            decay_weights(list(net.parameters()), 1 - lr * task.decoupled_weight_decay)
        optimizer.step()
        losses[step] = loss.detach()
        wrong += (logits.detach().argmax(1) != labels_B).sum()
    finite = losses.isfinite().cpu()  # the epoch's one wait for the device
    bad_step = -1 if bool(finite.all()) else int((~finite).nonzero()[0])
    return float(losses.double().mean()), 100 * float(wrong) / (steps * task.batch), bad_step


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


def _save(
    job: Job, task: Task, progress: _Progress, epoch: int, net: nn.Module | None = None, optimizer: torch.optim.Optimizer | None = None
) -> None:
    """Write a checkpoint if the last one is old enough: inside a replica with net and optimizer, between two replicas without."""
    if time.monotonic() - progress.saved < job.checkpoint_seconds:
        return
    tensors = {f"weights/{name}": torch.from_numpy(value) for name, value in progress.weights.items()}
    groups: list[dict] = []
    if net is not None and optimizer is not None:
        optimizer_tensors, groups = checkpoint.pack_optimizer(optimizer)
        tensors |= {f"net/{name}": value for name, value in net.state_dict().items()}
        tensors |= {f"optimizer/{name}": value for name, value in optimizer_tensors.items()}
    state = {
        "replicas_done": progress.replicas_done,
        "epoch": epoch,
        "history": progress.history.rows,
        "status": progress.status,
        "optimizer_groups": groups,
    }
    checkpoint.save(job.work, (progress.replicas_done * task.epochs + epoch) * task.steps, job.identity, tensors, state)
    progress.saved = time.monotonic()
