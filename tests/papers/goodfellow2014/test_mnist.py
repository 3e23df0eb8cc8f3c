"""The game of the official mnist.yaml: its start, its nets, and what it keeps."""

import math

import numpy as np
import pytest
import torch

from secondlook.games.images import ImageSettings, image_game
from secondlook.nets.mlp import StackedMLP
from secondlook.papers.goodfellow2014 import mnist
from secondlook.papers.goodfellow2014.mnist import match_marginals
from secondlook.train.game import Moment
from secondlook.train.streams import torch_generator

VALUES = {"dataset": "mnist", "side": 16, "loss": "non-saturating", "steps": 4, "records": 2, "batch": 10, "d_lr": 0.05, "g_lr": 0.1}
VALUES |= {"generator": "mlp", "discriminator": "mlp", "g_layers": 2, "g_width": 12, "d_width": 6, "d_pieces": 5, "d_dropout": [0.2, 0.5]}
VALUES |= {"output": "sigmoid", "noise": 5, "noise_kind": "unit_uniform", "optimizer": "sgd", "momentum": 0.5, "momentum_end": 0.7}
VALUES |= {"momentum_updates": 4, "lr_divisor": 1.000004, "lr_least": 1e-6, "simultaneous": True, "g_init": 0.05, "d_init": 0.005}
VALUES |= {"samples": 20, "sheet": 4}


def test_the_outputs_start_at_the_pixels_means() -> None:
    images = torch.rand(30, 1, 2, 2, generator=torch.Generator().manual_seed(1))
    images[:, 0, 0, 0], images[:, 0, 1, 1] = 0.0, 1.0
    net = StackedMLP([3, 4, 4], [torch.Generator().manual_seed(0)], output=torch.sigmoid, shape=(1, 2, 2))
    match_marginals(net, images)
    bias = net.layers[-1].bias.detach().flatten()
    assert bias[1].item() == pytest.approx(math.log(images[:, 0, 0, 1].mean() / (1 - images[:, 0, 0, 1].mean())), rel=1e-4)
    assert bias[0].item() == pytest.approx(math.log(1e-7), rel=1e-5)
    assert bias[3].item() == pytest.approx(-math.log(1e-7), rel=1e-5)
    with torch.no_grad():
        for layer in net.layers:
            layer.weight.zero_()
    torch.testing.assert_close(net(torch.zeros(1, 1, 3))[0, 0].detach(), images.mean(0).clamp(1e-7, 1 - 1e-7), rtol=1e-4, atol=1e-6)


def test_weights_start_uniform_within_irange_and_biases_at_zero(make_mnist_job) -> None:
    game = image_game(make_mnist_job(), ImageSettings(**VALUES), torch.device("cpu"))
    for build, bound in ((game.generator, 0.05), (game.discriminator, 0.005)):
        for layer in build((3,)).layers:
            assert 0.9 * bound < layer.weight.abs().max().item() <= bound or layer.weight.numel() < 20
            assert not layer.bias.any()


def test_the_nets_have_the_papers_sizes_and_the_discriminator_is_maxout(make_mnist_job) -> None:
    game = image_game(make_mnist_job(), ImageSettings(**VALUES), torch.device("cpu"))
    shapes = [[tuple(layer.weight.shape[1:]) for layer in build((3,)).layers] for build in (game.generator, game.discriminator)]
    assert shapes == [[(5, 12), (12, 12), (12, 256)], [(256, 30), (6, 30), (6, 1)]]


@pytest.mark.parametrize(
    "arm", [{}, {"loss": "minimax"}, {"simultaneous": False, "d_steps": 5}, {"simultaneous": False, "g_steps": 3}], ids=str
)
def test_a_game_keeps_sheets_and_at_the_end_samples(make_mnist_job, arm: dict) -> None:
    result = mnist.run(make_mnist_job(values=VALUES | arm | {"keep": 23}, seeds=(3, 5)))
    assert result.status == {3: "completed", 5: "completed"}
    kept = {name: array.shape for name, array in result.arrays.items() if "sheet" not in name}
    assert kept == {"3/samples": (23, 1, 16, 16), "5/samples": (23, 1, 16, 16)}
    assert {name for name in result.arrays if "sheet" in name} == {f"3/sheet_{step}" for step in (0, 2, 4)}
    assert np.array_equal(result.arrays["3/samples"][:4], result.arrays["3/sheet_4"]), "the judged samples and the kept are of one stream"
    last = {metric: value for replica, step, metric, value in result.history.rows if (replica, step) == (5, 4)}
    assert sum(last[f"share_{label}"] for label in range(10)) == pytest.approx(1)
    assert set(last) == mnist.Settings(**VALUES | arm).metrics()
    assert last["judged"] == 20


def test_the_mean_gradient_is_measured_once_training_has_begun(make_mnist_job) -> None:
    rows = mnist.run(make_mnist_job(values=VALUES)).history.rows
    assert {step for _, step, metric, _ in rows if metric == "mean_gradient_norm"} == {2, 4}


def test_a_gradient_by_finite_differences(make_mnist_job) -> None:
    """One weight of the generator moved by hand, the loss a mean over the same noise."""
    game = image_game(make_mnist_job(), ImageSettings(**VALUES), torch.device("cpu"))
    nets = [build((0,)).double().eval() for build in (game.generator, game.discriminator)]
    moment = Moment(3, (0,), *nets, lambda count, generator: game.noise(count, generator).double(), torch.device("cpu"))
    found = mnist.mean_gradient_norm(moment, game, 1)
    noise = moment.noise(game.batch, torch_generator(0, "eval", 3, 0))[None]
    squares = 0.0
    with torch.no_grad():
        for parameter in nets[0].parameters():
            flat = parameter.view(-1)
            for index in range(len(flat)):
                losses = []
                for by in (1e-5, -2e-5, 1e-5):
                    flat[index] += by
                    losses.append(float(game.loss.generator(nets[1](nets[0](noise)))))
                squares += ((losses[0] - losses[1]) / 2e-5) ** 2
    assert found == pytest.approx(squares**0.5, rel=1e-4)


def test_nothing_is_kept_unless_asked_for(make_mnist_job) -> None:
    result = mnist.run(make_mnist_job(values=VALUES))
    assert {name for name in result.arrays if "sheet" not in name} == set()


def test_images_of_black_pixels_start_black(make_mnist_job) -> None:
    result = mnist.run(make_mnist_job(values=VALUES))
    assert not result.arrays["0/sheet_0"][:, :, 0].any()
    assert result.arrays["0/sheet_0"][:, :, 1:].mean() == pytest.approx(127, abs=20)
