import functools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from secondlook.data.fingerprint import fingerprint
from secondlook.errors import UserError
from secondlook.games import images as image_games
from secondlook.games.images import OUTPUTS, ImageSettings, ImageSource, image_game, load_judge, to_bytes, to_floats
from secondlook.nets.classifier import Classifier
from secondlook.train.adversarial import train_adversarial

ALL = torch.arange(256, dtype=torch.uint8)
RANGES = [(-1.0, 1.0), (0.0, 1.0)]


def numbered(count: int) -> torch.Tensor:
    """Images that tell their number."""
    return torch.arange(count, dtype=torch.uint8)[:, None, None, None].expand(count, 1, 2, 2).contiguous()


def numbers(batch: torch.Tensor) -> list[int]:
    return batch[:, 0, 0, 0].mul(255).round().int().tolist()


# -- pixels --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pixels", RANGES)
def test_all_256_values_survive_the_way_there_and_back(pixels: tuple[float, float]) -> None:
    floats = to_floats(ALL, pixels)
    assert floats.dtype == torch.float32
    assert (float(floats[0]), float(floats[255])) == (pixels[0], pytest.approx(pixels[1], abs=1e-6))
    assert torch.equal(to_bytes(floats, pixels), ALL)


def test_the_range_of_a_tanh_is_that_of_the_feature_nets() -> None:
    torch.testing.assert_close(to_floats(ALL, (-1.0, 1.0)), ALL.float() / 127.5 - 1, rtol=0, atol=1e-6)


@pytest.mark.parametrize("pixels", RANGES)
def test_an_images_bytes_do_not_depend_on_its_neighbours(pixels: tuple[float, float]) -> None:
    """A public code rescales by the batch's own least and largest value: the score then depends on who is in the batch."""
    images = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0)) * 0.2 + 0.3
    together = to_bytes(images, pixels)
    for place in range(6):
        assert torch.equal(to_bytes(images[place : place + 1], pixels)[0], together[place])
    neighbour = torch.cat([images[:1], torch.full((1, 1, 4, 4), 50.0), torch.full((1, 1, 4, 4), -50.0)])
    assert torch.equal(to_bytes(neighbour, pixels)[0], together[0])
    assert to_bytes(neighbour, pixels)[1:].flatten(1).unique(dim=1).tolist() == [[255], [0]]


def test_outputs_and_their_pixels() -> None:
    assert {name: pixels for name, (_, pixels) in OUTPUTS.items()} == {
        "tanh": (-1.0, 1.0),
        "sigmoid": (0.0, 1.0),
        "linear": (-1.0, 1.0),
    }
    assert (OUTPUTS["tanh"][0], OUTPUTS["sigmoid"][0], OUTPUTS["linear"][0]) == (torch.tanh, torch.sigmoid, None)


# -- batches -------------------------------------------------------------------------------------------------------------------


