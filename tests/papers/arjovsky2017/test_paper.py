"""What this paper's own results and figures must say."""

from pathlib import Path

import pandas as pd
import pytest

import secondlook
from secondlook.papers.arjovsky2017.figures import SHIFTED, ablation
from secondlook.papers.arjovsky2017.figures.architectures import bound_text
from secondlook.protocol.project import load_project


def test_identities_hold_and_nothing_diverges_at_scale_smoke(smoke_runs) -> None:
    smoke = smoke_runs("arjovsky2017")
    assert {(smoke.claims[name]["outcome"], smoke.claims[name]["reach"]) for name in ("W1", "W2", "W4")} == {("supported", "identity")}
    assert not any("diverged" in set(table["metric"]) for table in smoke.tables.values())


def test_the_floor_takes_the_next_replicas_distance() -> None:
    rising, falling = pd.Series([1.0, 2.0, 3.0]), pd.Series([3.0, 2.0, 1.0])
    floor = ablation.others([rising, rising, falling], [rising, falling, falling])
    assert floor == [pytest.approx(-1), pytest.approx(-1), pytest.approx(-1)]
    assert ablation.others([rising], [rising]) == []


def test_the_figures_know_every_arm_of_the_moving_ring() -> None:
    protocol = load_project(Path(secondlook.__file__).parent / "papers", ["arjovsky2017"]).protocols["arjovsky2017"]
    grid = [{name: str(value) for name, value in product.items()} for product in protocol.experiments["shifted"].cells]
    assert sorted(map(sorted, (arm.items() for arm in SHIFTED.values()))) == sorted(map(sorted, (arm.items() for arm in grid)))


def test_the_bound_of_a_zero_count_is_that_of_clopper_and_pearson() -> None:
    assert f"bound of the share {1 - 0.05 ** (1 / 9):.2f}" in bound_text([0.0] * 9)
    assert bound_text([1.0]).endswith("1.00")
    assert "no run" in bound_text([])
