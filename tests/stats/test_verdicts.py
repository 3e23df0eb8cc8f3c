"""From tables to verdicts: every word, both kinds of test, and what may never be said."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from secondlook.errors import UserError
from secondlook.files import read_json
from secondlook.protocol.claims import Claim, Control
from secondlook.stats.decide import decide_claims
from secondlook.stats.judge import rule_text
from secondlook.stats.verdicts import decide
from secondlook.tables.read import read_table

#: a cell's factors, and metric -> one value a replica; None where a replica lacks it
Cell = tuple[dict[str, Any], dict[str, list[float | None]]]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., pd.DataFrame]:
    """Return a function: cells -> the table, written and read as the workflow does. A value may be a list over steps 1, 2, ..."""

    def table(*cells: Cell, rows: list[tuple[dict[str, Any], int, int, str, float]] = ()) -> pd.DataFrame:
        lines = []
        for factors, metrics in cells:
            for metric, values in metrics.items():
                for replica, value in enumerate(values):
                    steps = value if isinstance(value, list) else [value]
                    lines += [(factors, replica, step, metric, one) for step, one in enumerate(steps, 1) if one is not None]
        lines += rows
        names = list(dict.fromkeys(name for factors, *_ in lines for name in factors))
        with (tmp_path / "table.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*names, "replica", "step", "metric", "value"])
            writer.writerows([*(factors.get(name, "") for name in names), *rest] for factors, *rest in lines)
        return read_table(tmp_path / "table.csv")

    return table


def claim(test: dict[str, Any] | None = None, **fields: Any) -> Claim:
    tested = {"experiment": "toy", "test": test} if test else {}
    return Claim.model_validate({"id": "T1", "sentence": "Toys train.", "source": "Section 1"} | tested | fields)


def decided(claim: Claim, table: pd.DataFrame | None, fidelity: str | None = "exact") -> dict[str, Any]:
    outcome = decide(claim, {} if table is None else {"toy": table}, fidelity)
    json.dumps(outcome, allow_nan=False)  # it becomes claims.json
    return outcome


# ---- a difference

SGD = [10.0, 10.1, 9.9, 10.05, 9.95]


def difference(**changes: Any) -> dict[str, Any]:
    test = {
        "difference": "error",
        "unit": "%",
        "first": {"label": "SGD", "cells": {"rule": ["sgd"]}},
        "second": {"label": "Adam", "cells": {"rule": ["adam"]}},
        "smallest_effect": 0.5,
        "diverged": 90.0,
    }
    return test | changes


def two(second: list[Any], first: list[Any] = SGD) -> tuple[Cell, Cell]:
    return ({"rule": "sgd"}, {"error": first}), ({"rule": "adam"}, {"error": second})


def shifted(by: float) -> list[float]:
    return [value + by for value in SGD]


@pytest.mark.parametrize(
    ("second", "smallest", "verdict", "why"),
    [
        (shifted(2.0), 0.5, "replicated", "the interval lies above 0"),
        (shifted(0.5), 0.5, "replicated", "the interval lies above 0"),  # the mean must reach the least effect, not its interval
        (shifted(0.3), 0.5, "direction only", "the interval lies above 0, but the effect is smaller"),
        (shifted(0.3), 0.0, "replicated", "the interval lies above 0"),
        (shifted(-2.0), 0.5, "not replicated", "the interval lies below 0"),
        (shifted(-2.0), 0.0, "not replicated", "the interval lies below 0"),
        (shifted(0.05), 0.5, "not replicated", "the interval lies below the smallest effect that counts"),
        (shifted(0.05), 0.0, "inconclusive", "the interval holds 0"),
        ([5.0, 15.0, 11.0, 9.0, 14.0], 0.5, "inconclusive", "the interval holds 0"),
        (SGD, 0.0, "inconclusive", "the interval holds 0"),
    ],
)
def test_each_verdict_on_a_difference(
    make: Callable[..., pd.DataFrame], second: list[float], smallest: float, verdict: str, why: str
) -> None:
    outcome = decided(claim(difference(smallest_effect=smallest)), make(*two(second)))
    assert (outcome["verdict"], outcome["why"]) == (verdict, why)
    effect = sum(second) / 5 - 10.0
    low, high = outcome["interval"]
    assert outcome["effect"] == pytest.approx(effect, abs=1e-9)
    assert low <= outcome["effect"] <= high
    assert (low + high) / 2 == pytest.approx(effect, abs=1e-9)
    assert (outcome["n"], outcome["unit"], outcome["fidelity"]) == ([5, 5], "%", "exact")


@pytest.mark.parametrize(
    ("second", "full", "reduced"),
    [
        (shifted(2.0), "replicated", "direction only"),
        (shifted(0.3), "direction only", "direction only"),
        (shifted(-2.0), "not replicated", "inconclusive"),
        ([5.0, 15.0, 11.0, 9.0, 14.0], "inconclusive", "inconclusive"),
    ],
)
def test_a_reduced_run_shows_a_direction_at_most(make: Callable[..., pd.DataFrame], second: list[float], full: str, reduced: str) -> None:
    table = make(*two(second))
    assert decided(claim(difference()), table, "exact")["verdict"] == full
    outcome = decided(claim(difference()), table, "reduced")
    assert outcome["verdict"] == reduced
    assert outcome["fidelity"] == "reduced"
    assert ("at reduced fidelity this can show a direction at most" in outcome["why"]) == (full != reduced)


@pytest.mark.parametrize(("first", "second"), [(2, 5), (5, 2), (1, 1)])
def test_fewer_than_three_replicas_decide_nothing(make: Callable[..., pd.DataFrame], first: int, second: int) -> None:
    outcome = decided(claim(difference()), make(*two(shifted(2.0)[:second], SGD[:first])))
    assert (outcome["verdict"], outcome["effect"], outcome["interval"]) == ("inconclusive", None, None)
    assert outcome["why"] == f"{first} and {second} replicas; a verdict needs 3 in each arm"
    assert outcome["n"] == [first, second]
    assert len(outcome["arms"][0]["values"]) == first  # shown all the same


def test_arms_list_every_replica(make: Callable[..., pd.DataFrame]) -> None:
    first, second = decided(claim(difference()), make(*two(shifted(2.0))))["arms"]
    assert (first["label"], first["values"], first["diverged"], first["cells"]) == ("SGD", SGD, 0, {"rule": "sgd"})
    assert (second["label"], second["values"]) == ("Adam", shifted(2.0))


def test_the_last_value_counts_in_whatever_order_the_rows_stand(make: Callable[..., pd.DataFrame]) -> None:
    table = make(*two([[50.0, 12.0], [1.0, 12.1], [30.0, 11.9]], [[0.0, 10.0], [99.0, 10.1], [5.0, 9.9]]))
    for order in (table, table.iloc[::-1].reset_index(drop=True)):
        outcome = decided(claim(difference()), order)
        assert sorted(outcome["arms"][1]["values"]) == [11.9, 12.0, 12.1]
        assert outcome["effect"] == pytest.approx(2.0, abs=1e-9)


def test_a_diverged_replica_is_counted_with_the_value_written_down_for_it(make: Callable[..., pd.DataFrame]) -> None:
    diverged = [({"rule": "adam"}, 1, 1, "diverged", 1.0), ({"rule": "adam"}, 5, 1, "diverged", 1.0)]
    outcome = decided(claim(difference()), make(*two(shifted(2.0)), rows=diverged))  # replica 1 measured first, replica 5 never did
    assert outcome["n"] == [5, 6]
    assert sorted(outcome["arms"][1]["values"]) == [11.9, 11.95, 12.0, 12.05, 90.0, 90.0]
    assert [arm["diverged"] for arm in outcome["arms"]] == [0, 2]
    assert outcome["effect"] == pytest.approx((11.9 + 11.95 + 12.0 + 12.05 + 180) / 6 - 10, abs=1e-9)


def test_an_arm_that_diverged_as_a_whole_is_a_result(make: Callable[..., pd.DataFrame]) -> None:
    diverged = [({"rule": "adam"}, replica, 1, "diverged", 1.0) for replica in range(3)]
    outcome = decided(claim(difference()), make(({"rule": "sgd"}, {"error": SGD}), rows=diverged))
    assert outcome["arms"][1]["values"] == [90.0] * 3
    assert (outcome["verdict"], outcome["effect"]) == ("replicated", pytest.approx(80.0, abs=1e-9))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_replica_that_ended_at_no_number_counts_as_diverged(make: Callable[..., pd.DataFrame], value: float) -> None:
    outcome = decided(claim(difference()), make(*two([*shifted(2.0)[:4], [11.0, value]])))  # it had a value before
    assert outcome["arms"][1]["values"] == [*shifted(2.0)[:4], 90.0]
    assert [arm["diverged"] for arm in outcome["arms"]] == [0, 1]


CURVE = [float(step) for step in range(1, 11)]


@pytest.mark.parametrize(("at", "value"), [(0.1, 1.0), (0.35, 3.0), (0.5, 5.0), (1.0, 10.0), (0.01, 1.0)])
def test_an_early_point_of_training(make: Callable[..., pd.DataFrame], at: float, value: float) -> None:
    """Step k of ten has the value k; before the first measurement, the first counts."""
    outcome = decided(claim(difference(at=at)), make(*two([CURVE] * 3, [[0.0] * 10] * 3)))
    assert outcome["arms"][1]["values"] == [value] * 3
    assert outcome["effect"] == pytest.approx(value, abs=1e-12)


def test_before_a_replicas_first_measurement_the_first_counts(make: Callable[..., pd.DataFrame]) -> None:
    """Measured at steps 5 and 10; one replica started later, one diverged at once."""
    late = [None, None, None, None, 5.0, None, None, None, None, 10.0]
    later = [None, None, None, None, None, None, None, 8.0, None, 10.0]
    diverged = [({"rule": "adam"}, 3, 1, "diverged", 1.0)]
    outcome = decided(claim(difference(at=0.1)), make(*two([late, late, later], [[0.0] * 10] * 3), rows=diverged))
    assert outcome["arms"][1]["values"] == [5.0, 5.0, 8.0, 90.0]
    outcome = decided(claim(difference(at=0.6)), make(*two([late, late, later], [[0.0] * 10] * 3)))
    assert outcome["arms"][1]["values"] == [5.0, 5.0, 8.0]


def test_of_several_cells_the_one_with_the_lowest_mean_is_picked(make: Callable[..., pd.DataFrame]) -> None:
    cells = [
        ({"rule": "sgd"}, {"error": SGD, "loss": [0.5] * 5}),
        ({"rule": "adam"}, {"error": shifted(3.0), "loss": [0.1, 0.2, 0.1, 0.2, 0.1]}),
        ({"rule": "rmsprop"}, {"error": shifted(1.0), "loss": [0.3] * 5}),
    ]
    arm = {"label": "best adaptive", "cells": {"rule": ["adam", "rmsprop"]}}
    by_loss = decided(claim(difference(second=arm | {"pick": "loss"})), make(*cells))
    assert (by_loss["effect"], by_loss["arms"][1]["label"]) == (pytest.approx(3.0, abs=1e-9), "best adaptive (adam)")
    by_error = decided(claim(difference(second=arm | {"pick": "error"})), make(*cells))
    assert (by_error["effect"], by_error["arms"][1]["label"]) == (pytest.approx(1.0, abs=1e-9), "best adaptive (rmsprop)")
    with pytest.raises(UserError, match="arm 'best adaptive' has 2 cells and no 'pick'"):
        decide(claim(difference(second=arm)), {"toy": make(*cells)}, "exact")


def test_a_cell_that_diverged_is_not_picked(make: Callable[..., pd.DataFrame]) -> None:
    cells = [*two(shifted(2.0)), ({"rule": "rmsprop"}, {"error": shifted(1.0)})]
    diverged = [({"rule": "rmsprop"}, replica, 1, "diverged", 1.0) for replica in range(5)]
    arm = {"label": "best", "cells": {"rule": ["adam", "rmsprop"]}, "pick": "error"}
    outcome = decided(claim(difference(second=arm)), make(*cells, rows=diverged))
    assert outcome["arms"][1]["cells"] == {"rule": "adam"}


def test_where_every_cell_diverged_before_its_first_measurement_one_still_stands_for_the_arm(make: Callable[..., pd.DataFrame]) -> None:
    arm = {"label": "best", "cells": {"rule": ["adam", "rmsprop"]}, "pick": "loss"}
    diverged = [({"rule": rule}, replica, 1, "diverged", 1.0) for rule in ("adam", "rmsprop") for replica in range(3)]
    outcome = decided(claim(difference(second=arm)), make(({"rule": "sgd"}, {"error": SGD, "loss": SGD}), rows=diverged))
    assert (outcome["arms"][1]["values"], outcome["arms"][1]["diverged"]) == ([90.0] * 3, 3)


def test_a_factor_that_an_arm_does_not_name_must_be_absent(make: Callable[..., pd.DataFrame]) -> None:
    table = make(*two(shifted(2.0)), ({"rule": "adam", "decay": 0}, {"error": [500.0] * 5}))
    assert decided(claim(difference()), table)["effect"] == pytest.approx(2.0, abs=1e-9)
    arm = {"label": "Adam, no decay", "cells": {"rule": ["adam"], "decay": [0]}}
    assert decided(claim(difference(second=arm)), table)["effect"] == pytest.approx(490.0, abs=1e-9)


@pytest.mark.parametrize(("loss", "verdict"), [(0.4, "replicated"), (0.5, "replicated"), (0.6, "inconclusive")])
def test_a_premise_on_another_metric(make: Callable[..., pd.DataFrame], loss: float, verdict: str) -> None:
    cells = [({"rule": "sgd"}, {"error": SGD, "loss": [0.5] * 5}), ({"rule": "adam"}, {"error": shifted(2.0), "loss": [loss] * 5})]
    outcome = decided(claim(difference(given_lower="loss")), make(*cells))
    assert outcome["verdict"] == verdict
    assert outcome["effect"] == pytest.approx(2.0, abs=1e-9)
    assert ("its premise fails: Adam ends at loss 0.6, above 0.5 of SGD" in outcome["why"]) == (verdict == "inconclusive")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"second": {"label": "Adam", "cells": {"rul": ["adam"]}}}, "names the factor 'rul', .* Did you mean 'rule'?"),
        ({"second": {"label": "Adam", "cells": {"rule": ["adma"]}}}, "no run has the factors .*adma.* of the arm 'Adam'"),
    ],
)
def test_an_arm_that_cannot_be_found_is_refused(make: Callable[..., pd.DataFrame], change: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        decide(claim(difference(**change)), {"toy": make(*two(shifted(2.0)))}, "exact")


@pytest.mark.parametrize(
    "change",
    [
        {"difference": "errror"},
        {"given_lower": "errror"},
        {"second": {"label": "best", "cells": {"rule": ["adam", "rmsprop"]}, "pick": "errror"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_metric_that_is_not_there_is_refused(make: Callable[..., pd.DataFrame], change: dict[str, Any]) -> None:
    table = make(*two(shifted(2.0)), ({"rule": "rmsprop"}, {"error": shifted(1.0)}))
    with pytest.raises(UserError, match="'errror'.*Did you mean 'error'"):
        decide(claim(difference(**change)), {"toy": table}, "exact")


def test_a_factor_may_be_called_something_value(make: Callable[..., pd.DataFrame]) -> None:
    cells = [({"clip_value": value}, {"error": shifted(by)}) for value, by in ((0.01, 0.0), (0.1, 2.0))]
    arms = {name: {"label": name, "cells": {"clip_value": [value]}} for name, value in (("first", 0.01), ("second", 0.1))}
    assert decided(claim(difference(**arms)), make(*cells))["effect"] == pytest.approx(2.0, abs=1e-9)


def test_the_number_that_a_selection_came_to_is_no_factor(make: Callable[..., pd.DataFrame]) -> None:
    cells = [({"lr": word, "lr_value": number}, {"error": shifted(by)}) for word, number, by in (("selected", 0.5, 0.0), ("0.1", 0.1, 2.0))]
    arms = {"first": {"label": "tuned", "cells": {"lr": ["selected"]}}, "second": {"label": "0.1", "cells": {"lr": [0.1]}}}
    assert decided(claim(difference(**arms)), make(*cells))["effect"] == pytest.approx(2.0, abs=1e-9)


# ---- an exact value


def equal(**changes: Any) -> dict[str, Any]:
    return {"equal": "error", "to": 0.25} | changes


@pytest.mark.parametrize(
    ("values", "test", "verdict", "effect", "why"),
    [
        ([0.25, 0.25, 0.25], {}, "replicated", 0.0, "3 of 3 replicas agree; largest difference 0, allowed 0"),
        ([0.25, 0.25, 0.3125], {}, "not replicated", 0.0625, "2 of 3 replicas agree; largest difference 0.0625, allowed 0"),
        (
            [0.25, 0.3125, 0.1875],
            {"tolerance": 0.0625},
            "replicated",
            0.0625,
            "3 of 3 replicas agree; largest difference 0.0625, allowed 0.0625",
        ),
        (
            [0.25, 0.3126, 0.25],
            {"tolerance": 0.0625},
            "not replicated",
            0.0626,
            "2 of 3 replicas agree; largest difference 0.0626, allowed 0.0625",
        ),
        ([0.25], {}, "replicated", 0.0, "1 of 1 replicas agree; largest difference 0, allowed 0"),  # a proof needs no spread
        ([0.25, None, 0.25], {}, "not replicated", 0.0, "2 of 3 replicas agree; largest difference 0, allowed 0"),  # missing is a failure
    ],
)
def test_each_verdict_on_an_exact_value(
    make: Callable[..., pd.DataFrame], values: list[Any], test: dict[str, Any], verdict: str, effect: float, why: str
) -> None:
    other = [1.0] * len(values)  # so that a replica without the metric is in the table
    outcome = decided(claim(equal(**test)), make(({"n": 1}, {"error": values, "other": other})))
    assert (outcome["verdict"], outcome["why"], outcome["n"]) == (verdict, why, [len(values)])
    assert outcome["effect"] == pytest.approx(effect, abs=1e-12)
    assert (outcome["interval"], outcome["arms"]) == (None, [])


@pytest.mark.parametrize(("value", "reduced"), [(0.25, "direction only"), (0.5, "inconclusive")])
def test_a_reduced_exact_run(make: Callable[..., pd.DataFrame], value: float, reduced: str) -> None:
    assert decided(claim(equal()), make(({"n": 1}, {"error": [value] * 3})), "reduced")["verdict"] == reduced


def test_the_known_value_may_be_a_metric(make: Callable[..., pd.DataFrame]) -> None:
    cells = [({"n": 1}, {"error": [0.25, 0.5], "expected": [0.25, 0.5]}), ({"n": 2}, {"error": [0.125], "expected": [0.125]})]
    outcome = decided(claim(equal(to="expected")), make(*cells))
    assert (outcome["verdict"], outcome["n"], outcome["effect"]) == ("replicated", [3], 0.0)
    cells[1][1]["expected"] = [0.25]
    assert decided(claim(equal(to="expected")), make(*cells))["verdict"] == "not replicated"


def test_only_some_cells(make: Callable[..., pd.DataFrame]) -> None:
    table = make(({"n": 1, "rule": "sgd"}, {"error": [0.25]}), ({"n": 2, "rule": "sgd"}, {"error": [7.0]}))
    assert decided(claim(equal(cells={"n": [1]})), table)["verdict"] == "replicated"
    assert decided(claim(equal(cells={"n": [1, 2]})), table)["verdict"] == "not replicated"
    with pytest.raises(UserError, match=r"names the factor 'm', .* Known: n, rule\."):
        decide(claim(equal(cells={"m": [1]})), {"toy": table}, "exact")


def test_a_theorem_speaks_only_where_its_premise_holds(make: Callable[..., pd.DataFrame]) -> None:
    table = make(({"n": 1}, {"error": [0.25, 7.0, 0.25], "holds": [1.0, 0.0, 1.0]}))
    outcome = decided(claim(equal(given="holds")), table)
    assert (outcome["verdict"], outcome["n"]) == ("replicated", [2])
    assert decided(claim(equal()), table)["verdict"] == "not replicated"
    never = make(({"n": 1}, {"error": [0.25] * 3, "holds": [0.0] * 3}))
    outcome = decided(claim(equal(given="holds")), never)
    assert (outcome["verdict"], outcome["why"], outcome["effect"]) == ("inconclusive", "no replica meets the premise holds", None)


@pytest.mark.parametrize("change", [{"equal": "errror"}, {"to": "errror"}, {"given": "errror"}], ids=str)
def test_an_exact_metric_that_is_not_there_is_refused(make: Callable[..., pd.DataFrame], change: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"claim metric 'errror' is not in the table\. Did you mean 'error'\?"):
        decide(claim(equal(**change)), {"toy": make(({"n": 1}, {"error": [0.25] * 3}))}, "exact")


def test_a_diverged_replica_does_not_have_the_exact_value(make: Callable[..., pd.DataFrame]) -> None:
    """Even where it passed through it before."""
    table = make(({"n": 1}, {"error": [0.25] * 3}), rows=[({"n": 1}, 0, 2, "diverged", 1.0)])
    outcome = decided(claim(equal()), table)
    assert outcome["verdict"] == "not replicated"
    assert outcome["why"].startswith("2 of 3 replicas agree")


def test_an_exact_value_that_no_replica_has_to_show(make: Callable[..., pd.DataFrame]) -> None:
    """One replica diverged at once, the other reached no number."""
    table = make(({"n": 1}, {"error": [float("nan")]}), rows=[({"n": 1}, 1, 1, "diverged", 1.0)])
    outcome = decided(claim(equal()), table)
    assert (outcome["verdict"], outcome["effect"], outcome["n"]) == ("not replicated", None, [2])


# ---- not run


def test_not_run_says_why(make: Callable[..., pd.DataFrame]) -> None:
    outcome = decided(claim(not_run="no wind"), None, None)
    assert (outcome["verdict"], outcome["why"], outcome["rule"]) == ("not run", "no wind", "")
    for test in (difference(), equal()):
        outcome = decided(claim(test), None, None)
        assert (outcome["verdict"], outcome["why"]) == ("not run", "the experiment toy does not run at this scale")
        assert (outcome["effect"], outcome["interval"], outcome["n"], outcome["arms"], outcome["fidelity"]) == (None, None, [], [], None)


def test_the_outcome_carries_the_claim(make: Callable[..., pd.DataFrame]) -> None:
    reported = {"text": "1.95 ± 0.2 %", "value": 1.95, "read": "second-hand", "source": "Figure 1", "via": "a review"}
    outcome = decided(claim(difference(), reported=reported), make(*two(shifted(2.0))))
    assert outcome["reported"] == reported
    assert (outcome["id"], outcome["sentence"], outcome["source"], outcome["experiment"]) == ("T1", "Toys train.", "Section 1", "toy")
    assert (outcome["kind"], outcome["smallest_effect"]) == ("difference", 0.5)
    assert outcome["rule"] == rule_text(claim(difference()).test)
    assert decided(claim(difference()), make(*two(shifted(2.0))))["reported"] is None


def test_a_claims_id_is_its_own_in_the_whole_project(make: Callable[..., pd.DataFrame]) -> None:
    for test, kind in ((difference(), "difference"), (equal(cells={"rule": ["sgd"]}), "equal")):
        outcome = decide(claim(test), {"toy": make(*two(shifted(2.0)))}, "exact", paper="toys2001")
        assert (outcome["id"], outcome["kind"]) == ("toys2001/T1", kind)
    assert decide(claim(not_run="no wind"), {}, None, paper="toys2001")["id"] == "toys2001/T1"


def test_claims_of_a_paper_are_decided_from_plain_json(make: Callable[..., pd.DataFrame], tmp_path: Path) -> None:
    """What the workflow hands over is JSON; factor values that arms share have reached every arm by then."""
    arms = {name: {"label": name, "cells": {"rule": rule}} for name, rule in (("first", "sgd"), ("second", "adam"))}
    shared = claim(difference(cells={"decay": 0}, **arms), controls=["K1"])
    check = {"equal": "error", "to": 10.0, "tolerance": 0.2, "cells": {"rule": "sgd"}}
    control = Control.model_validate({"id": "K1", "sentence": "Known.", "experiment": "toy", "test": check, "expect": "effect"})
    make(({"rule": "sgd", "decay": 0}, {"error": SGD}), ({"rule": "adam", "decay": 0}, {"error": shifted(2.0)}))
    decide_claims(
        "toys2001",
        [one.model_dump(mode="json") for one in (shared, claim(not_run="no wind").model_copy(update={"id": "T2"}))],
        {"toy": "exact"},
        {"toy": tmp_path / "table.csv"},
        tmp_path / "claims.json",
        [control.model_dump(mode="json")],
    )
    first, second = read_json(tmp_path / "claims.json")
    assert (first["id"], first["verdict"], first["fidelity"]) == ("toys2001/T1", "replicated", "exact")
    assert [arm["cells"] for arm in first["arms"]] == [{"rule": rule, "decay": "0"} for rule in ("sgd", "adam")]
    assert [(one["id"], one["passed"]) for one in first["controls"]] == [("K1", True)]
    assert (second["id"], second["verdict"], second["fidelity"]) == ("toys2001/T2", "not run", None)


# ---- the rule in words


@pytest.mark.parametrize(
    ("test", "parts"),
    [
        (
            difference(smallest_effect=0.75),
            ["final error, Adam minus SGD, 95 % interval (Welch)", "at least 0.75 %", "fewer than 3 replicas"],
        ),
        (difference(at=0.1), ["after 10 % of training (the first measurement, where that comes later), error"]),
        (difference(given_lower="loss"), ["inconclusive, too, unless Adam has a mean loss not above that of SGD"]),
        (equal(), ["in every replica the final error equals 0.25; else not replicated"]),
        (equal(tolerance=0.001, to="expected"), ["differs from expected by at most 0.001"]),
        (equal(given="holds"), ["in every replica, where holds holds, the final error equals 0.25"]),
    ],
)
def test_the_rule_says_the_protocols_numbers(test: dict[str, Any], parts: list[str]) -> None:
    text = rule_text(claim(test).test)
    for part in parts:
        assert part in text


def test_a_rule_for_each_outcome() -> None:
    text = rule_text(claim(difference()).test)
    for verdict in ("replicated", "direction only", "not replicated", "inconclusive"):
        assert verdict in text
