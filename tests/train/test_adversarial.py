"""The loop: rows, replicas, seeds, kills, divergence."""

from __future__ import annotations

import functools
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from toy_game import RECORD, SCRIPT, STEPS, contents, measure, play, points, toy_job

from secondlook.errors import UserError
from secondlook.nets.mlp import StackedMLP
from secondlook.runner.job import Result
from secondlook.train import adversarial
from secondlook.train.extras import Clip, constant_steps, wgan_steps
from secondlook.train.game import Measured, Moment, init_generators
from secondlook.train.losses import adversarial_loss
from secondlook.train.streams import torch_generator
from secondlook.train.updates import SGD, Adam, RMSProp

PLAYED = {"d_loss", "d_real", "d_fake", "g_loss", "d_gradient_norm", "d_step_cosine", "g_gradient_norm"}
MEASURED = {"sample", "output"}


def rows(result: Result, seed: int) -> list[tuple]:
    return [row for row in result.history.rows if row[0] == seed]


def of_seed(result: Result, seed: int) -> tuple:
    """All that a result holds of a replica."""
    arrays = {name: array.tobytes() for name, array in result.arrays.items() if name.startswith(f"{seed}/")}
    return rows(result, seed), arrays, result.status[seed]


@pytest.fixture(params=["points", "images"])
def game(request) -> str:
    return request.param


def test_rows_are_written_where_asked(tmp_path: Path, game: str) -> None:
    result = play(tmp_path, game)
    for seed in (1, 2):
        by_step = {step: {row[2] for row in group} for step, group in itertools.groupby(rows(result, seed), key=lambda row: row[1])}
        assert by_step == {step: (PLAYED if step else set()) | MEASURED for step in RECORD}
        assert {name for name in result.arrays if name.startswith(f"{seed}/")} == {f"{seed}/samples_{step}" for step in RECORD}
    assert result.status == {1: "completed", 2: "completed"}
    assert np.isfinite([value for *_, value in result.history.rows]).all()
    assert result.facts["steps_per_second"] > 0


def test_facts_of_the_game_are_kept(tmp_path: Path) -> None:
    facts = play(tmp_path, facts={"nets": "abc"}).facts
    assert facts["nets"] == "abc"
    assert {"device_name", "steps_per_second"} <= set(facts)


def test_a_game_may_end_without_a_row(tmp_path: Path) -> None:
    result = play(tmp_path, record=(0, 5), steps=7)
    assert {step for _, step, _, _ in result.history.rows} == {0, 5}
    assert result.status == {1: "completed", 2: "completed"}


def test_evaluation_mode_is_for_measuring_only(tmp_path: Path) -> None:
    """Statistics of batch normalization move in training, and measuring leaves them and the training alone."""
    modes = []

    def look(moment: Moment) -> list[Measured]:
        modes.append(moment.generator.training or moment.discriminator.training)
        assert not torch.is_grad_enabled()
        return measure(moment)

    often = play(tmp_path / "often", "images", measure=look, record=range(STEPS + 1))
    seldom = play(tmp_path / "seldom", "images", record=(STEPS,))
    assert not any(modes)
    last = [[row for row in rows(result, 1) if row[1] == STEPS and row[2] in MEASURED] for result in (often, seldom)]
    assert last[0] == last[1]


def test_it_learns(tmp_path: Path) -> None:
    """Points around (2, 2): the generator's mean gets there."""
    result = play(tmp_path, steps=300, record=(0, 300), generator_rule=Adam(5e-3, 0.5), discriminator_rule=Adam(5e-3, 0.5))
    for seed in (1, 2):
        first, last = (value for _, _, metric, value in rows(result, seed) if metric == "sample")
        assert abs(first - 2) > 1.2
        assert abs(last - 2) < 0.6


# -- seeds and replicas ----------------------------------------------------------------------------------------------------------


