"""Update rules against torch.optim's classes, bit for bit."""

import subprocess
import sys

import pytest
import torch
from toy_game import SCRIPT

from secondlook.train.updates import SGD, Adam, RMSProp, Rule, TensorFlowRMSProp, Updater

#: with rows of 16 numbers and without
SHAPES = ((3, 4), (5,), (2, 1, 3, 3), (1,), (3, 16), (5, 2, 8))

#: rule -> the class that it must equal, and its arguments
CLASSES: dict[str, tuple[Rule, type[torch.optim.Optimizer], dict]] = {
    "adam": (Adam(1e-3), torch.optim.Adam, {"lr": 1e-3}),
    "adam of GANs": (Adam(2e-4, 0.5, 0.99), torch.optim.Adam, {"lr": 2e-4, "betas": (0.5, 0.99)}),
    "adam, eps": (Adam(1e-2, 0.0, 0.9, 1e-4), torch.optim.Adam, {"lr": 1e-2, "betas": (0.0, 0.9), "eps": 1e-4}),
    "rmsprop": (RMSProp(5e-5), torch.optim.RMSprop, {"lr": 5e-5}),
    "rmsprop, alpha": (RMSProp(1e-3, 0.9, 1e-6), torch.optim.RMSprop, {"lr": 1e-3, "alpha": 0.9, "eps": 1e-6}),
    "sgd": (SGD(0.1), torch.optim.SGD, {"lr": 0.1}),
    "momentum": (SGD(0.1, 0.9), torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
}
RULES = {name: rule for name, (rule, _, _) in CLASSES.items()}
RULES |= {"schedules": SGD(0.1, 0.5, 1.01, 0.09, 0.7, 20), "rmsprop of TensorFlow": TensorFlowRMSProp(1e-3)}


def parameters() -> list[torch.Tensor]:
    chance = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=chance).requires_grad_() for shape in SHAPES]


def gradients(step: int) -> list[torch.Tensor]:
    """Of sizes from 1e-4 to 10, another one each step."""
    chance = torch.Generator().manual_seed(1000 + step)
    return [torch.randn(shape, generator=chance) * 10.0 ** (index - 2 - step % 3) for index, shape in enumerate(SHAPES)]


@pytest.mark.parametrize("name", CLASSES)
def test_50_updates_are_those_of_torch_optim(name: str) -> None:
    """Adam is torch's fused one where rows fill vector registers, else its plain one: they differ in the last bit."""
    rule, build, arguments = CLASSES[name]
    ours, theirs = parameters(), parameters()
    updater = Updater(rule, ours)
    kinds = [{"fused": shape[1:] in ((16,), (2, 8))} if build is torch.optim.Adam else {} for shape in SHAPES]
    optimizers = [build([parameter], **arguments, **kind) for parameter, kind in zip(theirs, kinds, strict=True)]
    for step in range(50):
        updater.step(gradients(step))
        for parameter, gradient in zip(theirs, gradients(step), strict=True):
            parameter.grad = gradient
        for optimizer in optimizers:
            optimizer.step()
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True)), f"update {step + 1}"
    assert updater.done == 50
    assert all(parameter.grad is None for parameter in ours)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("row", [(1,), (1, 2), (3, 5), (16,), (1, 48), (7, 16)])
def test_a_row_has_the_same_bits_alone_and_among_others(name: str, row: tuple[int, ...]) -> None:
    """Rows are replicas."""
    chance = torch.Generator().manual_seed(0)
    start, slopes = torch.randn(10, *row, generator=chance), 0.1 * torch.randn(30, 10, *row, generator=chance)
    ends = {}
    for rows in ([3], [7], [3, 7], [1, 7, 0, 3, 5], list(range(10))):
        weights = start[rows].clone()
        updater = Updater(RULES[name], [weights])
        for slope in slopes:
            updater.step([slope[rows]])
        for index in {3, 7} & set(rows):
            place = rows.index(index)
            found = torch.cat([tensor[place].flatten() for tensor in (weights, *updater.tensors().values())])
            assert torch.equal(ends.setdefault(index, found), found), f"row {index} among {rows}"


def test_schedules_of_sgd_are_a_loop_by_hand() -> None:
    """The step size is divided after every update down to its least; the momentum is a straight line, then constant."""
    lr, momentum, value, velocity = 0.1, 0.5, 1.0, 0.0
    weight = torch.tensor([value], dtype=torch.float64, requires_grad=True)
    updater = Updater(SGD(0.1, 0.5, lr_divisor=1.5, lr_least=0.02, momentum_end=0.9, momentum_updates=4), [weight])
    momenta, sizes = [], []
    for step in range(8):
        gradient = 1.0 + step
        updater.step([torch.tensor([gradient], dtype=torch.float64)])
        velocity = momentum * velocity + gradient
        value -= lr * velocity
        momenta.append(momentum)
        sizes.append(lr)
        assert float(weight.detach()) == pytest.approx(value, rel=1e-12)
        lr, momentum = max(lr / 1.5, 0.02), min(momentum + 0.1, 0.9)
    assert momenta == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9])
    assert sizes[3] == pytest.approx(0.1 / 1.5**3)
    assert sizes[4:] == [0.02] * 4


