"""Decide every claim of a paper and write claims.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from secondlook.files import write_json
from secondlook.protocol.claims import Claim, Control
from secondlook.stats.design import PaperDesign
from secondlook.stats.verdicts import decide
from secondlook.tables.read import read_tables


def decide_claims(
    paper: str,
    claims: Sequence[Mapping[str, Any]],
    controls: Sequence[Mapping[str, Any]],
    design: Mapping[str, Any],
    tables: Mapping[str, Path],
    out: Path,
) -> None:
    """Check the controls, then apply each claim's rule.

    Args:
        paper: its name.
        claims: the protocol's claims as plain JSON.
        controls: the protocol's controls as plain JSON.
        design: what was planned, as plain JSON (`secondlook.stats.design.PaperDesign`).
        tables: experiment -> collected table.
        out: claims.json.
    """
    rules = [Claim.model_validate(claim) for claim in claims]
    known = [Control.model_validate(control) for control in controls]
    write_json(out, decide(rules, known, read_tables(tables), PaperDesign.of(design), paper))
