"""The autoencoder, its starts, and conjugate gradients; a linear one must reach the error of PCA."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from secondlook.papers.hinton2006.conjugate import search
from secondlook.papers.hinton2006.linear import pca
from secondlook.papers.hinton2006.nets import Autoencoder, initialise
from secondlook.papers.hinton2006.rbm import RBM
from secondlook.train.flat import Flat


def generators(count: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in range(count)]


def test_the_papers_net_has_so_many_parameters() -> None:
    net = Autoencoder(784, [1000, 500, 250], 30, "sigmoid", "small", generators(1))
    widths = [784, 1000, 500, 250, 30, 250, 500, 1000, 784]
    by_hand = sum(inputs * outputs + outputs for inputs, outputs in itertools.pairwise(widths))
    assert Flat(net.parameters()).count == by_hand == 2_837_314


@pytest.mark.parametrize(("units", "function"), [("sigmoid", torch.sigmoid), ("relu", torch.relu)])
def test_hidden_units_are_what_they_are_called_and_the_code_is_linear(units: str, function) -> None:
    net = Autoencoder(12, [8, 6], 3, units, "xavier", generators(2))
    images = torch.rand(2, 5, 12)
    for replica in range(2):
        x = images[replica]
        for place, layer in enumerate([*net.encoder.layers, *net.decoder.layers]):
            x = x @ layer.weight[replica] + layer.bias[replica]
            x = x if place in (2, 5) else function(x)
        torch.testing.assert_close(net(images)[replica], x)


@pytest.mark.parametrize(
    ("start", "width"), [("small", 0.01), ("rbm", 0.01), ("he", (2 / 400) ** 0.5), ("xavier", (2 / (400 + 200)) ** 0.5)]
)
def test_starts_are_as_wide_as_their_sources_say(start: str, width: float) -> None:
    weight, bias = torch.empty(400, 200), torch.ones(200)
    initialise(start)(weight, bias, torch.Generator().manual_seed(1))
    assert float(weight.std()) == pytest.approx(width, rel=0.02) and abs(float(weight.mean())) < 0.02 * width * 3 and not bias.any()
    if start == "xavier":
        assert float(weight.abs().max()) == pytest.approx((6 / 600) ** 0.5, rel=0.01)


def test_unrolled_each_layer_is_its_machine_and_on_the_way_back_transposed() -> None:
    net = Autoencoder(10, [7, 5], 3, "sigmoid", "rbm", generators(2))
    widths, machines = [10, 7, 5, 3], []
    for layer in range(3):
        machine = RBM(widths[layer], widths[layer + 1], "linear" if layer == 2 else "logistic", generators(2))
        machine.hidden_R1H.normal_()
        machine.visible_R1V.normal_()
        machines.append(machine)
    net.unroll(machines)
    images = torch.rand(2, 4, 10)
    x = images
    for machine in machines:
        x = machine.up(x)
    torch.testing.assert_close(net.encoder(images), x)
    for machine in reversed(machines):
        x = machine.down(x)
    torch.testing.assert_close(net(images).sigmoid(), x)


def test_a_linear_autoencoder_reaches_the_error_of_pca_and_none_goes_below() -> None:
    """Baldi and Hornik 1989: its best weights span the principal components."""
    draw = torch.Generator().manual_seed(2)
    images = torch.randn(80, 3, generator=draw) @ torch.randn(3, 8, generator=draw) + 0.3 * torch.randn(80, 8, generator=draw) + 1
    net = Autoencoder(8, [], 3, "sigmoid", "xavier", generators(1))
    flat = Flat(net.parameters())

    def error() -> torch.Tensor:
        return (net(images[None]) - images).square().sum(-1).mean()

    best = float((pca(images.double(), images.double(), 3) - images).square().sum(1).mean())
    search(flat, error, 400)
    assert best - 1e-5 < float(error().detach()) < 1.001 * best


def test_conjugate_gradients_find_the_minimum_of_a_quadratic() -> None:
    draw = np.random.default_rng(5)
    root = draw.normal(size=(4, 4))
    matrix, target = torch.tensor(root @ root.T + np.eye(4), dtype=torch.float32), torch.tensor(draw.normal(size=4), dtype=torch.float32)
    parameter = torch.nn.Parameter(torch.zeros(1, 4))
    flat = Flat([parameter])

    def loss() -> torch.Tensor:
        return 0.5 * parameter[0] @ matrix @ parameter[0] - target @ parameter[0]

    search(flat, loss, 20)
    np.testing.assert_allclose(parameter.detach()[0], torch.linalg.solve(matrix, target), atol=5e-3)


def test_the_first_search_goes_down_the_gradient() -> None:
    parameter = torch.nn.Parameter(torch.tensor([[3.0, -2.0]]))
    flat = Flat([parameter])
    search(flat, lambda: (parameter * torch.tensor([1.0, 2.0])).square().sum(), 1)
    move = parameter.detach()[0] - torch.tensor([3.0, -2.0])
    np.testing.assert_allclose((move / move.norm()).numpy(), np.array([-6.0, 16.0]) / np.hypot(6, 16), atol=1e-5)
