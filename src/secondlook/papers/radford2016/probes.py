"""What is asked of a trained generator: does a walk in its noise jump, does it copy training images, does arithmetic work in its noise?

Shapes: W walks, T images of a walk, S sums, K exemplars, Z noise, N images, P pixels.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch

from secondlook.games.images import OUTPUTS, to_bytes
from secondlook.metrics.image_quality import extract
from secondlook.metrics.neighbours import BLOCK, squared_distances
from secondlook.nets.classifier import Classifier
from secondlook.train.game import Measured, Moment
from secondlook.train.streams import torch_generator

METRICS = {
    *("walk_jump", "walk_stretch", "copies_jump", "novelty"),
    *("wanted_1", "wanted_3", "wanted_1_short", "wanted_gain", "wanted_rest", "ink_1", "ink_3", "ink_change"),
}
#: exemplars that are averaged (section 6.3.2)
EXEMPLARS = 3
#: share of a class's samples that count as its thickest, or its thinnest
EXTREME = 0.25
#: rows and columns of the strips that are kept
ROWS, COLUMNS = 4, 9


class Probes:
    """Explores one generator after the other.

    Args:
        net: classifier that says which digit an image shows.
        train_NCHW: uint8 training images.
        test_NCHW: uint8 images that the generator was not trained on; as many samples are compared with training images.
        walks: how many.
        length: images of a walk.
        pool: samples among which exemplars are looked for.
        sums: of arithmetic.
    """

    def __init__(
        self, net: Classifier, train_NCHW: torch.Tensor, test_NCHW: torch.Tensor, *, walks: int, length: int, pool: int, sums: int
    ) -> None:
        self.net, self.train = net, train_NCHW
        self.walks, self.length, self.pool, self.sums, self.compared = walks, length, pool, sums, len(test_NCHW)
        self.train_NP = train_NCHW.flatten(1).double()
        self.usual = self._nearest(test_NCHW)[0].median().item()

    def explore(self, moment: Moment) -> Measured:
        """Return the metrics of `walk`, `copies` and `arithmetic`, and their strips, uint8 [rows, columns, C, H, W]."""
        metrics: dict[str, float] = {}
        arrays: dict[str, Any] = {}
        for part in (self.walk(moment), self.copies(moment), self.arithmetic(moment)):
            metrics |= part.metrics
            arrays |= part.arrays
        return Measured(metrics, arrays)

    def walk(self, moment: Moment) -> Measured:
        """Straight lines between two points of noise.

        ``walk_jump``: the largest step between two images over the mean step; ``walk_stretch``: the length of the way over the distance
        of its ends; ``copies_jump``: the first of the nearest training images of the same walk, which is how one would look that only
        shows what was learned by heart. Means over walks.
        """
        count, length = self.walks, self.length
        ends_Z = moment.noise(2 * count, self._draws(moment, 1))
        share_T11 = torch.linspace(0, 1, length, device=ends_Z.device)[:, None, None]
        z_TWZ = ends_Z[:count] * (1 - share_T11) + ends_Z[count:] * share_T11
        images = self._images(moment, z_TWZ.flatten(0, 1))
        way_TWP = images.flatten(1).double().unflatten(0, (length, count))
        copies_TWP = self.train_NP[self._nearest(images)[1]].unflatten(0, (length, count))
        strip = images.unflatten(0, (length, count)).transpose(0, 1)[:ROWS, torch.linspace(0, length - 1, COLUMNS).round().long()]
        metrics = {"walk_jump": jump(way_TWP), "walk_stretch": stretch(way_TWP), "copies_jump": jump(copies_TWP)}
        return Measured(metrics, {"walk": strip.numpy(force=True)})

    def copies(self, moment: Moment) -> Measured:
        """``novelty``: the median distance of samples to their nearest training image, over that of test images (Euclidean, pixels)."""
        images = self._images(moment, moment.noise(self.compared, self._draws(moment, 2)))
        distances, places = self._nearest(images)
        strip = torch.stack([images[:COLUMNS], self.train[places[:COLUMNS]]])
        return Measured({"novelty": distances.median().item() / self.usual}, {"neighbours": strip.numpy(force=True)})

    def arithmetic(self, moment: Moment) -> Measured:
        """Thick a - thin a + thin b, which should be a b, with one exemplar of each and with the means of three.

        ``wanted_1``, ``wanted_3``: the share of sums that the classifier takes for a b; ``wanted_1_short``: of sums of one exemplar each,
        divided by root 3, which gives them the length of noise, as averaging three does; ``wanted_gain``: the second less the first;
        ``wanted_rest``: the second less the third; ``ink_1``, ``ink_3``: mean ink of sums over that of all samples; ``ink_change``: the
        second less the first. Where fewer than two digits have exemplars no sum comes out: 0.
        """
        pool_NZ = moment.noise(self.pool, self._draws(moment, 3))
        images = self._images(moment, pool_NZ)
        digits_N, ink_N = self._digits(images), ink(images)
        places_S3K, wanted_S = choose(digits_N.cpu(), ink_N.cpu(), self.sums, self._draws(moment, 4, "cpu"))
        if not len(wanted_S):
            return Measured(dict.fromkeys(sorted(name for name in METRICS if name.startswith(("wanted", "ink"))), 0.0))
        z_S3KZ = pool_NZ[places_S3K]
        sums = {"1": arithmetic(z_S3KZ[:, :, :1]), "3": arithmetic(z_S3KZ), "1_short": arithmetic(z_S3KZ[:, :, :1]) / EXEMPLARS**0.5}
        shown = {name: self._images(moment, z_SZ) for name, z_SZ in sums.items()}
        right = {name: (self._digits(made).cpu() == wanted_S).double().mean().item() for name, made in shown.items()}
        inks = {name: (ink(made).mean() / ink_N.mean()).item() for name, made in shown.items()}
        strip = torch.cat([images[places_S3K[:ROWS, :, 0]], shown["1"][:ROWS, None], shown["3"][:ROWS, None]], 1)
        metrics = {f"wanted_{name}": share for name, share in right.items()} | {f"ink_{name}": inks[name] for name in ("1", "3")}
        metrics |= {
            "wanted_gain": right["3"] - right["1"],
            "wanted_rest": right["3"] - right["1_short"],
            "ink_change": inks["3"] - inks["1"],
        }
        return Measured(metrics, {"arithmetic": strip.numpy(force=True)})

    @staticmethod
    def _draws(moment: Moment, place: int, device: str | None = None) -> torch.Generator:
        return torch_generator(moment.seeds[0], "eval", place, device=device or moment.device)

    @staticmethod
    def _images(moment: Moment, z_NZ: torch.Tensor) -> torch.Tensor:
        made = torch.cat([moment.generator(part[None])[0] for part in z_NZ.split(BLOCK)])
        return to_bytes(made, OUTPUTS["tanh"][1])

    def _digits(self, images_NCHW: torch.Tensor) -> torch.Tensor:
        return extract(self.net, images_NCHW)[1].argmax(1)

    def _nearest(self, images_NCHW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Distances [N] to the nearest training images, and their places [N]."""
        blocks = [squared_distances(part.flatten(1).double(), self.train_NP).min(1) for part in images_NCHW.split(BLOCK)]
        return torch.cat([block.values for block in blocks]).clamp_min(0).sqrt(), torch.cat([block.indices for block in blocks])


