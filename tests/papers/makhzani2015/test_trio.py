"""The three models against the usual loop with torch.nn and torch.optim; replicas alone and among others; kills."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from secondlook.errors import UserError
from secondlook.papers.makhzani2015 import prior as module
from secondlook.papers.makhzani2015 import training
from secondlook.papers.makhzani2015.priors import make_prior
from secondlook.papers.makhzani2015.training import load, to_pixels
from secondlook.papers.makhzani2015.trio import Trio
from secondlook.runner.job import Job, Result
from secondlook.train.streams import torch_generator

CPU = torch.device("cpu")
CELLS = {
    "ae": {"model": "ae"},
    "vae": {"model": "vae"},
    "aae": {"model": "aae"},
    "vae, wide prior": {"model": "vae", "prior_std": 2.0},
    "vae, mixture": {"model": "vae", "prior": "mixture"},
    "aae, mixture": {"model": "aae", "prior": "mixture"},
    "aae, labels": {"model": "aae", "prior": "mixture", "labels": "shown", "labelled": 96},
}
MEASURED = {"samples": 40, "reference_images": 100}


def trio(job: Job) -> Trio:
    settings = job.settings(module.Settings)
    prior = make_prior(settings.prior, settings.code, settings.prior_std, CPU)
    return Trio(settings, prior, load(job, settings, CPU), job.seeds, CPU)


def plain(net, replica: int) -> nn.Sequential:
    """The replica's perceptron as torch.nn has it."""
    layers: list[nn.Module] = []
    for layer in net.layers:
        one = nn.Linear(*layer.weight.shape[1:])
        one.weight.data, one.bias.data = layer.weight[replica].detach().T.clone(), layer.bias[replica, 0].detach().clone()
        layers += [one, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("name", [name for name in CELLS if name != "aae, labels"])
def test_a_training_is_what_the_usual_loop_does(job, name: str) -> None:
    """Written out with log sigmoids, torch's distributions and two torch.optim.Adam."""
    made = job(**CELLS[name], **MEASURED)
    group, replica, steps = trio(made), 1, 3
    settings, prior, seed = group.settings, group.prior, made.seeds[replica]
    encoder, decoder = plain(group.net.encoder, replica), plain(group.net.decoder, replica)
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=settings.lr)
    if settings.model == "aae":
        discriminator = plain(group.adversary.net, replica)
        d_adam = torch.optim.Adam(discriminator.parameters(), lr=settings.adversarial_lr, betas=(0.5, 0.999))
        e_adam = torch.optim.Adam(encoder.parameters(), lr=settings.adversarial_lr, betas=(0.5, 0.999))
    for step in range(steps):
        x = to_pixels(group.images.train_ND[group.batches(step)[replica]])
        code, charge = encoder(x), torch.zeros(())
        if settings.model == "vae":
            mean, log_variance = code[:, :2], code[:, 2:]
            q = torch.distributions.Normal(mean, (log_variance / 2).exp())
            code = mean + q.stddev * torch.randn(mean.shape, generator=torch_generator(seed, "noise", step))
            if settings.prior == "gaussian":
                charge = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, settings.prior_std)).sum(1).mean()
            else:
                charge = (q.log_prob(code).sum(1) - prior.log_density(code)).mean()
        logits = decoder(code)
        error = -(x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(1).mean()
        adam.zero_grad()
        (error + charge).backward()
        adam.step()
        if settings.model == "aae":
            real = prior.sample(settings.batch, torch_generator(seed, "prior", step))
            d_adam.zero_grad()
            (-F.logsigmoid(discriminator(real)).mean() - F.logsigmoid(-discriminator(encoder(x).detach())).mean()).backward()
            d_adam.step()
            e_adam.zero_grad()
            (-F.logsigmoid(discriminator(encoder(x))).mean()).backward()
            e_adam.step()
    group.advance(steps)
    for ours, theirs in ((group.net.encoder, encoder), (group.net.decoder, decoder)):
        for layer, linear in zip(ours.layers, theirs[::2], strict=True):
            torch.testing.assert_close(layer.weight[replica].T, linear.weight, rtol=1e-4, atol=2e-5)
            torch.testing.assert_close(layer.bias[replica, 0], linear.bias, rtol=1e-4, atol=2e-5)


def test_the_codes_start_is_the_same_for_plain_and_adversarial(job) -> None:
    """Same encoder, decoder, images and order: only the named difference differs."""
    first, second = (trio(job(model=model, **MEASURED)) for model in ("ae", "aae"))
    for one, other in zip(first.net.parameters(), second.net.parameters(), strict=True):
        assert torch.equal(one, other)
    vae = trio(job(model="vae", **MEASURED))
    for one, other in zip(first.net.decoder.parameters(), vae.net.decoder.parameters(), strict=True):
        assert torch.equal(one, other)
    assert torch.equal(first.batches(7), second.batches(7)) and torch.equal(first.batches(7), vae.batches(7))


@pytest.mark.parametrize("name", CELLS)
def test_a_replica_has_the_same_bits_alone_and_among_others(job, name: str) -> None:
    together = module.run(job(seeds=(5, 3, 4), **CELLS[name], **MEASURED))
    alone = module.run(job(seeds=(3,), **CELLS[name], **MEASURED))
    assert rows(together, 3) == rows(alone, 3)
    assert rows(together, 4) != rows(alone, 3)
    assert together.status == dict.fromkeys((5, 3, 4), "completed")


@pytest.mark.parametrize("name", ["ae", "vae", "aae, labels", "dropout"])
def test_k_steps_kill_resume_rest_is_n_steps(job, tmp_path: Path, monkeypatch, capsys, dies: Callable, name: str) -> None:
    cell = CELLS.get(name, {"model": "aae", "dropout": 0.5})
    play = functools.partial(job, **cell, **MEASURED, records=2)
    straight = module.run(play())
    monkeypatch.setattr(training, "STRIDE", 2)
    assert rows(module.run(play(work=tmp_path / "stride")), 3) == rows(straight, 3)
    for after in itertools.count(1):
        work = tmp_path / str(after)
        if not dies(after, lambda work=work: module.run(play(work=work, checkpoint_seconds=0.0))):
            break
        assert rows(module.run(play(work=work)), 4) == rows(straight, 4), f"killed after checkpoint {after}"
        assert "taking up a checkpoint" in capsys.readouterr().err
    assert after - 1 == (5 if name == "dropout" else 2)


@pytest.mark.parametrize("name", ["aae, labels", "dropout"])
def test_told_to_end_it_saves_at_the_next_minibatch_and_goes_on_later(job, tmp_path: Path, told: Callable, name: str) -> None:
    cell = CELLS.get(name, {"model": "aae", "dropout": 0.5})
    play = functools.partial(job, **cell, **MEASURED, records=2)
    straight = module.run(play())
    for after in itertools.count(1):
        work = tmp_path / str(after)
        if not told(after, lambda work=work: module.run(play(work=work))):
            break
        assert rows(module.run(play(work=work)), 4) == rows(straight, 4), f"told at look {after}"
    assert after > 5


def rows(result: Result, seed: int) -> list[tuple]:
    return [row[1:] for row in result.history.rows if row[0] == seed]


def test_a_replica_that_diverges_is_a_result_and_touches_no_other(job, monkeypatch) -> None:
    sound = module.run(job(seeds=(3, 4), model="aae", **MEASURED))
    build = Trio.__init__

    def broken(self, *arguments) -> None:
        build(self, *arguments)
        with torch.no_grad():
            next(self.net.encoder.parameters())[self.seeds.index(4)] = float("nan")

    monkeypatch.setattr(Trio, "__init__", broken)
    result = module.run(job(seeds=(3, 4), model="aae", **MEASURED))
    assert result.status == {3: "completed", 4: "diverged at minibatch 5"}
    assert rows(result, 3) == rows(sound, 3)
    assert rows(result, 4) == [(5, "diverged", 1.0)]


def test_labels_are_shown_to_the_discriminator_and_choose_the_draws_component(job, monkeypatch) -> None:
    group = trio(job(**CELLS["aae, labels"], **MEASURED))
    shown = group.shown_RN
    assert ((shown >= 0).sum(1) == 96).all() and not torch.equal(shown[0], shown[1])
    assert ((shown == group.images.train_labels_N) | (shown < 0)).all()
    seen = []
    monkeypatch.setattr(
        "secondlook.papers.makhzani2015.trio.regularise", lambda _, draws, codes, *rest: seen.append((draws[0], codes[0])) or rest[:2]
    )
    chosen = group.batches(0)
    group._regularise(to_pixels(group.images.train_ND[chosen]), chosen, 0)
    draws, codes = seen[0]
    assert torch.equal(draws[..., 2:], codes[..., 2:]) and draws.shape == (2, 32, 13)
    label = draws[..., 2:].argmax(-1)
    assert torch.equal(label, shown.gather(1, chosen).where(shown.gather(1, chosen) >= 0, 10))
    told = label < 10
    assert (group.prior.component(draws[..., :2])[told] == label[told]).double().mean() > 0.9


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": "vae", "labels": "shown"}, "'labels'"),
        ({"model": "aae", "prior": "mixture", "labels": "shown", "labelled": 500}, "'labelled' must be at most"),
        ({"model": "aae", "parzen_samples": 10}, "held_out"),
        ({"model": "aae", "samples": 100}, "'samples' must be at most"),
        ({"model": "aae", "prior_std": 0.0}, "'prior_std'"),
    ],
)
def test_wrong_settings_name_themselves(job, wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        module.run(job(**({**MEASURED, "samples": 40} | wrong)))


def test_several_threads_are_refused_and_so_is_an_epoch_without_a_batch(job) -> None:
    with pytest.raises(UserError, match="threads: 1, not 2"):
        module.run(job(model="ae", threads=2, **MEASURED))
    with pytest.raises(UserError, match="'held_out': 170 of 192"):
        module.run(job(model="ae", held_out=170, samples=0))
