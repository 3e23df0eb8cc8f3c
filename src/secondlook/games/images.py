"""Image games: convolutional nets or perceptrons against MNIST or CIFAR-10, judged by feature nets that the pipeline trained itself.

Shapes: N images, R replicas, B batch, C H W an image, Z noise.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import nn

from secondlook.data.images import load_images
from secondlook.errors import UserError
from secondlook.games.settings import GameSettings
from secondlook.metrics.image_quality import FeatureNet, ImageJudge, metric_names, weights_sha256
from secondlook.metrics.inception import load_inception
from secondlook.metrics.neighbours import NEIGHBOURS
from secondlook.nets.classifier import Classifier
from secondlook.nets.dcgan import Activation, DCGANDiscriminator, DCGANGenerator, Filters, Resampling, Weights
from secondlook.nets.mlp import Initialise, StackedMLP, torch_default, uniform
from secondlook.runner.job import Job
from secondlook.runner.ranges import above, at_least, at_most
from secondlook.train.game import Game, Measured, Moment, Seeds, alone, init_generators, normal_noise, uniform_noise
from secondlook.train.streams import torch_generator

#: inputs of an experiment that judges images -> name of the net in metrics; two trained ones and one with random weights
FEATURE_NETS = {"net_a": "a", "net_b": "b", "net_random": "random"}
#: classes of each of the data sets
CLASSES = 10
#: sides of the images that a DCGAN makes
DCGAN_SIDES = (16, 32, 64)
#: the generator's last function and the range of its pixels
OUTPUTS = {"tanh": (torch.tanh, (-1.0, 1.0)), "sigmoid": (torch.sigmoid, (0.0, 1.0)), "linear": (None, (-1.0, 1.0))}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageSettings(GameSettings):
    """Settings of an image game."""

    #: data set
    #: svhn has no feature nets, so that no judge can be had
    dataset: Literal["mnist", "cifar10", "fashion_mnist", "svhn"]
    #: side of the images in pixels
    side: int
    #: training images
    #: the first so many; None: all
    train_images: int | None = None
    #: kind of generator
    #: constant: a DCGAN whose filters do not double
    generator: Literal["dcgan", "constant", "mlp"] = "dcgan"
    #: kind of discriminator
    discriminator: Literal["dcgan", "mlp"] = "dcgan"
    #: width of the generator
    #: channels of a DCGAN's layer next to the images, units of a perceptron's hidden layer
    g_width: int = 64
    #: width of the discriminator
    #: as that of the generator
    d_width: int = 64
    #: hidden layers of a perceptron that generates
    g_layers: int = 3
    #: hidden layers of a perceptron that discriminates
    d_layers: int = 2
    #: linear pieces of a maxout unit in a perceptron that discriminates
    #: 1: ReLU
    d_pieces: int = 1
    #: dropout of a perceptron that discriminates, at its input and in its hidden layers
    d_dropout: tuple[float, float] = (0.0, 0.0)
    #: bound of the uniform weights that a perceptron starts from as generator
    #: biases then start at 0; None: as torch.nn.Linear's
    g_init: float | None = None
    #: bound of the uniform weights that a perceptron starts from as discriminator
    #: as that of the generator
    d_init: float | None = None
    #: batch normalization in a DCGAN's generator
    g_batch_norm: bool = True
    #: batch normalization in a DCGAN's discriminator
    d_batch_norm: bool = True
    #: kernel size of a DCGAN
    #: with all that comes with it in two official codes (`secondlook.nets.dcgan`)
    kernel: Literal[4, 5] = 4
    #: how a DCGAN changes the side of its layers
    #: strided convolutions, or convolutions with pooling and repeated pixels
    resampling: Resampling = "strided"
    #: hidden fully connected layers of each of a DCGAN's nets
    connected: int = 0
    #: nonlinearity of a DCGAN's generator
    g_activation: Activation = "relu"
    #: nonlinearity of a DCGAN's discriminator
    d_activation: Activation = "leaky_relu"
    #: weights that a DCGAN starts from
    #: normal: N(0, 0.02); he: a variance by the size of the layer
    weights: Weights = "normal"
    #: last function of the generator
    output: Literal["tanh", "sigmoid", "linear"] = "tanh"
    #: length of the noise vector
    noise: int = 100
    #: distribution of the noise
    #: N(0, 1), uniform on +-1, or uniform of variance 1 on +-root 3
    noise_kind: Literal["normal", "uniform", "unit_uniform"] = "normal"
    #: samples that are judged
    samples: int = 10000
    #: training images that samples are compared with
    #: the first so many; None: all
    reference_images: int | None = None
    #: scores in Inception's features
    #: where its weights are at hand or can be fetched; colour images only
    inception: bool = False
    #: samples of the first seed that are kept at each row
    #: for a sheet
    sheet: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "side", "train_images", "g_width", "d_width", "d_pieces", "noise", "reference_images")
        at_least(self, 0, "g_layers", "d_layers", "connected", "sheet")
        at_least(self, 0, "d_dropout", most=1)
        above(self, 0, "g_init", "d_init")
        above(self, NEIGHBOURS, "samples")
        at_most(self, "samples", "reference_images")
        at_most(self, "batch", "train_images")
        if (self.generator, self.discriminator) != ("mlp", "mlp") and self.side not in DCGAN_SIDES:
            raise UserError(f"setting 'side': a DCGAN makes images of 16, 32 or 64 pixels, not {self.side}")
        if self.output != "tanh" and self.generator != "mlp":
            raise UserError(f"setting 'output': '{self.output}' is for perceptrons; a DCGAN ends in tanh")
        if self.inception and self.dataset != "cifar10":
            raise UserError(f"setting 'inception': Inception takes colour images, and '{self.dataset}' has none; leave it out")

    def metrics(self) -> set[str]:
        """Names of all metrics that a run may write: those of the game and of `secondlook.metrics.image_quality.ImageJudge`."""
        nets = [*FEATURE_NETS.values(), *(["inception"] if self.inception else [])]
        return super().metrics() | metric_names(nets, CLASSES)


Adjust = Callable[[StackedMLP, torch.Tensor], None]
Measure = Callable[[Moment], list[Measured]]


class ImageSource:
    """Training images on the device as uint8, drawn in a fresh order each epoch; the incomplete last batch is dropped."""

    def __init__(self, images_NCHW: torch.Tensor, batch: int, pixels: tuple[float, float]) -> None:
        if len(images_NCHW) < batch:
            raise UserError(f"{len(images_NCHW)} training images are less than one batch of {batch}")
        self.images, self.batch, self.pixels = images_NCHW, batch, pixels
        #: of each replica and player the epoch at work and its order; draws of the generator have numbers below 0
        self._orders: dict[tuple[int, bool], tuple[int, torch.Tensor]] = {}

    def __call__(self, seed: int, draw: int) -> torch.Tensor:
        """Return batch number ``draw`` of replica ``seed``, [B, C, H, W] float32."""
        epoch, place = divmod(draw, len(self.images) // self.batch)
        whose = seed, draw < 0
        if whose not in self._orders or self._orders[whose][0] != epoch:
            device = self.images.device
            order = torch.randperm(len(self.images), generator=torch_generator(seed, "order", epoch, device=device), device=device)
            self._orders[whose] = epoch, order
        chosen_B = self._orders[whose][1][place * self.batch : (place + 1) * self.batch]
        return to_floats(self.images[chosen_B], self.pixels)


def to_floats(images: torch.Tensor, pixels: tuple[float, float]) -> torch.Tensor:
    """Return uint8 images as float32 in the range ``pixels``."""
    low, high = pixels
    return images.float() * ((high - low) / 255) + low


def to_bytes(images: torch.Tensor, pixels: tuple[float, float]) -> torch.Tensor:
    """Return floats in the range ``pixels`` as uint8, clamped: the same for an image whatever others are in the batch."""
    low, high = pixels
    return ((images - low) * (255 / (high - low))).round().clamp(0, 255).to(torch.uint8)


def start(bound: float | None) -> Initialise:
    """How a perceptron's weights are drawn: uniform on +-``bound``, or as torch does."""
    return torch_default if bound is None else uniform(bound)


