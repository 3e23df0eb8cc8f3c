"""Walks, copies and arithmetic, on generators that are known."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from secondlook.nets.classifier import Classifier
from secondlook.papers.radford2016 import probes as module
from secondlook.papers.radford2016.probes import METRICS, Probes, arithmetic, choose, jump, stretch
from secondlook.train.game import Moment, normal_noise

SIDE = 16


class Shown(nn.Module):
    """A generator whose images are a function of the noise."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.function(z[0])[None]


def moment(function, seed: int = 0) -> Moment:
    return Moment(1, (seed,), Shown(function), nn.Identity(), normal_noise(4), torch.device("cpu"))


def training(count: int = 40, seed: int = 1) -> torch.Tensor:
    return torch.randint(0, 256, (count, 1, SIDE, SIDE), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def held_out() -> torch.Tensor:
    return training(15, seed=2)


def probes(train: torch.Tensor, test: torch.Tensor, **counts) -> Probes:
    torch.manual_seed(0)
    return Probes(Classifier(1, SIDE), train, test, **({"walks": 3, "length": 9, "pool": 200, "sums": 20} | counts))


def plain(z_NZ: torch.Tensor) -> torch.Tensor:
    return torch.tanh(z_NZ.mean(1))[:, None, None, None].expand(-1, 1, SIDE, SIDE)


def test_a_jump_is_the_largest_step_over_the_mean() -> None:
    even = torch.arange(5.0, dtype=torch.float64)[:, None, None].expand(5, 2, 3)
    assert (jump(even), stretch(even)) == (pytest.approx(1), pytest.approx(1))
    once = (torch.arange(5) >= 3).double()[:, None, None].expand(5, 2, 3)
    assert (jump(once), stretch(once)) == (pytest.approx(4), pytest.approx(1))
    around = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)[:, None]
    assert stretch(around) == pytest.approx(2**0.5)
    still = torch.zeros(4, 2, 3, dtype=torch.float64)
    assert (jump(still), stretch(still)) == (1.0, 1.0)
    assert jump(torch.cat([once, torch.zeros_like(once)], 1)) == pytest.approx(4)  # what stands still has no steps


def test_copies_of_training_images_have_no_distance_to_them() -> None:
    train, test = training(), held_out()

    def copy(z_NZ: torch.Tensor) -> torch.Tensor:
        return train[(z_NZ[:, 0].abs() * 1000).long() % len(train)].float() / 127.5 - 1

    copied = probes(train, test).copies(moment(copy))
    assert copied.metrics["novelty"] == pytest.approx(0, abs=1e-6)
    assert (copied.arrays["neighbours"][0] == copied.arrays["neighbours"][1]).all()
    assert probes(train, test).copies(moment(plain)).metrics["novelty"] > 0.5


def test_a_net_that_shows_training_images_jumps_where_a_plain_one_does_not() -> None:
    train, test = training(), held_out()
    walked = probes(train, test, length=33).walk(moment(plain))
    assert walked.metrics["walk_jump"] < 2 < walked.metrics["copies_jump"]
    assert walked.arrays["walk"].shape == (3, 9, 1, SIDE, SIDE)


def test_arithmetic_is_first_less_second_plus_third_of_the_means() -> None:
    z = torch.arange(2 * 3 * 3 * 2, dtype=torch.float64).reshape(2, 3, 3, 2)
    expected = [[sum(z[s, 0, k, i] - z[s, 1, k, i] + z[s, 2, k, i] for k in range(3)) / 3 for i in range(2)] for s in range(2)]
    assert arithmetic(z).tolist() == [[pytest.approx(float(number)) for number in row] for row in expected]


def test_exemplars_are_the_thickest_and_the_thinnest_of_their_digit() -> None:
    digits = torch.tensor([4] * 16 + [7] * 16 + [2] * 5)  # a quarter of five is one: 2 has too few
    inks = torch.rand(len(digits), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    places, wanted = choose(digits, inks, 12, torch.Generator().manual_seed(0))
    assert places.shape == (12, 3, 3)
    assert wanted.bincount(minlength=8).tolist() == [0, 0, 0, 0, 6, 0, 0, 6]
    for (thick, thin, other), b in zip(places, wanted.tolist(), strict=True):
        a = 11 - b
        assert set(digits[thick].tolist()) == set(digits[thin].tolist()) == {a} and set(digits[other].tolist()) == {b}
        for group, digit, largest in ((thick, a, True), (thin, a, False), (other, b, False)):
            extreme = inks[digits == digit].topk(4, largest=largest).values
            assert set(inks[group].tolist()) <= set(extreme.tolist()) and len(set(group.tolist())) == 3


def test_sums_are_judged_by_what_they_should_show(monkeypatch) -> None:
    """Noise whose first number is the digit's sign and whose second is its ink: there arithmetic is exact."""
    asked = probes(training(), held_out())

    def digits(images: torch.Tensor) -> torch.Tensor:
        return (images[:, 0, 0, 0] > 127).long()

    def draw(z_NZ: torch.Tensor) -> torch.Tensor:
        images = torch.tanh(z_NZ[:, 1])[:, None, None, None].expand(-1, 1, SIDE, SIDE).clone()
        images[:, 0, 0, 0] = z_NZ[:, 0].sign()
        return images

    monkeypatch.setattr(asked, "_digits", digits)
    found = asked.arithmetic(moment(draw)).metrics
    assert found["wanted_3"] > found["wanted_1"] > 0.4
    assert found["wanted_gain"] == pytest.approx(found["wanted_3"] - found["wanted_1"])
    assert found["wanted_1_short"] == found["wanted_1"]  # a sign has no length
    assert found["ink_3"] > 1.2  # thick


def test_a_generator_of_one_image_gives_no_sum() -> None:
    found = probes(training(), held_out()).explore(moment(lambda z_NZ: torch.zeros(len(z_NZ), 1, SIDE, SIDE)))
    assert set(found.metrics) == METRICS
    assert {found.metrics[name] for name in ("wanted_1", "wanted_3", "wanted_gain", "ink_change")} == {0.0}
    assert set(found.arrays) == {"walk", "neighbours"}


def test_questions_do_not_depend_on_each_other_and_follow_the_seed() -> None:
    asked = probes(training(), held_out())
    whole = asked.explore(moment(plain)).metrics
    assert asked.copies(moment(plain)).metrics.items() <= whole.items()
    assert asked.explore(moment(plain)).metrics == whole
    assert asked.explore(moment(plain, seed=1)).metrics["novelty"] != whole["novelty"]


def test_the_number_of_exemplars_is_the_papers() -> None:
    assert module.EXEMPLARS == 3
