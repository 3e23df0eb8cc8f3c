"""Virtual batch normalization against its formula, one example at a time."""

import pytest
import torch
from torch import nn

from secondlook.nets.virtual_norm import EPS, BatchNorm, VirtualBatchNorm, WithReference

SHAPES = {"perceptron": ((2, 6, 4), (2, 5, 4)), "images": ((6, 4, 3, 3), (5, 4, 3, 3))}


def norm(kind: str, scaled: bool = True) -> tuple[VirtualBatchNorm, BatchNorm]:
    replicas = 2 if kind == "perceptron" else None
    layers = VirtualBatchNorm(4, replicas), BatchNorm(4, replicas, scaled)
    for layer in layers:
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.normal_(1, 0.5)
    return layers


def batches(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    x, reference = SHAPES[kind]
    return torch.randn(x), torch.randn(reference)


def test_statistics_are_those_of_the_reference_and_the_example_together() -> None:
    """Of a perceptron: the mean and variance of the N reference numbers and the one of the example."""
    layer, _ = norm("perceptron")
    x, reference = batches("perceptron")
    out, _ = layer(x, reference)
    for r in range(2):
        for b in range(6):
            together = torch.cat([reference[r], x[r, b : b + 1]])
            mean, variance = together.mean(0), together.var(0, correction=0)
            expected = (x[r, b] - mean) / (variance + EPS).sqrt() * layer.scale[r, 0] + layer.shift[r, 0]
            torch.testing.assert_close(out[r, b], expected, rtol=1e-4, atol=1e-5)


def test_of_images_the_example_counts_once_whatever_its_pixels() -> None:
    layer, _ = norm("images")
    x, reference = batches("images")
    out, _ = layer(x, reference)
    mean = (x[1].mean((1, 2)) + 5 * reference.mean((0, 2, 3))) / 6
    square = (x[1].square().mean((1, 2)) + 5 * reference.square().mean((0, 2, 3))) / 6
    expected = (x[1] - mean[:, None, None]) / (square - mean.square() + EPS).sqrt()[:, None, None]
    torch.testing.assert_close(out[1], expected * layer.scale[0] + layer.shift[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", SHAPES)
def test_the_output_does_not_depend_on_the_other_examples(kind: str) -> None:
    layer, batch_norm = norm(kind)
    x, reference = batches(kind)
    other, axis = torch.randn_like(x), 0 if kind == "images" else 1
    mixed = torch.cat([x.narrow(axis, 0, 1), other.narrow(axis, 1, 5)], axis)
    assert torch.equal(layer(x, reference)[0].narrow(axis, 0, 1), layer(mixed, reference)[0].narrow(axis, 0, 1))
    assert not torch.allclose(batch_norm(x).narrow(axis, 0, 1), batch_norm(mixed).narrow(axis, 0, 1))


@pytest.mark.parametrize("kind", SHAPES)
def test_the_reference_batch_has_its_own_statistics(kind: str) -> None:
    layer, batch_norm = norm(kind)
    x, reference = batches(kind)
    batch_norm.load_state_dict(layer.state_dict())
    assert torch.equal(layer(x, reference)[1], batch_norm(reference))
    assert torch.equal(layer(x, reference)[1], layer(2 * x, reference)[1])


def test_batch_normalization_is_torchs() -> None:
    _, layer = norm("images")
    x, _ = batches("images")
    expected = nn.functional.batch_norm(x, None, None, layer.scale.flatten(), layer.shift.flatten(), training=True, eps=EPS)
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_gradients_flow_through_the_statistics_of_the_reference() -> None:
    """Numeric gradients of a net with a reference batch are those that autograd finds."""
    torch.manual_seed(0)
    first = nn.Linear(3, 4).double()
    net = WithReference([first, VirtualBatchNorm(4, 1).double(), nn.Tanh()], torch.randn(1, 5, 3, dtype=torch.float64))
    x = torch.randn(1, 6, 3, dtype=torch.float64)
    weight = first.weight.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda w: torch.func.functional_call(net, {"layers.0.weight": w}, x), [weight], raise_exception=False)


def test_a_shift_alone() -> None:
    assert [name for name, _ in BatchNorm(4, 2, scaled=False).named_parameters()] == ["shift"]
