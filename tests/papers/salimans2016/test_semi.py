"""The semi-supervised game: its loss, its labels, its averages, its nets."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from secondlook.data.load import fingerprint
from secondlook.errors import UserError
from secondlook.nets.features import FeatureDiscriminator
from secondlook.papers.salimans2016 import semi, semi_nets
from secondlook.train.streams import torch_generator

VALUES = {"dataset": "mnist", "technique": "feature_matching", "labels": 20, "side": 8, "loss": "non-saturating", "steps": 4, "batch": 32}
VALUES |= {"records": 1, "d_widths": (32, 32), "g_widths": (32,), "noise": 8, "kernels": 4, "kernel_size": 2, "test_images": 40}
VALUES |= {"energy_points": 40, "d_lr": 3e-3, "g_lr": 3e-3, "average": "corrected", "average_rate": 0.1}


@pytest.fixture(scope="module")
def mnist(tmp_path_factory) -> dict:
    """A data set in the form of MNIST whose classes can be told apart."""
    from safetensors.numpy import save_file

    draw = np.random.default_rng(0)
    labels = {"train": np.arange(600) % 10, "test": np.arange(50) % 10}
    patterns = draw.integers(0, 256, (10, 1, 28, 28))
    arrays = {}
    for split, chosen in labels.items():
        arrays[f"{split}_labels"] = chosen.astype(np.uint8)
        arrays[f"{split}_images"] = (patterns[chosen] * draw.uniform(0.5, 1, (len(chosen), 1, 1, 1))).astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "mnist.safetensors"
    save_file(arrays, path)
    return {"mnist": (path, fingerprint(arrays))}


@pytest.mark.parametrize("technique", ["feature_matching", "minibatch", "ordinary", "supervised"])
def test_a_replica_is_the_same_alone_and_among_others(make_job, mnist, technique: str) -> None:
    values = VALUES | {"technique": technique}
    together = semi.run(make_job(values=values, seeds=(1, 2, 3), datasets=mnist))
    assert {row[2] for row in together.history.rows} == semi.Settings(**values).metrics()
    alone = semi.run(make_job(values=values, seeds=(2,), datasets=mnist))
    assert [row for row in together.history.rows if row[0] == 2] == alone.history.rows
    assert together.arrays["1/sheet"].shape == (semi.KEPT, 1, 8, 8)


def test_a_kill_changes_nothing(make_job, mnist, tmp_path) -> None:
    """The averages, too, go on where they were."""
    from secondlook.train.resumable import Progress

    values = VALUES | {"records": 4}
    whole = semi.run(make_job(values=values, seeds=(1, 2), datasets=mnist)).history.rows
    job = make_job(values=values, seeds=(1, 2), datasets=mnist, work=tmp_path / "killed", checkpoint_seconds=0)
    save, calls = Progress.save, []

    def die(*arguments) -> None:
        save(*arguments)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Progress, "save", die)
        with pytest.raises(KeyboardInterrupt):
            semi.run(job)
    assert semi.run(job).history.rows == whole


def test_the_classifier_learns(make_job, mnist) -> None:
    values = VALUES | {"steps": 150, "noise_level": "low"}
    rows = semi.run(make_job(values=values, seeds=(0,), datasets=mnist)).history.rows
    errors = {step: value for _, step, metric, value in rows if metric == "test_error"}
    assert errors[0] > 70 and errors[150] < 45


def test_labels_are_balanced_and_differ_between_seeds() -> None:
    labels = torch.arange(200) % 7 % 10
    labels = torch.cat([labels, torch.arange(200) % 10])
    places = semi.draw_labelled(labels, 30, 5)
    assert labels[places].bincount(minlength=10).tolist() == [3] * 10
    assert len(set(places.tolist())) == 30
    assert not torch.equal(places, semi.draw_labelled(labels, 30, 6))
    with pytest.raises(UserError, match="fewer than 40"):
        semi.draw_labelled(labels, 400, 5)


def labelled(count: int) -> semi.LabelledDiscriminator:
    net = FeatureDiscriminator(nn.Flatten(2), nn.Linear(4, 10))
    return semi.LabelledDiscriminator(net, torch.randn(2, count, 1, 2, 2), torch.arange(2 * count).view(2, count) % 10)


@pytest.mark.parametrize(("count", "batch"), [(5, 10), (4, 10), (20, 10)])
def test_a_labelled_batch_holds_each_image_as_often_as_any_other(count: int, batch: int) -> None:
    chosen = labelled(count)._choice(batch, torch_generator(0, "penalty"))
    times = chosen.bincount(minlength=count)
    assert len(chosen) == batch and times.max() - times.min() <= 1


def test_the_losses_are_those_of_k_plus_one_classes() -> None:
    """The released form against a softmax over the logits and a zero, the logit of the class K + 1."""
    net = labelled(10)
    chances = [torch_generator(seed, "penalty") for seed in (0, 1)]
    again = [torch_generator(seed, "penalty") for seed in (0, 1)]
    found = net.supervised_loss(10, chances)
    for r in range(2):
        order = net._choice(10, again[r])
        expected = F.cross_entropy(net.logits(net.images[r, order][None])[0], net.labels[r, order])
        torch.testing.assert_close(found[r], expected)
    real, fake = torch.randn(1, 6, 1, 2, 2), torch.randn(1, 6, 1, 2, 2)
    settings = semi.Settings(**VALUES)
    loss = semi.pair(settings).discriminator(net(real), net(fake))

    def extra(x: torch.Tensor) -> torch.Tensor:
        return torch.cat([net.logits(x), torch.zeros(1, 6, 1)], -1).softmax(-1)[..., -1]

    torch.testing.assert_close(loss, 0.5 * (-(1 - extra(real)).log().mean(1) - extra(fake).log().mean(1)))
    assert semi.pair(semi.Settings(**VALUES | {"technique": "supervised"})).discriminator(net(real), net(fake)).item() == 0


def test_test_images_come_in_batches_of_the_training_size() -> None:
    sizes = []

    class Net(FeatureDiscriminator):
        def logits(self, samples: torch.Tensor) -> torch.Tensor:
            sizes.append(samples.shape[1])
            return F.one_hot(samples[:, :, 0, 0, 0].long(), 10).float()

    labels = torch.arange(70) % 10
    images = labels.float()[:, None, None, None].expand(-1, 1, 2, 2).clone()
    images[3] = 0  # one that is taken for another class
    assert semi.errors(Net(nn.Identity(), nn.Identity()), images, labels, semi.Settings(**VALUES), 2) == [1 / 70] * 2
    assert sizes == [32, 32, 32]


@pytest.mark.parametrize(("average", "expected"), [("none", 0.0), ("as_released", 0.0), ("corrected", 0.0)])
def test_averages_decide_what_is_tested_not_what_is_trained(make_job, mnist, average: str, expected: float) -> None:
    found = {}
    for kind in ("none", average):
        rows = semi.run(make_job(values=VALUES | {"average": kind, "average_rate": 0.01}, seeds=(0,), datasets=mnist)).history.rows
        found[kind] = {metric: value for _, step, metric, value in rows if step == 4}
    assert found["none"]["d_loss"] - found[average]["d_loss"] == expected


def test_perceptrons_of_the_released_script() -> None:
    """Weights, scales and biases of the MNIST script; scales are trained in the last layers alone."""
    net = semi_nets.perceptron_discriminator((1000, 500, 250, 250, 250), (0.3, 0.5), None, torch.rand(1, 500, 1, 28, 28), (0,))
    weights = 784 * 1000 + 1000 * 500 + 500 * 250 + 2 * 250 * 250 + 250 * 10
    assert sum(p.numel() for p in net.parameters() if p.requires_grad) == weights + 1000 + 500 + 3 * 250 + 10 + 10
    noises = [layer.sigma for layer in net.modules() if isinstance(layer, semi_nets.GaussianNoise)]
    assert noises == [0.3, 0.5, 0.5, 0.5, 0.5, 0.5]
    generator = semi_nets.perceptron_generator(100, (500, 500), (1, 28, 28), (0,))
    images = generator(torch.rand(1, 20, 100))
    assert images.shape == (1, 20, 1, 28, 28) and images.min() > 0 and images.max() < 1


@pytest.mark.parametrize("kernels", [None, (100, 5)])
def test_convolutions_of_the_released_scripts(kernels: tuple[int, int] | None) -> None:
    net = semi_nets.convolution_discriminator(96, kernels, torch.rand(20, 3, 32, 32) * 2 - 1, (0,))
    planes = [(3, 96, 9), (96, 96, 9), (96, 96, 9), (96, 192, 9), (192, 192, 9), (192, 192, 9), (192, 192, 9), (192, 192, 1), (192, 192, 1)]
    count = sum(before * after * kernel + after for before, after, kernel in planes)
    count += (192 + (100 if kernels else 0)) * 10 + 20
    count += 192 * 500 + 500 + 100 if kernels else 0
    assert sum(p.numel() for p in net.parameters() if p.requires_grad) == count
    assert net.features(torch.rand(1, 5, 3, 32, 32)).shape == (1, 5, 192)
    assert isinstance(net.body.net[0], nn.Dropout) == (kernels is None)
    generator = semi_nets.convolution_generator(100, 128, 3, (0,))
    assert sum(p.numel() for p in generator.parameters()) == 100 * 8192 + 8192 * 2 + 25 * (512 * 256 + 256 * 128 + 128 * 3) + 256 + 128 + 6
    images = generator(torch.rand(1, 50, 100))
    assert images.shape == (1, 50, 3, 32, 32)
    assert images.atanh().std().item() == pytest.approx(0.1, rel=0.2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"labels": 25}, "not the same number of each"),
        ({"nets": "convolution"}, "images of 32 pixels"),
        ({"average_rate": 1.0}, "average_rate"),
    ],
)
def test_what_is_refused(wrong: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        semi.Settings(**VALUES | wrong)