def test_same_seed_same_bits_another_seed_other_bits(tmp_path: Path, game: str) -> None:
    first, second = (play(tmp_path, game, (5, 6)) for _ in range(2))
    assert contents(first) == contents(second)
    ours, others = ([row[1:] for row in rows(first, seed) if row[1]] for seed in (5, 6))
    assert [row[:2] for row in ours] == [row[:2] for row in others]
    assert all(one != other for one, other in zip(ours, others, strict=True) if one[1] != "d_step_cosine")


@pytest.mark.parametrize(
    ("game", "options"),
    [
        ("points", {}),
        ("points", {"simultaneous": True}),
        ("points", {"shared_noise": True, "discriminator_steps": constant_steps(2)}),
        ("points", {"generator_rule": RMSProp(1e-2), "discriminator_rule": RMSProp(1e-2), "after_step": Clip(0.1)}),
        ("points", {"generator_rule": SGD(0.1, 0.5), "loss": adversarial_loss("ls-0-1-1")}),
        ("points", {"together": False}),
        ("images", {}),
    ],
)
def test_alone_among_others_and_in_another_order_are_the_same_bits(tmp_path: Path, game: str, options: dict) -> None:
    seeds = (4, 5, 6, 7, 8) if game == "points" else (4, 5, 6)
    together, permuted = play(tmp_path, game, seeds, **options), play(tmp_path, game, seeds[::-1], **options)
    for seed in seeds:
        expected = of_seed(together, seed)
        assert of_seed(permuted, seed) == expected
        assert of_seed(play(tmp_path, game, (seed,), **options), seed) == expected


def test_one_after_the_other_is_together(tmp_path: Path) -> None:
    first, second = play(tmp_path, "points", together=True), play(tmp_path, "points", together=False)
    for seed in (1, 2):
        assert of_seed(first, seed) == of_seed(second, seed)


def test_global_randomness_and_threads_of_the_caller_play_no_part(tmp_path: Path, game: str) -> None:
    first = contents(play(tmp_path, game))
    torch.manual_seed(123)
    torch.rand(7)
    torch.set_num_threads(2)
    assert contents(play(tmp_path, game)) == first


# -- kills -----------------------------------------------------------------------------------------------------------------------

KILLED = {
    "points": ("points", {}),
    "simultaneous": ("points", {"simultaneous": True}),
    "turns of two, momentum": ("points", {"generator_steps": 2, "discriminator_rule": SGD(0.1, 0.5, 1.01, 0.0, 0.7, 9)}),
    "turns of five": ("points", {"generator_steps": 5}),
    "wgan": ("points", {"loss": adversarial_loss("wasserstein"), "discriminator_rule": RMSProp(1e-2), "after_step": Clip(0.1)}),
    "wgan's steps": ("points", {"discriminator_steps": wgan_steps(2, 100), "steps": 4, "record": (1, 4)}),
    "one after the other": ("points", {"together": False}),
    "images": ("images", {}),
    "images, shared noise": ("images", {"shared_noise": True}),
}


@pytest.mark.parametrize("name", KILLED)
def test_k_steps_kill_resume_rest_is_n_steps(tmp_path: Path, monkeypatch, capsys, dies: Callable, name: str) -> None:
    """Killed at each checkpoint there is: at records, between two of them (every 2nd step), between two replicas."""
    game, options = KILLED[name]
    straight = contents(play(tmp_path / "straight", game, **options))
    monkeypatch.setattr(adversarial, "STRIDES", {True: 2, False: 2})
    capsys.readouterr()
    for after in itertools.count(1):
        work = tmp_path / str(after)
        if not dies(after, functools.partial(play, work, game, checkpoint_seconds=0.0, **options)):
            break
        assert contents(play(work, game, **options)) == straight, f"killed after checkpoint {after}"
        assert "taking up a checkpoint" in capsys.readouterr().err
    steps = options.get("steps", STEPS)
    stops = {step for step in (*options.get("record", RECORD), *range(2, steps, 2)) if 0 < step < steps}
    separate = game == "images" or not options.get("together", True)
    assert after - 1 == (2 * len(stops) + 1 if separate else len(stops))


