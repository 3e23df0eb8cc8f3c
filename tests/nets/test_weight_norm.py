"""Weight normalization and its data-dependent initialization, each against its formula; noise and features of discriminators."""

import pytest
import torch
from torch import nn

from secondlook.nets.features import FeatureDiscriminator, absolute_feature_gap, feature_gap
from secondlook.nets.noise import GaussianNoise
from secondlook.nets.weight_norm import ConvWeightNorm, DoublingWeightNorm, StackedWeightNorm, initialise_from_data
from secondlook.train.streams import torch_generator


def stacked(replicas: int = 2, **options) -> StackedWeightNorm:
    return StackedWeightNorm(32, 64, [torch_generator(seed, "init") for seed in range(replicas)], **options)


def test_weights_are_g_v_over_the_norm_of_v() -> None:
    layer, x = stacked(), torch.randn(2, 7, 32)
    with torch.no_grad():
        layer.scale.uniform_(1, 2)
        layer.bias.normal_()
    for r in range(2):
        weight = layer.scale[r] * layer.direction[r] / layer.direction[r].norm(dim=0)
        torch.testing.assert_close(layer(x)[r], x[r] @ weight + layer.bias[r], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make", [ConvWeightNorm, DoublingWeightNorm])
def test_convolutions_are_torchs_with_normalised_kernels(make: type) -> None:
    doubling = make is DoublingWeightNorm
    layer = make(3, 5) if doubling else make(3, 5, 3, stride=2, padding=1)
    x = torch.randn(2, 3, 8, 8)
    like = nn.ConvTranspose2d(3, 5, 5, 2, 2, 1) if doubling else nn.Conv2d(3, 5, 3, 2, 1)
    axes = (0, 2, 3) if doubling else (1, 2, 3)
    with torch.no_grad():
        like.weight.copy_(layer.direction / layer.direction.square().sum(axes, keepdim=True).sqrt())
        like.bias.copy_(layer.bias.flatten())
    torch.testing.assert_close(layer(x), like(x), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("spread", [1.0, 0.1])
def test_data_give_each_output_mean_0_and_the_spread(spread: float) -> None:
    layers = [
        stacked(spread=spread),
        nn.ReLU(),
        StackedWeightNorm(64, 32, [torch_generator(0, "a"), torch_generator(1, "a")], spread=spread),
    ]
    out = initialise_from_data(layers, 3 + 2 * torch.randn(2, 500, 32))
    torch.testing.assert_close(out.mean(1), torch.zeros(2, 32), atol=1e-4, rtol=0)
    torch.testing.assert_close(out.std(1, correction=0), torch.full((2, 32), spread), rtol=1e-3, atol=0)
    images = ConvWeightNorm(3, 4, 3, padding=1, spread=spread).initialise(torch.rand(50, 3, 8, 8))
    torch.testing.assert_close(images.std((0, 2, 3), correction=0), torch.full((4,), spread), rtol=1e-3, atol=0)


def test_g_is_trained_only_where_it_is_said() -> None:
    assert [name for name, p in stacked().named_parameters() if p.requires_grad] == ["direction", "bias"]
    assert [name for name, p in stacked(train_scale=True).named_parameters() if p.requires_grad] == ["direction", "scale", "bias"]


def test_a_replica_is_initialised_to_the_same_bits_alone() -> None:
    x = torch.randn(2, 500, 32)
    assert torch.equal(stacked(2).initialise(x)[1:], _second().initialise(x[1:]))


def _second() -> StackedWeightNorm:
    return StackedWeightNorm(32, 64, [torch_generator(1, "init")])


def test_noise_is_there_in_training_alone_with_its_deviation_and_from_its_generators() -> None:
    layer, x = GaussianNoise(0.3), torch.zeros(2, 400, 50)
    layer.draw_from([torch_generator(seed, "dropout") for seed in (0, 1)])
    drawn = layer(x)
    assert drawn.std().item() == pytest.approx(0.3, rel=0.02)
    assert not torch.equal(drawn, layer(x))  # fresh at each call
    layer.draw_from([torch_generator(1, "dropout")])
    assert torch.equal(layer(x[1:]), drawn[1:])
    assert layer.eval()(x) is x


def test_feature_gaps_are_those_of_the_means() -> None:
    real, fake = torch.randn(2, 6, 3), torch.randn(2, 5, 3)
    for r in range(2):
        gap = [float(real[r, :, a].mean() - fake[r, :, a].mean()) for a in range(3)]
        assert feature_gap(real, fake)[r].item() == pytest.approx(sum(each**2 for each in gap), rel=1e-4)
        assert absolute_feature_gap(real, fake)[r].item() == pytest.approx(sum(map(abs, gap)) / 3, rel=1e-4)


def test_the_output_of_k_classes_makes_d_the_softmax_of_all_but_the_extra_one() -> None:
    """D = Z / (Z + 1) is one minus the softmax of the class K + 1 whose logit is 0."""
    net = FeatureDiscriminator(nn.Identity(), nn.Linear(4, 10))
    x = torch.randn(1, 7, 4)
    softmax = torch.cat([net.logits(x), torch.zeros(1, 7, 1)], -1).softmax(-1)
    torch.testing.assert_close(net(x).sigmoid(), 1 - softmax[..., -1])
    single = FeatureDiscriminator(nn.Identity(), nn.Linear(4, 1))
    assert torch.equal(single(x), single.logits(x)[..., 0])
