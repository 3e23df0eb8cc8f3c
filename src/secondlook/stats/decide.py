"""Decide every claim of a paper and write claims.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from secondlook.files import write_json
from secondlook.protocol.claims import Claim, Control
from secondlook.protocol.schema import Fidelity
from secondlook.stats.verdicts import check_control, decide
from secondlook.tables.read import read_tables


def decide_claims(
    paper: str,
    claims: list[Mapping[str, Any]],
    fidelity: Mapping[str, Fidelity],
    tables: Mapping[str, Path],
    out: Path,
    controls: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Check the controls, then apply each claim's rule.

    Args:
        paper: its name.
        claims: the protocol's claims as plain JSON.
        fidelity: experiment -> fidelity at this scale, for those that ran.
        tables: experiment -> collected table.
        out: claims.json.
        controls: the protocol's controls as plain JSON.
    """
    frames = read_tables(tables)
    checked = {control.id: check_control(control, frames) for control in map(Control.model_validate, controls)}
    decided = (Claim.model_validate(claim) for claim in claims)
    write_json(out, [decide(claim, frames, fidelity.get(claim.experiment or ""), checked, paper) for claim in decided])