@pytest.mark.parametrize("name", KILLED)
def test_told_to_end_it_saves_at_the_next_step_and_goes_on_later(tmp_path: Path, capsys, told: Callable, name: str) -> None:
    game, options = KILLED[name]
    straight = contents(play(tmp_path / "straight", game, **options))
    steps = options.get("steps", STEPS)
    taken_up = set()
    for after in itertools.count(1):
        work = tmp_path / str(after)
        if not told(after, functools.partial(play, work, game, **options)):
            break
        capsys.readouterr()
        assert contents(play(work, game, **options)) == straight, f"told at look {after}"
        taken_up |= set(re.findall(r"the next one at step (\d+)", capsys.readouterr().err))
    assert taken_up == {str(step) for step in range(1, steps)}


def test_a_run_killed_twice(tmp_path: Path, monkeypatch, dies: Callable, game: str) -> None:
    monkeypatch.setattr(adversarial, "STRIDES", {True: 2, False: 2})
    straight = contents(play(tmp_path / "straight", game))
    work = tmp_path / "killed"
    for after in (2, 3):
        assert dies(after, lambda: play(work, game, checkpoint_seconds=0.0))
    assert contents(play(work, game)) == straight


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a child process")
def test_kill_9_and_another_process(tmp_path: Path) -> None:
    """Another process has another memory: nothing that matters may be only there. Both die between two records."""
    subprocess.run([sys.executable, str(SCRIPT), str(tmp_path), "points=5", "images=8"], check=True, capture_output=True)
    for name in ("points", "images"):
        assert len(list((tmp_path / name).glob("step-*.sha256"))) == 2
        assert contents(play(tmp_path / name, name)) == contents(play(tmp_path / f"straight {name}", name))


def test_no_checkpoint_before_its_time(tmp_path: Path) -> None:
    play(tmp_path / "seldom")
    assert not (tmp_path / "seldom").exists()
    play(tmp_path / "often", checkpoint_seconds=0.0)
    assert (tmp_path / "often").exists()


def test_a_checkpoint_of_another_computation_is_refused(tmp_path: Path, dies: Callable) -> None:
    assert dies(1, lambda: play(tmp_path, checkpoint_seconds=0.0))
    with pytest.raises(UserError, match="lr 0.2"):
        adversarial.train_adversarial(toy_job(tmp_path, identity="lr 0.2"), points)


def test_replicas_together_on_several_threads_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="need threads: 1, not 2"):
        adversarial.train_adversarial(toy_job(tmp_path, threads=2), points)
    torch.set_num_threads(1)


def test_a_step_that_moves_nothing_has_a_cosine_of_zero(tmp_path: Path) -> None:
    rows = play(tmp_path, discriminator_rule=SGD(0.0)).history.rows
    assert {value for *_, metric, value in rows if metric == "d_step_cosine"} == {0.0}


# -- divergence ------------------------------------------------------------------------------------------------------------------


def poisoned(at: dict[int, int]):
    """Data that are not finite for seed ``key`` from its draw ``value`` on."""
    clean = points(torch.device("cpu")).data
    return lambda seed, draw: clean(seed, draw) * (float("nan") if draw >= at.get(seed, 10**9) else 1.0)


@pytest.mark.parametrize("together", [True, False])
def test_a_diverged_replica_is_recorded_at_its_step_and_touches_no_other(tmp_path: Path, together: bool) -> None:
    result = play(tmp_path / "3", "points", (1, 2, 3), data=poisoned({2: 7}), together=together)
    assert result.status == {1: "completed", 2: "diverged at step 8", 3: "completed"}
    assert rows(result, 2)[-1] == (2, 8, "diverged", 1.0)
    assert max(step for _, step, metric, _ in rows(result, 2) if metric != "diverged") == 6
    clean = play(tmp_path / "2", "points", (1, 3), together=together)
    for seed in (1, 3):
        assert of_seed(result, seed) == of_seed(clean, seed)


