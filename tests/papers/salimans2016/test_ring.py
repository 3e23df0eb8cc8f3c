"""The ring with each technique: what each changes, and that replicas do not see each other."""

import pytest
import torch
from torch.nn import functional as F

from secondlook.papers.salimans2016 import images, ring, techniques
from secondlook.papers.salimans2016.techniques import TECHNIQUES
from secondlook.train.duel import Duel
from secondlook.train.streams import torch_generator

CPU = torch.device("cpu")
VALUES = {"data": "ring-wide", "loss": "non-saturating", "steps": 6, "batch": 32, "records": 1, "width": 32, "noise": 4, "points": 100}
VALUES |= {"d_lr": 1e-3, "g_lr": 1e-3, "averaging": 0.1, "reference": 32}


def settings(technique: str, **values) -> ring.Settings:
    return ring.Settings(**VALUES | {"technique": technique} | values)


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_replica_is_the_same_alone_and_among_others(make_job, technique: str) -> None:
    values = VALUES | {"technique": technique}
    together = ring.run(make_job(values=values, seeds=(3, 4, 5)))
    assert {row[2] for row in together.history.rows} == ring.Settings(**values).metrics()
    assert [row for row in together.history.rows if row[0] == 4] == ring.run(make_job(values=values, seeds=(4,))).history.rows
    assert together.arrays["3/samples"].shape == (ring.KEPT, 2)


def test_the_techniques_differ_from_the_plain_gan_and_each_other(make_job) -> None:
    ends = {}
    for technique in TECHNIQUES:
        rows = ring.run(make_job(values=VALUES | {"technique": technique}, seeds=(0,))).history.rows
        ends[technique] = {metric: value for _, step, metric, value in rows if step == 6}["g_gradient_norm"]
    assert len(set(ends.values())) == len(TECHNIQUES)


@pytest.mark.parametrize(("technique", "depends"), [("none", False), ("virtual", False), ("recipe", False), ("batch_norm", True)])
def test_only_with_batch_normalization_a_sample_depends_on_its_batch(make_job, technique: str, depends: bool) -> None:
    rows = ring.run(make_job(values=VALUES | {"technique": technique}, seeds=(0,))).history.rows
    (share,) = [value for _, _, metric, value in rows if metric == "companions"]
    assert (share > 1e-3) if depends else (share == 0)


def test_the_share_of_companions_of_a_known_net() -> None:
    """Of z + the mean of the batch's second half: the rest decides its own variance."""

    def net(z: torch.Tensor) -> torch.Tensor:
        return z + z[:, 8:].mean(1, keepdim=True)

    draw = torch.Generator().manual_seed(0)
    fixed = torch.randn(1, 8, 1, generator=draw)
    rest = [torch.randn(1, 4, 1, generator=draw) for _ in range(500)]
    between = torch.stack([part.mean() for part in rest]).var(correction=0)
    expected = between / (between + fixed.var(correction=0))
    assert techniques.share_of_companions(net, fixed, rest)[0] == pytest.approx(float(expected), rel=1e-4)


def test_feature_matching_sees_a_real_batch_of_its_own_and_moves_g_alone() -> None:
    seen = []
    game = ring.technique_game(settings("feature_matching"), CPU, 0)
    inner = game.data

    def data(seed: int, draw: int) -> torch.Tensor:
        seen.append(draw)
        return inner(seed, draw)

    import dataclasses

    duel = Duel(dataclasses.replace(game, data=data), (0,), CPU)
    duel.advance(2)
    assert seen == [0, -1, 1, -2]
    assert not torch.equal(inner(0, 0), inner(0, -1))


def test_feature_matching_is_the_squared_distance_of_the_last_hidden_layers_means() -> None:
    net = ring.discriminator(settings("feature_matching"), (0, 1))
    real, fake = torch.randn(2, 32, 2), torch.randn(2, 32, 2)
    hidden = list(net.body.layers)

    def last(x: torch.Tensor) -> torch.Tensor:
        for layer in hidden:
            x = torch.tanh(x @ layer.weight + layer.bias)
        return x.mean(1)

    torch.testing.assert_close(techniques.match_features(net, real, fake), (last(real) - last(fake)).square().sum(-1))


@pytest.mark.parametrize(("technique", "targets"), [("none", (1.0, 0.0)), ("one_sided", (0.9, 0.0)), ("two_sided", (0.9, 0.1))])
def test_smoothing_changes_the_targets_of_data_and_of_fakes(technique: str, targets: tuple[float, float]) -> None:
    real, fake = torch.randn(2, 8), torch.randn(2, 8)
    loss = settings(technique).pair().discriminator(real, fake)
    for r in range(2):
        on_real, on_fake = (
            F.binary_cross_entropy_with_logits(x[r], torch.full((8,), target)) for x, target in zip((real, fake), targets, strict=True)
        )
        torch.testing.assert_close(loss[r], on_real + on_fake)


@pytest.mark.parametrize("technique", ["recipe", "recipe_batch_norm"])
def test_image_nets_have_the_places_of_the_techniques(technique: str) -> None:
    values = {"dataset": "cifar10", "side": 16, "loss": "non-saturating", "steps": 2, "batch": 8, "records": 1, "d_lr": 1e-3, "g_lr": 1e-3}
    values |= {"g_width": 4, "d_width": 4, "noise": 8, "kernels": 3, "kernel_size": 2, "reference": 16, "technique": technique}
    chosen = images.Settings(**values)
    noise = lambda count, chance: torch.randn(count, 8, generator=chance)  # noqa: E731
    made = images.generator(chosen, noise, (0,))
    z = torch.randn(1, 8, 8, generator=torch_generator(0, "z"))
    alone, among = made(z)[0, :1], made(torch.cat([z[:, :1], torch.randn(1, 7, 8)], 1))[0, :1]
    assert torch.allclose(alone, among, atol=1e-6) == (technique == "recipe")
    net = images.discriminator(chosen, (0,))
    assert net.features(made(z)).shape == (1, 8, 8 * 16)
    assert net(made(z)).shape == (1, 8)
    assert net.head[-1].weight.shape == (1, 8 * 16 + 3, 1)
