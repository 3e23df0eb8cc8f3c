"""A code in two parts, a class and a style: semi-supervised, unsupervised and supervised (sections 4, 5 and 6).

semi, clusters: the encoder gives a softmax y and a style z, and two adversaries make y follow one-hot draws and z a Gaussian; the decoder
reads both. semi has a third phase, in which labelled images are classified by y. style: the encoder gives z alone, and the decoder is told
the label. Shapes: R replicas, B batch, D pixels, K classes or clusters, Z style.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F

from secondlook.errors import UserError
from secondlook.games.images import CLASSES, load_feature_nets, to_bytes
from secondlook.metrics.image_quality import FeatureNet, extract
from secondlook.metrics.wasserstein import sliced_w1
from secondlook.papers.makhzani2015.phases import Adversary, Batches, Phased, classify, descend, regularise
from secondlook.papers.makhzani2015.priors import gaussian
from secondlook.papers.makhzani2015.training import Found, Images, Prepared, Training, load, to_pixels, train
from secondlook.runner.job import Job, Result
from secondlook.runner.ranges import at_least, at_most
from secondlook.train.losses import adversarial_loss
from secondlook.train.streams import numpy_generator, torch_generator
from secondlook.train.updates import Adam, Updater
from secondlook.train.variational import bernoulli_log_likelihood

#: what a minibatch records
LOSSES = ("reconstruction_loss", "d_loss", "g_loss", "class_loss")
#: styles whose images are kept of the first seed, and styles that each label is decoded with to be classified
STYLES, STYLES_JUDGED = 8, 100
#: codes that the sliced distance compares with as many draws of the prior
SLICED = 2000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Training):
    """Settings of a code in two parts."""

    #: task
    #: semi: labels of some images; clusters: no label; style: the decoder is told every label
    task: Literal["semi", "clusters", "style"]
    #: labelled images
    labelled: int = 0
    #: clusters
    clusters: int = CLASSES
    #: numbers of the style
    style: int

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "style")
        at_least(self, 2, "clusters")
        at_least(self, 0, "labelled")
        at_most(self, "labelled", "train_images")
        if (self.task == "semi") != (self.labelled > 0):
            raise UserError(f"setting 'labelled': for task 'semi' alone, and there at least 1, not {self.labelled} for '{self.task}'")
        if self.task == "clusters" and not self.held_out:
            raise UserError("setting 'held_out': images must be held out to name the clusters")
        if self.task != "clusters" and self.clusters != CLASSES:
            raise UserError(f"setting 'clusters': for task 'clusters' alone; '{self.task}' has the {CLASSES} classes")

    def metrics(self) -> set[str]:
        """Names of all metrics that `run` may write."""
        return {*LOSSES, "reconstruction", "sliced_w", "sliced_w_floor", "content" if self.task == "style" else "test_error"}


class Parts(Phased):
    """Replicas of an adversarial autoencoder with a code in two parts."""

    def __init__(self, settings: Settings, images: Images, seeds: Sequence[int], device: torch.device) -> None:
        self.settings, self.images, self.classes = settings, images, settings.clusters
        self.encodes_class = settings.task != "style"
        outputs = settings.style + (self.classes if self.encodes_class else 0)
        self.net = settings.autoencoder(seeds, outputs, self.classes + settings.style).to(device)
        rule, encoder = settings.adversarial_rule, list(self.net.encoder.parameters())
        inputs = {"class": self.classes, "style": settings.style} if self.encodes_class else {"style": settings.style}
        self.adversaries = {
            part: Adversary(settings.discriminator(seeds, size, f"discriminator {part}").to(device), rule) for part, size in inputs.items()
        }
        updaters = {"reconstruction": Updater(Adam(settings.lr), list(self.net.parameters())), "encoder": Updater(rule, encoder)}
        updaters |= {part: adversary.updater for part, adversary in self.adversaries.items()}
        if settings.task == "semi":
            updaters["classes"] = Updater(Adam(settings.lr), encoder)
        nets = {"autoencoder": self.net, **{part: adversary.net for part, adversary in self.adversaries.items()}}
        super().__init__(seeds, nets, updaters, LOSSES, device)
        self.prior, self.loss = gaussian(settings.style, 1.0, device), adversarial_loss("non-saturating")
        self.batches = Batches(len(images.train_ND), settings.batch, seeds, device)
        if settings.task == "semi":
            chosen = [numpy_generator(seed, "labels").permutation(len(images.train_ND))[: settings.labelled] for seed in seeds]
            self.labelled_RN = torch.from_numpy(np.stack(chosen)).to(device)
            self.labelled_batches = Batches(settings.labelled, min(settings.batch, settings.labelled), seeds, device, stream="labels")

    def phases(self, step: int) -> tuple[torch.Tensor, ...]:
        """Do the reconstruction phase, the regularisation phase and, with labels, the classification phase on one minibatch."""
        chosen_RB = self.batches(step)
        images_RBD = to_pixels(self.images.train_ND[chosen_RB])
        labels_RB = self.images.train_labels_N[chosen_RB]
        class_RBK, style_RBZ = self.encode(images_RBD, labels_RB)
        logits_RBD = self.net.decode(torch.cat([class_RBK, style_RBZ], -1))
        error = descend(-bernoulli_log_likelihood(logits_RBD, images_RBD).mean(-1), self.updaters["reconstruction"])
        codes = dict(zip(("class", "style"), self.encode(images_RBD, labels_RB), strict=True))
        draws = [torch.stack([self._draw(part, seed, step) for seed in self.seeds]) for part in self.adversaries]
        parts = [codes[part] for part in self.adversaries]
        d_loss, g_loss = regularise(list(self.adversaries.values()), draws, parts, self.updaters["encoder"], self.loss)
        return error, d_loss, g_loss, self._classify(step) if self.settings.task == "semi" else torch.zeros_like(error)

    def encode(self, images_RBD: torch.Tensor, labels_RB: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the class part [R, B, K], a softmax or the label given, and the style [R, B, Z]."""
        outputs_RBO = self.net.encode(images_RBD)
        if self.encodes_class:
            return outputs_RBO[..., : self.classes].softmax(-1), outputs_RBO[..., self.classes :]
        return F.one_hot(labels_RB, self.classes).float(), outputs_RBO

    def _draw(self, part: str, seed: int, step: int) -> torch.Tensor:
        """Draws of a part's prior, [B, ...]: one-hot classes, or Gaussian styles."""
        generator = torch_generator(seed, "prior", step, int(part == "class"), device=self.device)
        if part == "style":
            return self.prior.sample(self.settings.batch, generator)
        classes_B = torch.randint(self.classes, (self.settings.batch,), generator=generator, device=self.device)
        return F.one_hot(classes_B, self.classes).float()

    def _classify(self, step: int) -> torch.Tensor:
        chosen_RB = self.labelled_RN.gather(1, self.labelled_batches(step))
        logits_RBK = self.net.encode(to_pixels(self.images.train_ND[chosen_RB]))[..., : self.classes]
        return classify(logits_RBK, self.images.train_labels_N[chosen_RB], self.updaters["classes"])


