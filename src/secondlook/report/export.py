"""All results of a report as one JSON file: what other programs read, and what two reports are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: of a claim in claims.json, what a reader of the file may want; pictures and texts of the page are left out
KEPT = (
    *("id", "plain", "sentence", "own", "family", "primary", "headline", "answer", "source", "reported", "experiment", "kind", "metric"),
    *("unit", "rule", "zone", "tolerance", "outcome", "how", "reach", "why", "needs", "effect", "interval", "alpha", "n", "counts"),
    *("arms", "decided_by", "chance", "detectable", "to_decide", "exploratory", "controls"),
)


def exported(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scale, the questions, every claim, and of each experiment the code, data, seeds and machines behind it."""
    return {
        "scale": content["scale"],
        "commit": content["commit"],
        "questions": {str(question["number"]): question["text"] for question in content["questions"]},
        "claims": [{name: claim.get(name) for name in KEPT} for chapter in content["chapters"] for claim in chapter["claims"]],
        "experiments": {
            f"{chapter['paper']}/{experiment['name']}": _behind(experiment)
            for chapter in content["chapters"]
            for experiment in chapter["experiments"]
        },
    }


def _behind(experiment: Mapping[str, Any]) -> dict[str, Any]:
    records = experiment["records"]

    def distinct(values: Any) -> list[str]:
        return sorted({str(value) for value in values})

    return {
        "settings": {name: str(value) for name, value in experiment["settings"].items()},
        "code": distinct(record["code"] for record in records),
        "data": distinct(f"{name}: {digest}" for record in records for name, digest in record["data"].items()),
        "seeds": sorted({seed for record in records for seed in record["seeds"]}),
        "replicas": experiment["replicas"],
        "devices": distinct(f"{record['device']}: {record['device_name']}" for record in records),
        "versions": distinct(", ".join(f"{name} {version}" for name, version in record["versions"].items()) for record in records),
        "commits": distinct(record["commit"] for record in records),
        "wall_seconds": round(sum(record["wall_seconds"] for record in records), 1),
    }
