from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

import secondlook.papers
from secondlook.data.fingerprint import fingerprint
from secondlook.data.images import load_images
from secondlook.errors import UserError
from secondlook.instruments import classifier
from secondlook.instruments.classifier import Settings
from secondlook.metrics.image_quality import weights_sha256
from secondlook.nets.classifier import Classifier
from secondlook.plan.runs import cells
from secondlook.protocol.project import load_project
from secondlook.train.streams import stream_seed

VALUES = {"dataset": "mnist", "side": 16, "init": 0, "epochs": 3, "batch": 20, "lr": 0.01}


@pytest.fixture
def make_feature_job(make_job, tmp_path: Path):
    """Images whose brightness says their class, in MNIST's layout."""
    generator = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 200), ("test", 60)):
        labels = generator.integers(0, 10, count).astype(np.uint8)
        noise = generator.integers(0, 12, (count, 1, 28, 28))
        arrays[f"{part}_images"] = (labels[:, None, None, None] * 25 + noise).astype(np.uint8)
        arrays[f"{part}_labels"] = labels
    path = tmp_path / "mnist.safetensors"
    save_file(arrays, path)

    def make(seeds=(0,), **values):
        return make_job(values=VALUES | values, seeds=seeds, datasets={"mnist": (path, fingerprint(arrays))})

    return make


def rebuilt(arrays: dict[str, np.ndarray]) -> Classifier:
    net = Classifier(1, 16)
    net.load_state_dict({name.removeprefix("0/"): torch.from_numpy(array) for name, array in arrays.items()})
    return net


def test_weights_that_come_back_have_the_error_that_was_measured(make_feature_job) -> None:
    job = make_feature_job(epochs=6)
    result = classifier.run(job)
    assert result.status == {0: "completed"}
    images, labels = load_images(job, "mnist", "test", 16)
    wrong = rebuilt(result.arrays)(images.float() / 127.5 - 1).argmax(1) != labels
    assert result.facts["test_error"] == pytest.approx(100 * float(wrong.double().mean()), abs=1e-4)
    assert result.facts["test_error"] < 80
    assert result.facts["parameters"] == 37_610
    assert result.facts["weights_sha256"] == weights_sha256({name.removeprefix("0/"): array for name, array in result.arrays.items()})


def test_an_untrained_net(make_feature_job) -> None:
    result = classifier.run(make_feature_job(epochs=0, init=2))
    assert [(replica, step, metric) for replica, step, metric, _ in result.history.rows] == [(0, 0, "test_error")]
    assert result.facts["test_error"] == result.history.rows[0][3]
    torch.manual_seed(stream_seed(2, "init"))
    expected = Classifier(1, 16).state_dict()
    assert {name: array.tolist() for name, array in result.arrays.items()} == {
        f"0/{name}": value.tolist() for name, value in expected.items()
    }


@pytest.mark.parametrize("epochs", [0, 1])
def test_a_run_writes_what_its_settings_say(make_feature_job, epochs: int) -> None:
    assert {row[2] for row in classifier.run(make_feature_job(epochs=epochs)).history.rows} == Settings(
        **VALUES | {"epochs": epochs}
    ).metrics()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": -1}, "'epochs' must be at least 0, got -1"),
        ({"batch": 0}, "'batch' must be at least 1, got 0"),
        ({"train_images": 10}, "'batch' must be at most 'train_images', got batch 20 and train_images 10"),
        ({"lr": -0.1}, "'lr' must be at least 0, got -0.1"),
    ],
)
def test_ranges(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Settings(**VALUES | wrong)


def test_init_names_the_weights(make_feature_job) -> None:
    hashes = [classifier.run(make_feature_job(init=init, epochs=1)).facts["weights_sha256"] for init in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_step_size_falls_linearly_to_zero(make_feature_job) -> None:
    rows = classifier.run(make_feature_job()).history.rows
    sizes = [value for _, _, metric, value in rows if metric == "lr"]  # of the last update of each epoch of 10
    assert sizes == pytest.approx([0.01 * (1 - update / 30) for update in (9, 19, 29)])


def test_a_diverged_net_leaves_no_weights(make_feature_job) -> None:
    result = classifier.run(make_feature_job(lr=1e30))
    assert result.status[0].startswith("diverged")
    assert result.arrays == {}
    assert "weights_sha256" not in result.facts


def test_several_seeds_are_refused(make_feature_job) -> None:
    with pytest.raises(UserError, match="2 seeds, but a feature net has one"):
        classifier.run(make_feature_job(seeds=(0, 1)))


def test_the_hash_sees_names_and_values() -> None:
    one = {"0/a": np.zeros(2), "0/b": np.ones(2)}
    assert weights_sha256(one) == weights_sha256(dict(reversed(one.items())))
    assert weights_sha256(one) != weights_sha256({"0/a": np.ones(2), "0/b": np.zeros(2)})
    assert weights_sha256(one) != weights_sha256({"0/a": np.zeros(2), "0/c": np.ones(2)})


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("smoke", {("mnist", 16), ("cifar10", 16)}),
        ("quick", {("mnist", 16), ("cifar10", 16)}),
        ("paper", {("mnist", 28), ("mnist", 32), ("cifar10", 32), ("cifar10", 64)}),
    ],
)
def test_the_protocol_has_two_trained_nets_and_a_random_one_of_each_kind(scale: str, expected: set) -> None:
    experiment = load_project(Path(secondlook.papers.__path__[0])).instruments.experiments["feature-nets"]
    nets: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for cell in cells(experiment.cells_at(scale)):
        settings = Settings(**experiment.settings_at(scale) | cell.fixed)
        nets.setdefault((settings.dataset, settings.side), []).append((settings.init, settings.epochs))
    trained = experiment.settings_at(scale)["epochs"]
    assert nets == {key: [(0, trained), (1, trained), (2, 0)] for key in expected}
    assert trained > 0
    assert experiment.scales[scale].seeds.count == 1