def load_net(job: Job, name: str, channels: int, side: int, device: torch.device) -> Classifier:
    """Return the feature net that the input ``name`` of the job holds, in evaluation mode."""
    net = Classifier(channels, side).to(device).eval()
    weights = job.arrays(name, job.seeds[0])
    net.load_state_dict({key: torch.from_numpy(weights[key]) for key in net.state_dict()})
    return net


def load_feature_nets(job: Job, channels: int, side: int, device: torch.device) -> tuple[dict[str, FeatureNet], dict[str, str]]:
    """Return the job's feature nets by their names in metrics, in evaluation mode, and the sha256 of the weights of each."""
    nets: dict[str, FeatureNet] = {short: load_net(job, name, channels, side, device) for name, short in FEATURE_NETS.items()}
    return nets, {short: weights_sha256(job.arrays(name, job.seeds[0])) for name, short in FEATURE_NETS.items()}


def load_judge(job: Job, settings: ImageSettings, train_NCHW: torch.Tensor) -> tuple[ImageJudge, dict[str, Any]]:
    """Return the judge of the job's feature nets, with training images as the reference and test images as the floor, and its facts."""
    device, train = train_NCHW.device, train_NCHW[: settings.reference_images]
    test, _ = load_images(job, settings.dataset, "test", settings.side, settings.samples, device)
    nets, hashes = load_feature_nets(job, train.shape[1], settings.side, device)
    facts = {"judged_samples": settings.samples, "reference_images": len(train), "feature_nets": hashes}
    if settings.inception:
        try:
            nets["inception"] = load_inception().to(device)
            facts["inception"] = "measured"
        except OSError as error:  # no internet is no failure of the run; its record says what is missing
            facts["inception"] = f"not measured: {error}"
            print(f"Inception's weights cannot be fetched ({error}); going on without fid_inception", file=sys.stderr, flush=True)
    return ImageJudge(nets, train, test, settings.samples), facts


