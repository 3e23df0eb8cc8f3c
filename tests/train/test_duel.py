"""What a step does, against the same game written the usual way, and that a player's step reaches that player alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn
from toy_game import BATCH, images, points

from secondlook.errors import UserError
from secondlook.nets.mlp import StackedMLP, torch_default
from secondlook.train.duel import LAST, RECORDED, Duel
from secondlook.train.extras import Clip, constant_steps, wgan_steps
from secondlook.train.game import Alone, alone, init_generators, normal_noise, uniform_noise
from secondlook.train.losses import adversarial_loss
from secondlook.train.streams import stream_seed, torch_generator
from secondlook.train.updates import SGD, Adam, RMSProp

CPU = torch.device("cpu")
D, G = 0, 1


def copies(parameters: list[torch.Tensor]) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in parameters]


def same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


# -- the same game, written the usual way ---------------------------------------------------------------------------------------


@pytest.fixture
def double() -> Iterator[None]:
    """In float64 a difference of order or of a formula cannot hide behind rounding."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def plain(net: StackedMLP) -> nn.Sequential:
    """One replica as everybody writes it."""
    layers: list[nn.Module] = []
    for stacked in net.layers:
        linear = nn.Linear(*stacked.weight.shape[1:])
        linear.weight.data, linear.bias.data = stacked.weight[0].detach().T.clone(), stacked.bias[0, 0].detach().clone()
        layers += [linear, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def weights(net: nn.Sequential) -> torch.Tensor:
    return torch.cat([value.detach().flatten() for layer in net if isinstance(layer, nn.Linear) for value in (layer.weight.T, layer.bias)])


def flat(net: StackedMLP) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in net.parameters()])


def usual_loop(
    generator: nn.Sequential,
    discriminator: nn.Sequential,
    optimizers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
    d_objective: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    g_objective: Callable[[torch.Tensor], torch.Tensor],
    steps: int,
    *,
    d_steps: Callable[[int], int] = lambda step: 1,
    g_steps: int = 1,
    simultaneous: bool = False,
    shared_noise: bool = False,
    clip: float | None = None,
    clip_when: str = "after",
) -> list[tuple[float, float]]:
    """Return the two losses of each generator step; draws are numbered as `secondlook.train.streams` says."""
    d_optimizer, g_optimizer = optimizers
    game, history, played = points(CPU), [], [0, 0]

    def clamp() -> None:
        for parameter in discriminator.parameters():
            parameter.data.clamp_(-clip, clip)

    def noise(player: int) -> torch.Tensor:
        return torch.randn(BATCH, 4, generator=torch_generator(1, "noise", player, played[player]))

    for step in range(steps):
        if step % g_steps == 0:
            for _ in range(d_steps(step)):
                if clip and clip_when == "before":
                    clamp()
                fake = generator(noise(D))
                d_optimizer.zero_grad()
                d_loss = d_objective(discriminator(game.data(1, played[D])), discriminator(fake.detach()))
                d_loss.backward()
                if simultaneous:
                    g_optimizer.zero_grad()
                    g_loss = g_objective(discriminator(fake))
                    g_gradients = torch.autograd.grad(g_loss, list(generator.parameters()))
                d_optimizer.step()
                played[D] += 1
                if clip and clip_when == "after":
                    clamp()
        g_optimizer.zero_grad()
        if simultaneous:
            for parameter, gradient in zip(generator.parameters(), g_gradients, strict=True):
                parameter.grad = gradient
        else:
            if not (shared_noise and step % g_steps == 0):
                fake = generator(noise(G))
            g_loss = g_objective(discriminator(fake))
            g_loss.backward()
        g_optimizer.step()
        played[G] += 1
        history.append((d_loss.item(), g_loss.item()))
    return history


