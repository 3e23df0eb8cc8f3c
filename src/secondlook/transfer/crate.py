"""What an archive says of itself to other tools: RO-Crate with the profile "Workflow Run Crate" (https://w3id.org/ro/wfrun/workflow)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from secondlook.data.registry import DATASETS
from secondlook.files import read_json
from secondlook.machine import git_commit
from secondlook.plan.plan import Plan

METADATA = "ro-crate-metadata.json"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
}
KINDS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
#: URL at which the terms of Workflow Run Crates are defined
TERMS = "https://w3id.org/ro/terms/workflow-run/context"


def describe(plan: Plan, root: Path, sources: Mapping[str, Path], sums: Mapping[str, str]) -> dict[str, Any]:
    """The metadata of an archive.

    Args:
        plan: whose results they are.
        root: folder of the project.
        sources: name in the archive -> file.
        sums: the same names -> SHA-256.
    """
    crate = ROCrate()
    crate.name = f"Second Look: results of scale {plan.scale}"
    crate.description = f"Experiments of {', '.join(plan.protocols)}, run again: records, tables, verdicts, figures and the report."
    crate.license = "https://spdx.org/licenses/MIT"
    crate.metadata.extra_contexts.append(TERMS)
    profiles = [
        crate.add(ContextEntity(crate, url, {"@type": "CreativeWork", "name": name, "version": url.rpartition("/")[2]}))
        for url, name in PROFILES.items()
    ]
    workflow = crate.add_workflow(str(root / "Snakefile"), "Snakefile", main=True, lang="snakemake", properties={"name": "Second Look"})
    workflow["version"] = git_commit()
    crate.root_dataset.append_to("conformsTo", profiles)  # beside that of workflows, which the library adds
    files = {"Snakefile": workflow}
    for name, path in sources.items():
        kind = KINDS.get(path.suffix)
        facts = {"contentSize": str(path.stat().st_size), "sha256": sums[name]} | ({"encodingFormat": kind} if kind else {})
        if name == "Snakefile":
            workflow.properties().update(facts)
        else:
            files[name] = crate.add_file(str(path), name, properties=facts)
    action = crate.add(_action(crate, plan, files))
    if ended := action.get("endTime"):
        crate.datePublished = datetime.fromisoformat(ended)  # not now: equal results make an equal archive
    return crate.metadata.generate()


def _action(crate: ROCrate, plan: Plan, files: Mapping[str, Any]) -> ContextEntity:
    """The run of the workflow: what ran, on what, and what came of it."""
    engine = {"@type": "SoftwareApplication", "name": "Snakemake", "version": version("snakemake"), "url": "https://snakemake.github.io"}
    snakemake = crate.add(ContextEntity(crate, "#snakemake", engine))
    data = [
        crate.add(
            ContextEntity(
                crate, f"#dataset-{name}", {"@type": "Dataset", "name": DATASETS[name].title, "identifier": f"fingerprint:{fingerprint}"}
            )
        )
        for name, fingerprint in sorted(_datasets(plan).items())
    ]
    records = [record for name in files if name.endswith(".runs.json") for record in read_json(name)]
    results = [entity for name, entity in files.items() if _is_result(name)]
    return ContextEntity(
        crate,
        "#run",
        {
            "@type": "CreateAction",
            "name": f"Run of Second Look at scale {plan.scale}",
            "actionStatus": "http://schema.org/CompletedActionStatus",
            "instrument": files["Snakefile"],
            "agent": snakemake,
            "object": [files["config.yaml"], *data],
            "result": results,
            **({"startTime": min(record["started"] for record in records)} if records else {}),
            **({"endTime": max(map(_ended, records))} if records else {}),
        },
    )


def _ended(record: Mapping[str, Any]) -> str:
    ended = datetime.fromisoformat(record["started"]) + timedelta(seconds=record["wall_seconds"])
    return ended.isoformat(timespec="seconds")


def _is_result(name: str) -> bool:
    parts = Path(name).parts
    return parts[0] == "results" and "seals" not in parts and not any(part.startswith("seeds=") for part in parts)


def _datasets(plan: Plan) -> dict[str, str]:
    return {
        name: fingerprint
        for paper in plan.papers
        for key in plan.experiments(paper)
        for job in plan.bundles(paper, key)[:1]
        for name, fingerprint in plan.spec(job)["data"].items()
    }
