"""Between two looks: a cell wants more replicas if and only if an undecided claim or control reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_claims import DIFFERENCE, EQUAL, EQUIVALENCE, LOW, WITHIN, arm, budget, claim, control, plan, table, up
from tiny_runs import make_run

from secondlook.files import file_sha256, read_json, write_json
from secondlook.protocol.claims import Claim, Control
from secondlook.stats import intervals
from secondlook.stats.interim import decide_interim, settled, tables_of
from secondlook.stats.looks import spending
from secondlook.stats.verdicts import decide

LOOKS = [5, 10, 20]
WIDE = [-4.0, 6.0, 2.0, 0.0, 5.0]
CLEAR = claim(DIFFERENCE, "T1")
OPEN = claim(DIFFERENCE | {"second": arm("c")}, "T2")
CELLS = {"a": LOW, "b": up(4), "c": WIDE}


def jobs(root: Path, cells: dict[str, list[float]], experiment: str = "toy") -> list[Path]:
    """A run of each cell and the job that made it, as the workflow keeps them."""
    found = []
    for name, values in cells.items():
        rows = [(seed, 1, "m", value) for seed, value in enumerate(values)]
        folder = make_run(root / experiment / name, "0", {"arm": name}, rows, said={"experiment": experiment})
        found.append(root / experiment / "jobs" / name / "job.json")
        write_json(found[-1], {"runs": {f"{name}/0": file_sha256(folder / "run.json")}})
    return found


def interim(
    root: Path,
    cells: dict[str, list[float]],
    readers: dict[str, list[str]],
    claims: list[Claim] = [CLEAR, OPEN],  # noqa: B006
    controls: list[Control] = [],  # noqa: B006
    scales: dict[str, list[str]] | None = None,
    others: list[str] = [],  # noqa: B006
    sharing: int | None = None,
) -> dict[str, Any]:
    known = {claim.id: ["paper"] for claim in claims} | (scales or {})
    design = {"scale": "paper", "budgets": {name: budget(20, LOOKS) for name in ("toy", *others)}, "scales": known, "sharing": sharing}
    plain = [[item.model_dump(mode="json") for item in items] for items in (claims, controls)]
    decide_interim(*plain, design, readers, jobs(root, cells), root / "1.json")
    return read_json(root / "1.json")


def test_a_cell_wants_more_where_a_claim_that_reads_it_is_open(tmp_path: Path) -> None:
    readers = {"a": ["T1", "T2"], "b": ["T1"], "c": ["T2"], "d": []}
    assert interim(tmp_path, CELLS, readers) == {"a": True, "b": False, "c": True, "d": False}


def test_when_all_is_decided_nothing_wants_more(tmp_path: Path) -> None:
    assert interim(tmp_path, CELLS | {"c": up(-3)}, {"a": ["T1", "T2"], "b": ["T1"], "c": ["T2"]}) == dict.fromkeys("abc", False)


def test_equal_answers_are_equal_files_whatever_the_numbers(tmp_path: Path) -> None:
    """The file names cells and nothing else, so that nothing after it runs again."""
    readers = {"a": ["T1", "T2"], "b": ["T1"], "c": ["T2"]}
    texts = []
    for place, cells in enumerate((CELLS, {"a": LOW, "b": up(7), "c": [3 * value for value in WIDE]})):
        interim(tmp_path / str(place), cells, readers)
        texts.append((tmp_path / str(place) / "1.json").read_bytes())
    assert texts[0] == texts[1]


def test_identities_and_claims_of_other_scales_want_nothing(tmp_path: Path) -> None:
    """Nor what the plan gives no chance, and nor does a claim that is not tested."""
    claims = [
        claim(EQUAL, "T3"),
        claim(DIFFERENCE | {"second": arm("c")}, "T4"),
        claim(DIFFERENCE | {"second": arm("c")}, "T5", spread=50.0),
        claim(None, "T6", not_run="no wind", needs={"data": "wind"}),
    ]
    readers = {"a": ["T3"], "b": ["T4"], "c": ["T5"], "d": ["T6"]}
    assert interim(tmp_path, CELLS, readers, claims, scales={"T4": ["quick"], "T6": []}) == dict.fromkeys("abcd", False)


def test_what_is_not_there_yet_is_not_decided(tmp_path: Path) -> None:
    rule = claim(DIFFERENCE | {"second": arm("b", experiment="other")}, "T1")
    assert interim(tmp_path, {"a": LOW}, {"a": ["T1"]}, [rule], others=["other"]) == {"a": True}


@pytest.mark.parametrize(("values", "wants"), [(LOW, False), (up(9), False), (WIDE, True)])
def test_a_control_that_is_open_wants_more(tmp_path: Path, values: list[float], wants: bool) -> None:
    """Whether it passes or fails, it is answered."""
    check = control(EQUIVALENCE | {"margin": 1.0, "second": arm("c")})
    assert interim(tmp_path, CELLS | {"c": values}, {"c": ["K1"]}, controls=[check]) == {"c": wants}


def test_a_control_whose_other_experiment_does_not_run_at_this_scale_wants_nothing(tmp_path: Path) -> None:
    """It will never be answered, and would keep its cells running to the end."""
    check = control(EQUIVALENCE | {"second": arm("a", experiment="other")})
    assert interim(tmp_path, CELLS, {"a": ["K1"]}, controls=[check]) == {"a": False}
    (tmp_path / "there").mkdir()
    assert interim(tmp_path / "there", CELLS, {"a": ["K1"]}, controls=[check], others=["other"]) == {"a": True}


def test_a_look_without_all_its_replicas_is_judged_as_one_and_stops_no_more_than_it_may(tmp_path: Path) -> None:
    assert interim(tmp_path, {"a": LOW[:2], "b": up(9)[:2]}, {"a": ["T1"]}, [CLEAR]) == {"a": True}


def test_what_stops_the_replicas_is_decided_in_the_end_as_well() -> None:
    """A primary claim has its Bonferroni share between looks; Holm's steps at the end can decide more, never less."""
    rules = [CLEAR, OPEN, claim(WITHIN | {"low": 0.9, "high": 1.1}, "T7")]
    design = plan({"toy": budget(20, LOOKS)}, *rules)
    for c in (WIDE, up(1.9), up(3), [2.0, 2.6, 3.2, 2.3, 3.4]):
        tables = {"toy": table(CELLS | {"c": c})}
        answered = {one["id"] for one in decide(rules, [], tables, design, "") if one["outcome"] != "undecided"}
        assert settled(rules, design, tables) <= answered


