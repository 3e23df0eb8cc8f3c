"""What this paper's own results and figures must say."""

import pandas as pd
import pytest

from secondlook.papers.arjovsky2017.figures import controls
from secondlook.papers.arjovsky2017.figures.architectures import bound_text


def test_what_is_computed_exactly_is_replicated_and_nothing_diverges_at_scale_smoke(smoke_runs) -> None:
    smoke = smoke_runs("arjovsky2017")
    assert {smoke.claims[name]["verdict"] for name in ("W1", "W2", "W4")} == {"replicated"}
    assert not any("diverged" in set(table["metric"]) for table in smoke.tables.values())


def test_the_floor_takes_the_next_replicas_distance() -> None:
    falling, rising = pd.Series([3.0, 2.0, 1.0]), pd.Series([1.0, 2.0, 3.0])
    assert controls.others([-falling, -falling, -rising], [falling, falling, rising]) == [
        pytest.approx(1),
        pytest.approx(-1),
        pytest.approx(-1),
    ]
    assert controls.others([-falling], [falling]) == []


def test_the_bound_of_a_zero_count_is_that_of_clopper_and_pearson() -> None:
    assert f"bound of the share {1 - 0.05 ** (1 / 9):.2f}" in bound_text([0.0] * 9)
    assert bound_text([1.0]).endswith("1.00")
    assert "no run" in bound_text([])
