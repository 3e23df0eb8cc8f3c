import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from toy_task import make_task, net, train

from secondlook.errors import UserError
from secondlook.train import supervised
from secondlook.train.streams import stream_seed, torch_generator

SCRIPT = Path(__file__).parents[1] / "helpers/toy_task.py"


def rows(result, seed: int) -> list[tuple]:
    return [row for row in result.history.rows if row[0] == seed]


def test_the_loop_is_the_obvious_loop(make_job) -> None:
    """Against a plain loop written with DataLoader-like indexing, one step after the other, bit for bit."""
    result = train(make_job(seeds=(3,)), epochs=2, rule="sgd", lr=0.1)
    task = make_task(torch.device("cpu"), epochs=2)
    torch.manual_seed(stream_seed(3, "init"))
    model = net().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    expected = []
    for epoch in range(2):
        model.train()
        order = torch.randperm(64, generator=torch_generator(3, "order", epoch))
        losses, wrong = [], 0
        for step in range(4):
            done = epoch * 4 + step
            index = order[step * 16 : step * 16 + 16]
            images = task.augment(task.train.images_NCHW[index], torch_generator(3, "augment", done))
            torch.manual_seed(stream_seed(3, "dropout", done))
            for group in optimizer.param_groups:
                group["lr"] = 0.1 * 0.9**epoch
            optimizer.zero_grad()
            logits = model(task.prepare(images).to(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits, task.train.labels_N[index])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            wrong += int((logits.argmax(1) != task.train.labels_N[index]).sum())
        model.eval()
        with torch.no_grad():
            logits = model(task.prepare(task.test.images_NCHW))
        expected += [sum(losses) / 4, 100 * wrong / 64, 100 * float((logits.argmax(1) != task.test.labels_N).double().mean())]
    measured = [value for _, _, metric, value in result.history.rows if metric in ("train_loss", "train_error", "test_error")]
    assert measured == expected


def test_it_learns(make_job) -> None:
    history = train(make_job(seeds=(0,)), epochs=30).history.rows
    losses = [value for _, _, metric, value in history if metric == "train_loss"]
    assert losses[-1] < 0.6 * losses[0]


def test_same_seed_same_bits_another_seed_other_bits(make_job) -> None:
    first, second = (train(make_job(seeds=(5, 6))) for _ in range(2))
    assert first.history.to_csv() == second.history.to_csv()
    assert [row[3] for row in rows(first, 5)] != [row[3] for row in rows(first, 6)]


def test_alone_and_among_others_are_the_same_bits(make_job) -> None:
    together = train(make_job(seeds=(4, 5, 6)))
    for seed in (4, 5, 6):
        assert rows(train(make_job(seeds=(seed,))), seed) == rows(together, seed)


def test_global_randomness_plays_no_part(make_job) -> None:
    first = train(make_job()).history.to_csv()
    torch.manual_seed(123)
    torch.rand(7)
    assert train(make_job()).history.to_csv() == first


def test_threads_of_the_caller_play_no_part(make_job) -> None:
    first = train(make_job()).history.to_csv()
    torch.set_num_threads(2)
    assert train(make_job()).history.to_csv() == first


@pytest.mark.parametrize("rule", ["sgd", "heavy_ball", "adagrad", "rmsprop", "adam"])
def test_k_steps_kill_resume_rest_is_n_steps(make_job, tmp_path, dies, rule) -> None:
    """The process dies within the second epoch of the second replica; the resumed one must end with the same bits."""
    straight = train(make_job(seeds=(1, 2)), rule=rule)
    job = make_job(seeds=(1, 2), checkpoint_seconds=0.0, work=tmp_path / rule)
    assert dies(16 + 1 + 6, lambda: train(job, rule=rule))
    resumed = train(job, rule=rule)
    assert resumed.history.to_csv() == straight.history.to_csv()
    assert resumed.status == straight.status


def test_told_to_end_it_saves_at_the_next_update_and_goes_on_later(make_job, tmp_path, told) -> None:
    """Also within an epoch, whose sums the checkpoint holds."""
    straight = train(make_job(seeds=(1, 2)), epochs=2)
    for after in itertools.count(1):
        job = make_job(seeds=(1, 2), work=tmp_path / str(after))
        if not told(after, lambda job=job: train(job, epochs=2)):
            break
        assert train(job, epochs=2).history.to_csv() == straight.history.to_csv(), f"told at look {after}"
    assert after - 1 == 2 * 2 * 4 + 1, "two replicas, two epochs of four updates, and once between the replicas"


def test_a_resumed_replica_has_the_memory_layout_of_one_that_never_stopped() -> None:
    """Weights, buffers and the optimizer's states, from what a checkpoint gives back: contiguous tensors."""
    task = make_task(torch.device("cpu"), rule="adam")
    straight, resumed = (supervised._Replica(task, 3) for _ in range(2))
    supervised._train_epoch(straight)
    resumed.load({name: tensor.contiguous() for name, tensor in straight.tensors().items()}, json.loads(json.dumps(straight.state())))
    expected, found = straight.tensors(), resumed.tensors()
    assert not expected["net/0.weight"].is_contiguous() and not expected["optimizer/0/exp_avg"].is_contiguous()
    assert {name: tensor.stride() for name, tensor in found.items()} == {name: tensor.stride() for name, tensor in expected.items()}
    assert all(torch.equal(tensor, expected[name]) for name, tensor in found.items())


def test_no_epochs_measure_the_untrained_net(make_job) -> None:
    result = train(make_job(seeds=(1, 2)), epochs=0)
    assert [row[:3] for row in result.history.rows] == [(1, 0, "test_error"), (2, 0, "test_error")]
    task = make_task(torch.device("cpu"))
    torch.manual_seed(stream_seed(2, "init"))
    assert result.history.rows[1][3] == supervised.evaluate(task, net().to(memory_format=torch.channels_last))[1]
    assert result.status == {1: "completed", 2: "completed"}
    assert result.arrays == {}


@pytest.mark.parametrize("dies_at", [3, 17, 22])
@pytest.mark.parametrize("epochs", [4, 0])
def test_weights_of_finished_replicas_survive_a_kill(make_job, tmp_path, dies, dies_at: int, epochs: int) -> None:
    """Checkpoints of three replicas of four epochs of four updates: 1 to 16 inside the first, 17 after it, 22 inside the second."""
    straight = train(make_job(seeds=(1, 2, 3)), epochs=epochs, keep_weights=True)
    job = make_job(seeds=(1, 2, 3), checkpoint_seconds=0.0, work=tmp_path / "killed")
    assert dies(dies_at if epochs else 2, lambda: train(job, epochs=epochs, keep_weights=True))
    resumed = train(job, epochs=epochs, keep_weights=True)
    assert set(resumed.arrays) == {f"{seed}/{name}" for seed in (1, 2, 3) for name in net().state_dict()}
    assert {name: array.tobytes() for name, array in resumed.arrays.items()} == {
        name: array.tobytes() for name, array in straight.arrays.items()
    }
    assert {name: array.shape for name, array in resumed.arrays.items()} == {name: value.shape for name, value in straight.arrays.items()}
    assert resumed.history.to_csv() == straight.history.to_csv()


def run_script(work: Path, out: Path, epochs: int = 40) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, str(SCRIPT), str(work), str(out), "1,2", str(epochs)], stderr=subprocess.PIPE, text=True)


