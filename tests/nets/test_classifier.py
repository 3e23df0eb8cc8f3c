import pytest
import torch

from secondlook.nets.classifier import Classifier


def multiplications(channels: int, side: int) -> int:
    """Multiplications of one image, counted layer by layer as it runs."""
    count = 0

    def note(module, _, output):
        nonlocal count
        count += output[0].numel() * module.weight[0].numel()

    net = Classifier(channels, side)
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            module.register_forward_hook(note)
    net(torch.zeros(1, channels, side, side))
    return count


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [16, 28, 32, 64])
def test_shapes(channels: int, side: int) -> None:
    images = torch.rand(5, channels, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    net = Classifier(channels, side)
    features = net.features(images)
    assert features.shape == (5, 128)
    assert float(features.detach().min()) == 0.0
    assert net(images).shape == (5, 10)
    assert torch.equal(net(images), net.head(features))
    assert Classifier(channels, side, classes=4)(images).shape == (5, 4)


@pytest.mark.parametrize(("channels", "side", "expected"), [(1, 16, 37_610), (3, 16, 38_010), (1, 28, 132_138), (3, 32, 171_038)])
def test_parameters(channels: int, side: int, expected: int) -> None:
    assert sum(parameter.numel() for parameter in Classifier(channels, side).parameters()) == expected


def test_it_is_cheap() -> None:
    assert multiplications(1, 16) == 290_048
    assert multiplications(3, 32) == 2_213_120


def test_features_of_an_image_do_not_depend_on_its_batch() -> None:
    images = torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    net = Classifier(3, 16)  # in training mode, where a batch normalization would mix the images
    torch.testing.assert_close(net.features(images)[4:5], net.features(images[4:5]), rtol=1e-5, atol=1e-6)
    assert not list(net.buffers())


def test_the_default_generator_draws_the_weights() -> None:
    nets = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        nets.append(Classifier(1, 16).head.weight)
    assert torch.equal(nets[0], nets[1])
    assert not torch.equal(nets[0], nets[2])
