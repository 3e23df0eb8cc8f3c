"""What became of a run's replicas, as its record says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: how the status of a replica begins that nobody needed
NOT_NEEDED = "not needed"


def seeds_that_ran(record: Mapping[str, Any]) -> list[int]:
    """Seeds of the replicas that were run, given a run's record: without those that nobody needed."""
    status = record.get("status", {})
    return [seed for seed in record["seeds"] if not status.get(str(seed), "").startswith(NOT_NEEDED)]