def _steps(way_TWP: torch.Tensor) -> torch.Tensor:
    return way_TWP.diff(dim=0).norm(dim=2)


def jump(way_TWP: torch.Tensor) -> float:
    """Largest step over mean step, the mean over walks that move at all; 1 where all steps are equal, T - 1 where one is the whole way."""
    steps = _steps(way_TWP)
    moving = steps.sum(0) > 0
    return (steps.amax(0)[moving] / steps.mean(0)[moving]).mean().item() if moving.any() else 1.0


def stretch(way_TWP: torch.Tensor) -> float:
    """Length of the way over the distance of its ends, the mean over walks whose ends differ; 1 for a straight way."""
    length, distance = _steps(way_TWP).sum(0), (way_TWP[-1] - way_TWP[0]).norm(dim=1)
    apart = distance > 0
    return (length[apart] / distance[apart]).mean().item() if apart.any() else 1.0


def ink(images_NCHW: torch.Tensor) -> torch.Tensor:
    """Mean pixel of each image, [N]."""
    return images_NCHW.flatten(1).double().mean(1)


def arithmetic(z_S3KZ: torch.Tensor) -> torch.Tensor:
    """First - second + third of the means over exemplars, [S, Z]."""
    first, second, third = z_S3KZ.mean(2).unbind(1)
    return first - second + third


def choose(digits_N: torch.Tensor, ink_N: torch.Tensor, sums: int, draws: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return places of exemplars of thick a, thin a and thin b, [S, 3, K], and b [S], for pairs of digits a and b in turn.

    The thickest and the thinnest quarter of a digit's samples serve; a digit needs `EXEMPLARS` of each. Without two digits: none.
    """
    thin, thick = {}, {}
    for digit in digits_N.unique().tolist():
        places = (digits_N == digit).nonzero().flatten()
        ordered, count = places[ink_N[places].argsort(stable=True)], int(len(places) * EXTREME)
        if count >= EXEMPLARS:
            thin[digit], thick[digit] = ordered[:count], ordered[-count:]
    pairs = list(itertools.permutations(thin, 2))
    if not pairs:
        return torch.empty(0, 3, EXEMPLARS, dtype=torch.long), torch.empty(0, dtype=torch.long)
    pairs = [pairs[place] for place in torch.randperm(len(pairs), generator=draws).tolist()]

    def pick(group: torch.Tensor) -> torch.Tensor:
        return group[torch.randperm(len(group), generator=draws)[:EXEMPLARS]]

    chosen = [pairs[place % len(pairs)] for place in range(sums)]
    places = torch.stack([torch.stack([pick(thick[a]), pick(thin[a]), pick(thin[b])]) for a, b in chosen])
    return places, torch.tensor([b for _, b in chosen])
