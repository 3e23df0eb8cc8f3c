"""The generator's gradient at the best discriminator: a table computed apart, autograd, and finite differences of the divergences."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from secondlook.papers.mao2017.divergences import densities, measure
from secondlook.papers.mao2017.gradients import CODINGS, gradients, split
from secondlook.train.losses import adversarial_loss

# t: gradient of minimax, non-saturating, (0, 1, 1), (-1, 1, 0); slope of C of (-1, 1, 0). Computed once by other code.
TABLE = {
    0.25: (0.123, 0.127, 0.031, 0.0018, 0.121),
    1.0: (0.398, 0.602, 0.114, 0.060, 0.338),
    8.0: (4e-4, 8.0, 1.4e-4, 1.9e-4, 2.1e-4),
}
NAMES = ("gradient_minimax", "gradient_non_saturating", "gradient_ls_0_1_1", "gradient_ls_neg1_1_0", "slope_ls_neg1_1_0")


def at(t: float) -> dict[str, float]:
    return gradients(*densities(t, 200), t)


@pytest.mark.parametrize("t", TABLE)
def test_table(t: float) -> None:
    np.testing.assert_allclose([at(t)[name] for name in NAMES], TABLE[t], rtol=0.04, atol=6e-5)


@pytest.mark.parametrize("t", [0.25, 1.0, 3.0])
@pytest.mark.parametrize("loss", ["minimax", "non-saturating", "ls-0-1-1", "ls-neg1-1-0"])
def test_the_gradient_is_autograds_through_the_losses_that_games_play(t: float, loss: str) -> None:
    """The generator z + s at s = t, against the best discriminator for s = t, held still; the mean over z by quadrature."""
    z = torch.linspace(-12, 12, 4801, dtype=torch.float64)
    weight = torch.from_numpy(norm.pdf(z.numpy())) * (24 / 4800)
    shift = torch.tensor(t, dtype=torch.float64, requires_grad=True)
    logit = t * t / 2 - t * (z + shift)
    output = logit
    if loss.startswith("ls"):
        a, b, _ = CODINGS[loss.removeprefix("ls-").replace("-", "_")]
        output = a + (b - a) * torch.sigmoid(logit)
    (weight * adversarial_loss(loss).generator(output[:, None])).sum().backward()
    assert at(t)[f"gradient_{loss.replace('-', '_')}"] == pytest.approx(shift.grad.item(), rel=1e-6)


@pytest.mark.parametrize("t", [0.25, 1.0, 4.0])
def test_slopes_are_those_of_what_the_theorems_name(t: float) -> None:
    step = 1e-4
    low, high, found = measure(t - step, 200), measure(t + step, 200), at(t)

    def slope(value) -> float:
        return (value(high) - value(low)) / (2 * step)

    assert found["slope_minimax"] == pytest.approx(slope(lambda row: 2 * row["jsd"]), abs=1e-6)
    assert found["slope_non_saturating"] == pytest.approx(slope(lambda row: row["t"] ** 2 / 2 - 2 * row["jsd"]), abs=1e-6)
    for coding in CODINGS:
        assert found[f"slope_ls_{coding}"] == pytest.approx(slope(lambda row, coding=coding: row[f"twice_c_{coding}"] / 2), abs=1e-6)


@pytest.mark.parametrize("t", [0.0, 0.25, 1.0, 4.0, 8.0])
def test_what_is_zero_sum_follows_its_divergence_and_so_does_the_non_saturating_loss_its_own(t: float) -> None:
    found = at(t)
    for loss in ("minimax", "non_saturating"):
        assert found[f"gradient_{loss}"] == pytest.approx(found[f"slope_{loss}"], abs=1e-12)


def test_near_the_data_the_coding_of_the_theorem_is_a_cube_and_the_other_follows() -> None:
    found = at(0.1)
    assert found["gradient_ls_neg1_1_0"] == pytest.approx(0.1**3 / 8, rel=0.02)
    assert found["slope_ls_neg1_1_0"] == pytest.approx(0.1 / 2, rel=0.02)
    assert found["gradient_ls_0_1_1"] == pytest.approx(found["slope_ls_0_1_1"], rel=0.02)


@pytest.mark.parametrize(("targets", "parts"), [((-1, 1, 0), (0, -1)), ((0, 1, 1), (-0.5, -0.5)), ((0, 1, 0.5), (0, -0.5))])
def test_the_parts_of_a_coding(targets: tuple[float, float, float], parts: tuple[float, float]) -> None:
    assert split(*targets) == parts
