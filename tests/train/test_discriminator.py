import pytest
import torch

from secondlook.nets.mlp import StackedMLP
from secondlook.train.discriminator import discriminate, fit_discriminator
from secondlook.train.extras import Clip
from secondlook.train.game import init_generators
from secondlook.train.losses import adversarial_loss
from secondlook.train.streams import torch_generator
from secondlook.train.updates import SGD, Adam

SEEDS = (1, 2)


def net(seeds=SEEDS) -> StackedMLP:
    return StackedMLP([1, 32, 1], init_generators(seeds, "d"), activation=torch.tanh)


def draw(step: int, seeds=SEEDS, count: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Data N(1, 1), fakes N(-1, 1)."""
    chances = [torch_generator(seed, "data", step) for seed in seeds]
    noise = torch.stack([torch.randn(2, count, 1, generator=chance) for chance in chances])
    return noise[:, 0] + 1, noise[:, 1] - 1


def test_discriminate_returns_loss_and_both_outputs() -> None:
    real, fake = draw(0)
    fitted, loss = net(), adversarial_loss("ls-0-1-1")
    value, real_outputs, fake_outputs = discriminate(fitted, real, fake, loss)
    assert value.shape == (2,)
    assert torch.equal(real_outputs, fitted(real))
    assert torch.equal(fake_outputs, fitted(fake))
    expected = 0.5 * ((real_outputs - 1) ** 2).mean(1) + 0.5 * (fake_outputs**2).mean(1)
    torch.testing.assert_close(value, expected)


def test_a_trained_discriminator_is_the_optimal_one() -> None:
    """Goodfellow et al. 2014, Prop. 1: for N(1, 1) against N(-1, 1), logit p_d / p_g = 2 x; the loss is log 4 - 2 JSD."""
    fitted = net()
    fit_discriminator(fitted, lambda step: draw(step, count=512), adversarial_loss("minimax"), Adam(1e-2), 300)
    x = torch.linspace(-2, 2, 9)
    logits = fitted(x[None, :, None].expand(2, -1, -1)).detach()
    torch.testing.assert_close(logits, (2 * x).expand(2, -1), rtol=0, atol=0.6)
    value, *_ = discriminate(fitted, *draw(10**6, count=200_000), adversarial_loss("minimax"))
    grid = torch.linspace(-12, 12, 20001, dtype=torch.float64)
    p, q = (torch.distributions.Normal(mean, 1.0).log_prob(grid).exp() for mean in (1.0, -1.0))
    expected = -float(torch.trapezoid(p * (p / (p + q)).log() + q * (q / (p + q)).log(), grid))
    assert value.tolist() == pytest.approx([expected] * 2, abs=0.01)


def test_a_critic_alone_is_a_critic_among_others() -> None:
    together, single = net(), net((2,))
    losses = fit_discriminator(together, draw, adversarial_loss("wasserstein"), Adam(1e-2), 5)
    alone = fit_discriminator(single, lambda step: draw(step, (2,)), adversarial_loss("wasserstein"), Adam(1e-2), 5)
    assert losses.shape == (5, 2)
    assert torch.equal(losses[:, 1], alone[:, 0])
    assert not losses.requires_grad
    assert all(torch.equal(one[1], other[0]) for one, other in zip(together.parameters(), single.parameters(), strict=True))


def test_it_is_a_plain_loop() -> None:
    """Draws are numbered from 0; the weights are clamped after each update; what is returned is each step's loss."""
    ours, theirs, seen = net(), net(), []
    loss = adversarial_loss("wasserstein")

    def numbered(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(step)
        return draw(step)

    values = fit_discriminator(ours, numbered, loss, SGD(0.5, 0.9), 4, after_step=Clip(0.05))
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.5, momentum=0.9)
    for step in range(4):
        real, fake = draw(step)
        optimizer.zero_grad()
        last = theirs(fake).mean(1) - theirs(real).mean(1)
        last.sum().backward()
        optimizer.step()
        with torch.no_grad():
            for parameter in theirs.parameters():
                parameter.clamp_(-0.05, 0.05)
        assert torch.equal(values[step], last.detach())
    assert seen == [0, 1, 2, 3]
    assert all(torch.equal(one, other) for one, other in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_watching_sees_the_weights_after_that_many_steps() -> None:
    fitted, seen = net(), {}
    fit_discriminator(
        fitted,
        draw,
        adversarial_loss("minimax"),
        SGD(0.1),
        6,
        watched=(0, 2, 6),
        watch=lambda step: seen.update({step: fitted.layers[0].weight.detach().clone()}),
    )
    assert list(seen) == [0, 2, 6]
    assert torch.equal(seen[0], net().layers[0].weight)
    after_two = net()
    fit_discriminator(after_two, draw, adversarial_loss("minimax"), SGD(0.1), 2)
    assert torch.equal(seen[2], after_two.layers[0].weight)
    assert torch.equal(seen[6], fitted.layers[0].weight)


def test_clamping_before_a_step_leaves_the_last_update_as_it_is() -> None:
    """As in the official WGAN code: the clamp comes first, so the critic that is looked at has just been updated."""
    fitted = net()
    fit_discriminator(fitted, draw, adversarial_loss("wasserstein"), SGD(0.5), 3, before_step=Clip(0.05))
    largest = max(float(parameter.detach().abs().max()) for parameter in fitted.parameters())
    assert 0.05 < largest < 1.5


def test_a_penalty_trains_and_is_no_part_of_the_loss() -> None:
    pulled, free = net(), net()
    losses = fit_discriminator(
        pulled, draw, adversarial_loss("wasserstein"), SGD(0.1), 2,
        penalty=lambda real, fake, step: pulled(real).square().mean(1) * (step + 1),
    )  # fmt: skip
    expected = fit_discriminator(free, draw, adversarial_loss("wasserstein"), SGD(0.1), 2)
    assert torch.equal(losses[0], expected[0])
    assert not torch.equal(losses[1], expected[1])
