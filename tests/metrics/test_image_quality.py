import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from secondlook.errors import UserError
from secondlook.metrics import image_quality
from secondlook.metrics.image_quality import (
    ImageJudge,
    classifier_score,
    extract,
    feature_statistics,
    frechet_distance,
    in_byte_order,
    kernel_distance,
    weights_sha256,
)
from secondlook.nets.classifier import Classifier
from secondlook.train.streams import torch_generator

COUNT = 200


class Pixels(nn.Module):
    """Features are the pixels of a 4 x 4 image; its class is the brightest of the first ten."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(16, 10, bias=False)
        self.head.weight = nn.Parameter(20 * torch.eye(10, 16))

    def features(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)


def images(count: int, draw: int, classes: int = 10, brightness: int = 255) -> torch.Tensor:
    """Dim noise with one bright pixel; classes in turn."""
    made = torch.randint(0, 100, (count, 1, 4, 4), generator=torch_generator(0, "eval", draw), dtype=torch.uint8)
    made.flatten(1)[torch.arange(count), torch.arange(count) % classes] = brightness
    return made


@pytest.fixture(scope="module")
def judge() -> ImageJudge:
    with torch.random.fork_rng():
        torch.manual_seed(0)  # the layers' own initialisation knows no other generator
        nets = {"random": Classifier(1, 4), "a": Pixels(), "b": Classifier(1, 4)}
    return ImageJudge(nets, images(600, 0), images(300, 1), COUNT)


def normal(count: int, size: int, draw: int) -> torch.Tensor:
    return torch.randn(count, size, generator=torch_generator(0, "eval", draw)).double()


def frechet(x: torch.Tensor, y: torch.Tensor) -> float:
    return frechet_distance(feature_statistics(x), feature_statistics(y))


def frechet_by(x: torch.Tensor, y: torch.Tensor, trace_of_root: Callable[[np.ndarray, np.ndarray], float]) -> float:
    a, b = (np.cov(z.numpy(), rowvar=False) for z in (x, y))
    return float((x.mean(0) - y.mean(0)).square().sum() + np.trace(a + b) - 2 * trace_of_root(a, b))


def symmetric_root(a: np.ndarray, b: np.ndarray) -> float:
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return np.sqrt(np.linalg.eigvalsh(root @ b @ root).clip(0)).sum()


def wrong_root(a: np.ndarray, b: np.ndarray) -> float:
    return np.sqrt(np.linalg.eigvalsh(a @ b).clip(0)).sum()  # the product is not symmetric


def test_frechet_distance_closed_form() -> None:
    assert frechet(normal(20_000, 8, 0), 2 * normal(20_000, 8, 1) + 1) == pytest.approx(16, abs=0.3)


def test_frechet_distance_of_a_set_from_itself_and_from_another_draw() -> None:
    x = normal(1000, 32, 0)
    assert frechet(x, x.flip(0)) == pytest.approx(0, abs=1e-9)
    small, large = frechet(x, normal(1000, 32, 1)), frechet(normal(8000, 32, 2), normal(8000, 32, 3))
    assert 4 < small / large < 16  # biased upward, by O(1 / n)


def test_frechet_distance_agrees_with_a_symmetric_root_and_not_with_the_wrong_one() -> None:
    mix = normal(24, 24, 5)
    x, y = normal(500, 24, 0) @ mix, normal(500, 24, 1) * torch.linspace(0.1, 3, 24).double() + 0.5
    found = frechet(x, y)
    assert found == pytest.approx(frechet_by(x, y, symmetric_root), rel=1e-9)
    assert abs(found - frechet_by(x, y, wrong_root)) > 0.05 * found


def test_float32_features_get_float64_statistics() -> None:
    x, y = (normal(5000, 8, draw).float() + 1000 for draw in (0, 1))
    statistics = feature_statistics(x)
    assert statistics["mu"].dtype == statistics["sigma"].dtype == np.float64
    np.testing.assert_allclose(statistics["mu"], x.double().mean(0).numpy(), rtol=1e-13)
    assert frechet(x, y) == frechet(x.double(), y.double())
    assert kernel_distance(x, y) == kernel_distance(x.double(), y.double())


def test_kernel_distance_scatters_around_zero_and_sees_a_shift() -> None:
    equal = [kernel_distance(normal(300, 16, 2 * draw), normal(300, 16, 2 * draw + 1)) for draw in range(10)]
    assert min(equal) < 0 < max(equal)
    assert abs(np.mean(equal)) < 3 * np.std(equal) / math.sqrt(len(equal))
    assert kernel_distance(normal(300, 16, 0), normal(300, 16, 1) + 0.3) > 5 * np.std(equal)


def test_kernel_distance_of_sets_of_one_size_is_the_unbiased_formula() -> None:
    """One subset of all."""
    x, y = normal(50, 4, 0), normal(50, 4, 1) + 1

    def kernel(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
        return (p @ q.T / 4 + 1) ** 3

    within = sum((kernel(z, z).sum() - kernel(z, z).trace()) / (50 * 49) for z in (x, y))
    assert kernel_distance(x, y) == pytest.approx(float(within - 2 * kernel(x, y).mean()), rel=1e-9)


def test_classifier_score() -> None:
    sure = 60 * torch.eye(10).repeat(5, 1)
    assert classifier_score(sure) == pytest.approx(10)
    assert classifier_score(torch.zeros(50, 10)) == pytest.approx(1)
    logits = 2 * normal(200, 10, 0)
    posterior = logits.softmax(1)
    divergences = (posterior * (posterior / posterior.mean(0)).log()).sum(1)
    assert classifier_score(logits) == pytest.approx(float(divergences.mean().exp()), rel=1e-9)
    assert classifier_score(logits.flip(0)) == pytest.approx(classifier_score(logits), rel=1e-12)
    assert classifier_score(1000 * torch.eye(10)[:1].repeat(50, 1)) == pytest.approx(1)  # nine posteriors underflow: no nan


def test_metrics_of_each_net(judge: ImageJudge) -> None:
    found = judge.judge(images(COUNT, 2))
    every = {f"{metric}_{net}" for metric in ("fid", "kid", "precision", "recall") for net in ("random", "a", "b")}
    floors = {f"{metric}_{net}_floor" for metric in ("fid", "kid") for net in ("random", "a", "b")}
    classes = {f"{metric}_{net}" for metric in ("score", "classes", "largest_share") for net in ("a", "b")}
    assert set(found) == every | floors | classes | {f"share_{label}" for label in range(10)}
    assert all(type(value) is float and math.isfinite(value) for value in found.values())
    assert judge.count == COUNT


def test_images_like_the_reference_are_at_the_floor(judge: ImageJudge) -> None:
    found = judge.judge(images(COUNT, 2))
    for net in judge.nets:
        assert found[f"fid_{net}"] == pytest.approx(found[f"fid_{net}_floor"], rel=0.5)
    assert abs(found["kid_a"]) < 0.02 and abs(found["kid_a_floor"]) < 0.02
    assert found["precision_a"] > 0.8 and found["recall_a"] > 0.8
    assert found["score_a"] > 9.5 and found["classes_a"] == 10
    assert [found[f"share_{label}"] for label in range(10)] == pytest.approx([0.1] * 10)


def test_the_floor_is_the_distance_of_the_first_held_out_images(judge: ImageJudge) -> None:
    found = judge.judge(images(300, 1)[:COUNT])
    for net in judge.nets:
        assert found[f"fid_{net}"] == found[f"fid_{net}_floor"]
        assert found[f"kid_{net}"] == found[f"kid_{net}_floor"]
    worse = judge.judge(255 - images(COUNT, 2))
    assert worse["fid_a_floor"] == found["fid_a_floor"] < 0.1 * worse["fid_a"]


def test_missing_classes_are_seen(judge: ImageJudge) -> None:
    found = judge.judge(images(COUNT, 2, classes=4))
    assert found["classes_a"] == 4 and found["score_a"] == pytest.approx(4, abs=0.1)
    assert found["largest_share_a"] == found["share_0"] == 0.25 and found["share_9"] == 0
    assert found["precision_a"] > 0.8 and found["recall_a"] < 0.6
    assert found["fid_a"] > 5 * found["fid_a_floor"] and found["kid_a"] > 0.01


@pytest.mark.parametrize(("rare", "classes"), [(4, 10.0), (3, 9.0)])
def test_a_class_counts_from_two_percent_on(judge: ImageJudge, rare: int, classes: float) -> None:
    made = images(COUNT, 2, classes=9)
    made[:rare].flatten(1)[:, :10] = torch.tensor([0] * 9 + [255], dtype=torch.uint8)
    assert judge.judge(made)["classes_a"] == classes


def test_order_does_not_matter(judge: ImageJudge) -> None:
    made = images(COUNT, 2)
    shuffled = made[torch.randperm(COUNT, generator=torch_generator(0, "order"))]
    assert judge.judge(shuffled) == judge.judge(made)
    assert torch.equal(in_byte_order(shuffled), in_byte_order(made))


def test_batches_do_not_matter(judge: ImageJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    made = images(COUNT, 2)
    whole = judge.judge(made)
    monkeypatch.setattr(image_quality, "BATCH", 7)
    assert judge.judge(made) == pytest.approx(whole, rel=1e-4, abs=1e-6)


def test_nets_are_in_evaluation_mode() -> None:
    class Dropping(Pixels):
        def features(self, images: torch.Tensor) -> torch.Tensor:
            return nn.functional.dropout(images.flatten(1), 0.5, self.training)

    assert torch.equal(extract(Dropping().train(), images(50, 0))[0], extract(Pixels(), images(50, 0))[0])


def test_pixels_are_scaled_to_plus_minus_one() -> None:
    made = torch.tensor([0, 255, 51], dtype=torch.uint8).expand(1, 1, 1, 3)
    net = Pixels()
    net.head = nn.Identity()
    features, _ = extract(net, made)
    assert features.dtype == torch.float64
    torch.testing.assert_close(features, torch.tensor([[-1.0, 1.0, -0.6]]).double())


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_constant_image_is_measured(judge: ImageJudge, value: int) -> None:
    found = judge.judge(torch.full((COUNT, 1, 4, 4), value, dtype=torch.uint8))
    assert all(math.isfinite(number) for number in found.values())
    assert [found["score_a"], found["score_b"]] == pytest.approx([1, 1])
    assert found["classes_a"] == found["largest_share_a"] == 1
    assert found["recall_a"] == 0
    reference = extract(judge.nets["a"], images(600, 0))[0]
    expected = float((reference.mean(0) - (value / 127.5 - 1)).square().sum() + reference.T.cov().trace())
    assert found["fid_a"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("count", [5, 301])
def test_counts_that_cannot_be_judged(count: int) -> None:
    with pytest.raises(UserError, match=rf"samples: {count} images cannot be judged.*\(600\).*\(300\)"):
        ImageJudge({"a": Pixels()}, images(600, 0), images(300, 1), count)


def test_another_number_of_images_is_refused(judge: ImageJudge) -> None:
    with pytest.raises(ValueError, match="199 images to judge; every set must have 200"):
        judge.judge(images(COUNT - 1, 2))


def test_nothing_is_printed(judge: ImageJudge, capfd: pytest.CaptureFixture) -> None:
    judge.judge(images(COUNT, 2))
    assert capfd.readouterr() == ("", "")


def test_weights_have_a_digest() -> None:
    net, same, other = Pixels(), Pixels(), Pixels()
    with torch.no_grad():
        other.head.weight[9, 15] += 1e-3
    first, second, third = ({name: value.numpy() for name, value in one.state_dict().items()} for one in (net, same, other))
    assert weights_sha256(first) == weights_sha256(dict(reversed(second.items()))) != weights_sha256(third)
    assert len(weights_sha256(first)) == 64
