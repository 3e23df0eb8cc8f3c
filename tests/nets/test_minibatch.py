"""Minibatch features against the double loop of the paper."""

import pytest
import torch

from secondlook.nets.minibatch import MinibatchFeatures, closeness
from secondlook.train.streams import torch_generator


def layer(replicas: int = 2, *, normalised: bool = False) -> MinibatchFeatures:
    return MinibatchFeatures(32, 3, 2, [torch_generator(seed, "init") for seed in range(replicas)], normalised=normalised)


def features(replicas: int, batch: int = 5) -> torch.Tensor:
    return torch.stack([torch.randn(batch, 32, generator=torch_generator(seed, "data")) for seed in range(replicas)])


def slow(f: torch.Tensor, tensor: torch.Tensor, kernels: int) -> torch.Tensor:
    """o [B, K] of one replica, the other examples alone."""
    m = (f @ tensor).view(len(f), kernels, -1)
    out = torch.zeros(len(f), kernels, dtype=f.dtype)
    for i in range(len(f)):
        for j in range(len(f)):
            for k in range(kernels):
                if i != j:
                    out[i, k] += torch.exp(-(m[i, k] - m[j, k]).abs().sum())
    return out


def test_features_are_the_double_loop_over_the_other_examples() -> None:
    net, f = layer(), features(2)
    out = net(f)
    assert torch.equal(out[..., :32], f)
    for replica in range(2):
        torch.testing.assert_close(out[replica, :, 32:], slow(f[replica], net.tensor[replica], 3))


def test_what_an_example_gets_depends_on_the_size_of_the_batch() -> None:
    net, f = layer(), features(2, 8)
    assert (net(f[:, :4])[..., 32:] < net(f)[:, :4, 32:]).all()


def test_gradients_are_those_of_the_double_loop() -> None:
    rows = torch.randn(1, 4, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(closeness, [rows])


def test_equal_examples_are_as_near_as_can_be() -> None:
    assert closeness(torch.ones(1, 5, 3, 2)).tolist() == [[[4.0] * 3] * 5]


def test_data_set_the_scale_and_the_bias_as_the_released_code_does() -> None:
    net, f = layer(normalised=True), features(2, 40)
    column = net.tensor[0] / net.tensor[0].norm(dim=0)
    rows = (f[0] @ column).view(40, 3, 2)
    distances = (rows[:, None] - rows[None]).abs().sum(-1) + 1e6 * torch.eye(40)[..., None]
    typical = 0.5 * distances.amin(1).mean(0)  # of each kernel
    out = net.initialise(f)
    torch.testing.assert_close(net.log_scale[0, 0].view(3, 2), -typical.log()[:, None].expand(3, 2), rtol=1e-4, atol=1e-5)
    near = torch.exp(-(distances / typical)).sum(1)
    torch.testing.assert_close(out[0, :, 32:], near - near.mean(0), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("normalised", [False, True])
def test_a_replica_has_the_same_bits_alone(normalised: bool) -> None:
    two, one = layer(2, normalised=normalised), layer(1, normalised=normalised)
    f = features(2, 32)
    assert torch.equal(two.initialise(f)[:1], one.initialise(f[:1]))
