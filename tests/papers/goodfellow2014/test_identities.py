"""The integrals against closed forms and a table computed apart, and the trained nets against the best one."""

import math

import numpy as np
import pytest

from secondlook.errors import UserError
from secondlook.papers.goodfellow2014 import identities
from secondlook.papers.goodfellow2014.identities import POINTS, Settings, best_value, compare, divergence, line, outputs

VALUES = {
    "family_t": [0, 1, 2],
    "family_s": [0.5, 1, 2],
    "distances": [0, 2],
    "width": 8,
    "layers": 1,
    "steps": 30,
    "batch": 64,
    "lr": 0.01,
}


@pytest.mark.parametrize(("t", "expected"), [(0, 0.0), (1, 0.1114), (2, 0.3368), (4, 0.6327), (8, 0.6931)])
def test_divergences_are_those_of_a_table_computed_apart(t: float, expected: float) -> None:
    assert divergence(t) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(("t", "s"), [(0, 1), (0.25, 1), (3, 0.5), (8, 2), (0, 0.5)])
def test_the_value_of_the_best_discriminator_is_theorem_1(t: float, s: float) -> None:
    assert best_value(t, s) == pytest.approx(-math.log(4) + 2 * divergence(t, s), abs=1e-12)


def logit(t: float) -> np.ndarray:
    """Output of the best discriminator on ``line(t)``: log p - log q = t^2 / 2 - t x."""
    return t * t / 2 - t * line(t)


@pytest.mark.parametrize("t", [0.0, 1.0, 4.0])
def test_the_best_net_has_no_error(t: float) -> None:
    found = compare(logit(t), t)
    assert found["d_error"] == pytest.approx(0, abs=1e-12)
    assert found["jsd_trained"] == pytest.approx(found["jsd"], abs=1e-9)
    assert found["jsd"] == divergence(t)


@pytest.mark.parametrize(("scale", "extra"), [(0.5, 0.0), (1.5, 0.0), (1.0, 1.0), (1.0, -1.0)])
def test_any_other_net_has_a_lower_value_and_an_error(scale: float, extra: float) -> None:
    found = compare(scale * logit(2.0) + extra, 2.0)
    assert found["jsd_trained"] < found["jsd"] - 1e-3
    assert found["d_error"] > 0.01


def test_a_net_that_says_one_half_has_the_value_minus_log_4() -> None:
    found = compare(np.zeros(POINTS), 2.0)
    assert found["jsd_trained"] == pytest.approx(0, abs=1e-12)
    # the mean of abs(1/2 - D*) over (p + q) / 2 is half the total variation distance, erf(t / root 8) / 2
    assert found["d_error"] == pytest.approx(math.erf(2 / math.sqrt(8)) / 2, abs=1e-6)


def test_a_run_measures_every_distance_and_the_whole_at_the_last(make_job) -> None:
    result = identities.run(make_job(values=VALUES, seeds=(4, 7)))
    assert {row[2] for row in result.history.rows} == Settings(**VALUES).metrics()
    rows = {(replica, step): {} for replica in (4, 7) for step in (1, 2)}
    for replica, step, metric, value in result.history.rows:
        rows[replica, step][metric] = value
    assert [rows[4, step]["t"] for step in (1, 2)] == [0, 2]
    assert rows[7, 2]["largest_d_error"] == max(rows[7, step]["d_error"] for step in (1, 2))
    assert rows[7, 2]["largest_jsd_error"] == max(abs(rows[7, step]["jsd"] - rows[7, step]["jsd_trained"]) for step in (1, 2))
    assert rows[4, 2]["identity_error"] < 1e-12 > rows[4, 2]["minimum_error"]
    assert "identity_error" not in rows[4, 1]
    assert result.arrays["4/best"].shape == result.arrays["7/curves"].shape == (2, len(result.arrays["4/x"]))
    assert result.arrays["4/family_t"].tolist() == [0, 1, 2]


def test_a_seed_has_the_same_bits_alone_and_among_others(make_job) -> None:
    both = identities.run(make_job(values=VALUES, seeds=(4, 7))).history.rows
    assert [row for row in both if row[0] == 7] == identities.run(make_job(values=VALUES, seeds=(7,))).history.rows


def test_training_comes_close_to_the_best_discriminator() -> None:
    net = identities.train(Settings(**VALUES | {"steps": 400, "batch": 256}), seeds=(0,))
    assert compare(outputs(net, np.stack([line(0.0), line(2.0)]))[1], 2.0)["d_error"] < 0.04


@pytest.mark.parametrize(
    ("field", "value"),
    [("family_t", [1, 2]), ("family_s", [0.5]), ("family_s", [1, 0]), ("distances", []), ("distances", ["2"]), ("lr", -1.0), ("steps", 0)],
)
def test_settings_that_make_no_sense(field: str, value: list) -> None:
    with pytest.raises(UserError, match=field):
        Settings(**VALUES | {field: value})
