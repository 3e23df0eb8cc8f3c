"""Three autoencoders that differ in one thing: how the code is made to follow a prior. Not at all, by a KL term, or by an adversary.

Encoder, decoder, error of reconstruction, images, their order and the update rule are the same. The variational one has an encoder that
gives a mean and a variance, and draws the code (Kingma & Welling 2013); the others' encoders give the code itself, the first of the
paper's three kinds (section 2.1). Shapes: R replicas, B batch, D pixels, Z code, K classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F

from secondlook.errors import UserError
from secondlook.nets.mlp import StackedMLP
from secondlook.papers.makhzani2015.phases import Adversary, Batches, Phased, descend, regularise
from secondlook.papers.makhzani2015.priors import COMPONENTS, Prior
from secondlook.papers.makhzani2015.training import Images, Training, to_pixels
from secondlook.runner.ranges import above, at_least, at_most
from secondlook.train.losses import adversarial_loss
from secondlook.train.streams import numpy_generator, torch_generator
from secondlook.train.updates import Adam, Updater
from secondlook.train.variational import bernoulli_log_likelihood, kl_to_standard_normal, normal_log_density, reparameterise

#: what a minibatch records: the error of reconstruction, the KL term (0 where there is none), both players' losses (likewise)
LOSSES = ("reconstruction_loss", "kl", "d_loss", "g_loss")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrioSettings(Training):
    """Settings of one of the three."""

    #: model
    #: ae: code left free; vae: KL term; aae: adversary
    model: Literal["ae", "vae", "aae"]
    #: prior of the code
    #: mixture: ten Gaussians in the plane
    prior: Literal["gaussian", "mixture"] = "gaussian"
    #: scale of the prior
    #: a Gaussian's standard deviation
    prior_std: float = 1.0
    #: numbers of the code
    code: int = 2
    #: labels
    #: shown: the discriminator sees some, and each chooses the component of the mixture that its draw comes from
    labels: Literal["hidden", "shown"] = "hidden"
    #: training images whose labels are shown, where any are
    labelled: int = 10000

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "code", "labelled")
        if self.labels == "shown":
            if (self.model, self.prior) != ("aae", "mixture"):
                raise UserError("setting 'labels': shown to the discriminator of an adversarial autoencoder with a mixture as its prior")
            at_most(self, "labelled", "train_images")
        above(self, 0, "prior_std")


class Trio(Phased):
    """Replicas of one of the three models."""

    def __init__(self, settings: TrioSettings, prior: Prior, images: Images, seeds: Sequence[int], device: torch.device) -> None:
        self.settings, self.prior, self.images = settings, prior, images
        self.net = settings.autoencoder(seeds, settings.code * (2 if settings.model == "vae" else 1), settings.code).to(device)
        updaters = {"reconstruction": Updater(Adam(settings.lr), list(self.net.parameters()))}
        nets: dict[str, torch.nn.Module] = {"autoencoder": self.net}
        self.adversary: Adversary | None = None
        if settings.model == "aae":
            inputs = settings.code + (COMPONENTS + 1 if settings.labels == "shown" else 0)
            self.adversary = Adversary(settings.discriminator(seeds, inputs).to(device), settings.adversarial_rule)
            updaters["discriminator"] = self.adversary.updater
            updaters["encoder"] = Updater(settings.adversarial_rule, list(self.net.encoder.parameters()))
            nets["discriminator"] = self.adversary.net
        super().__init__(seeds, nets, updaters, LOSSES, device)
        self.loss = adversarial_loss("non-saturating")
        self.batches = Batches(len(images.train_ND), settings.batch, seeds, device)
        self.shown_RN = torch.stack([self._shown(seed) for seed in seeds]) if settings.labels == "shown" else None

    def _shown(self, seed: int) -> torch.Tensor:
        """Labels that a replica's discriminator sees, [N], and -1 elsewhere."""
        chosen = numpy_generator(seed, "labels").permutation(len(self.images.train_ND))[: self.settings.labelled]
        labels_N = torch.full_like(self.images.train_labels_N, -1)
        places = torch.from_numpy(chosen).to(labels_N.device)
        labels_N[places] = self.images.train_labels_N[places]
        return labels_N

    def phases(self, step: int) -> tuple[torch.Tensor, ...]:
        """Do the reconstruction phase, and of an adversarial autoencoder the regularisation phase, on one minibatch."""
        chosen_RB = self.batches(step)
        images_RBD = to_pixels(self.images.train_ND[chosen_RB])
        zero = images_RBD.new_zeros(len(self.seeds))
        if self.settings.model == "vae":
            code_RBZ, divergence_RB = self.draw(self.net.encode(images_RBD), step)
            kl = divergence_RB.mean(-1)
        else:
            code_RBZ, kl = self.net.encode(images_RBD), zero
        error = -bernoulli_log_likelihood(self.net.decode(code_RBZ), images_RBD).mean(-1)
        descend(error + kl, self.updaters["reconstruction"])
        d_loss, g_loss = self._regularise(images_RBD, chosen_RB, step) if self.adversary else (zero, zero)
        return error.detach(), kl.detach(), d_loss, g_loss

    def draw(self, outputs_RBO: torch.Tensor, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a variational code [R, B, Z] of a minibatch and what the KL term charges for it, [R, B].

        Against a Gaussian prior that is the KL divergence in closed form, against a mixture, where there is none, its estimate from the
        one draw: log q(z | x) - log p(z).
        """
        mean_RBZ, log_variance_RBZ = outputs_RBO.chunk(2, -1)
        generators = [torch_generator(seed, "noise", step, device=self.device) for seed in self.seeds]
        shape, std = mean_RBZ.shape[1:], self.settings.prior_std
        noise_RBZ = torch.stack([torch.randn(shape, generator=generator, device=self.device) for generator in generators])
        code_RBZ = reparameterise(mean_RBZ, log_variance_RBZ, noise_RBZ)
        if self.prior.components == 1:  # N(0, std^2 I) is N(0, I) in units of std
            shift = 2 * torch.tensor(std).log()
            return code_RBZ, kl_to_standard_normal(mean_RBZ / std, log_variance_RBZ - shift.to(log_variance_RBZ))
        return code_RBZ, normal_log_density(code_RBZ, mean_RBZ, log_variance_RBZ) - self.prior.log_density(code_RBZ)

    def _regularise(self, images_RBD: torch.Tensor, chosen_RB: torch.Tensor, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The adversarial phase; with labels, the discriminator sees each image's class, an eleventh if not shown (section 2.3)."""
        assert self.adversary is not None
        shown_RB = self.shown_RN.gather(1, chosen_RB) if self.shown_RN is not None else None
        generators = [torch_generator(seed, "prior", step, device=self.device) for seed in self.seeds]
        draws_RBZ = torch.stack(
            [
                self.prior.sample(self.settings.batch, generator, None if shown_RB is None else shown_RB[replica])
                for replica, generator in enumerate(generators)
            ]
        )
        codes_RBZ = self.net.encode(images_RBD)
        if shown_RB is not None:
            classes_RBK = F.one_hot(shown_RB.where(shown_RB >= 0, COMPONENTS), COMPONENTS + 1).float()
            draws_RBZ, codes_RBZ = torch.cat([draws_RBZ, classes_RBK], -1), torch.cat([codes_RBZ, classes_RBK], -1)
        return regularise([self.adversary], [draws_RBZ], [codes_RBZ], self.updaters["encoder"], self.loss)

    def one(self, replica: int) -> Trained:
        """Return one replica's nets as they stand."""
        return Trained(self.net.encoder.one(replica), self.net.decoder.one(replica), variational=self.settings.model == "vae")


@dataclasses.dataclass(frozen=True)
class Trained:
    """The nets of one replica, in evaluation mode."""

    encoder: StackedMLP
    decoder: StackedMLP
    variational: bool

    @torch.no_grad()
    def code(self, images_ND: torch.Tensor, noise: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Return codes of uint8 images, [N, Z]: as the model uses them (a variational code is drawn), and their means."""
        outputs_NO = _in_parts(self.encoder, to_pixels(images_ND))
        if not self.variational:
            return outputs_NO, outputs_NO
        mean_NZ, log_variance_NZ = outputs_NO.chunk(2, -1)
        noise_NZ = torch.randn(mean_NZ.shape, generator=noise, device=mean_NZ.device)
        return reparameterise(mean_NZ, log_variance_NZ, noise_NZ), mean_NZ

    @torch.no_grad()
    def decode(self, codes_NZ: torch.Tensor) -> torch.Tensor:
        """Return images [N, D] in [0, 1] of codes."""
        return torch.sigmoid(_in_parts(self.decoder, codes_NZ))


def _in_parts(net: StackedMLP, inputs_NI: torch.Tensor) -> torch.Tensor:
    """Outputs [N, O] of a net of one replica, a thousand inputs at a time."""
    return torch.cat([net(part[None])[0] for part in inputs_NI.split(1000)])