def test_kill_9_in_the_middle_and_a_fresh_process(tmp_path: Path) -> None:
    straight = run_script(tmp_path / "straight", tmp_path / "straight.json")
    killed = run_script(tmp_path / "killed", tmp_path / "killed.json")
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "killed").glob("step-*.sha256"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed.json").exists(), "it ended before it could be killed; give it more epochs"
    resumed = run_script(tmp_path / "killed", tmp_path / "killed.json")
    _, log = resumed.communicate()
    assert resumed.returncode == 0, log
    assert "taking up a checkpoint" in log
    assert straight.wait() == 0
    assert json.loads((tmp_path / "killed.json").read_text()) == json.loads((tmp_path / "straight.json").read_text())


def test_a_checkpoint_of_other_hyper_parameters_is_refused(make_job, dies) -> None:
    assert dies(1, lambda: train(make_job(checkpoint_seconds=0.0, identity="lr 0.1")))
    with pytest.raises(UserError, match="lr 0.2"):
        train(make_job(identity="lr 0.2"))


def test_a_diverged_replica_is_recorded_and_touches_no_other(make_job) -> None:
    """One seed's images are poisoned at its sixth update; the others go on as if alone."""

    def poison(images, generator):
        return torch.full_like(images, 255) if generator.initial_seed() == stream_seed(1, "augment", 5) else images

    def prepare(images):
        batch = images.float() / 255 - 0.5
        return torch.where((images == 255).all(), torch.tensor(float("nan")), batch)

    result = train(make_job(seeds=(0, 1, 2)), augment=poison, prepare=prepare)
    assert result.status == {0: "completed", 1: "diverged at update 6", 2: "completed"}
    assert rows(result, 1)[-1] == (1, 6, "diverged", 1.0)
    assert max(step for _, step, _, _ in rows(result, 1)) == 6
    clean = train(make_job(seeds=(0, 2)), augment=poison, prepare=prepare)
    assert rows(clean, 2) == rows(result, 2)


def test_a_run_that_diverges_by_its_step_size(make_job) -> None:
    assert train(make_job(), rule="sgd", lr=1e38).status[0].startswith("diverged at update")


def test_decoupled_decay_acts_and_differs_from_coupled(make_job) -> None:
    plain, decayed = (train(make_job(), decoupled_weight_decay=decay).history.to_csv() for decay in (0.0, 0.5))
    assert plain != decayed


def test_a_split_smaller_than_a_batch_is_refused(make_job) -> None:
    with pytest.raises(UserError, match="64 training images are less than one batch of 100"):
        train(make_job(), batch=100)


def test_evaluation_does_not_depend_on_its_batches(monkeypatch) -> None:
    task = make_task(torch.device("cpu"))
    torch.manual_seed(0)
    model = net().to(memory_format=torch.channels_last)
    whole = supervised.evaluate(task, model)
    monkeypatch.setattr(supervised, "EVAL_BATCH", 5)
    assert supervised.evaluate(task, model) == pytest.approx(whole, rel=1e-6)


def test_evaluation_leaves_batch_statistics_alone() -> None:
    task = make_task(torch.device("cpu"))
    model = net().to(memory_format=torch.channels_last)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    supervised.evaluate(task, model)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_no_step_waits_for_the_gpu(make_job) -> None:
    device = supervised.configure(make_job(device="cuda"))
    task = make_task(device)
    replica = supervised._Replica(task, 0)
    supervised._train_epoch(replica)
    waits = []
    cpu = torch.Tensor.cpu
    torch.cuda.set_sync_debug_mode("error")
    try:
        torch.Tensor.cpu = lambda tensor: (torch.cuda.set_sync_debug_mode("default"), waits.append(1), cpu(tensor))[2]
        supervised._train_epoch(replica)
    finally:
        torch.Tensor.cpu = cpu
        torch.cuda.set_sync_debug_mode("default")
    assert len(waits) == 1, "one copy per epoch"


# -- what a task may ask for besides ----------------------------------------------------------------------------------


def test_each_replica_draws_images_of_its_own(make_job) -> None:
    task = make_task(torch.device("cpu"), drawn=40)
    kept = {seed: task.of(seed).train for seed in (1, 2)}
    for split in kept.values():
        places = [(task.train.images_NCHW == image).all((1, 2, 3)).nonzero().item() for image in split.images_NCHW]
        assert len(set(places)) == 40
        assert torch.equal(split.labels_N, task.train.labels_N[places])
    assert not torch.equal(kept[1].images_NCHW, kept[2].images_NCHW)
    assert torch.equal(kept[1].images_NCHW, task.of(1).train.images_NCHW)
    together = train(make_job(seeds=(1, 2)), drawn=40)
    assert max(step for _, step, _, _ in together.history.rows) == 4 * 2, "two batches of 16 an epoch"
    assert rows(train(make_job(seeds=(2,)), drawn=40), 2) == rows(together, 2)
    assert rows(train(make_job(seeds=(2,)), train=kept[2]), 2) == rows(together, 2), "as if these images were all that there are"


@pytest.mark.parametrize(("drawn", "message"), [(65, "65 images are to be drawn from 64"), (15, "less than one batch of 16")])
def test_a_wrong_number_of_images_to_draw(make_job, drawn: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        train(make_job(), drawn=drawn)


def test_a_test_at_the_end_alone_changes_no_other_number(make_job) -> None:
    always, once = (train(make_job(), test_at_end=at_end).history.rows for at_end in (False, True))
    assert [row for row in once if row[2].startswith("test")] == [row for row in always if row[2].startswith("test")][-2:]
    assert [row for row in once if not row[2].startswith("test")] == [row for row in always if not row[2].startswith("test")]


def test_a_measurement_sees_each_epoch_and_changes_no_other_number(make_job) -> None:
    moments = []

    def measure(moment: supervised.Moment) -> dict[str, float]:
        moments.append((moment.seed, moment.epoch, moment.tested["test_error"], len(moment.task.train.labels_N)))
        torch.rand(7)
        moment.arrays[f"{moment.seed}/seen"] = np.full(1, moment.epoch)
        return {"seen": float(moment.epoch)}

    plain, measured = train(make_job(seeds=(1, 2))), train(make_job(seeds=(1, 2)), measure=measure)
    assert [row for row in measured.history.rows if row[2] != "seen"] == plain.history.rows
    assert [row[3] for row in measured.history.rows if row[2] == "seen"] == [1, 2, 3, 4] * 2
    errors = [value for _, _, metric, value in plain.history.rows if metric == "test_error"]
    assert moments == [(seed, epoch, errors[4 * (seed - 1) + epoch - 1], 64) for seed in (1, 2) for epoch in (1, 2, 3, 4)]
    assert {name: array.tolist() for name, array in measured.arrays.items()} == {"1/seen": [4], "2/seen": [4]}
