import pytest
import torch
import torch.nn.functional as F
from torch import nn

from secondlook.errors import UserError
from secondlook.nets.dcgan import DCGANDiscriminator, DCGANGenerator


def parameters(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def discriminator_parameters(channels: int, side: int, width: int) -> int:
    """Closed form for 4 x 4 kernels without biases: first layer, n - 1 doublings, their batch normalizations, the logit."""
    last = width * side // 8
    doublings = 16 * 2 * (last**2 - width**2) // 3  # 16 c 2c for c = width, 2 width ... last / 2
    return 16 * channels * width + doublings + 2 * (2 * last - 2 * width) + 16 * last


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"side": 64}, 3_576_704),  # the official code's
        ({"side": 64, "batch_norm": False}, 3_574_784),
        ({"side": 64, "batch_norm": False, "filters": "constant"}, 302_080),
        ({"side": 64, "filters": "constant"}, 302_592),
        ({"side": 32}, 409_600 + 524_288 + 131_072 + 3_072 + 2 * (256 + 128 + 64)),
        ({"side": 16}, 204_800 + 131_072 + 3_072 + 2 * (128 + 64)),
        ({"side": 64, "kernel": 5, "noise": 1024}, 1025 * 8192 + 25 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 451 + 2 * 960),
        ({"side": 64, "kernel": 5, "noise": 1024, "batch_norm": False}, 12_702_851),
        ({"side": 32, "kernel": 5}, 101 * 4096 + 25 * (256 * 128 + 128 * 64 + 64 * 3) + 195 + 2 * 448),
        ({"side": 32, "kernel": 4, "resampling": "pooling"}, 1_068_928),
        ({"side": 32, "width": 8, "noise": 7, "kernel": 4}, 7 * 32 * 16 + 16 * (32 * 16 + 16 * 8 + 8 * 3) + 2 * 56),
    ],
)
def test_parameters_of_generators(options: dict, expected: int) -> None:
    assert parameters(DCGANGenerator(3, **options)) == expected


def test_the_constant_generator_is_more_than_ten_times_smaller() -> None:
    """WGAN, Fig. 6: a bit more than an order of magnitude fewer parameters."""
    small = DCGANGenerator(3, 64, batch_norm=False, filters="constant")
    assert parameters(DCGANGenerator(3, 64)) / parameters(small) == pytest.approx(11.84, abs=0.005)


@pytest.mark.parametrize(("channels", "side", "width"), [(3, 64, 64), (3, 32, 64), (1, 32, 64), (1, 16, 16), (3, 64, 8)])
def test_parameters_of_discriminators(channels: int, side: int, width: int) -> None:
    expected = discriminator_parameters(channels, side, width)
    assert parameters(DCGANDiscriminator(channels, side, width=width)) == expected
    assert parameters(DCGANDiscriminator(channels, side, width=width, resampling="pooling")) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"side": 64}, 2_765_568),
        ({"side": 64, "batch_norm": False}, 2_763_776),
        ({"side": 64, "kernel": 5}, 25 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 960 + 8193 + 2 * 896),
        ({"side": 32, "kernel": 5}, 25 * (3 * 64 + 64 * 128 + 128 * 256) + 448 + 4097 + 2 * 384),
        ({"side": 32, "kernel": 5, "batch_norm": False}, 25 * (3 * 64 + 64 * 128 + 128 * 256) + 448 + 4097),
    ],
)
def test_parameters_of_colour_discriminators(options: dict, expected: int) -> None:
    assert parameters(DCGANDiscriminator(3, **options)) == expected


