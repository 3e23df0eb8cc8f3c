"""Codes in two parts: what each task trains and measures."""

from __future__ import annotations

import pytest
import torch

from secondlook.errors import UserError
from secondlook.papers.makhzani2015 import parts
from secondlook.papers.makhzani2015.parts import Parts, Settings, measured
from secondlook.papers.makhzani2015.training import load, to_pixels
from secondlook.runner.job import Job, Result

CPU = torch.device("cpu")
TASKS = {
    "semi": {"task": "semi", "labelled": 40, "style": 4},
    "clusters": {"task": "clusters", "clusters": 16, "style": 4, "held_out": 50},
    "style": {"task": "style", "style": 3},
}


def group_of(job: Job) -> Parts:
    settings = job.settings(Settings)
    return Parts(settings, load(job, settings, CPU), job.seeds, CPU)


def rows(result: Result, seed: int) -> list[tuple]:
    return [row[1:] for row in result.history.rows if row[0] == seed]


@pytest.mark.parametrize("task", TASKS)
def test_a_run_writes_its_metrics_and_a_replica_is_the_same_alone(job, task: str) -> None:
    made = job(seeds=(5, 3), **TASKS[task])
    together = parts.run(made)
    assert {name for _, name, _ in rows(together, 3)} == made.settings(Settings).metrics()
    assert rows(together, 3) == rows(parts.run(job(seeds=(3,), **TASKS[task])), 3) != rows(together, 5)
    assert set(together.arrays) == {"5/styles"} and together.arrays["5/styles"].shape == (8, TASKS[task].get("clusters", 10), 256)


def test_the_nets_of_the_paper() -> None:
    """Two layers of 1,000: encoder 784-1000-1000-(10 + 10), decoder (10 + 10)-1000-1000-784, discriminators 10-1000-1000-1."""
    settings = Settings(
        task="semi", labelled=100, style=10, side=28, hidden=(1000, 1000), steps=1, batch=1, lr=1.0, adversarial_lr=1.0, d_width=1000
    )

    def count(net: torch.nn.Module) -> int:
        return sum(parameter.numel() for parameter in net.parameters())

    net = settings.autoencoder((0,), 20, 20)
    assert count(net.encoder) == 785 * 1000 + 1001 * 1000 + 1001 * 20
    assert count(net.decoder) == 21 * 1000 + 1001 * 1000 + 1001 * 784
    assert count(settings.discriminator((0,), 10)) == 11 * 1000 + 1001 * 1000 + 1001


def test_which_nets_each_phase_moves(job, monkeypatch) -> None:
    """Reconstruction: encoder and decoder. Regularisation: both discriminators, then the encoder. Classification: the encoder alone."""
    group = group_of(job(**TASKS["semi"]))
    nets = {"encoder": group.net.encoder, "decoder": group.net.decoder} | {name: one.net for name, one in group.adversaries.items()}
    moved, step = [], torch.autograd.grad

    def watched(loss, parameters):
        owners = {name for name, net in nets.items() if {id(each) for each in net.parameters()} & {id(each) for each in parameters}}
        moved.append(owners)
        return step(loss, parameters)

    monkeypatch.setattr(torch.autograd, "grad", watched)
    group.phases(0)
    assert moved == [{"encoder", "decoder"}, {"class"}, {"style"}, {"encoder"}, {"encoder"}]


def test_the_labelled_images_are_few_and_a_replicas_own(job) -> None:
    group = group_of(job(**TASKS["semi"]))
    assert group.labelled_RN.shape == (2, 40) and not torch.equal(*group.labelled_RN)
    assert all(len(row.unique()) == 40 for row in group.labelled_RN)
    assert group.labelled_batches(0).max() < 40


def test_the_labelled_images_are_learnt(job) -> None:
    settings = {**TASKS["semi"], "labelled": 32, "steps": 60, "records": 2, "lr": 0.01}
    first, last = (value for _, name, value in rows(parts.run(job(seeds=(3,), **settings)), 3) if name == "class_loss")
    assert last < 0.7 * first


def test_the_decoder_of_style_is_told_the_label(job) -> None:
    group = group_of(job(**TASKS["style"]))
    images = to_pixels(group.images.test_ND[:4])[None].expand(2, -1, -1)
    labels = torch.tensor([[1, 2, 3, 9]] * 2)
    classes, style = group.encode(images, labels)
    assert torch.equal(classes.argmax(-1), labels) and classes.sum() == 8 and style.shape == (2, 4, 3)
    assert set(group.adversaries) == {"style"}


def test_draws_of_the_class_part_are_one_hot_and_even(job) -> None:
    group = group_of(job(**TASKS["clusters"]))
    draws = torch.cat([group._draw("class", 3, step) for step in range(200)])
    assert set(draws.unique().tolist()) == {0.0, 1.0} and (draws.sum(1) == 1).all()
    assert draws.mean(0).tolist() == pytest.approx([1 / 16] * 16, abs=0.015)


def test_a_cluster_has_the_label_of_the_image_that_it_is_surest_of(job, monkeypatch) -> None:
    """By hand, three held-out images, two clusters in use: cluster 0 is named 7 by its surest image, cluster 1 is named 4."""
    group = group_of(job(**{**TASKS["clusters"], "clusters": 2}))
    sure = torch.tensor([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8]])
    test = torch.tensor([[0.8, 0.2], [0.7, 0.3], [0.1, 0.9], [0.3, 0.7]])
    images = group.images
    small = type(images)(
        images.train_ND,
        images.train_labels_N,
        images.held_out_ND[:3],
        torch.tensor([4, 7, 4]),
        images.test_ND[:4],
        torch.tensor([7, 4, 4, 0]),
    )
    answers = iter([(test, torch.zeros(4, 4)), (sure, torch.zeros(3, 4))])
    monkeypatch.setattr(parts, "encoded", lambda *_: next(answers))
    assert measured(group, 0, small, None)["test_error"] == 50.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"task": "semi", "style": 4}, "'labelled'"),
        ({"task": "style", "style": 4, "labelled": 10}, "'labelled'"),
        ({"task": "clusters", "style": 4}, "'held_out'"),
        ({"task": "style", "style": 4, "clusters": 16}, "'clusters'"),
    ],
)
def test_wrong_settings_name_themselves(job, wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parts.run(job(**wrong))