def run(job: Job) -> Result:
    """Train one replica per seed; a row's step counts minibatches.

    Metrics of the last row: ``reconstruction``, the squared error of a test image summed over pixels; ``sliced_w`` of test images' styles
    to the prior, ``sliced_w_floor`` of as many draws; semi: ``test_error`` in percent of the class part; clusters: the same after the
    paper's rule, by which a cluster has the label of the held-out image that it is surest of; style:
    ``content``, the share of images decoded from a label and a drawn style that a classifier gives that label.
    Arrays of the first seed: ``styles`` uint8 [styles, K, D], drawn styles with each class.
    """
    settings = job.settings(Settings)

    def prepare(device: torch.device) -> Prepared[Parts]:
        images = load(job, settings, device)
        judge = load_feature_nets(job, 1, settings.side, device)[0]["a"] if settings.task == "style" else None

        def measure(group: Parts, replica: int) -> Found:
            metrics = measured(group, replica, images, judge)
            seed = group.seeds[replica]
            arrays = {}
            if seed == job.seeds[0]:
                arrays["styles"] = decoded(group, replica, STYLES, seed).unflatten(0, (STYLES, -1)).cpu().numpy()
            return metrics, arrays

        return lambda seeds: Parts(settings, images, seeds, device), measure

    return train(job, settings, prepare)


@torch.no_grad()
def encoded(group: Parts, replica: int, images_ND: torch.Tensor, labels_N: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return class part [N, K] and style [N, Z] of images by one replica."""
    encoder = group.net.encoder.one(replica)
    outputs_NO = torch.cat([encoder(to_pixels(part)[None])[0] for part in images_ND.split(1000)])
    if group.encodes_class:
        return outputs_NO[:, : group.classes].softmax(-1), outputs_NO[:, group.classes :]
    return F.one_hot(labels_N, group.classes).float(), outputs_NO


@torch.no_grad()
def decoded(group: Parts, replica: int, count: int, seed: int) -> torch.Tensor:
    """Return uint8 images [count * K, D] of ``count`` drawn styles, each with every class."""
    style_NZ = group.prior.sample(count, torch_generator(seed, "eval", device=group.device))
    classes_KK = torch.eye(group.classes, device=group.device)
    codes = torch.cat([classes_KK.repeat(count, 1), style_NZ.repeat_interleave(group.classes, 0)], 1)
    return to_bytes(torch.sigmoid(group.net.decoder.one(replica)(codes[None])[0]), (0.0, 1.0))


@torch.no_grad()
def measured(group: Parts, replica: int, images: Images, judge: FeatureNet | None) -> dict[str, float]:
    """All metrics of a replica."""
    settings, seed = group.settings, group.seeds[replica]
    class_NK, style_NZ = encoded(group, replica, images.test_ND, images.test_labels_N)
    decoder = group.net.decoder.one(replica)
    pixels_ND = to_pixels(images.test_ND)
    again_ND = torch.cat([decoder(part[None])[0] for part in torch.cat([class_NK, style_NZ], 1).split(1000)]).sigmoid()
    prior = [
        group.prior.sample(SLICED, torch_generator(seed, "eval", number, device=group.device)).cpu().double().numpy() for number in (1, 2)
    ]
    found = {
        "reconstruction": float((again_ND.double() - pixels_ND.double()).square().sum(1).mean()),
        "sliced_w": sliced_w1(style_NZ[:SLICED].cpu().double().numpy(), prior[0], numpy_generator(seed, "eval")),
        "sliced_w_floor": sliced_w1(prior[1], prior[0], numpy_generator(seed, "eval")),
    }
    if judge is not None:
        pictures_NCHW = decoded(group, replica, STYLES_JUDGED, seed).view(-1, 1, settings.side, settings.side)
        wanted_N = torch.arange(group.classes, device=group.device).repeat(STYLES_JUDGED)
        return found | {"content": float((extract(judge, pictures_NCHW)[1].argmax(1) == wanted_N).double().mean())}
    label_of_K = torch.arange(group.classes, device=group.device)
    if settings.task == "clusters":
        sureness_NK, _ = encoded(group, replica, images.held_out_ND, images.held_out_labels_N)
        label_of_K = images.held_out_labels_N[sureness_NK.argmax(0)]
    wrong_N = label_of_K[class_NK.argmax(1)] != images.test_labels_N
    return found | {"test_error": 100 * float(wrong_N.double().mean())}