@pytest.mark.parametrize("side", [16, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize("resampling", ["strided", "pooling"])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_shapes(side: int, channels: int, kernel: int, resampling: str, batch_norm: bool) -> None:
    options = {"width": 4, "kernel": kernel, "resampling": resampling, "batch_norm": batch_norm}
    images = DCGANGenerator(channels, side, noise=7, filters="constant", **options)(torch.randn(3, 7))
    assert images.shape == (3, channels, side, side)
    assert float(images.detach().abs().max()) < 1
    logits = DCGANDiscriminator(channels, side, **options)(images)
    assert logits.shape == (3,)
    logits.sum().backward()


def test_layers_are_those_of_the_wgan_code() -> None:
    generator, discriminator = DCGANGenerator(3, 64), DCGANDiscriminator(3, 64)
    names = [type(module).__name__ for module in generator.layers]
    assert names == ["Unflatten", "ConvTranspose2d", *["BatchNorm2d", "ReLU", "ConvTranspose2d"] * 4, "Tanh"]
    names = [type(module).__name__ for module in discriminator.layers]
    assert names == ["Conv2d", "LeakyReLU", *["Conv2d", "BatchNorm2d", "LeakyReLU"] * 3, "Conv2d", "Flatten"]
    convolutions = [module for module in generator.layers if isinstance(module, nn.ConvTranspose2d)]
    assert [module.out_channels for module in convolutions] == [512, 256, 128, 64, 3]
    assert [(module.kernel_size[0], module.stride[0], module.padding[0]) for module in convolutions] == [(4, 1, 0)] + [(4, 2, 1)] * 4
    convolutions += [module for module in discriminator.layers if isinstance(module, nn.Conv2d)]
    assert [(module.kernel_size[0], module.stride[0], module.padding[0]) for module in convolutions[5:]] == [(4, 2, 1)] * 4 + [(4, 1, 0)]
    assert all(module.bias is None for module in convolutions)
    assert all(module.negative_slope == 0.2 for module in discriminator.layers if isinstance(module, nn.LeakyReLU))


@pytest.mark.parametrize("kernel", [4, 5])
def test_batch_normalization_has_eps_1e_5_and_momentum_0_1(kernel: int) -> None:
    """A public port gives 0.8 as eps, where a momentum was meant."""
    for net, count in ((DCGANGenerator(3, 64, kernel=kernel), 4), (DCGANDiscriminator(3, 64, kernel=kernel), 3)):
        norms = [module for module in net.layers if isinstance(module, nn.BatchNorm2d)]
        assert len(norms) == count
        assert all(module.eps == 1e-5 and module.momentum == 0.1 for module in norms)


def test_one_channel_as_wide_as_the_image_keeps_its_normalizations() -> None:
    """D's input layer is the first, not one that happens to have the image's channels."""
    norms = [module for module in DCGANDiscriminator(4, 64, width=2).layers if isinstance(module, nn.BatchNorm2d)]
    assert [module.num_features for module in norms] == [4, 8, 16]


@pytest.mark.parametrize("kernel", [4, 5])
def test_weights_start_as_in_the_codes(kernel: int) -> None:
    torch.manual_seed(0)
    for net in (DCGANGenerator(3, 64, kernel=kernel), DCGANDiscriminator(3, 64, kernel=kernel)):
        scales = torch.cat([module.weight.detach() for module in net.layers if isinstance(module, nn.BatchNorm2d)])
        assert float(scales.mean()) == pytest.approx(1.0, abs=0.004)
        assert float(scales.std()) == pytest.approx(0.02, rel=0.1)
        for module in net.layers:
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                weight = module.weight.detach()
                truncated = kernel == 5 and isinstance(module, nn.Conv2d)
                # cut off at two standard deviations, a normal distribution keeps 0.8796 of its standard deviation
                assert float(weight.std()) == pytest.approx(0.02 * (0.8796 if truncated else 1), rel=0.06)
                assert (float(weight.abs().max()) <= 0.04) == truncated
            if getattr(module, "bias", None) is not None:
                assert not module.bias.any()


def test_kernels_of_5_pixels_are_tensorflows_on_mirrored_images() -> None:
    """TensorFlow's SAME padding of an even side at stride 2: one pixel before, two after."""
    layer = DCGANDiscriminator(3, 16, width=4, kernel=5).layers[0]
    images = torch.randn(2, 3, 16, 16)
    theirs = F.conv2d(F.pad(images, (1, 2, 1, 2)), layer.weight.flip(2, 3), stride=2)
    torch.testing.assert_close(layer(images.flip(2, 3)).flip(2, 3), theirs)


@pytest.mark.parametrize("kernel", [4, 5])
def test_a_generators_layer_is_the_adjoint_of_a_discriminators(kernel: int) -> None:
    up, down = DCGANGenerator(3, 16, width=4, kernel=kernel).layers[-2], DCGANDiscriminator(3, 16, width=4, kernel=kernel).layers[0]
    with torch.no_grad():
        up.weight.copy_(down.weight)
    small, large = torch.randn(1, 4, 8, 8), torch.randn(1, 3, 16, 16)
    torch.testing.assert_close((up(small) * large).sum(), (down(large) * small).sum(), rtol=1e-4, atol=1e-5)


def test_pooling_averages_after_the_nonlinearity() -> None:
    net = DCGANDiscriminator(1, 16, width=2, resampling="pooling")
    assert [type(module).__name__ for module in net.layers[:4]] == ["ZeroPad2d", "Conv2d", "LeakyReLU", "AvgPool2d"]
    repeated = DCGANGenerator(1, 16, width=2, resampling="pooling").layers[-4](torch.tensor([[[[1.0, 2.0]]]]))
    assert repeated.tolist() == [[[[1.0, 1.0, 2.0, 2.0]] * 2]]


def test_other_sides_are_refused() -> None:
    with pytest.raises(UserError, match="16, 32 or 64 pixels, not 28"):
        DCGANGenerator(1, 28)
    with pytest.raises(UserError, match="16, 32 or 64 pixels, not 8"):
        DCGANDiscriminator(1, 8)


# -- what the guidelines of Radford et al. 2016 are about ----------------------------------------------------------------------


@pytest.mark.parametrize("connected", [0, 1, 2])
@pytest.mark.parametrize("kernel", [4, 5])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_parameters_of_hidden_connected_layers(connected: int, kernel: int, batch_norm: bool) -> None:
    """Each has as many units as 4 x 4 pixels hold numbers, here 16 x 8, with kernels of 5 pixels a bias, normalized two numbers each."""
    options = {"width": 4, "kernel": kernel, "batch_norm": batch_norm}
    units = 16 * 8
    each = units * ((kernel == 5) + 2 * batch_norm)
    wider = (units - 7) * units if connected else 0  # the layer to 4 x 4 pixels has more inputs
    more = connected * each + (7 * units + (connected - 1) * units**2 if connected else 0) + wider
    assert parameters(DCGANGenerator(1, 16, noise=7, connected=connected, **options)) == (
        parameters(DCGANGenerator(1, 16, noise=7, **options)) + more
    )
    assert parameters(DCGANDiscriminator(1, 16, connected=connected, **options)) == (
        parameters(DCGANDiscriminator(1, 16, **options)) + connected * (units**2 + each)
    )


def test_connected_layers_are_normalized_and_bent_like_the_others() -> None:
    names = [type(module).__name__ for module in DCGANGenerator(1, 16, noise=7, width=2, connected=1, activation="tanh").layers]
    assert names[:5] == ["Linear", "BatchNorm1d", "Tanh", "Unflatten", "ConvTranspose2d"]
    names = [type(module).__name__ for module in DCGANDiscriminator(1, 16, width=2, connected=1, activation="relu").layers]
    assert names[-6:] == ["Flatten", "Linear", "BatchNorm1d", "ReLU", "Linear", "Flatten"]


@pytest.mark.parametrize(("activation", "kind"), [("relu", nn.ReLU), ("leaky_relu", nn.LeakyReLU), ("tanh", nn.Tanh)])
def test_all_hidden_layers_have_the_nonlinearity_that_is_asked_for(activation: str, kind: type[nn.Module]) -> None:
    for net, ends in (
        (DCGANGenerator(1, 32, width=2, activation=activation), 1),
        (DCGANDiscriminator(1, 32, width=2, activation=activation), 0),
    ):
        bends = [module for module in net.layers if isinstance(module, nn.ReLU | nn.LeakyReLU | nn.Tanh)]
        assert all(isinstance(module, kind) for module in bends[: len(bends) - ends])
        assert len(bends) == 3 + ends
    assert isinstance(DCGANGenerator(1, 32, width=2, activation=activation).layers[-1], nn.Tanh)


@pytest.mark.parametrize(("resampling", "least"), [("strided", 0.3), ("pooling", 0.1)])  # an average of four is smaller than each
def test_hes_start_keeps_the_size_of_signals_where_the_usual_one_loses_it(resampling: str, least: float) -> None:
    """Without normalization: root mean square outputs before the last function, for inputs of size 1."""
    sizes = {}
    for weights in ("normal", "he"):
        torch.manual_seed(0)
        generator = DCGANGenerator(3, 32, width=16, batch_norm=False, resampling=resampling, weights=weights)
        discriminator = DCGANDiscriminator(3, 32, width=16, batch_norm=False, resampling=resampling, weights=weights)
        made = generator.layers[:-1](torch.randn(64, 100))
        told = discriminator(torch.randn(64, 3, 32, 32))
        sizes[weights] = [float(each.detach().square().mean().sqrt()) for each in (made, told)]
    assert all(least < size < 3 for size in sizes["he"])
    assert all(size < 0.05 for size in sizes["normal"])


@pytest.mark.parametrize(("side", "kernel", "length"), [(32, 5, 7168), (16, 4, (64 + 128) * 16), (64, 4, (64 + 128 + 256 + 512) * 16)])
def test_features_are_largest_outputs_in_each_sixteenth(side: int, kernel: int, length: int) -> None:
    """Against each layer in turn; 7,168 is the number of features that the official code has for SVHN."""
    torch.manual_seed(0)
    net = DCGANDiscriminator(3, side, kernel=kernel).eval()
    images = torch.randn(2, 3, side, side)
    with torch.no_grad():
        found = net.features(images)
        assert found.shape == (2, length)
        x, place = images, 0
        for layer in net.layers:
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                step = x.shape[-1] // 4
                for channel in (0, x.shape[1] - 1):
                    for row in range(4):
                        for column in range(4):
                            block = x[1, channel, row * step : (row + 1) * step, column * step : (column + 1) * step]
                            assert found[1, place + channel * 16 + row * 4 + column] == block.max()
                place += 16 * x.shape[1]
        assert place == length