def test_an_epoch_is_a_permutation_in_a_fresh_order() -> None:
    source = ImageSource(numbered(24), 4, (0.0, 1.0))
    epochs = [[number for place in range(6) for number in numbers(source(3, epoch * 6 + place))] for epoch in range(3)]
    assert all(sorted(epoch) == list(range(24)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != list(range(24))


def test_the_incomplete_last_batch_is_dropped() -> None:
    source = ImageSource(numbered(10), 4, (0.0, 1.0))
    seen = [numbers(source(0, draw)) for draw in range(40)]
    assert all(len(batch) == 4 for batch in seen)
    assert all(len({*first, *second}) == 8 for first, second in zip(seen[::2], seen[1::2], strict=True))
    assert set().union(*seen) == set(range(10)), "another order leaves out others"


def test_a_draw_is_a_function_of_seed_and_number() -> None:
    """So a resumed run gets what the uninterrupted one would have got."""
    images = numbered(24)
    source = ImageSource(images, 4, (0.0, 1.0))
    in_order = [numbers(source(1, draw)) for draw in range(14)]
    for draw in (13, 2, 7, 0):
        assert numbers(source(1, draw)) == in_order[draw]
        assert numbers(ImageSource(images, 4, (0.0, 1.0))(1, draw)) == in_order[draw]
        source(2, draw)
    assert numbers(source(2, 0)) != in_order[0]


def test_batches_are_floats_in_the_range_of_the_generator() -> None:
    batch = ImageSource(torch.tensor([0, 255], dtype=torch.uint8)[:, None, None, None], 2, (-1.0, 1.0))(0, 0)
    assert batch.dtype == torch.float32
    assert sorted(batch.flatten().tolist()) == [-1.0, pytest.approx(1.0, abs=1e-6)]


def test_less_than_a_batch_is_refused() -> None:
    with pytest.raises(UserError, match="3 training images are less than one batch of 4"):
        ImageSource(numbered(3), 4, (0.0, 1.0))


# -- the game --------------------------------------------------------------------------------------------------------------------

SMALL = {"dataset": "mnist", "side": 16, "loss": "non-saturating", "steps": 2, "records": 1, "batch": 4, "d_lr": 2e-4, "g_lr": 2e-4}
SMALL |= {"g_width": 2, "d_width": 2, "noise": 6, "samples": 12, "sheet": 5}


@pytest.fixture
def job(make_job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A job with tiny data and feature nets of an earlier experiment."""
    draw = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 30), ("test", 20)):
        arrays[f"{split}_images"] = draw.integers(0, 256, (count, 1, 16, 16), dtype=np.uint8)
        arrays[f"{split}_labels"] = np.arange(count) % 10
    save_file(arrays, tmp_path / "mnist.safetensors")
    inputs = {}
    for number, name in enumerate(("net_a", "net_b", "net_random")):
        torch.manual_seed(number)
        folder = tmp_path / name
        folder.mkdir()
        state = Classifier(1, 16).state_dict()
        save_file({f"0/{key}": value.numpy() for key, value in state.items()}, folder / "arrays.safetensors")
        inputs[name] = (folder,)
    return functools.partial(
        make_job, datasets={"mnist": (tmp_path / "mnist.safetensors", fingerprint(arrays))}, inputs=inputs, seeds=(3, 4)
    )


def play(job, **fields):
    settings = ImageSettings(**SMALL | fields)
    return train_adversarial(job, functools.partial(image_game, job, settings))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"generator": "constant", "g_batch_norm": False, "d_batch_norm": False, "kernel": 5, "noise_kind": "uniform"},
        {"generator": "mlp", "g_width": 32, "output": "linear", "noise_kind": "unit_uniform"},
        {"generator": "mlp", "discriminator": "mlp", "output": "sigmoid", "d_width": 32, "d_pieces": 2, "d_dropout": (0.2, 0.5)},
    ],
    ids=["dcgan", "constant", "mlp generator", "maxout"],
)
def test_a_game_of_images(job, fields: dict) -> None:
    result = play(job(), **fields)
    assert {row[2] for row in result.history.rows if row[:2] == (4, 2)} == ImageSettings(**SMALL | fields).metrics()
    assert all(math.isfinite(value) for *_, value in result.history.rows)
    assert {name: (array.shape, str(array.dtype)) for name, array in result.arrays.items()} == {
        f"3/sheet_{step}": ((5, 1, 16, 16), "uint8") for step in (0, 2)
    }
    assert play(job(), **fields).history.to_csv() == result.history.to_csv()


def test_inception_measures_distances_and_no_classes() -> None:
    plain, more = (ImageSettings(**SMALL | {"dataset": "cifar10", "inception": asked}).metrics() for asked in (False, True))
    assert more - plain == {f"{kind}_inception" for kind in ("fid", "kid", "precision", "recall")} | {
        "fid_inception_floor",
        "kid_inception_floor",
    }
    assert plain < more


def test_the_judges_nets_have_the_saved_weights(job) -> None:
    judge, facts = load_judge(job(), ImageSettings(**SMALL), torch.zeros(16, 1, 16, 16, dtype=torch.uint8))
    assert set(judge.nets) == set(facts["feature_nets"]) == {"a", "b", "random"}
    assert len(set(facts["feature_nets"].values())) == 3
    for number, name in enumerate(("a", "b", "random")):
        torch.manual_seed(number)
        expected = Classifier(1, 16).state_dict()
        found = judge.nets[name].state_dict()
        assert all(torch.equal(found[key], value) for key, value in expected.items())


def test_the_first_images_only(job, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    class Spy(ImageSource):
        def __init__(self, images, batch, pixels) -> None:
            seen["images"] = images
            super().__init__(images, batch, pixels)

    monkeypatch.setattr(image_games, "ImageSource", Spy)
    image_game(job(), ImageSettings(**SMALL | {"train_images": 8}), torch.device("cpu"))
    assert seen["images"].shape == (8, 1, 16, 16)


def test_an_adjusted_generator(job) -> None:
    """The hook sees the net and the scaled training images before training."""
    seen = []

    def adjust(net, images: torch.Tensor) -> None:
        seen.append((images.shape, float(images.min()), float(images.max())))
        with torch.no_grad():
            net.layers[-1].bias.fill_(5.0)

    settings = ImageSettings(**SMALL | {"generator": "mlp", "g_width": 32, "output": "sigmoid"})
    game = image_game(job(), settings, torch.device("cpu"), adjust)
    net = game.generator((3,))
    assert float(net.layers[-1].bias.detach().min()) == 5.0
    assert seen[0][0] == (30, 1, 16, 16)
    assert seen[0][1:] == (0.0, pytest.approx(1.0, abs=0.01))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"output": "sigmoid"}, "'output': 'sigmoid' is for perceptrons"),
        ({"side": 28}, "'side': a DCGAN makes images of 16, 32 or 64 pixels, not 28"),
        ({"side": 28, "generator": "mlp"}, "'side': a DCGAN makes images"),
        ({"inception": True}, "'inception': Inception takes colour images, and 'mnist' has none"),
        ({"g_width": 0}, "'g_width' must be at least 1, got 0"),
        ({"d_layers": -1}, "'d_layers' must be at least 0, got -1"),
        ({"d_dropout": [0.2, 1.5]}, "'d_dropout' must be from 0 to 1, got 1.5"),
        ({"g_init": 0.0}, "'g_init' must be above 0, got 0.0"),
        ({"samples": 5}, "'samples' must be above 5, got 5"),
        ({"reference_images": 11}, "'samples' must be at most 'reference_images', got samples 12 and reference_images 11"),
        ({"train_images": 3}, "'batch' must be at most 'train_images', got batch 4 and train_images 3"),
    ],
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        ImageSettings(**SMALL | wrong)


def test_perceptrons_have_any_side_and_output() -> None:
    ImageSettings(**SMALL | {"side": 28, "generator": "mlp", "discriminator": "mlp", "output": "sigmoid"})
