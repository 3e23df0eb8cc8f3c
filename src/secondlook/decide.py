"""Decide every claim of a paper and write claims.json."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from secondlook.claims import Claim
from secondlook.files import write_json
from secondlook.stats.verdicts import decide
from secondlook.tables import read_tables


def decide_claims(claims: list[Mapping[str, Any]], fidelity: Mapping[str, str], tables: Mapping[str, Path], out: Path) -> None:
    """Apply each claim's rule.

    Args:
        claims: the protocol's claims as plain JSON.
        fidelity: experiment -> fidelity at this scale, for those that ran.
        tables: experiment -> collected table.
        out: claims.json.
    """
    frames = read_tables(tables)
    write_json(
        out, [decide(claim, frames.get(claim.experiment), fidelity.get(claim.experiment)) for claim in map(Claim.model_validate, claims)]
    )
