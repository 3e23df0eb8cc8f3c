"""Training, whole, on images of bright spots: against the usual loop of torch, replica by replica, and across a kill."""

from __future__ import annotations

import pytest
import torch

from secondlook.errors import UserError
from secondlook.papers.kingma2013.training import Data, Settings, Training, run
from secondlook.train.flat import Flat

NET = {
    "latents": 3,
    "hidden": 32,
    "side": 8,
    "updates": 30,
    "batch": 32,
    "lr": 0.05,
    "train_images": 96,
    "draws": 4,
    "test_images": 32,
    "likelihood_images": 32,
}
METHODS = ["aevb", "wake-sleep"]
CPU = torch.device("cpu")


def rows_of(result, seed: int) -> list[tuple]:
    return [row[1:] for row in result.history.rows if row[0] == seed]


def training(make_job, blobs, seeds: tuple[int, ...] = (1,), **values) -> Training:
    settings = Settings(**NET | {"method": "aevb"} | values)
    return Training(settings, Data(settings, make_job(datasets=blobs), CPU), seeds, CPU)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("more", [{}, {"optimizer": "adam", "pixels": "grey", "draws": 0, "units": "relu", "start": "uniform"}])
def test_it_writes_its_metrics(make_job, blobs, method: str, more: dict) -> None:
    values = NET | {"method": method} | more
    result = run(make_job(values=values, seeds=(1, 2), datasets=blobs))
    assert result.status == {1: "completed", 2: "completed"}
    assert {name for step, name, _ in rows_of(result, 2) if step == 30} == Settings(**values).metrics()
    steps = [step for step, name, _ in rows_of(result, 1) if name == "test_bound"]
    assert steps[-1] == 30 and steps == sorted(set(steps)) and len(steps) > 8
    last = {name: value for step, name, value in rows_of(result, 1) if step == 30}
    assert last["overfitting"] == pytest.approx(last["train_bound"] - last["test_bound"])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_a_replica_has_the_same_bits_alone_and_among_others(make_job, blobs, method: str, optimizer: str) -> None:
    values = NET | {"method": method, "optimizer": optimizer}
    together = run(make_job(values=values, seeds=(5, 3, 4), datasets=blobs))
    for seed in (3, 4, 5):
        assert rows_of(together, seed) == rows_of(run(make_job(values=values, seeds=(seed,), datasets=blobs)), seed)
    assert rows_of(together, 3) != rows_of(together, 4)


@pytest.mark.parametrize("prior", [True, False])
def test_aevb_is_the_usual_loop(make_job, blobs, prior: bool) -> None:
    """Adagrad of torch, with the prior's weight decay 1 / N, on the loss as textbooks write it."""
    ours, twin = (training(make_job, blobs, prior=prior) for _ in range(2))
    model = twin.model
    parameters = [torch.nn.Parameter(each.detach().clone()) for each in model.parameters()]
    for (name, _), own in zip(list(model.named_parameters()), parameters, strict=True):
        owner = model.get_submodule(name.rpartition(".")[0])
        setattr(owner, name.rpartition(".")[2], own)
    optimizer = torch.optim.Adagrad(parameters, lr=0.05, weight_decay=1 / 96 if prior else 0.0)
    for _ in range(6):
        ours.advance()
        images = ours.data.numbers(ours.data.images_NP[ours.batches(ours.step - 1)])
        ours.step -= 1
        noise = ours._noise()[0]
        ours.step += 1
        mean, log_variance = model.encode(images)
        codes = mean + torch.exp(log_variance / 2) * noise
        cross_entropy = torch.nn.functional.binary_cross_entropy(model.decoder(codes).sigmoid(), images, reduction="sum")
        kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        optimizer.zero_grad()
        ((cross_entropy + kl) / 32).backward()
        optimizer.step()
    for one, other in zip(ours.model.parameters(), parameters, strict=True):
        torch.testing.assert_close(one, other, atol=2e-4, rtol=1e-3)


def test_the_two_halves_of_wake_sleep_move_their_own_net_alone(make_job, blobs, monkeypatch) -> None:
    made = training(make_job, blobs, (1, 2), method="wake-sleep")
    climb, moved = Training._climb, []

    def watched(self: Training, net: int, objective: torch.Tensor) -> None:
        before = [[each.detach().clone() for each in part.parameters()] for part in (self.model.decoder, self.model.encoder)]
        climb(self, net, objective)
        after = [list(part.parameters()) for part in (self.model.decoder, self.model.encoder)]
        moved.append([any(not torch.equal(*pair) for pair in zip(*both, strict=True)) for both in zip(before, after, strict=True)])

    monkeypatch.setattr(Training, "_climb", watched)
    made.advance()
    assert moved == [[True, False], [False, True]]


