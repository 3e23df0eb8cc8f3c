"""One call that checks all, for the command line and for the start of the workflow."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from secondlook.check.answers import check_answers
from secondlook.check.claims import check_claims
from secondlook.check.metrics import check_metrics
from secondlook.check.references import check_references
from secondlook.check.settings import check_settings
from secondlook.check.stand_ins import stand_ins
from secondlook.errors import refuse
from secondlook.protocol.config import load_config
from secondlook.protocol.document import load_document
from secondlook.protocol.project import Project, load_project


def check_project(project: Project) -> None:
    """Check all that a project's protocols and answers say, at every scale.

    Raises:
        UserError: listing every mistake with file, line, key, value and the nearest valid name.
    """
    mistakes = check_references(project)
    if not mistakes:  # claims and settings and metrics are asked of names that must exist
        with stand_ins():
            mistakes, written = check_settings(project)
            mistakes += check_claims(project)
            mistakes += check_metrics(project, written)
    refuse([*mistakes, *check_answers(project)])


def check_everything(config: Path, papers_folder: Path, papers: Collection[str] | str = "all") -> None:
    """Check config.yaml and the protocols and answers of ``papers``.

    Raises:
        UserError: listing every mistake.
    """
    if config.exists():
        load_config(load_document(config) or {}, str(config))
    check_project(load_project(papers_folder, papers))
