"""Each loss against its equation in numpy, its slope against the derivative on paper, and what it does to a line of data."""

import numpy as np
import pytest
import torch

from secondlook.errors import UserError
from secondlook.train.extras import Clip
from secondlook.train.losses import LOSSES, AdversarialLoss, adversarial_loss
from secondlook.train.updates import SGD, Updater

REAL = np.array([[-3.1, -0.4, 0.0, 0.7, 5.2], [1.0, -2.0, 0.3, 0.1, 8.0]])
FAKE = np.array([[2.5, -1.2, 0.6, -4.0, 0.05], [-0.2, 3.0, -7.0, 0.9, 0.4]])


def sigma(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def cross_entropy(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Goodfellow et al. 2014, Eq. 1: V = E log D(x) + E log(1 - D(G(z))), which D maximises."""
    return -(np.log(sigma(real)).mean(1) + np.log(1 - sigma(fake)).mean(1))


def least_squares_d(a: float, b: float):
    """Mao et al. 2017, section 3.2: half of E (D(x) - b)^2 plus half of E (D(G(z)) - a)^2."""
    return lambda real, fake: 0.5 * ((real - b) ** 2).mean(1) + 0.5 * ((fake - a) ** 2).mean(1)


def least_squares_g(c: float):
    """Mao et al. 2017, section 3.2: half of E (D(G(z)) - c)^2."""
    return lambda fake: 0.5 * ((fake - c) ** 2).mean(1)


#: name -> (D's loss, G's loss, derivative of G's loss by a logit, derivatives of D's by a real and a fake one)
PAPERS = {
    # E log(1 - D(G(z))), Eq. 1; d log(1 - sigma(l)) / dl = -sigma(l)
    "minimax": (
        cross_entropy,
        lambda fake: np.log(1 - sigma(fake)).mean(1),
        lambda fake: -sigma(fake),
        lambda real: sigma(real) - 1,
        sigma,
    ),
    # -E log D(G(z)), section 3
    "non-saturating": (
        cross_entropy,
        lambda fake: -np.log(sigma(fake)).mean(1),
        lambda fake: -(1 - sigma(fake)),
        lambda real: sigma(real) - 1,
        sigma,
    ),
    # section 3.2.3: a = 0, b = c = 1
    "ls-0-1-1": (
        least_squares_d(0, 1),
        least_squares_g(1),
        lambda fake: fake - 1,
        lambda real: real - 1,
        lambda fake: fake,
    ),
    # section 3.2.3: a = -1, b = 1, c = 0
    "ls-neg1-1-0": (
        least_squares_d(-1, 1),
        least_squares_g(0),
        lambda fake: fake,
        lambda real: real - 1,
        lambda fake: fake + 1,
    ),
    # Arjovsky et al. 2017, Eq. 3 and Algorithm 1: the critic maximises E f(x) - E f(G(z)), the generator minimises -E f(G(z))
    "wasserstein": (
        lambda real, fake: -(real.mean(1) - fake.mean(1)),
        lambda fake: -fake.mean(1),
        lambda fake: -np.ones_like(fake),
        lambda real: -np.ones_like(real),
        np.ones_like,
    ),
}


@pytest.mark.parametrize("name", PAPERS)
def test_losses_are_the_papers_equations(name: str) -> None:
    d_loss, g_loss, *_ = PAPERS[name]
    ours, real, fake = adversarial_loss(name), torch.from_numpy(REAL), torch.from_numpy(FAKE)
    np.testing.assert_allclose(ours.discriminator(real, fake).numpy(), d_loss(REAL, FAKE), rtol=1e-12)
    np.testing.assert_allclose(ours.generator(fake).numpy(), g_loss(FAKE), rtol=1e-12)


@pytest.mark.parametrize("name", PAPERS)
def test_slopes_are_the_derivatives(name: str) -> None:
    *_, by_fake_of_g, by_real, by_fake = PAPERS[name]
    ours, real, fake = adversarial_loss(name), torch.tensor(REAL, requires_grad=True), torch.tensor(FAKE, requires_grad=True)
    count = REAL.shape[1]
    (slope,) = torch.autograd.grad(ours.generator(fake).sum(), [fake])
    np.testing.assert_allclose(slope.numpy(), by_fake_of_g(FAKE) / count, rtol=1e-12)
    slopes = torch.autograd.grad(ours.discriminator(real, fake).sum(), [real, fake])
    np.testing.assert_allclose(slopes[0].numpy(), by_real(REAL) / count, rtol=1e-12)
    np.testing.assert_allclose(slopes[1].numpy(), by_fake(FAKE) / count, rtol=1e-12)


def test_the_table_is_complete() -> None:
    assert set(LOSSES) == set(PAPERS)


@pytest.mark.parametrize("name", LOSSES)
def test_one_loss_a_replica(name: str) -> None:
    ours, real, fake = adversarial_loss(name), torch.from_numpy(REAL), torch.from_numpy(FAKE)
    together = ours.discriminator(real, fake)
    assert together.shape == ours.generator(fake).shape == (2,)
    for replica in range(2):
        assert ours.discriminator(real[replica], fake[replica]) == together[replica]
        assert ours.generator(fake[replica]) == ours.generator(fake)[replica]


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [1e3, 1e15])
def test_extreme_outputs_stay_finite(name: str, size: float) -> None:
    """The logarithm of a sigmoid that has rounded to 0 would not; only a square may grow."""
    ours, outputs = adversarial_loss(name), torch.tensor([[-size, size]], requires_grad=True)
    for value in (ours.discriminator(outputs, outputs), ours.generator(outputs)):
        assert value.isfinite().all()
        (slope,) = torch.autograd.grad(value.sum(), [outputs], retain_graph=True)
        assert slope.isfinite().all()


def test_the_minimax_generator_saturates_and_the_other_does_not() -> None:
    """Goodfellow et al. 2014, section 3: where D is sure of the fakes, log(1 - D) is flat."""
    sure = torch.tensor([[-20.0]], requires_grad=True)
    flat, steep = (torch.autograd.grad(adversarial_loss(name).generator(sure).sum(), [sure])[0] for name in ("minimax", "non-saturating"))
    assert -1e-8 < float(flat) < 0
    assert float(steep) == pytest.approx(-1)


@pytest.mark.parametrize("name", ["minimax", "ls-0-1-1", "ls-neg1-1-0"])
def test_the_best_discriminator_is_the_closed_form(name: str) -> None:
    """Goodfellow et al. 2014, Prop. 1, and Mao et al. 2017, section 3.2.2: (b p_d + a p_g) / (p_d + p_g), of four points."""
    p_data, p_fake = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.4, 0.3, 0.1, 0.2])
    a, b = {"minimax": (0, 1), "ls-0-1-1": (0, 1), "ls-neg1-1-0": (-1, 1)}[name]
    ours, outputs = adversarial_loss(name), torch.zeros(4, dtype=torch.float64, requires_grad=True)
    # ten samples of each, in the densities' proportions
    real, fake = (np.repeat(np.arange(4), np.rint(10 * p).astype(int)) for p in (p_data, p_fake))
    optimizer = torch.optim.LBFGS([outputs], lr=1, max_iter=100, tolerance_grad=1e-12, tolerance_change=0)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = ours.discriminator(outputs[real], outputs[fake])
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(ours.shown(outputs).detach().numpy(), (b * p_data + a * p_fake) / (p_data + p_fake), atol=1e-7)


def test_at_equal_densities_the_cross_entropy_is_log_4() -> None:
    """Goodfellow et al. 2014, Theorem 1: D = 1/2 and V = -log 4."""
    zero = torch.zeros(1, 7, dtype=torch.float64)
    assert float(adversarial_loss("minimax").discriminator(zero, zero)) == pytest.approx(np.log(4), rel=1e-12)


def test_unknown_loss() -> None:
    with pytest.raises(UserError, match="unknown loss 'wassertein'; known: minimax, .*wasserstein") as raised:
        adversarial_loss("wassertein")
    assert "Did you mean 'wasserstein'" in str(raised.value)


# -- on a line: data N(0, 1), a generator that shifts N(0, 1) ----------------------------------------------------------------


def play_on_a_line(loss: AdversarialLoss, start: float, steps: int) -> tuple[float, list[float]]:
    """Return where the shift ends and D's losses; D is a line with a bend, so that a least-squares one has an optimum."""
    chance = torch.Generator().manual_seed(0)
    shift = torch.tensor([start], requires_grad=True)
    weights = torch.tensor([0.0, 0.0], requires_grad=True)
    updaters = Updater(SGD(0.05), [weights]), Updater(SGD(0.05), [shift])
    d_losses = []

    def discriminator(x: torch.Tensor) -> torch.Tensor:
        return (weights[0] + weights[1] * x)[None]

    for _ in range(steps):
        for _ in range(5):
            real, fake = torch.randn(256, generator=chance), torch.randn(256, generator=chance) + shift.detach()
            d_loss = loss.discriminator(discriminator(real), discriminator(fake))
            updaters[0].step(torch.autograd.grad(d_loss.sum(), [weights]))
            Clip(0.5)([weights])
            d_losses.append(float(d_loss.detach()))
        g_loss = loss.generator(discriminator(torch.randn(256, generator=chance) + shift))
        updaters[1].step(torch.autograd.grad(g_loss.sum(), [shift]))
    return float(shift.detach()), d_losses


@pytest.mark.parametrize("start", [-3.0, 3.0])
@pytest.mark.parametrize("name", LOSSES)
def test_the_generator_moves_towards_the_data(name: str, start: float) -> None:
    """From either side; a sign that is wrong in one of the two losses drives it away."""
    after, _ = play_on_a_line(adversarial_loss(name), start, steps=20)
    assert abs(after) < abs(start) - 0.1
    assert after * start > 0, "it went too far to tell"


@pytest.mark.parametrize("start", [-3.0, 3.0])
def test_the_wasserstein_estimate_is_not_negative(start: float) -> None:
    """-d_loss estimates a distance: 0 at a flat critic, and larger once the critic has learnt."""
    _, d_losses = play_on_a_line(adversarial_loss("wasserstein"), start, steps=2)
    estimates = [-loss for loss in d_losses]
    assert estimates[0] == 0
    assert all(later > 0.1 for later in estimates[2:])
    assert max(estimates) <= 0.5 * 3.5, "at most the slope's bound times the shift, and sampling"
