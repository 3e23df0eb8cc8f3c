"""A phase touches its own parameters and no others, in the paper's order."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from secondlook.papers.makhzani2015.phases import Adversary, Batches, classify, descend, regularise
from secondlook.train.losses import adversarial_loss
from secondlook.train.updates import SGD, Updater

CPU = torch.device("cpu")
LOSS = adversarial_loss("non-saturating")


class Scale(nn.Module):
    """One weight a replica; it keeps what it was given."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight, self.seen = nn.Parameter(torch.tensor([value, value])), []

    def forward(self, x_RBZ: torch.Tensor) -> torch.Tensor:
        self.seen.append(x_RBZ)
        return self.weight[:, None] * x_RBZ.sum(-1)


def setting() -> tuple[nn.Parameter, Updater, Adversary, torch.Tensor, torch.Tensor]:
    """An encoder that is one number a replica, its updater, an adversary, draws of the prior and codes."""
    encoder = nn.Parameter(torch.tensor([2.0, 3.0]))
    draws = torch.full((2, 4, 1), -1.0)
    return encoder, Updater(SGD(0.1), [encoder]), Adversary(Scale(0.5), SGD(0.1)), draws, encoder[:, None, None].expand(2, 4, 1)


def test_the_discriminator_is_given_codes_without_the_way_to_the_encoder() -> None:
    _, updater, adversary, draws, codes = setting()
    regularise([adversary], [draws], [codes], updater, LOSS)
    real, fake, again = adversary.net.seen
    assert torch.equal(real, draws) and torch.equal(fake, codes) and torch.equal(again, codes)
    assert not fake.requires_grad, "the discriminator's phase must not reach the encoder"
    assert again.requires_grad, "the encoder's must"


def test_the_regularisation_phase_by_hand() -> None:
    """The discriminator steps first, on its own loss; the encoder then against the new one."""
    encoder, updater, adversary, draws, codes = setting()
    d_loss, g_loss = regularise([adversary], [draws], [codes], updater, LOSS)
    start, old = torch.tensor([2.0, 3.0]), torch.tensor(0.5)
    real, fake = -old, old * start
    softplus, sigmoid = nn.functional.softplus, torch.sigmoid
    torch.testing.assert_close(d_loss, softplus(-real) + softplus(fake))
    weight = old - 0.1 * (-sigmoid(-real) * -1.0 + sigmoid(fake) * start)
    torch.testing.assert_close(adversary.net.weight.detach(), weight)
    torch.testing.assert_close(g_loss, softplus(-weight * start))
    torch.testing.assert_close(encoder.detach(), start - 0.1 * (-sigmoid(-weight * start) * weight))


def test_the_encoder_moves_to_where_the_prior_is() -> None:
    encoder, updater, adversary, draws, _ = setting()
    for _ in range(100):
        regularise([adversary], [draws], [encoder[:, None, None].expand(2, 4, 1)], updater, LOSS)
    assert (encoder < 0).all()


def test_two_adversaries_are_two_losses() -> None:
    _, updater, first, draws, codes = setting()
    second = Adversary(Scale(-0.2), SGD(0.0001))
    d_loss, g_loss = regularise([first, second], [draws, draws], [codes, codes], updater, LOSS)
    _, updater_1, alone, _, codes_1 = setting()
    d_first, g_first = regularise([alone], [draws], [codes_1], updater_1, LOSS)
    torch.testing.assert_close(first.net.weight, alone.net.weight)
    assert (d_loss > d_first).all() and (g_loss > g_first).all()


def test_a_step_is_of_each_replicas_own_loss() -> None:
    weight = nn.Parameter(torch.tensor([1.0, 2.0]))
    other = nn.Parameter(torch.tensor([5.0]))
    losses = descend((weight.square() + other), Updater(SGD(0.1), [weight]))
    assert weight.tolist() == pytest.approx([0.8, 1.6]) and other.item() == 5.0
    assert losses.tolist() == [6.0, 9.0] and not losses.requires_grad


def test_classification_is_the_mean_cross_entropy() -> None:
    logits = nn.Parameter(torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0)))
    labels, before = torch.tensor([[0, 1, 2, 1, 0], [2, 2, 1, 0, 0]]), logits.detach().clone()
    losses = classify(logits, labels, Updater(SGD(1.0), [logits]))
    for replica in range(2):
        one = before[replica].clone().requires_grad_()
        theirs = nn.functional.cross_entropy(one, labels[replica])
        (slope,) = torch.autograd.grad(theirs, [one])
        torch.testing.assert_close(losses[replica], theirs.detach())
        torch.testing.assert_close(before[replica] - logits[replica].detach(), slope)


def test_an_epoch_shows_every_image_once_and_each_replica_its_own_order() -> None:
    batches = Batches(21, 5, (3, 4), CPU)
    epoch = torch.cat([batches(draw) for draw in range(4)], 1)
    assert epoch.shape == (2, 20)
    assert all(len(row.unique()) == 20 for row in epoch)
    assert not torch.equal(epoch[0], epoch[1])
    assert not torch.equal(batches(4), batches(0)[:, :5])
    assert torch.equal(Batches(21, 5, (4,), CPU)(6)[0], batches(6)[1])
