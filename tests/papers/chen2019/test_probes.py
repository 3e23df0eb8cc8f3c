"""Probes against closed forms and against the same statistics computed by hand; they leave the net as it was."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from secondlook.papers.chen2019 import probes
from secondlook.papers.chen2019.nets import PlainNet, ResidualNet
from secondlook.train.supervised import Split, Task


def task(images_NCHW: torch.Tensor, batch: int = 50) -> Task:
    split = Split(images_NCHW, torch.zeros(len(images_NCHW), dtype=torch.int64))
    return Task(
        net=nn.Identity,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.1),
        lr=lambda *_: 0.1,
        train=split,
        test=split,
        prepare=lambda images: images.float(),
        augment=lambda images, _: images,
        epochs=1,
        batch=batch,
    )


def noise(count: int = 500, channels: int = 3, side: int = 8, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, channels, side, side, generator=torch.Generator().manual_seed(seed))


def gaussian(c: float, count: int = 200_000) -> torch.Tensor:
    x, z = torch.randn(2, count, generator=torch.Generator().manual_seed(0))
    return torch.stack([x, c * x + math.sqrt(1 - c**2) * z], 1)


class Chain(nn.Sequential):
    """Batch normalization, dropout, a 1 x 1 convolution and the normalization that sees what they do."""

    def __init__(self, rate: float, *, relu: bool = False) -> None:
        torch.manual_seed(0)
        super().__init__(nn.BatchNorm2d(16), nn.ReLU() if relu else nn.Identity(), nn.Dropout(rate), nn.Conv2d(16, 8, 1), nn.BatchNorm2d(8))


# -- variance shift ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.5, 0.2, 0.05])
def test_the_variance_in_use_is_p_times_that_in_training_for_independent_units_of_mean_0(rate: float) -> None:
    chain = Chain(rate)
    here = task(noise(channels=16))
    chain = probes.reestimated(here, chain)  # evaluation normalizes by what the images have
    first, second = probes.variance_ratios(here, chain, seed=0)
    assert first == pytest.approx(1, abs=1e-6)
    assert second == pytest.approx(1 - rate, abs=0.02)


def test_with_a_mean_it_is_less_by_the_formula() -> None:
    """Var(g x / p) = v + (1 - p) / p (v + m^2), here for ReLU of a standard normal unit."""
    here = task(noise(channels=16))
    _, second = probes.variance_ratios(here, probes.reestimated(here, Chain(0.5, relu=True)), seed=0)
    square, second_moment = 1 / (2 * math.pi), 0.5
    variance = second_moment - square
    assert second == pytest.approx(variance / (variance + second_moment), abs=0.03)


# -- re-estimated statistics -----------------------------------------------------------------------------------------------


def test_reestimated_statistics_are_those_without_dropout() -> None:
    """Against sums by hand; statistics of training mode with dropout would have nearly twice the variance."""
    here, chain = task(noise(channels=16)), Chain(0.5)
    before = copy.deepcopy(chain.state_dict())
    twin = probes.reestimated(here, chain)
    means, variances = [], []
    for images in here.train.images_NCHW.split(here.batch):
        normal = (images - images.mean((0, 2, 3), keepdim=True)) / (images.var((0, 2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
        out = nn.functional.conv2d(normal, chain[3].weight, chain[3].bias)
        means.append(out.mean((0, 2, 3)))
        variances.append(out.var((0, 2, 3)))
    torch.testing.assert_close(twin[4].running_mean, torch.stack(means).mean(0), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(twin[4].running_var, torch.stack(variances).mean(0), atol=1e-5, rtol=1e-4)
    assert all(torch.equal(before[name], value) for name, value in chain.state_dict().items())
    assert all(torch.equal(a, b) for a, b in zip(chain.parameters(), twin.parameters(), strict=True))
    assert not any(layer.training for layer in twin.modules())


@pytest.mark.parametrize("training", [True, False])
def test_probes_leave_the_net_as_it_was(training: bool) -> None:
    torch.manual_seed(0)
    net = PlainNet("conv-relu-bn-drop", 4, 8, 0.5).train(training)
    here, before = task(noise(100), batch=20), copy.deepcopy(net.state_dict())
    probes.reestimated(here, net)
    probes.variance_ratios(here, net, 0)
    probes.dependence(here, net, 0)
    probes.moments(here, net)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(layer.training == training for layer in net.modules())
    assert not any(layer._forward_hooks for layer in net.modules())


# -- dependence --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("c", [0.0, 0.5, 0.9])
def test_correlation_and_information_of_normal_pairs(c: float) -> None:
    """I = -log(1 - c^2) / 2; bins lose a little of it, and never find more."""
    pair, exact = gaussian(c), -math.log(1 - c**2) / 2
    assert probes.correlation(pair) == pytest.approx(c, abs=0.01)
    found = probes.information(pair, pair)
    assert exact * 0.88 - 0.002 < found < exact + 0.002


def test_few_samples_do_not_make_information() -> None:
    few = [probes.information(pair, pair) for pair in gaussian(0.0, 40_000).split(1000)]
    assert abs(float(np.mean(few))) < 0.01, "without Miller's correction it would be 0.06"


@pytest.mark.parametrize("p", [0.95, 0.5])
def test_gates_reduce_sampled_pairs_by_the_laws(p: float) -> None:
    pair = gaussian(0.8)
    gates = torch.rand(pair.shape, generator=torch.Generator().manual_seed(1)) < p
    assert probes.correlation(pair * gates) / probes.correlation(pair) == pytest.approx(p, abs=0.01)
    assert probes.information(pair * gates, pair) / probes.information(pair, pair) == pytest.approx(p**2, abs=0.01)


def test_an_ic_layer_in_a_net_obeys_the_law_and_dropout_after_relu_does_not() -> None:
    torch.manual_seed(0)
    here = task(noise(640, side=16), batch=64)
    law = probes.dependence(here, PlainNet("conv-relu-bn-drop", 8, 16, 0.5), 0)
    bent = probes.dependence(here, PlainNet("conv-relu-drop", 8, 16, 0.5), 0)
    assert law["correlation_ratio"] == pytest.approx(0.5, abs=0.05)
    assert bent["correlation_ratio"] < 0.45
    assert set(probes.dependence(here, PlainNet("conv-relu-bn", 8, 16, 0.0), 0)) == {"correlation", "information"}


def test_constant_channels_do_not_count() -> None:
    pair = torch.cat([gaussian(0.5, 10_000), torch.zeros(10_000, 1)], 1)
    assert probes.correlation(pair) == pytest.approx(0.5, abs=0.03)
    assert probes.information(torch.zeros(100, 3), torch.zeros(100, 3)) == 0


def test_inputs_of_all_convolutions_but_first_and_shortcuts_are_looked_at() -> None:
    net = ResidualNet("relu-bn-conv", 8, 4, 0.0)
    assert len(probes.fed(net)) == 6
    assert len(probes.norms(net)) == 7


# -- drift --------------------------------------------------------------------------------------------------------------------


def test_drift_is_in_deviations_and_leaves_dead_units_out() -> None:
    before = np.array([[0.0, 1.0], [5.0, 2.0], [0.0, 0.0]])
    after = np.array([[1.0, 1.0], [7.0, 2.0], [0.0, 0.0]])
    assert probes.drift(before, before) == 0
    assert probes.drift(before, after) == pytest.approx(1)
    assert probes.drift(10 * before, 10 * after) == pytest.approx(1), "whatever the unit of scale"


def test_moments_are_those_of_the_channels() -> None:
    torch.manual_seed(0)
    net = PlainNet("conv-relu", 4, 8, 0.0)
    here = task(noise(100), batch=20)
    inputs = net.layers[:3](here.train.images_NCHW)
    found = probes.moments(here, net)
    assert found.shape == (4 + 8, 2)
    np.testing.assert_allclose(found[:4, 0], inputs.mean((0, 2, 3)).detach(), rtol=1e-4)
    np.testing.assert_allclose(found[:4, 1], inputs.std((0, 2, 3)).detach(), rtol=1e-4)