def test_when_all_have_diverged_the_game_is_over(tmp_path: Path) -> None:
    seen = []
    data = poisoned({1: 1, 2: 5})

    def counted(seed: int, draw: int) -> torch.Tensor:
        seen.append(draw)
        return data(seed, draw)

    result = play(tmp_path, data=counted, steps=100, record=(0, 10, 50, 100))
    assert result.status == {1: "diverged at step 2", 2: "diverged at step 6"}
    assert [row[1:] for row in result.history.rows if row[2] == "diverged"] == [(2, "diverged", 1.0), (6, "diverged", 1.0)]
    assert max(seen) == 9


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_huge_step_size_diverges(tmp_path: Path, player: str) -> None:
    options = {"loss": adversarial_loss("ls-0-1-1"), f"{player}_rule": SGD(1e30)}
    result = play(tmp_path, **options, generator=linear_generator)
    assert all(text.startswith("diverged at step") for text in result.status.values())
    assert {row[2:] for row in result.history.rows if row[1] > 3} <= {("diverged", 1.0)}


def linear_generator(seeds) -> nn.Module:
    return StackedMLP([4, 16, 2], init_generators(seeds, "g"), shape=(2,))


def test_weights_that_are_not_finite_count_although_the_losses_are(tmp_path: Path) -> None:
    """The last step's update is seen by no loss."""
    result = play(tmp_path, generator_rule=SGD(float("inf")), steps=1, record=(1,))
    assert result.status == {1: "diverged at step 1", 2: "diverged at step 1"}


def test_a_kill_after_a_divergence_forgets_nothing(tmp_path: Path, monkeypatch, dies: Callable) -> None:
    monkeypatch.setattr(adversarial, "STRIDES", {True: 2, False: 2})
    for together in (True, False):
        options = {"data": poisoned({1: 3}), "together": together}
        straight = contents(play(tmp_path / f"straight {together}", **options))
        for after in (2, 3, 4):
            work = tmp_path / f"{after} {together}"
            assert dies(after, functools.partial(play, work, checkpoint_seconds=0.0, **options))
            assert contents(play(work, **options)) == straight


def test_told_to_end_after_a_divergence_it_forgets_nothing(tmp_path: Path, told: Callable) -> None:
    """The step of the first loss that was not finite is found at the next look at the device, which another process takes."""
    options = {"data": poisoned({1: 3})}
    straight = contents(play(tmp_path / "straight", **options))
    for after in itertools.count(1):
        if not told(after, functools.partial(play, tmp_path / str(after), **options)):
            break
        assert contents(play(tmp_path / str(after), **options)) == straight, f"told at look {after}"
    assert after > STEPS


# -- what is measured ------------------------------------------------------------------------------------------------------------


def test_samples_are_from_the_same_noise_at_every_step_and_in_any_batch() -> None:
    game = points(torch.device("cpu"))
    generator, discriminator = game.generator((1, 2)), game.discriminator((1, 2))
    moments = [Moment(step, (1, 2), generator, discriminator, game.noise, torch.device("cpu")) for step in (0, 7)]
    with torch.no_grad():
        whole = moments[0].samples(20)
        assert whole.shape == (2, 20, 2)
        assert torch.equal(moments[1].samples(20), whole)
        torch.testing.assert_close(moments[0].samples(20, batch=7), whole)
        noise = torch.stack([game.noise(20, torch_generator(seed, "eval")) for seed in (1, 2)])
        assert torch.equal(whole, generator(noise))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", ["points", "images"])
def test_on_a_gpu_the_same_bits_again_and_after_a_kill(tmp_path: Path, dies: Callable, name: str) -> None:
    from toy_game import GAMES

    def play_there(folder: str, **fields) -> Result:
        job = toy_job(tmp_path / folder, device="cuda", checkpoint_seconds=0.0)
        return adversarial.train_adversarial(job, functools.partial(GAMES[name], **fields))

    first = contents(play_there("first"))
    assert contents(play_there("second")) == first
    assert dies(3, lambda: play_there("killed"))
    assert contents(play_there("killed")) == first
