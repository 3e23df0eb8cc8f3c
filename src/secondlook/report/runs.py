"""Every run of a report: its cell and seeds, what became of it, its time and memory, and what its job printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from secondlook.formatting import duration
from secondlook.labels import label
from secondlook.plan.plan import Plan
from secondlook.protocol.project import INSTRUMENTS
from secondlook.report.provenance import read_results


def runs_of(plan: Plan, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The runs of each paper (``titles``: its name in words, in the order of the report) and of the instruments, an experiment at a time.

    A row's ``path`` is the log of the job that made the run, where it is still there.
    """
    return [
        {"paper": paper, "title": title, "experiments": [_experiment(plan, paper, key) for key in plan.experiments(paper)]}
        for paper, title in {**titles, INSTRUMENTS: "Instruments, which papers share"}.items()
        if plan.experiments(paper)
    ]


def _experiment(plan: Plan, paper: str, key: str) -> dict[str, Any]:
    records = read_results(Path(plan.records(paper, key)), [], [])
    logs = {_key(run.cell.labels, run.seeds): _log(plan, bundle.leader) for bundle in plan.bundles(paper, key) for run in bundle.runs}
    states = [str(status).partition(" ")[0] for record in records for status in record["status"].values()]
    return {
        "name": key,
        "title": plan.experiment(paper, key).title,
        "rows": [_row(record, logs.get(_key(record["cell"], record["seeds"]))) for record in records],
        "seconds": sum(record["wall_seconds"] for record in records),
        "trouble": states.count("diverged"),
        "commits": sorted({record["commit"] for record in records}),
        "devices": sorted({f"{record['device']}: {record['device_name']}" for record in records}),
        "codes": sorted({record["code"] for record in records}),
    }


def _key(cell: Mapping[str, Any], seeds: Any) -> tuple[Any, ...]:
    return (*sorted((factor, str(value)) for factor, value in cell.items()), *seeds)


def _log(plan: Plan, run: Any) -> Path:
    """Where the workflow keeps what a job prints (workflow/rules/runs.smk)."""
    return Path(f"logs/{plan.scale}/{run.paper}/{run.experiment}/{run.cell.name}/{run.seeds_name}.log")


def _row(record: Mapping[str, Any], log: Path | None) -> dict[str, Any]:
    seeds = record["seeds"]
    counted = Counter(record["status"].get(str(seed), "completed") for seed in seeds)
    return {
        "cell": ", ".join(label(factor, value) for factor, value in record["cell"].items()) or "the only one",
        "seeds": f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else str(seeds[0]),
        "status": ", ".join(status if count == len(seeds) else f"{count} {status}" for status, count in counted.items()),
        "time": duration(record["wall_seconds"]) if record["wall_seconds"] >= 1 else "under 1 s",
        "memory": f"{record['peak_memory_mb']:.0f} MB",
        "path": log if log and log.exists() else None,
    }
