import math

import pytest
import torch
from torch import nn

from secondlook.nets.vgg import CifarVGG


def test_parameters_of_the_papers_net() -> None:
    assert sum(parameter.numel() for parameter in CifarVGG().parameters()) == 14_991_946


def test_layers_are_those_of_cifar_torch() -> None:
    net = CifarVGG()
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    assert [module.out_channels for module in convolutions] == [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    assert all(module.kernel_size == (3, 3) and module.padding == (1, 1) and module.bias is not None for module in convolutions)
    norms = [module for module in net.features if isinstance(module, nn.BatchNorm2d)]
    assert all(module.eps == 1e-3 and module.momentum == 0.1 for module in norms)
    assert [module.p for module in net.features if isinstance(module, nn.Dropout)] == [0.3] + [0.4] * 7
    assert [module.p for module in net.classifier if isinstance(module, nn.Dropout)] == [0.5, 0.5]
    assert sum(isinstance(module, nn.MaxPool2d) and module.ceil_mode for module in net.features) == 5


def test_convolutions_start_by_msr_fan_out() -> None:
    torch.manual_seed(0)
    for module in CifarVGG().features:
        if isinstance(module, nn.Conv2d):
            expected = math.sqrt(2 / (9 * module.out_channels))
            assert float(module.weight.detach().std()) == pytest.approx(expected, rel=0.06)
            assert not module.bias.any()


def test_batch_normalization_starts_as_in_torch_7() -> None:
    """Factors uniform on 0 to 1; PyTorch has 1."""
    torch.manual_seed(0)
    norms = [module for module in CifarVGG().modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    factors = torch.cat([module.weight.detach() for module in norms])
    assert len(norms) == 14 and 0 <= float(factors.min()) < 0.01 and 0.99 < float(factors.max()) <= 1
    assert float(factors.mean()) == pytest.approx(0.5, abs=0.02) and float(factors.std()) == pytest.approx(12**-0.5, abs=0.01)
    assert not any(module.bias.any() for module in norms)


@pytest.mark.parametrize("side", [8, 16, 32])
def test_shapes(side: int) -> None:
    assert CifarVGG(width=0.125)(torch.zeros(3, 3, side, side)).shape == (3, 10)


def test_dropout_can_be_scaled_away() -> None:
    net = CifarVGG(width=0.125, dropout=0.0)
    assert all(module.p == 0 for module in net.modules() if isinstance(module, nn.Dropout))
