"""Pack the results of a scale, with all their records, into one archive: a Workflow Run RO-Crate in a zip file.

Beside the results lie ``manifest-sha256.txt``, the hash of every other file, ``ro-crate-metadata.json``, which other tools read, and the
workflow itself, for people; `secondlook.transfer.restore` takes the results alone.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from secondlook.errors import MOST_NAMED, UserError
from secondlook.files import atomic, file_sha256
from secondlook.plan.plan import Plan
from secondlook.plan.products import planned_jobs
from secondlook.seals import RESULTS, read_seal, seal_file
from secondlook.start.stale import look
from secondlook.transfer.crate import METADATA, describe

MANIFEST = "manifest-sha256.txt"
#: when every file of an archive was made, as far as the archive says: equal results make an equal archive
EPOCH = (1980, 1, 1, 0, 0, 0)


def bundle(plan: Plan, root: Path, out: Path) -> int:
    """Write the archive; return the number of its files.

    Args:
        plan: whose results they are; the working directory is that of the workflow.
        root: folder of the project.
        out: the zip file.

    Raises:
        UserError: results are missing or damaged.
    """
    products = _sealed(plan)
    workflow = sorted(["Snakefile", "config.yaml", *(str(path.relative_to(root)) for path in (root / "workflow").rglob("*.smk"))])
    sources = {name: Path(name) for name in products} | {name: root / name for name in workflow}
    sums = {name: file_sha256(path) for name, path in sorted(sources.items())}
    metadata = (json.dumps(describe(plan, root, sources, sums), indent=1, ensure_ascii=False) + "\n").encode()
    with atomic(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        sums[METADATA] = hashlib.sha256(metadata).hexdigest()
        archive.writestr(_entry(MANIFEST), "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items())))
        archive.writestr(_entry(METADATA), metadata)
        for name, path in sorted(sources.items()):
            with archive.open(_entry(name), "w", force_zip64=True) as inside, path.open("rb") as file:
                while block := file.read(1 << 20):
                    inside.write(block)
    return len(sums) + 1


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    return entry


def _sealed(plan: Plan) -> list[str]:
    """Products of all planned jobs, and their seals."""
    jobs = list(planned_jobs(plan))
    found = look(jobs)
    wrong = [f"{job.outputs[0]} was not made" for job in jobs if not _seal_of(job.outputs[0]).exists()]
    wrong += found.damage or [f"{path} must be made again" for path in sorted(found.stale)]
    if wrong:
        more = f"\n  and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
        lines = "\n".join(f"  {line}" for line in wrong[:MOST_NAMED])
        raise UserError(f"the results of scale {plan.scale} are not complete; run the workflow first, then bundle:\n{lines}{more}")
    return sorted({name for job in jobs for name in _files(job.outputs[0])})


def _files(product: str) -> Iterator[str]:
    place = _seal_of(product)
    yield place.as_posix()
    seal = read_seal(place)
    yield from seal.outputs if seal else ()


def _seal_of(product: str) -> Path:
    place = seal_file(product)
    assert place is not None, f"{product} is no product below {RESULTS}"
    return place
