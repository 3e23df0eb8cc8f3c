"""Between two looks: which cells of an experiment still want replicas. The next block of seeds reads the answer before it starts.

A cell wants more where a claim or a control that reads it is not decided yet. The file names cells and nothing else, so that equal answers
run nothing again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from secondlook.files import write_json
from secondlook.protocol.claims import Claim, Control, experiments_behind
from secondlook.runner.record import read_run, runs_of
from secondlook.stats.design import PaperDesign
from secondlook.stats.looks import decide_alone
from secondlook.stats.samples import Tables
from secondlook.stats.tested import share_of_alpha, tested_claims
from secondlook.stats.verdicts import check_control
from secondlook.tables.collect import collect
from secondlook.tables.read import read_tables


def decide_interim(
    claims: Sequence[Mapping[str, Any]],
    controls: Sequence[Mapping[str, Any]],
    design: Mapping[str, Any],
    readers: Mapping[str, Sequence[str]],
    jobs: Iterable[Path],
    out: Path,
) -> None:
    """Write cell -> whether it wants more replicas.

    Args:
        claims: claims that read the experiment, as plain JSON.
        controls: controls that do.
        design: what was planned (`secondlook.stats.design.PaperDesign`), with the number of all claims that share alpha.
        readers: cell -> claims and controls that read it.
        jobs: job.json of all that has run up to this look, of every experiment that those claims read.
        out: the file.
    """
    tables, plan = tables_of(jobs), PaperDesign.of(design)
    done = settled([Claim.model_validate(claim) for claim in claims], plan, tables)
    for control in map(Control.model_validate, controls):
        runs = set(experiments_behind(control)) <= set(plan.budgets.entries)
        if not runs or check_control(control, tables, plan.budgets)["passed"] is not None:
            done.add(control.id)
    write_json(out, {cell: not done.issuperset(names) for cell, names in readers.items()})


def settled(claims: Sequence[Claim], design: PaperDesign, tables: Tables) -> set[str]:
    """Claims that want no more replicas: those that are decided, those that are not decided at this scale, and identities.

    A primary claim has alpha over the number of them all here: Holm's later steps are for the end, when all have been looked at.
    """
    tested = tested_claims(claims, tables, design)
    sharing = share_of_alpha(claims, design)
    done = {claim.id for claim in claims if not (claim.random and design.stands(claim.id))}
    for key, one in tested.items():
        share = 1 / sharing if one.claim.primary else 1.0
        if not one.worth_running or decide_alone(one.look, one.looks, one.seen, share).decided:
            done.add(key)
    return done


def tables_of(jobs: Iterable[Path]) -> Tables:
    """Tables of the experiments whose jobs these are."""
    folders: dict[str, list[Path]] = {}
    for folder in runs_of(jobs):
        folders.setdefault(read_run(folder)["experiment"], []).append(folder)
    with tempfile.TemporaryDirectory() as temporary:
        paths = {name: Path(temporary) / f"{name}.csv" for name in folders}
        for name, found in folders.items():
            collect(found, paths[name], Path(temporary) / f"{name}.runs.json")
        return read_tables(paths)
