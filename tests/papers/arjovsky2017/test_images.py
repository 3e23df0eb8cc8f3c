"""What each generator is built with, and which runs have learned."""

import pytest

from secondlook.papers.arjovsky2017 import images
from secondlook.runner.job import History, Result

VALUES = {"loss": "wasserstein", "steps": 1, "records": 1, "batch": 2, "d_lr": 0.1, "g_lr": 0.1, "dataset": "mnist", "side": 16}


@pytest.mark.parametrize(("generator", "width", "norm"), [("dcgan", 64, True), ("constant", 64, False), ("mlp", 512, True)])
def test_each_generator_has_its_width_and_normalization(generator, width, norm) -> None:
    adapted = images.adapted(images.Settings(**VALUES, generator=generator))
    assert (adapted.g_width, adapted.g_batch_norm, adapted.d_batch_norm) == (width, norm, True)


def test_a_run_has_learned_if_it_ends_with_enough_classes() -> None:
    """Not if it had them on the way; one that diverged says nothing."""
    history = History()
    for step, few, enough in ((0, 9.0, 0.0), (7, 4.0, 5.0)):
        history.add(0, step, classes_a=few)
        history.add(1, step, classes_a=enough)
    history.add(2, 0, classes_a=10.0, diverged=1.0)
    count = len(history.rows)
    status = {0: "completed", 1: "completed", 2: "diverged at step 1"}
    images.add_learned(Result(history, status=status), images.Settings(**VALUES, samples=50))
    assert history.rows[count:] == [(0, 7, "learned", 0.0), (0, 7, "judged", 50.0), (1, 7, "learned", 1.0), (1, 7, "judged", 50.0)]
    assert {metric for *_, metric, _ in history.rows} - {"diverged"} < images.Settings(**VALUES).metrics()
