"""R perceptrons at once against R perceptrons one by one."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from secondlook.nets.mlp import StackedLinear, StackedMLP, orthogonal, torch_default, uniform


def generators(count: int, first: int = 0) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(first + replica) for replica in range(count)]


def linear(layer: StackedLinear, replica: int) -> nn.Linear:
    plain = nn.Linear(*layer.weight.shape[1:])
    plain.weight.data, plain.bias.data = layer.weight[replica].detach().T.clone(), layer.bias[replica, 0].detach().clone()
    return plain


def sequential(net: StackedMLP, replica: int, activation: nn.Module, output: nn.Module) -> nn.Sequential:
    layers: list[nn.Module] = []
    for layer in net.layers:
        layers += [linear(layer, replica), activation]
    return nn.Sequential(*layers[:-1], output)


def parameters_of_one(sizes: list[int], **options) -> int:
    return sum(parameter.numel() for parameter in StackedMLP(sizes, generators(1), **options).parameters())


@pytest.mark.parametrize("sizes", [[3, 8, 5], [4, 7, 9, 1], [6, 1], [5, 16, 16, 16, 2]])
@pytest.mark.parametrize(("activation", "module"), [(torch.tanh, nn.Tanh()), (torch.relu, nn.ReLU())])
@pytest.mark.parametrize(("output", "last"), [(None, nn.Identity()), (torch.sigmoid, nn.Sigmoid())])
def test_it_is_that_many_separate_nets(sizes: list[int], activation, module: nn.Module, output, last: nn.Module) -> None:
    net = StackedMLP(sizes, generators(3), activation=activation, output=output, shape=(sizes[-1],))
    x = torch.randn(3, 10, sizes[0], requires_grad=True)
    outputs = net(x)
    assert outputs.shape == (3, 10, sizes[-1])
    slopes = torch.autograd.grad(outputs.square().sum(), [x, *net.parameters()])
    for replica in range(3):
        plain = sequential(net, replica, module, last)
        expected = plain(x[replica])
        torch.testing.assert_close(outputs[replica], expected, rtol=1e-6, atol=1e-6)
        expected_slopes = torch.autograd.grad(expected.square().sum(), [x, *plain.parameters()])
        torch.testing.assert_close(slopes[0][replica], expected_slopes[0][replica], rtol=1e-5, atol=1e-5)
        for slope, theirs in zip(slopes[1:], expected_slopes[1:], strict=True):
            torch.testing.assert_close(slope[replica].squeeze(0) if theirs.dim() == 1 else slope[replica].T, theirs, rtol=1e-5, atol=1e-5)


def test_replicas_do_not_touch_each_other() -> None:
    net = StackedMLP([3, 32, 1], generators(3))
    x = torch.randn(3, 32, 3)
    before = net(x)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter[1] = float("nan")
    after = net(x)
    assert torch.equal(before[[0, 2]], after[[0, 2]])
    assert after[1].isnan().all()


def test_a_replicas_weights_depend_on_its_generator_only() -> None:
    sizes = [4, 16, 16, 2]
    for initialise in (torch_default, orthogonal(1.4), uniform(0.05)):
        many = StackedMLP(sizes, generators(4), initialise=initialise, shape=(2,))
        one = StackedMLP(sizes, generators(1, first=2), initialise=initialise, shape=(2,))
        assert all(torch.equal(a[2], b[0]) for a, b in zip(many.parameters(), one.parameters(), strict=True))
        assert not torch.equal(many.layers[0].weight[0], many.layers[0].weight[1])


@pytest.mark.parametrize(
    ("sizes", "options", "expected"),
    [
        # the official WGAN code's generator, --mlp_G --ngf 512, at 64 pixels: three hidden layers
        ([100, 512, 512, 512, 3 * 64 * 64], {"shape": (3, 64, 64)}, 6_880_768),
        # Goodfellow et al. 2014, goodfeli/adversarial mnist.yaml: 1200 and 1200 rectified units
        ([100, 1200, 1200, 784], {"shape": (1, 28, 28)}, 101 * 1200 + 1201 * 1200 + 1201 * 784),
        # its discriminator: two maxout layers of 240 units with 5 pieces each
        ([784, 240, 240, 1], {"pieces": 5}, 785 * 1200 + 241 * 1200 + 241),
        # the ring of unrolled GAN and LSGAN
        ([256, 128, 128, 2], {"shape": (2,)}, 257 * 128 + 129 * 128 + 129 * 2),
        ([2, 128, 128, 1], {}, 3 * 128 + 129 * 128 + 129),
    ],
)
def test_parameter_counts(sizes: list[int], options: dict, expected: int) -> None:
    assert parameters_of_one(sizes, **options) == expected


def test_shapes_of_images() -> None:
    """Images go in flattened and come out in shape; a discriminator gives one number each."""
    generator = StackedMLP([5, 8, 3 * 4 * 4], generators(2), output=torch.tanh, shape=(3, 4, 4))
    images = generator(torch.randn(2, 6, 5))
    assert images.shape == (2, 6, 3, 4, 4)
    assert float(images.detach().abs().max()) <= 1
    discriminator = StackedMLP([3 * 4 * 4, 8, 1], generators(2))
    outputs = discriminator(images)
    assert outputs.shape == (2, 6)
    assert torch.equal(outputs, discriminator(images.flatten(2)))


def test_maxout_is_a_loop_over_units() -> None:
    """Goodfellow et al. 2013: a unit is the largest of its linear pieces; the output layer has none."""
    net = StackedMLP([3, 4, 2], generators(2), pieces=5, shape=(2,))
    x = torch.randn(2, 7, 3)
    for replica in range(2):
        first, last = (linear(layer, replica) for layer in net.layers)
        assert first.out_features == 20
        hidden = torch.empty(7, 4)
        for sample in range(7):
            for unit in range(4):
                hidden[sample, unit] = max(
                    x[replica, sample] @ first.weight[5 * unit + piece] + first.bias[5 * unit + piece] for piece in range(5)
                )
        torch.testing.assert_close(net(x)[replica], last(hidden), rtol=1e-5, atol=1e-6)


def test_dropout_is_for_one_replica_in_training() -> None:
    with pytest.raises(ValueError, match="one replica at a time"):
        StackedMLP([3, 8, 1], generators(2), dropout=(0.0, 0.5))
    net = StackedMLP([1000, 1000, 1], generators(1), dropout=(0.2, 0.5), activation=lambda x: x)
    with torch.no_grad():
        net.layers[0].weight[0].copy_(torch.eye(1000))
        net.layers[0].bias.zero_()
        net.layers[1].weight.fill_(1.0)
        net.layers[1].bias.zero_()
    ones = torch.ones(1, 200, 1000)
    assert torch.equal(net.eval()(ones), torch.full((1, 200), 1000.0))
    torch.manual_seed(0)
    outputs = net.train()(ones).detach()
    # a unit survives both with probability 0.8 * 0.5 and is scaled by 1 / (0.8 * 0.5): mean 1, variance 1 / 0.4 - 1
    assert float(outputs.mean()) == pytest.approx(1000, abs=4 * math.sqrt(1000 * 1.5 / 200))
    assert float(outputs.std()) == pytest.approx(math.sqrt(1000 * 1.5), rel=0.2)
    torch.manual_seed(0)
    assert torch.equal(net(ones), outputs)


def test_without_dropout_nothing_is_drawn() -> None:
    net = StackedMLP([3, 8, 1], generators(2))
    state = torch.get_rng_state()
    net(torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(torch.get_rng_state(), state)


def test_torch_default_is_the_distribution_of_nn_linear() -> None:
    torch.manual_seed(0)
    layer, theirs = StackedLinear(50, 4000, generators(1), torch_default), nn.Linear(50, 4000)
    bound = 1 / math.sqrt(50)
    for ours, reference in ((layer.weight, theirs.weight), (layer.bias, theirs.bias)):
        ours, reference = ours.detach().flatten(), reference.detach().flatten()
        for values in (ours, reference):
            assert float(values.abs().max()) == pytest.approx(bound, rel=2e-3)
            assert float(values.abs().max()) <= bound
            assert float(values.std()) == pytest.approx(bound / math.sqrt(3), rel=0.03)
            assert float(values.mean()) == pytest.approx(0, abs=5 * bound / math.sqrt(3 * len(values)))


@pytest.mark.parametrize("sizes", [(20, 8), (8, 20), (8, 8)])
def test_orthogonal(sizes: tuple[int, int]) -> None:
    layer = StackedLinear(*sizes, generators(2), orthogonal(1.4))
    for weight in layer.weight.detach():
        small = weight.T @ weight if sizes[0] > sizes[1] else weight @ weight.T
        torch.testing.assert_close(small, 1.4**2 * torch.eye(8), rtol=1e-5, atol=1e-5)
    assert not layer.bias.any()


def test_uniform() -> None:
    layer = StackedLinear(100, 100, generators(1), uniform(0.05))
    assert float(layer.weight.detach().abs().max()) == pytest.approx(0.05, rel=1e-3)
    assert float(layer.weight.detach().std()) == pytest.approx(0.05 / math.sqrt(3), rel=0.03)
    assert not layer.bias.any()


def test_one_replica_alone_gives_the_bits_that_it_gives_among_others() -> None:
    net = StackedMLP([16, 32, 2], generators(3), shape=(2,))
    x = torch.randn(3, 64, 16)
    for replica in range(3):
        one = net.one(replica)
        assert torch.equal(one(x[replica][None])[0], net(x)[replica])
        with torch.no_grad():
            next(one.parameters()).zero_()
    assert all(bool(parameter.any()) for parameter in net.parameters()), "a copy: what is done to it leaves the stack alone"