def bce(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    criterion = nn.BCEWithLogitsLoss()
    return criterion(real, torch.ones_like(real)) + criterion(fake, torch.zeros_like(fake))


LOSSES = {
    "non-saturating": (bce, lambda fake: nn.BCEWithLogitsLoss()(fake, torch.ones_like(fake))),
    "minimax": (bce, lambda fake: -nn.BCEWithLogitsLoss()(fake, torch.zeros_like(fake))),
    "wasserstein": (lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean()),
    "ls-0-1-1": (
        lambda real, fake: 0.5 * nn.MSELoss()(real, torch.ones_like(real)) + 0.5 * nn.MSELoss()(fake, torch.zeros_like(fake)),
        lambda fake: 0.5 * nn.MSELoss()(fake, torch.ones_like(fake)),
    ),
}
OPTIMIZERS = {
    "adam": (Adam(1e-2, 0.5), lambda p: torch.optim.Adam(p, lr=1e-2, betas=(0.5, 0.999))),
    "rmsprop": (RMSProp(1e-2), lambda p: torch.optim.RMSprop(p, lr=1e-2)),
    "sgd": (SGD(0.1, 0.5), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.5)),
}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    ("loss", "optimizer", "options"),
    [
        ("non-saturating", "adam", {}),
        ("minimax", "sgd", {"d_steps": constant_steps(3)}),
        ("ls-0-1-1", "rmsprop", {"shared_noise": True}),
        ("non-saturating", "adam", {"d_steps": constant_steps(2), "shared_noise": True}),
        ("non-saturating", "sgd", {"simultaneous": True}),
        ("minimax", "adam", {"simultaneous": True}),
        ("wasserstein", "rmsprop", {"simultaneous": True, "clip": 0.1, "clip_when": "before"}),
        ("wasserstein", "rmsprop", {"d_steps": constant_steps(5), "clip": 0.1}),
        ("wasserstein", "rmsprop", {"d_steps": constant_steps(2), "clip": 0.1, "clip_when": "before"}),
        ("wasserstein", "sgd", {"d_steps": lambda step: 20 if step < 2 else 3, "clip": 0.1}),
        ("non-saturating", "adam", {"g_steps": 3}),
        ("ls-0-1-1", "adam", {"g_steps": 2, "d_steps": constant_steps(2), "shared_noise": True}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value) or "plain",
)
def test_a_game_is_what_the_usual_loop_plays(loss: str, optimizer: str, options: dict) -> None:
    steps = 7
    rule, build = OPTIMIZERS[optimizer]
    clip, before = options.get("clip"), options.get("clip_when") == "before"
    game = points(
        CPU,
        loss=adversarial_loss(loss),
        generator_rule=rule,
        discriminator_rule=rule,
        discriminator_steps=options.get("d_steps", constant_steps(1)),
        generator_steps=options.get("g_steps", 1),
        simultaneous=options.get("simultaneous", False),
        shared_noise=options.get("shared_noise", False),
        before_step=Clip(clip) if clip and before else None,
        after_step=Clip(clip) if clip and not before else None,
        steps=steps,
        record=(steps,),
    )
    duel = Duel(game, (1,), CPU)
    generator, discriminator = plain(duel.generator), plain(duel.discriminator)
    optimizers = build(discriminator.parameters()), build(generator.parameters())
    expected = usual_loop(generator, discriminator, optimizers, *LOSSES[loss], steps, **options)
    duel.advance(steps)
    recorded = duel.window[:, [RECORDED.index("d_loss"), RECORDED.index("g_loss")], 0]
    torch.testing.assert_close(recorded, torch.tensor(expected), rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(flat(duel.generator), weights(generator), rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(flat(duel.discriminator), weights(discriminator), rtol=1e-6, atol=1e-8)


@pytest.mark.usefixtures("double")
def test_both_at_once_is_not_one_after_the_other() -> None:
    """The two modes start alike; the generator's first step already differs, for it sees another discriminator."""
    ends = {}
    for simultaneous in (True, False):
        duel = Duel(points(CPU, simultaneous=simultaneous, shared_noise=not simultaneous, generator_rule=SGD(0.1)), (1,), CPU)
        duel.advance(1)
        ends[simultaneous] = flat(duel.generator), flat(duel.discriminator)
    assert torch.equal(ends[True][1], ends[False][1])
    assert not torch.allclose(ends[True][0], ends[False][0], rtol=1e-4)


# -- whose weights a step touches --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [points, images])
@pytest.mark.parametrize("options", [{}, {"shared_noise": True}, {"simultaneous": True}], ids=["fresh", "shared", "simultaneous"])
@pytest.mark.parametrize("still", ["generator", "discriminator"])
def test_a_step_of_one_player_leaves_the_other_alone(make: Callable, options: dict, still: str) -> None:
    """The still player's own steps have size zero, so any change would come from the other's."""
    duel = Duel(make(CPU, **{f"{still}_rule": SGD(0.0)}, **options), (1,), CPU)
    before = copies(duel.g_parameters), copies(duel.d_parameters)
    duel.advance(3)
    untouched = same(before[0], duel.g_parameters), same(before[1], duel.d_parameters)
    assert untouched == ((True, False) if still == "generator" else (False, True))
    assert all(parameter.grad is None for parameter in [*duel.g_parameters, *duel.d_parameters])


@pytest.mark.parametrize("make", [points, images])
def test_updaters_cover_their_own_net_and_no_more(make: Callable) -> None:
    duel = Duel(make(CPU), (1,), CPU)
    generator, discriminator = set(duel.generator.parameters()), set(duel.discriminator.parameters())
    assert set(duel.g_updater.parameters) == set(duel.g_parameters) == generator
    assert set(duel.d_updater.parameters) == set(duel.d_parameters) == discriminator
    assert len(duel.g_updater.parameters) == len(generator) > 0
    assert len(duel.d_updater.parameters) == len(discriminator) > 0
    storages = [{parameter.untyped_storage().data_ptr() for parameter in net} for net in (generator, discriminator)]
    assert not storages[0] & storages[1]


def test_the_discriminator_sees_each_batch_by_itself() -> None:
    """Batch normalization: real and fake in one batch would share their statistics."""
    seen = []
    duel = Duel(images(CPU), (1,), CPU)
    duel.discriminator.net.register_forward_pre_hook(lambda module, arguments: seen.append(arguments[0].shape))
    duel.advance(1)
    assert seen == [(BATCH, 1, 8, 8)] * 3


def test_clip_touches_the_discriminator_only() -> None:
    duel = Duel(points(CPU, after_step=Clip(0.01)), (1,), CPU)
    duel.advance(2)
    assert max(float(parameter.detach().abs().max()) for parameter in duel.d_parameters) <= 0.01 + 1e-9
    assert max(float(parameter.detach().abs().max()) for parameter in duel.g_parameters) > 0.1


def test_clip_before_leaves_the_last_update_unclamped() -> None:
    """As the official WGAN code does it: the critic that the generator meets has made a step since its clamp."""
    duel = Duel(points(CPU, before_step=Clip(0.01), discriminator_rule=SGD(1.0)), (1,), CPU)
    duel.advance(2)
    largest = max(float(parameter.detach().abs().max()) for parameter in duel.d_parameters)
    assert 0.011 < largest < 10


@pytest.mark.parametrize(
    ("schedule", "generator_steps", "steps", "expected"),
    [
        (constant_steps(1), 1, 9, 9),
        (constant_steps(5), 1, 9, 45),
        (constant_steps(2), 3, 9, 6),
        (constant_steps(2), 3, 10, 8),
    ],
)
def test_steps_of_the_discriminator(schedule, generator_steps: int, steps: int, expected: int) -> None:
    seen = []

    def data(seed: int, draw: int) -> torch.Tensor:
        seen.append(draw)
        return torch.zeros(2, 2)

    options = {"discriminator_steps": schedule, "generator_steps": generator_steps, "batch": 2, "steps": steps, "record": (steps,)}
    duel = Duel(points(CPU, data=data, **options), (1,), CPU)
    duel.advance(steps)
    assert duel.d_updater.done == expected
    assert duel.g_updater.done == steps
    assert seen == list(range(expected)), "each step has its own real samples"


@pytest.mark.parametrize(("start", "expected"), [(0, [100]), (24, [100, 5]), (499, [5, 100, 5])])
def test_steps_of_the_official_wgan_code(start: int, expected: list[int]) -> None:
    duel = Duel(points(CPU, discriminator_steps=wgan_steps(5, 100), steps=1000, record=(1000,)), (1,), CPU)
    duel.step = start
    counts = []
    for _ in expected:
        done = duel.d_updater.done
        duel.advance(duel.step + 1)
        counts.append(duel.d_updater.done - done)
    assert counts == expected


def test_a_simultaneous_game_refuses_what_it_cannot_do() -> None:
    with pytest.raises(UserError, match="one step of each player and no penalty"):
        points(CPU, simultaneous=True, generator_steps=2)


# -- numbers of a step ---------------------------------------------------------------------------------------------------------


def test_norms_and_cosine_against_a_hand_computation() -> None:
    """Two replicas; the second stop lies between two turns of the discriminator."""
    game = points(CPU, discriminator_rule=Adam(1e-2, 0.0), generator_rule=SGD(0.1), generator_steps=2)
    duel = Duel(game, (1, 2), CPU)
    duel.advance(2)
    before_d, before_g = copies(duel.d_parameters), copies(duel.g_parameters)
    gradients: dict[str, list] = {"d": [], "g": []}
    steps = duel.d_updater.step, duel.g_updater.step
    duel.d_updater.step = lambda given: (gradients["d"].append(copies(given)), steps[0](given))
    duel.g_updater.step = lambda given: (gradients["g"].append(copies(given)), steps[1](given))
    duel.advance(4)
    assert len(gradients["d"]) == 1
    for replica in range(2):
        d_gradient, g_gradient = (torch.cat([value[replica].flatten() for value in gradients[player][-1]]) for player in "dg")
        step = torch.cat([(new - old)[replica].detach().flatten() for old, new in zip(before_d, copies(duel.d_parameters), strict=True)])
        assert float(duel.last["d_gradient_norm"][replica]) == pytest.approx(float(d_gradient.norm()), rel=1e-5)
        assert float(duel.last["g_gradient_norm"][replica]) == pytest.approx(float(g_gradient.norm()), rel=1e-5)
        cosine = float(torch.nn.functional.cosine_similarity(step, -d_gradient, dim=0))
        assert float(duel.last["d_step_cosine"][replica]) == pytest.approx(cosine, rel=1e-4)
        assert 0.1 < cosine < 0.95, "Adam's step is not along the gradient"
    assert not same(before_g, duel.g_parameters)


def test_uphill_steps_are_counted_and_change_no_number() -> None:
    """Momentum carries the discriminator up its gradient; a plain gradient step never goes there. A checkpoint keeps the count."""
    options = {"discriminator_rule": SGD(0.3, 0.95), "discriminator_steps": constant_steps(3), "steps": 40, "record": (40,)}
    watched, plain_duel = Duel(points(CPU, watch_uphill=True, **options), (1, 2), CPU), Duel(points(CPU, **options), (1, 2), CPU)
    expected = torch.zeros(2)
    step = watched.d_updater.step

    def look(gradients: list) -> None:
        before = copies(watched.d_parameters)
        step(gradients)
        moved = [new.detach() - old for new, old in zip(watched.d_parameters, before, strict=True)]
        expected.add_(sum((a * b).flatten(1).sum(1) for a, b in zip(moved, gradients, strict=True)) > 0)

    watched.d_updater.step = look
    watched.advance(20)
    tensors, state = {key: value.clone() for key, value in watched.tensors().items()}, watched.state()
    watched.advance(40)
    plain_duel.advance(40)
    assert torch.equal(watched.last["d_uphill"], expected)
    assert (expected > 0).all()
    assert same(watched.d_parameters, plain_duel.d_parameters)
    assert "d_uphill" not in plain_duel.rows()[1]
    resumed = Duel(points(CPU, watch_uphill=True, **options), (1, 2), CPU)
    resumed.load(tensors, state)
    resumed.advance(40)
    assert resumed.rows() == watched.rows()
    straight = Duel(points(CPU, watch_uphill=True, **options | {"discriminator_rule": SGD(0.3)}), (1, 2), CPU)
    straight.advance(40)
    assert straight.last["d_uphill"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("options", [{}, {"simultaneous": True}, {"generator_steps": 3}, {"after_step": Clip(1e-3)}])
def test_a_plain_gradient_step_has_cosine_1(options: dict) -> None:
    """Weights that are clamped afterwards are no part of the step."""
    duel = Duel(points(CPU, discriminator_rule=SGD(0.1), **options), (1, 2), CPU)
    for stop in (1, 2, 3):
        duel.advance(stop)
        assert duel.last["d_step_cosine"].tolist() == pytest.approx([1.0, 1.0], abs=1e-4)
    assert set(duel.last) == set(LAST)


def test_recorded_means_are_those_of_the_steps_since_the_last_record() -> None:
    duel = Duel(points(CPU), (1, 2), CPU)
    singles = Duel(points(CPU, record=range(13)), (1, 2), CPU)
    each = []
    for stop in range(1, 13):
        singles.advance(stop)
        each.append(singles.rows())
        singles.find_diverged()
        singles.started = stop
    for stop, count in ((1, 1), (5, 4), (6, 1), (12, 6)):
        duel.advance(stop)
        rows = duel.rows()
        duel.find_diverged()
        duel.started = stop
        for seed in (1, 2):
            for name in RECORDED:
                mean = sum(row[seed][name] for row in each[stop - count : stop]) / count
                assert rows[seed][name] == pytest.approx(mean, rel=1e-6)


def test_d_real_and_d_fake_are_what_the_paper_calls_d() -> None:
    """A probability where D classifies, the output itself where it does not."""
    duels = {name: Duel(points(CPU, loss=adversarial_loss(name)), (1,), CPU) for name in ("minimax", "wasserstein")}
    outputs = {}
    for name, duel in duels.items():
        with torch.no_grad():
            real = duel.discriminator(duel._real())
            fake = duel.discriminator(duel.generator(duel._noise(D, 0)))
        duel.advance(1)
        outputs[name] = real, fake, duel.rows()[1]
    real, fake, row = outputs["minimax"]
    assert row["d_real"] == pytest.approx(float(torch.sigmoid(real).mean()), rel=1e-5)
    assert row["d_fake"] == pytest.approx(float(torch.sigmoid(fake).mean()), rel=1e-5)
    real, fake, row = outputs["wasserstein"]
    assert row["d_real"] == pytest.approx(float(real.mean()), rel=1e-5)
    assert row["d_fake"] == pytest.approx(float(fake.mean()), rel=1e-5)


# -- the penalty's place ---------------------------------------------------------------------------------------------------------


def gradient_penalty(discriminator: nn.Module, real: torch.Tensor, fake: torch.Tensor, chances: list[torch.Generator]) -> torch.Tensor:
    """Gulrajani et al. 2017, Eq. 3 with lambda = 10: as a paper would add it, [R]."""
    share = torch.stack([torch.rand(real.shape[1], 1, generator=chance) for chance in chances])
    between = (share * real + (1 - share) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(between).sum(), [between], create_graph=True)
    return 10 * (slope.norm(dim=-1) - 1).square().mean(-1)


def test_a_penalty_is_a_function_that_enters_the_discriminators_loss() -> None:
    critic = {"loss": adversarial_loss("wasserstein"), "discriminator_rule": SGD(0.0), "generator_rule": SGD(0.0)}
    plain_duel, duel = Duel(points(CPU, **critic), (1, 2), CPU), Duel(points(CPU, penalty=gradient_penalty, **critic), (1, 2), CPU)
    real, fake = duel._real(), duel.generator(duel._noise(D, 0)).detach()
    size = gradient_penalty(duel.discriminator, real, fake, [torch_generator(seed, "penalty", 0) for seed in (1, 2)]).detach()
    for one in (plain_duel, duel):
        one.advance(1)
    assert (size > 0.1).all()
    torch.testing.assert_close(duel.window[0, 0] - plain_duel.window[0, 0], size, rtol=1e-4, atol=1e-5)
    assert torch.equal(duel.window[0, 3], plain_duel.window[0, 3]), "no part of the generator's loss"
    assert not torch.equal(duel.last["d_gradient_norm"], plain_duel.last["d_gradient_norm"])
    assert torch.equal(duel.last["g_gradient_norm"], plain_duel.last["g_gradient_norm"])


def test_a_penalty_holds_the_slope_near_1_and_draws_by_replica() -> None:
    options = {"loss": adversarial_loss("wasserstein"), "discriminator_rule": Adam(5e-2, 0.5), "generator_rule": SGD(0.0)}
    options |= {"steps": 60, "record": (60,), "data": lambda seed, draw: torch.full((BATCH, 2), 4.0)}
    free, held = Duel(points(CPU, **options), (1, 2), CPU), Duel(points(CPU, penalty=gradient_penalty, **options), (1, 2), CPU)
    single = Duel(points(CPU, penalty=gradient_penalty, **options), (2,), CPU)
    slopes = []
    for duel in (free, held, single):
        duel.advance(60)
        between = ((duel._real() + duel.generator(duel._noise(D, 0))) / 2).detach().requires_grad_()
        (slope,) = torch.autograd.grad(duel.discriminator(between).sum(), [between])
        slopes.append(slope.norm(dim=-1).mean(1))
    assert (slopes[0] > 2).all()
    assert ((slopes[1] > 0.4) & (slopes[1] < 1.6)).all()
    assert all(torch.equal(one[1], other[0]) for one, other in zip(held.d_parameters, single.d_parameters, strict=True))


# -- replicas --------------------------------------------------------------------------------------------------------------------

#: the papers' perceptrons: sizes, activation, shape of an output
NETS = {
    "unrolled": ((256, 128, 128, 2), (2, 128, 128, 1), torch.tanh),
    "improved": ((2, 512, 512, 512, 2), (2, 512, 512, 512, 1), torch.relu),
}


def planar(name: str, batch: int, **fields):
    g_sizes, d_sizes, activation = NETS[name]

    def data(seed: int, draw: int) -> torch.Tensor:
        return torch.randn(batch, 2, generator=torch_generator(seed, "data", draw))

    return points(
        CPU,
        generator=lambda seeds: StackedMLP(g_sizes, init_generators(seeds, "g"), activation=activation, shape=(2,)),
        discriminator=lambda seeds: StackedMLP(d_sizes, init_generators(seeds, "d"), activation=activation),
        data=data,
        noise=normal_noise(g_sizes[0]),
        batch=batch,
        **fields,
    )


def everything(duel: Duel, replica: int) -> list[torch.Tensor]:
    """All of a replica: weights, slots of the rules, recorded numbers."""
    slots = [*duel.g_updater.tensors().values(), *duel.d_updater.tensors().values()]
    stacked = [*duel.g_parameters, *duel.d_parameters, *slots, *duel.last.values()]
    return [duel.window[:, :, replica].clone(), *(tensor[replica].detach().clone() for tensor in stacked)]


@pytest.mark.parametrize("batch", [64, 256, 512])
@pytest.mark.parametrize("name", NETS)
def test_a_replica_has_the_same_bits_alone_and_among_others(name: str, batch: int) -> None:
    """The sizes that are used; which kernel computes a product may depend on them."""
    alone_: dict[int, list[torch.Tensor]] = {}
    for seeds in ((7,), (3,), (7, 3), (5, 3, 1, 7, 2), (3, 7, 0, 1, 2, 4, 5, 6, 8, 9)):
        if len(seeds) == 10 and name == "improved" and batch > 64:
            continue  # a second each
        duel = Duel(planar(name, batch), seeds, CPU)
        duel.advance(2)
        for seed in sorted({7, 3} & set(seeds)):
            found = everything(duel, seeds.index(seed))
            assert same(alone_.setdefault(seed, found), found), f"seed {seed} among {seeds}"
    assert not same(alone_[7], alone_[3])


@pytest.mark.parametrize("options", [{}, {"simultaneous": True}, {"penalty": gradient_penalty}, {"after_step": Clip(0.1)}])
def test_a_neighbour_that_is_nan_changes_nothing(options: dict) -> None:
    clean, poisoned = (Duel(points(CPU, **options), (1, 2, 3), CPU) for _ in range(2))
    with torch.no_grad():
        for parameter in [*poisoned.g_parameters, *poisoned.d_parameters]:
            parameter[1] = float("nan")
    for duel in (clean, poisoned):
        duel.advance(5)
    for replica in (0, 2):
        assert same(everything(clean, replica), everything(poisoned, replica))
    assert poisoned.find_diverged() == [(2, 1)]
    assert clean.find_diverged() == []


def test_draws_are_those_of_the_seed_alone_and_together() -> None:
    """A net without a replica axis sees the noise that it would see in a group."""
    together, single = Duel(points(CPU), (1, 2), CPU), Duel(images(CPU), (2,), CPU)
    for player in (D, G):
        assert torch.equal(together._noise(player, 3)[1], single._noise(player, 3)[0])
    assert not torch.equal(together._noise(D, 3), together._noise(G, 3))
    assert not torch.equal(together._noise(D, 3), together._noise(D, 4))


def test_alone_nets_are_seeded_by_player_and_seed() -> None:
    def build() -> nn.Module:
        return nn.Linear(3, 2)

    first = alone(build, "g")((4,))
    assert isinstance(first, Alone)
    torch.manual_seed(stream_seed(4, "init g"))
    assert torch.equal(first.net.weight, build().weight)
    assert not torch.equal(first.net.weight, alone(build, "d")((4,)).net.weight)
    assert not torch.equal(first.net.weight, alone(build, "g")((5,)).net.weight)
    x = torch.randn(1, 6, 3)
    assert torch.equal(first(x), first.net(x[0])[None])
    with pytest.raises(ValueError, match="too many values"):
        alone(build, "g")((4, 5))


def test_noise_distributions() -> None:
    normal = normal_noise(50)(2000, torch.Generator().manual_seed(0))
    assert normal.shape == (2000, 50)
    assert float(normal.mean()) == pytest.approx(0, abs=0.01)
    assert float(normal.std()) == pytest.approx(1, abs=0.01)
    even = uniform_noise(50, 3**0.5)(2000, torch.Generator().manual_seed(0))
    assert float(even.std()) == pytest.approx(1, abs=0.01)
    assert float(even.max()) == pytest.approx(3**0.5, abs=0.01)
    assert float(even.min()) == pytest.approx(-(3**0.5), abs=0.01)


def test_layers_of_one_group_start_independently() -> None:
    """Each net has its own stream; G and D of equal shape must not start alike."""
    seeds, sizes = (1, 2), (3, 3)
    generator, discriminator = (StackedMLP(sizes, init_generators(seeds, player), initialise=torch_default) for player in ("g", "d"))
    assert not torch.equal(generator.layers[0].weight, discriminator.layers[0].weight)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("make", [points, images])
@pytest.mark.parametrize("options", [{}, {"simultaneous": True}, {"discriminator_steps": constant_steps(3), "after_step": Clip(0.1)}])
def test_no_step_waits_for_the_gpu(make: Callable, options: dict) -> None:
    device = torch.device("cuda")
    duel = Duel(make(device, **options), (1,), device)
    duel.advance(2)
    torch.cuda.set_sync_debug_mode("error")
    try:
        duel.advance(6)
    finally:
        torch.cuda.set_sync_debug_mode("default")
