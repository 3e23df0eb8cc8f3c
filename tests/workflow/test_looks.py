"""Looks: replicas that nobody needs end at once, and a decision made again makes no old number again."""

from __future__ import annotations

import csv

import pytest
from toy_edits import CALM_CLAIM, CODE, FURTHER, PROTOCOL
from toy_jobs import CALM, INTERIM, LOUD, SECOND_LOOK
from toy_project import PACKAGE, RESULTS, Project, times

from secondlook.files import read_json

CLAIMS = f"{RESULTS}/claims.json"
ANSWER = f"{RESULTS}/looks/watched/1.json"
CALM_CELL, LOUD_CELL = (f"{RESULTS}/watched/noise={noise}" for noise in ("0.01", "9.0"))
KEPT = "it was made from just this before"
#: files of a run's record
RECORD = ("run.json", "history.csv", "arrays.safetensors")


def replicas(project: Project) -> dict[str, list[int]]:
    """Level of the noise -> replicas in the table."""
    found: dict[str, list[int]] = {}
    with (project / f"{RESULTS}/watched.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["noise"], []).append(int(row["replica"]))
    return found


def status(project: Project, cell: str, seeds: str) -> set[str]:
    """What became of the replicas of a block."""
    return set(read_json(project / f"{cell}/seeds={seeds}/run.json")["status"].values())


def records(*blocks: str) -> list[str]:
    """Files of the records of blocks."""
    return [f"{block}/{name}" for block in blocks for name in RECORD]


def log(project: Project, cell: str, seeds: str) -> str:
    """What the job said."""
    return (project / f"{cell.replace('results', 'logs', 1)}/seeds={seeds}.log").read_text(encoding="utf-8")


def look(project: Project, claim: str) -> tuple[str, int]:
    """A claim's outcome, and the look at which it was decided or left open."""
    found = {entry["id"]: entry for entry in read_json(project / CLAIMS)}[f"toy/{claim}"]
    return found["outcome"], found["decided_by"]["look"]


def test_what_is_decided_at_the_first_look_needs_no_second(finished: Project) -> None:
    assert read_json(finished / ANSWER) == {"noise=0.01": False, "noise=9.0": True}
    assert status(finished, CALM_CELL, "3-5") == {"not needed: no claim that reads it was open after the look before"}
    assert status(finished, LOUD_CELL, "3-5") == {"completed"}
    assert replicas(finished) == {"0.01": [0, 1, 2], "9.0": [0, 1, 2, 3, 4, 5]}
    assert look(finished, "T3") == ("supported", 1)
    assert look(finished, "T4") == ("undecided", 2)


def test_what_is_not_needed_takes_no_time(finished: Project) -> None:
    record = read_json(finished / f"{CALM_CELL}/seeds=3-5/run.json")
    assert record["cpu_seconds"] < 0.5
    assert record["peak_memory_mb"] < 150  # torch alone has more


def test_a_decision_made_again_with_the_same_answer_keeps_every_number(project: Project) -> None:
    files = records(*(f"{cell}/seeds={seeds}" for cell in (CALM_CELL, LOUD_CELL) for seeds in ("0-2", "3-5")))
    before = times(project, files)
    project.append(f"{PACKAGE}/stats/judge.py", CODE)
    assert set(project.run(CLAIMS).labels) == INTERIM | SECOND_LOOK | {"collect toy/watched", "decide toy"}
    assert times(project, files) == before
    assert KEPT in log(project, CALM_CELL, "3-5")
    assert KEPT in log(project, LOUD_CELL, "3-5")
    assert not set(project.dry(CLAIMS).labels)


def test_a_damaged_record_is_not_kept(project: Project) -> None:
    history = project / f"{LOUD_CELL}/seeds=3-5/history.csv"
    whole = history.read_bytes()
    history.write_bytes(whole[:-1])
    project.append(f"{PACKAGE}/stats/judge.py", CODE)
    project.run(CLAIMS)
    assert history.read_bytes() == whole
    assert KEPT not in log(project, LOUD_CELL, "3-5")


def test_a_further_look_makes_new_replicas_alone(project: Project) -> None:
    files = records(*(f"{cell}/seeds={seeds}" for cell in (CALM_CELL, LOUD_CELL) for seeds in ("0-2", "3-5")))
    before = times(project, files)
    project.replace(PROTOCOL, *FURTHER)
    project.run(CLAIMS)
    assert times(project, files) == before
    assert read_json(project / f"{RESULTS}/looks/watched/2.json") == {"noise=0.01": False, "noise=9.0": True}
    assert status(project, LOUD_CELL, "6-8") == {"completed"}
    assert replicas(project) == {"0.01": [0, 1, 2], "9.0": list(range(9))}


def test_a_claim_more_that_reads_a_decided_cell_wants_more_of_it(project: Project) -> None:
    kept = times(project, records(f"{LOUD_CELL}/seeds=3-5"))
    text = (project / PROTOCOL).read_text(encoding="utf-8")
    project.replace(PROTOCOL, "figures:\n", f"{CALM_CLAIM}\nfigures:\n")
    project.run(CLAIMS)
    assert read_json(project / ANSWER) == {"noise=0.01": True, "noise=9.0": True}
    assert status(project, CALM_CELL, "3-5") == {"completed"}
    assert replicas(project)["0.01"] == [0, 1, 2, 3, 4, 5]
    assert look(project, "T3") == ("supported", 1)  # it stays decided, by the replicas that it had
    assert look(project, "T5") == ("undecided", 2)
    assert times(project, records(f"{LOUD_CELL}/seeds=3-5")) == kept

    (project / PROTOCOL).write_text(text, encoding="utf-8")
    project.run(CLAIMS)
    assert status(project, CALM_CELL, "3-5") == {"not needed: no claim that reads it was open after the look before"}
    assert replicas(project)["0.01"] == [0, 1, 2]


def test_words_of_a_claim_run_nothing(project: Project) -> None:
    project.replace(PROTOCOL, "Without noise the level is high.", "The level is high.")
    assert project.run(CLAIMS).labels == ["decide toy"]


@pytest.mark.parametrize("seeds", [2, 3])
def test_so_few_seeds_that_there_is_one_look(project: Project, seeds: int) -> None:
    labels = project.dry("--config", f"seeds={seeds}", "--", CLAIMS).labels
    assert not [label for label in labels if "interim" in label]


def test_more_seeds_than_planned_ask_nobody(project: Project) -> None:
    labels = set(project.dry("--config", "seeds=8", "--", f"{RESULTS}/watched.csv").labels)
    assert labels == {f"{cell}/seeds={seed}" for cell in (CALM, LOUD) for seed in (6, 7)} | {"collect toy/watched"}
