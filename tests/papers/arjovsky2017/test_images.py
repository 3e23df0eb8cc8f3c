"""Collapses, and what each generator is built with."""

import pytest

from secondlook.papers.arjovsky2017 import images
from secondlook.runner.job import History, Result

VALUES = {"loss": "wasserstein", "steps": 1, "records": 1, "batch": 2, "d_lr": 0.1, "g_lr": 0.1, "dataset": "mnist", "side": 16}


@pytest.mark.parametrize(("halved", "classes", "collapsed"), [(1.0, 4.0, 1.0), (1.0, 5.0, 0.0), (0.0, 1.0, 0.0)])
def test_only_a_run_that_had_learned_can_collapse(halved, classes, collapsed) -> None:
    history = History()
    history.add(0, 0, classes_a=0.0)
    history.add(0, 7, classes_a=classes, halved=halved)
    history.add(1, 3, classes_a=0.0, diverged=1.0)
    count = len(history.rows)
    images.add_collapses(Result(history), images.Settings(**VALUES, samples=50))
    assert history.rows[count:] == [(0, 7, "collapsed", collapsed), (0, 7, "judged", 50.0)]
    assert {metric for *_, metric, _ in history.rows} - {"diverged"} < images.Settings(**VALUES).metrics()


@pytest.mark.parametrize(("generator", "width", "norm"), [("dcgan", 64, True), ("constant", 64, False), ("mlp", 512, True)])
def test_each_generator_has_its_width_and_normalization(generator, width, norm) -> None:
    adapted = images.adapted(images.Settings(**VALUES, generator=generator))
    assert (adapted.g_width, adapted.g_batch_norm, adapted.d_batch_norm) == (width, norm, True)