def test_both_methods_start_from_the_same_weights_and_see_the_same_images(make_job, blobs) -> None:
    one, other = (training(make_job, blobs, method=method) for method in METHODS)
    for first, second in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(first, second)
    assert torch.equal(one.batches(4), other.batches(4))


def test_wake_sleep_draws_codes_and_pixels_of_its_own(make_job, blobs) -> None:
    noise, codes, uniform = training(make_job, blobs, (1, 2), method="wake-sleep")._noise()
    assert noise.shape == codes.shape == (2, 32, 3) and uniform.shape == (2, 32, 64)
    assert not torch.equal(noise, codes) and 0 <= float(uniform.min()) <= float(uniform.max()) < 1
    assert torch.equal(noise, training(make_job, blobs, (1, 2))._noise()[0]), "the first numbers are those of AEVB"


def test_pixels_and_test_images(make_job, blobs) -> None:
    job = make_job(datasets=blobs)
    binary, grey = (
        Data(Settings(**NET | {"method": "aevb", "pixels": pixels, "side": 28, "test_images": None}), job, CPU)
        for pixels in ("binary", "grey")
    )
    assert torch.equal(binary.test_NP, (grey.test_NP > 0.5).float()) and len(grey.test_NP) == 60
    spaced = Data(Settings(**NET | {"method": "aevb", "pixels": "grey", "side": 28, "test_images": 20}), job, CPU)
    assert torch.equal(spaced.test_NP, grey.test_NP[::3])


def test_it_learns(make_job, blobs) -> None:
    for method in METHODS:
        bounds = [
            value
            for _, name, value in rows_of(run(make_job(values=NET | {"method": method, "updates": 300}, datasets=blobs)), 0)
            if name == "test_bound"
        ]
        assert bounds[-1] > bounds[0] + 3


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
@pytest.mark.parametrize("after", [7, 12])
def test_a_killed_run_goes_on_to_the_same_bits(make_job, blobs, tmp_path, dies, method: str, optimizer: str, after: int) -> None:
    values = NET | {"method": method, "optimizer": optimizer}
    straight = run(make_job(values=values, seeds=(1, 2), datasets=blobs)).history.to_csv()
    job = make_job(values=values, seeds=(1, 2), datasets=blobs, checkpoint_seconds=0.0, work=tmp_path / "killed")
    assert dies(after, lambda: run(job))
    assert run(job).history.to_csv() == straight


def test_a_replica_that_diverges_is_a_result_and_its_neighbour_goes_on(make_job, blobs, monkeypatch) -> None:
    values = NET | {"method": "aevb"}
    straight = run(make_job(values=values, seeds=(4,), datasets=blobs))
    differentiate = Flat.differentiate

    def broken(flat: Flat, loss: torch.Tensor) -> None:
        differentiate(flat, loss)
        if len(flat.weights) == 2:
            flat.gradients[0] = float("nan")

    monkeypatch.setattr(Flat, "differentiate", broken)
    result = run(make_job(values=values, seeds=(3, 4), datasets=blobs))
    assert result.status[3].startswith("diverged at update") and result.status[4] == "completed"
    assert [name for _, name, _ in rows_of(result, 3)] == ["diverged"]
    assert rows_of(result, 4) == rows_of(straight, 4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"latents": 0}, "'latents' must be at least 1"),
        ({"updates": 10}, "'updates' must be at least 20"),
        ({"train_images": 31}, "'train_images' must be at least 32"),
        ({"lr": 0.0}, "'lr' must be above 0"),
        ({"draws": -1}, "'draws' must be at least 0"),
    ],
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Settings(**NET | {"method": "aevb"} | wrong)


@pytest.mark.parametrize(
    ("wrong", "message"), [({"train_images": 201}, "201 images are to be drawn from 200"), ({"test_images": 61}, "61 images")]
)
def test_more_images_than_there_are_cannot_be_had(make_job, blobs, wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        run(make_job(values=NET | {"method": "aevb"} | wrong, datasets=blobs))