def between(sharing: int) -> list[float]:
    """Replicas that the first look decides with the alpha of a paper with so many primary claims, and not with one more."""
    values = np.array([2.0, 2.6, 3.2, 2.3, 3.4])
    alphas = [spending(len(LOOKS))[0] / claims for claims in (sharing, sharing + 1)]
    lows = [float(intervals.difference(LOW, values, alpha).low) for alpha in alphas]
    assert lows[1] < lows[0]
    return (values + 1 - (lows[0] + lows[1]) / 2).tolist()


@pytest.mark.parametrize(("primary", "wants"), [(1, False), (2, True)])
def test_primary_claims_share_alpha_between_looks_as_well(tmp_path: Path, primary: int, wants: bool) -> None:
    """Of those at hand, or as many as the plan says where others are not."""
    other = claim(DIFFERENCE, "T1", **({} if primary == 2 else {"family": "T2"}))
    cells = CELLS | {"c": between(1)}
    assert interim(tmp_path / "all", cells, {"c": ["T2"]}, [other, OPEN]) == {"c": wants}
    assert interim(tmp_path / "one", cells, {"c": ["T2"]}, [OPEN], sharing=primary) == {"c": wants}


def test_tables_of_jobs_are_those_of_their_experiments(tmp_path: Path) -> None:
    tables = tables_of([*jobs(tmp_path, {"a": LOW, "b": up(1)}), *jobs(tmp_path, {"a": LOW[:2]}, "other")])
    assert {name: len(frame) for name, frame in tables.items()} == {"toy": 10, "other": 2}
    assert tables["toy"]["value"].tolist() == [*LOW, *up(1)]
