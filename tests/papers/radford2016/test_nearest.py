"""The nearest neighbour that knows samples alone, and labels that stay with their images."""

import numpy as np
import torch
from safetensors.numpy import save_file
from sklearn.neighbors import KNeighborsClassifier

from secondlook.data.fingerprint import fingerprint
from secondlook.papers.radford2016 import nearest
from secondlook.papers.radford2016.nearest import labelled_noise, nearest_error, run
from secondlook.papers.radford2016.nets import ConditionalGenerator, label_of
from secondlook.train.game import normal_noise

VALUES = {
    **{"loss": "non-saturating", "steps": 2, "batch": 16, "records": 1, "d_lr": 1e-3, "g_lr": 1e-3, "g_width": 2, "d_width": 2, "units": 8},
    **{"noise": 4, "samples": 50, "sheet": 4},
}


def test_the_error_is_sklearns(monkeypatch) -> None:
    monkeypatch.setattr(nearest, "BLOCK", 7)
    draw = np.random.default_rng(0)
    known, test = (draw.integers(0, 256, (count, 1, 6, 6), np.uint8) for count in (50, 30))
    labels, right = draw.integers(0, 10, 50), draw.integers(0, 10, 30)
    reference = KNeighborsClassifier(1).fit(known.reshape(50, -1), labels).score(test.reshape(30, -1), right)
    pairs = [(torch.from_numpy(images), torch.from_numpy(those)) for images, those in ((known, labels), (test, right))]
    assert nearest_error(*pairs) == 100 * (1 - reference) or abs(nearest_error(*pairs) - 100 * (1 - reference)) < 1e-9


def test_a_label_is_the_last_column_and_the_images_channel() -> None:
    z = labelled_noise(normal_noise(4))(2000, torch.Generator().manual_seed(0))
    assert z.shape == (2000, 5)
    counts = z[:, -1].long().bincount(minlength=10)
    assert (z[:, -1] == z[:, -1].round()).all() and counts.min() > 140 and len(counts) == 10
    made = ConditionalGenerator(width=2, units=8, noise=4)(z[:20])
    assert label_of(made).argmax(1).tolist() == z[:20, -1].long().tolist()


def test_real_images_carry_their_own_labels_through_the_game(make_job, tmp_path, monkeypatch) -> None:
    """The channel that tells the label is that of the image: here each image's pixels are its label."""
    labels = (np.arange(60) % 10).astype(np.uint8)
    arrays = {f"{part}_images": np.broadcast_to(labels[:, None, None, None], (60, 1, 28, 28)).copy() for part in ("train", "test")}
    arrays |= {f"{part}_labels": labels for part in ("train", "test")}
    save_file(arrays, tmp_path / "mnist.safetensors")
    seen = []

    def look(job, make_game):
        seen.append(make_game(torch.device("cpu")))
        return train(job, make_game)

    train = nearest.train_adversarial
    monkeypatch.setattr(nearest, "train_adversarial", look)
    job = make_job(values=VALUES, datasets={"mnist": (tmp_path / "mnist.safetensors", fingerprint(arrays))})
    result = run(job)
    batch = seen[0].data(0, 0)
    assert label_of(batch).argmax(1).tolist() == (batch[:, 0, 0, 0] * 255).round().long().tolist()
    last = {metric: value for _, step, metric, value in result.history.rows if step == 2}
    assert last["nn_error_real"] == 0.0
    assert last["nn_excess"] == last["nn_error"] - last["nn_error_real"]
    assert result.arrays["0/conditional"].shape == (4, 1, 28, 28)
