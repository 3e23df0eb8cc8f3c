"""Where results come from: the records of runs, the instruments behind them, their code."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from secondlook.errors import UserError
from secondlook.files import read_json
from secondlook.machine import git_commit
from secondlook.plan.plan import Plan
from secondlook.protocol.project import INSTRUMENTS
from secondlook.report.source import repository, source_link
from secondlook.runner.status import seeds_that_ran


def read_results(path: Path, instead: Any, missing: list[str]) -> Any:
    """A JSON file of the results; where there is none, or half of one, note that and return ``instead``."""
    try:
        return read_json(path)
    except (OSError, UserError):
        missing.append(str(path))
        return instead


def instruments_of(plan: Plan, paper: str, missing: list[str]) -> list[dict[str, Any]]:
    """The runs of instruments that a paper's runs read: what each is, and the facts that it left of itself."""
    used = plan.instruments(paper)
    found = []
    for key in dict.fromkeys(run.experiment for run in used):
        runs = [(run.cell.labels, list(run.seeds)) for run in used if run.experiment == key]
        records = read_results(Path(plan.records(INSTRUMENTS, key)), [], missing)
        found += [
            {
                "experiment": key,
                "title": plan.experiment(INSTRUMENTS, key).title,
                "cell": ", ".join(f"{factor} {value}" for factor, value in record["cell"].items()) or "only",
                "seeds": ", ".join(map(str, record["seeds"])),
                "facts": {name: str(value) for name, value in record["facts"].items()},
                "code": code_of(plan.module(INSTRUMENTS, key), [record]),
            }
            for record in records
            if (record["cell"], record["seeds"]) in runs
        ]
    return found


def code_of(module: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    """Where the code of an experiment is: its path and, for each commit that its runs name, a link where there is one."""
    path = f"src/{module.replace('.', '/')}.py"
    commits = sorted({str(record["commit"]) for record in records}) or [git_commit()]
    host = repository()
    return {"path": path, "commits": [{"id": commit, "link": source_link(host, commit, path)} for commit in commits]}


def newest(records: Iterable[Mapping[str, Any]]) -> str:
    """The day of the newest run in words; empty where there is none."""
    last = max((record["started"] for record in records if record.get("started")), default=None)
    day = datetime.datetime.fromisoformat(last) if last else None
    return f"{day.day} {day:%B %Y}" if day else ""


def provenance(records: list[dict[str, Any]]) -> dict[str, Any]:
    """What the runs had in common, or the list of what they had."""

    def distinct(key: str) -> list[Any]:
        return sorted({str(record[key]) for record in records})

    return {
        "commits": distinct("commit"),
        "devices": sorted({f"{record['device']}: {record['device_name']}" for record in records}),
        "determinism": distinct("determinism"),
        "versions": sorted({", ".join(f"{name} {version}" for name, version in record["versions"].items()) for record in records}),
        "data": sorted({f"{name}: {digest}" for record in records for name, digest in record["data"].items()}),
        "runs": len(records),
        "replicas": sum(len(seeds_that_ran(record)) for record in records),
        "wall_seconds": sum(record["wall_seconds"] for record in records),
        "cpu_seconds": sum(record["cpu_seconds"] for record in records),
        "peak_memory_mb": max((record["peak_memory_mb"] for record in records), default=0),
    }
