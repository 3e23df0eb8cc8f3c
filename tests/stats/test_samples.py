"""From tables to samples: which cell an arm stands for, and what each of its replicas is worth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_claims import CORRELATION, COUNTS, DIFFERENCE, EQUAL, LOW, RATIO, SHARE, arm, claim, make, table, up
from scipy import stats

from secondlook.errors import UserError
from secondlook.stats.samples import Picked, first_replicas, gaps_of, pick_arms, where

Rows = list[tuple[dict[str, str], int, int, str, float]]


def picked(test: dict[str, Any], frame: pd.DataFrame, **more: pd.DataFrame) -> list[Picked]:
    return pick_arms(make(test), "toy", {"toy": frame, **more})


def framed(rows: Rows) -> pd.DataFrame:
    """A table of rows; a factor that a cell lacks is missing, as it is read from a file."""
    factors = list(dict.fromkeys(name for cell, *_ in rows for name in cell))
    frame = pd.DataFrame([[*(cell.get(name) for name in factors), *rest] for cell, *rest in rows])
    frame.columns = [*factors, "replica", "step", "metric", "value"]
    return frame


def cells(metrics: dict[str, list[float]], **factors: str) -> Rows:
    return [(factors, replica, 1, metric, value) for metric, values in metrics.items() for replica, value in enumerate(values)]


# -- which cell ----------------------------------------------------------------------------------------------------------------------


def test_arms_have_every_replica_with_its_seed() -> None:
    first, second = picked(DIFFERENCE, table({"a": LOW, "b": up(2)}, first=100))
    assert (first.label, first.values.tolist(), first.replicas, first.diverged, first.cells) == (
        "a",
        LOW,
        tuple(range(100, 105)),
        0,
        {"arm": "a"},
    )
    assert (second.label, second.values.tolist()) == ("b", up(2))
    assert set(first.as_json()) == {"label", "cells", "values", "replicas", "diverged"}


def test_a_factor_that_an_arm_does_not_name_must_be_absent() -> None:
    frame = framed([*cells({"m": LOW}, arm="a"), *cells({"m": up(9)}, arm="a", decay="0"), *cells({"m": up(2)}, arm="b")])
    assert picked(DIFFERENCE, frame)[0].values.tolist() == LOW
    decayed = DIFFERENCE | {"first": {"label": "a", "cells": {"arm": ["a"], "decay": ["0"]}}}
    assert picked(decayed, frame)[0].values.tolist() == up(9)


def test_of_several_cells_the_one_with_the_lowest_mean_of_another_metric_is_picked() -> None:
    frame = framed(
        [
            *cells({"m": LOW, "loss": [0.5] * 5}, arm="a"),
            *cells({"m": up(3), "loss": [0.1, 0.2, 0.1, 0.2, 0.1]}, arm="b"),
            *cells({"m": up(1), "loss": [0.3] * 5}, arm="c"),
        ]
    )
    best = {"label": "best", "cells": {"arm": ["b", "c"]}}
    second = picked(DIFFERENCE | {"second": best | {"pick": "loss"}}, frame)[1]
    assert (second.label, second.values.tolist(), second.cells) == ("best (b)", up(3), {"arm": "b"})
    with pytest.raises(UserError, match="arm 'best' has 2 cells and no 'pick'"):
        picked(DIFFERENCE | {"second": best}, frame)


def test_a_cell_of_which_a_replica_diverged_is_not_picked() -> None:
    rows = [*cells({"m": LOW, "loss": [0.5] * 5}, arm="a"), *cells({"m": up(3), "loss": [0.1] * 5}, arm="b")]
    rows += [*cells({"m": up(1), "loss": [0.3] * 5}, arm="c"), ({"arm": "b"}, 2, 1, "diverged", 1.0)]
    best = {"label": "best", "cells": {"arm": ["b", "c"]}, "pick": "loss"}
    assert picked(DIFFERENCE | {"second": best}, framed(rows))[1].label == "best (c)"


def test_an_arm_of_another_experiment() -> None:
    other = DIFFERENCE | {"second": arm("b", experiment="other")}
    assert picked(other, table({"a": LOW}), other=table({"b": up(2)}, first=50))[1].replicas == tuple(range(50, 55))


@pytest.mark.parametrize(
    ("test", "says"),
    [
        (DIFFERENCE | {"difference": "mm"}, "claim metric 'mm' is not in the table. Did you mean 'm'?"),
        (DIFFERENCE | {"first": {"label": "a", "cells": {"amr": ["a"]}}}, "'amr', which its experiment does not have. Did you mean 'arm'?"),
        (DIFFERENCE | {"first": arm("d")}, "no run has the factors {'arm': ['d']} of the arm 'd'"),
        (DIFFERENCE | {"given_lower": "loss"}, "claim metric 'loss' is not in the table"),
        (COUNTS, "'m' must be 1 or 0 in every replica"),
        (SHARE, "'m' must be 1 or 0 in every replica"),
        (SHARE | {"given": "there"}, "claim metric 'there' is not in the table"),
    ],
    ids=str,
)
def test_what_is_not_there_is_named(test: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as caught:
        picked(test, table({"a": LOW, "b": up(2)}))
    assert says in str(caught.value)


def test_the_replicas_of_a_look() -> None:
    assert first_replicas(table({"a": LOW}, first=100), 100, 3)["replica"].tolist() == [100, 101, 102]
    assert where(table({"a": LOW, "b": LOW}), {"arm": ["b"]})["arm"].unique().tolist() == ["b"]


# -- what a replica is worth ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_replica_that_ended_at_no_number_diverged(value: float) -> None:
    second = picked(DIFFERENCE, table({"a": LOW, "b": [*up(2)[:4], value]}))[1]
    assert (second.values.tolist(), second.diverged) == ([*up(2)[:4], 90.0], 1)


def test_an_arm_that_diverged_as_a_whole_has_its_values_without_the_metric() -> None:
    frame = table({"a": LOW}, diverged={"b": [0, 1, 2]})
    second = picked(DIFFERENCE, frame)[1]
    assert (second.values.tolist(), second.diverged, second.replicas) == ([90.0] * 3, 3, (0, 1, 2))


def curve(replica: int, values: list[float], name: str = "a", metric: str = "m") -> Rows:
    return [({"arm": name}, replica, step, metric, value) for step, value in enumerate(values, 1)]


TEN = [float(step) for step in range(1, 11)]


@pytest.mark.parametrize(("at", "value"), [(0.1, 1.0), (0.35, 3.0), (0.7, 7.0), (1.0, 10.0), (0.01, 1.0)])
def test_an_early_point_of_training(at: float, value: float) -> None:
    """Step k of ten has the value k; before the first measurement, the first counts."""
    frame = framed([row for replica in range(3) for name in "ab" for row in curve(replica, TEN, name)])
    assert [one.values.tolist() for one in picked(DIFFERENCE | {"at": at}, frame)] == [[value] * 3] * 2


def test_a_replica_that_diverges_later_is_sound_until_then() -> None:
    rows = [row for replica in range(3) for name in "ab" for row in curve(replica, TEN, name)]
    frame = framed([*rows, ({"arm": "b"}, 1, 8, "diverged", 1.0)])
    early, late = (picked(DIFFERENCE | {"at": at}, frame)[1] for at in (0.5, 0.8))
    assert (early.values.tolist(), early.diverged) == ([5.0] * 3, 0)
    assert (late.values.tolist(), late.diverged) == ([8.0, 90.0, 8.0], 1)


def test_half_of_a_training_is_not_half_of_the_way_to_its_divergence() -> None:
    """All of b diverged at step 4 of 10: at half of training, step 5, there is nothing sound."""
    rows = [row for replica in range(3) for row in curve(replica, TEN)]
    rows += [row for replica in range(3) for row in curve(replica, TEN[:3], "b")]
    rows += [({"arm": "b"}, replica, 4, "diverged", 1.0) for replica in range(3)]
    second = picked(DIFFERENCE | {"at": 0.5}, framed(rows))[1]
    assert (second.values.tolist(), second.diverged) == ([90.0] * 3, 3)
    second = picked(DIFFERENCE | {"at": 0.3}, framed(rows))[1]
    assert (second.values.tolist(), second.diverged) == ([3.0] * 3, 0)


def test_a_theorem_and_a_share_speak_only_where_the_premise_holds() -> None:
    frame = framed(cells({"m": [1.0, 0.0, 1.0, 1.0], "holds": [1.0, 0.0, 1.0, 1.0]}, arm="a"))
    (found,) = picked(SHARE | {"given": "holds"}, frame)
    assert (found.values.tolist(), found.replicas) == ([1.0] * 3, (0, 2, 3))
    frame = framed(cells({"m": [1.0] * 4, "holds": [0.0] * 4}, arm="a"))
    assert picked(SHARE | {"given": "holds"}, frame)[0].values.tolist() == []


def test_a_share_may_be_that_of_several_cells() -> None:
    frame = framed([*cells({"m": [1.0, 0.0]}, arm="a"), *cells({"m": [1.0, 1.0]}, arm="b")])
    (found,) = picked(SHARE | {"arm": {"label": "all", "cells": {"arm": ["a", "b"]}}}, frame)
    assert (sorted(found.values), found.label, found.cells) == ([0.0, 1.0, 1.0, 1.0], "all", {})


def test_what_a_diverged_replica_counts_as_in_a_share() -> None:
    frame = table({"a": [1.0, 1.0, 1.0]}, diverged={"a": [1]})
    assert picked(SHARE, frame)[0].values.tolist() == [1.0, 0.0, 1.0]
    assert picked(SHARE | {"diverged": 1}, frame)[0].values.tolist() == [1.0] * 3
    assert picked(COUNTS, table({"a": [1.0] * 3, "b": [1.0] * 3}, diverged={"b": [0]}))[1].values.tolist() == [0.0, 1.0, 1.0]


def test_the_mean_that_a_premise_looks_at() -> None:
    frame = framed([*cells({"m": LOW, "loss": LOW}, arm="a"), *cells({"m": up(2), "loss": up(1)}, arm="b")])
    assert [one.premise for one in picked(DIFFERENCE | {"given_lower": "loss"}, frame)] == pytest.approx([1.0, 2.0])
    assert math.isnan(picked(DIFFERENCE, frame)[0].premise)


# -- correlations --------------------------------------------------------------------------------------------------------------------


def trainings(replicas: int, seed: int = 0, names: str = "a") -> Rows:
    """Loss falls; its bumps are those of quality."""
    rng = np.random.default_rng(seed)
    rows: Rows = []
    for name in names:
        for replica in range(replicas):
            bumps = np.linspace(3, 0, 20) + rng.normal(0, 1, 20)
            rows += curve(replica, bumps.tolist(), name) + curve(replica, (bumps + rng.normal(0, 0.1, 20)).tolist(), name, "q")
    return rows


def by_hand(rows: Rows, replicas: int, name: str = "a", last: int = 20) -> list[float]:
    """How the mean own rho less the mean of all others changes without each replica."""
    value = {(cell["arm"], replica, step, metric): each for cell, replica, step, metric, each in rows}

    def rho(i: int, j: int) -> float:
        loss, quality = ([value[name, r, step, metric] for step in range(1, last + 1)] for r, metric in ((i, "m"), (j, "q")))
        return float(stats.spearmanr(loss, quality).statistic)

    def apart(among: list[int]) -> float:
        return float(np.mean([rho(i, i) for i in among]) - np.mean([rho(i, j) for i in among for j in among if i != j]))

    every = list(range(replicas))
    return [replicas * apart(every) - (replicas - 1) * apart([i for i in every if i != out]) for out in every]


def test_a_replica_has_its_part_of_the_excess_over_others() -> None:
    rows = trainings(5)
    (found,) = picked(CORRELATION, framed(rows))
    assert found.values.tolist() == pytest.approx(by_hand(rows, 5), abs=1e-12)
    assert found.p == 1 / 120
    (opposite,) = picked(CORRELATION | {"sign": -1}, framed(rows))
    assert opposite.values.tolist() == pytest.approx([-value for value in found.values])
    (early,) = picked(CORRELATION | {"at": 0.5}, framed(rows))
    assert early.values.tolist() == pytest.approx(by_hand(rows, 5, last=10), abs=1e-12)


def test_a_diverged_replica_has_none_and_no_part_in_the_floor() -> None:
    """As a row of zeros it would lower the floor of all others and pass a shared trend for an excess."""
    rows = trainings(4)
    lost = [*rows, *curve(4, [1.0, 2.0]), *curve(4, [1.0, 2.0], metric="q"), ({"arm": "a"}, 4, 3, "diverged", 1.0)]
    (found,) = picked(CORRELATION, framed(lost))
    assert found.values.tolist() == pytest.approx([*by_hand(rows, 4), 0.0], abs=1e-12)
    assert (found.p, found.diverged) == (1 / 24, 1)


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_replicas_have_no_excess_and_no_value_of_the_metric_itself(count: int) -> None:
    (found,) = picked(CORRELATION, framed(trainings(count)))
    assert (found.values.tolist(), found.p) == ([0.0] * count, None)


def test_the_curves_are_those_of_the_cell_that_was_picked() -> None:
    rows = trainings(4, names="ab")
    rows += [({"arm": name}, replica, 20, "loss", value) for name, value in (("a", 2.0), ("b", 1.0)) for replica in range(4)]
    best = {"label": "best", "cells": {"arm": ["a", "b"]}, "pick": "loss"}
    (found,) = picked(CORRELATION | {"arm": best}, framed(rows))
    assert found.label == "best (b)"
    assert found.values.tolist() == pytest.approx(by_hand(rows, 4, "b"), abs=1e-12)


def test_rows_that_a_replica_lacks_are_left_out_and_too_few_have_no_correlation() -> None:
    rows = trainings(4)
    missing = [row for row in rows if not (row[1] == 2 and row[2] in (3, 4) and row[3] == "q")]
    (found,) = picked(CORRELATION, framed(missing))
    kept = [row for row in rows if row[2] not in (3, 4)]
    assert found.values.tolist() == pytest.approx(picked(CORRELATION, framed(kept))[0].values.tolist())
    assert picked(CORRELATION | {"at": 0.1}, framed(rows))[0].values.tolist() == [0.0] * 4
    with pytest.raises(UserError, match="'qq'.*Did you mean 'q'"):
        picked(CORRELATION | {"beside": "qq"}, framed(rows))


# -- identities ----------------------------------------------------------------------------------------------------------------------


def gaps(frame: pd.DataFrame, **changes: Any) -> list[float]:
    test = claim(EQUAL | changes).test
    assert test is not None
    return gaps_of(test, frame).tolist()  # type: ignore[arg-type]


def test_distances_from_a_known_value() -> None:
    frame = table({"a": [0.25, 0.5, 0.0], "b": [7.0]})
    assert gaps(frame) == [0.0, 0.25, 0.25]
    assert gaps(frame, cells={"arm": ["a", "b"]}) == [0.0, 0.25, 0.25, 6.75]
    assert gaps(table({"a": [0.25, math.nan, 0.25]}, diverged={"a": [2, 3]})) == [0.0, math.inf, math.inf, math.inf]
    expected = framed(cells({"m": [0.25, 0.5], "known": [0.25, 0.25], "holds": [1.0, 0.0]}, arm="a"))
    assert gaps(expected, to="known") == [0.0, 0.25]
    assert gaps(expected, given="holds") == [0.0]
    for change in ({"equal": "mm"}, {"to": "mm"}, {"given": "mm"}):
        with pytest.raises(UserError, match="claim metric 'mm' is not in the table. Did you mean 'm'"):
            gaps(frame, **change)


def test_a_ratio_reads_the_values_themselves() -> None:
    assert picked(RATIO, table({"a": LOW, "b": up(2)}))[1].values.tolist() == up(2)