@pytest.mark.parametrize(("size", "share"), [(1e-2, 0.25), (1e-3, 0.034)])
def test_tensorflows_rmsprop_is_its_documented_rule_and_starts_far_slower(size: float, share: float) -> None:
    """tf.train.RMSPropOptimizer: ms = decay ms + (1 - decay) g^2 from ms = 1; var -= lr g / sqrt(ms + epsilon); decay 0.9, epsilon 1e-10.

    Oracle: the sum in closed form, ms after k updates with a constant gradient g being 0.9^k + (1 - 0.9^k) g^2.
    """
    moved = {}
    for rule in (TensorFlowRMSProp(2e-4), RMSProp(2e-4, 0.9)):
        weight = torch.zeros(1, dtype=torch.float64)
        updater = Updater(rule, [weight])
        for _ in range(100):
            updater.step([torch.full((1,), size, dtype=torch.float64)])
        moved[type(rule)] = -float(weight)
    squares = [0.9**k + (1 - 0.9**k) * size**2 for k in range(1, 101)]
    assert moved[TensorFlowRMSProp] == pytest.approx(sum(2e-4 * size / (square + 1e-10) ** 0.5 for square in squares), rel=1e-9)
    assert moved[TensorFlowRMSProp] / moved[RMSProp] == pytest.approx(share, rel=0.02)


def test_tensorflows_rmsprop_divides_by_a_floor() -> None:
    """A gradient far below root(epsilon) is not blown up to a full step, as torch's rule would."""
    weights = {}
    for rule in (TensorFlowRMSProp(1.0), RMSProp(1.0, 0.9, 1e-10)):
        weight = torch.zeros(1, dtype=torch.float64)
        updater = Updater(rule, [weight])
        for _ in range(1000):
            before = float(weight)
            updater.step([torch.full((1,), 1e-7, dtype=torch.float64)])
        weights[type(rule)] = before - float(weight)
    assert weights[TensorFlowRMSProp] == pytest.approx(1e-7 / 1e-5, rel=1e-3)
    assert weights[RMSProp] == pytest.approx(1.0, rel=2e-3)


def test_constants_stand_still_without_schedules() -> None:
    assert {SGD(0.1, 0.9).constants(done) for done in (0, 1, 10**6)} == {(0.1, 0.9)}


@pytest.mark.parametrize("name", RULES)
def test_a_checkpoint_carries_on_to_the_same_bits(name: str) -> None:
    straight, first = parameters(), parameters()
    whole, before = Updater(RULES[name], straight), Updater(RULES[name], first)
    for step in range(20):
        whole.step(gradients(step))
    for step in range(9):
        before.step(gradients(step))
    kept = {key: tensor.clone() for key, tensor in before.tensors().items()}
    second = [parameter.detach().clone().requires_grad_() for parameter in first]
    after = Updater(RULES[name], second)
    after.load(kept, before.done)
    for step in range(9, 20):
        after.step(gradients(step))
    assert all(torch.equal(one, other) for one, other in zip(straight, second, strict=True))
    assert after.done == whole.done
    assert set(after.tensors()) == set(whole.tensors())
    assert all(torch.equal(tensor, whole.tensors()[key]) for key, tensor in after.tensors().items())


@pytest.mark.parametrize("name", RULES)
def test_memory_layouts_are_those_of_the_parameters_also_after_a_kill(name: str) -> None:
    """What is loaded is contiguous, as a file gives it."""
    shapes = ((6, 3, 4, 4), (5, 1, 3, 3), (4, 6, 1, 1), (7,))
    weights = [torch.ones(shape) for shape in shapes]
    weights = [weight.contiguous(memory_format=torch.channels_last) if weight.dim() == 4 else weight for weight in weights]
    before = Updater(RULES[name], weights)
    before.step([torch.full_like(weight, 0.1) for weight in weights])
    after = Updater(RULES[name], [weight.clone() for weight in weights])
    after.load({key: tensor.contiguous() for key, tensor in before.tensors().items()}, before.done)
    assert not weights[0].is_contiguous()
    for updater in (before, after):
        for key, tensor in updater.tensors().items():
            assert tensor.stride() == weights[int(key.partition("/")[0])].stride(), key


def test_a_game_does_without_dynamo() -> None:
    """torch._dynamo takes longer to import than many of our games take to play."""
    code = f"import runpy, sys; runpy.run_path({str(SCRIPT)!r})['two_steps'](); assert 'secondlook.train.duel' in sys.modules; "
    code += "from types import SimpleNamespace; from secondlook.train.device import configure; import torch; "
    code += "configure(SimpleNamespace(threads=1, device='cpu')); assert torch.are_deterministic_algorithms_enabled(); "
    code += "print('torch._dynamo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_adams_step_size_stays_and_then_falls_in_a_straight_line_to_zero() -> None:
    """The released CIFAR-10 scripts of Salimans et al. 2016: lr min(3 - epoch / 400, 1) over 1,200 epochs."""
    rule = Adam(3e-4, decay=(800, 1200))
    assert [rule.step_size(epoch) for epoch in range(0, 1201, 100)] == pytest.approx(
        [3e-4 * min(3 - epoch / 400, 1) for epoch in range(0, 1201, 100)]
    )
    assert Adam(3e-4).step_size(10**6) == 3e-4
    weights = torch.zeros(3)
    updater = Updater(Adam(0.1, decay=(1, 3)), [weights])
    sizes = []
    for _ in range(4):
        before = weights.clone()
        updater.step([torch.ones(3)])
        sizes.append((before - weights)[0].item())
    assert sizes == pytest.approx([0.1, 0.1, 0.05, 0.0], abs=1e-6)