def image_game(
    job: Job,
    settings: ImageSettings,
    device: torch.device,
    adjust_generator: Adjust | None = None,
    measure: Measure | None = None,
) -> Game:
    """Return the game; replicas play one after the other.

    Metrics: those of `secondlook.metrics.image_quality.ImageJudge`. Arrays: ``sheet_<step>``, uint8 [sheet, C, H, W], of the first seed.

    Args:
        adjust_generator: called with a perceptron generator and the training images [N, C, H, W], scaled, before training.
        measure: what is measured in place of these metrics and sheets; no judge is then loaded.
    """
    counts = (settings.train_images, settings.reference_images)
    most = None if None in counts else max(count for count in counts if count is not None)
    loaded, _ = load_images(job, settings.dataset, "train", settings.side, settings.train_images if measure else most, device)
    facts: dict[str, Any] = {}
    if measure is None:
        judge, facts = load_judge(job, settings, loaded)
    images = loaded[: settings.train_images]
    shape = tuple(images.shape[1:])
    output, pixels = OUTPUTS[settings.output]
    noise = {
        "normal": normal_noise(settings.noise),
        "uniform": uniform_noise(settings.noise),
        "unit_uniform": uniform_noise(settings.noise, 3**0.5),
    }[settings.noise_kind]

    def mlp_generator(seeds: Seeds) -> nn.Module:
        sizes = [settings.noise, *[settings.g_width] * settings.g_layers, images[0].numel()]
        net = StackedMLP(sizes, init_generators(seeds, "generator"), initialise=start(settings.g_init), output=output, shape=shape)
        if adjust_generator:
            adjust_generator(net, to_floats(images.cpu(), pixels))
        return net

    def mlp_discriminator(seeds: Seeds) -> nn.Module:
        sizes = [images[0].numel(), *[settings.d_width] * settings.d_layers, 1]
        return StackedMLP(
            sizes,
            init_generators(seeds, "discriminator"),
            initialise=start(settings.d_init),
            pieces=settings.d_pieces,
            dropout=settings.d_dropout,
        )

    common: dict[str, Any] = {"side": settings.side, "channels": shape[0]}
    common |= {name: getattr(settings, name) for name in ("kernel", "resampling", "connected", "weights")}

    def dcgan_generator() -> nn.Module:
        filters: Filters = "constant" if settings.generator == "constant" else "doubling"
        own: dict[str, Any] = {"width": settings.g_width, "batch_norm": settings.g_batch_norm, "activation": settings.g_activation}
        return DCGANGenerator(noise=settings.noise, filters=filters, **own, **common)

    def dcgan_discriminator() -> nn.Module:
        own: dict[str, Any] = {"width": settings.d_width, "batch_norm": settings.d_batch_norm, "activation": settings.d_activation}
        return DCGANDiscriminator(**own, **common)

    def judged(moment: Moment) -> list[Measured]:
        (samples,) = to_bytes(moment.samples(settings.samples), pixels)
        kept = {}
        if moment.seeds[0] == job.seeds[0]:
            kept = {f"sheet_{moment.step}": samples[: settings.sheet].cpu().numpy()}
        return [Measured(judge.judge(samples), kept)]

    return Game(
        generator=mlp_generator if settings.generator == "mlp" else alone(dcgan_generator, "generator"),
        discriminator=mlp_discriminator if settings.discriminator == "mlp" else alone(dcgan_discriminator, "discriminator"),
        data=ImageSource(images, settings.batch, pixels),
        noise=noise,
        measure=measure or judged,
        facts=facts,
        **settings.game_fields(),
    )
