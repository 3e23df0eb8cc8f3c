"""What each generator is built with."""

import pytest

from secondlook.papers.arjovsky2017 import images

VALUES = {"loss": "wasserstein", "steps": 1, "records": 1, "batch": 2, "d_lr": 0.1, "g_lr": 0.1, "dataset": "mnist", "side": 16}


@pytest.mark.parametrize(("generator", "width", "norm"), [("dcgan", 64, True), ("constant", 64, False), ("mlp", 512, True)])
def test_each_generator_has_its_width_and_normalization(generator, width, norm) -> None:
    adapted = images.adapted(images.Settings(**VALUES, generator=generator))
    assert (adapted.g_width, adapted.g_batch_norm, adapted.d_batch_norm) == (width, norm, True)
