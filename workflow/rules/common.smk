"""What the rules share: the plan, code digests, input functions. No rule stands here."""

import functools
import json
import shlex
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from secondlook.check.everything import check_project
from secondlook.check.stand_ins import stand_ins
from secondlook.errors import UserError
from secondlook.files import file_sha256
from secondlook.machine import gpu_present
from secondlook.plan import interim, targets
from secondlook.plan.code import own_package, run_code, run_versions, verb_code
from secondlook.plan.environment import prepare
from secondlook.plan.plan import DATA_FOLDER, make_plan
from secondlook.protocol.config import load_config
from secondlook.protocol.project import INSTRUMENTS, load_project
from secondlook.report.reductions import reductions_digest
from secondlook.seals import recipe_digest
from secondlook.start.folders import check_folders
from secondlook.start.lock import hold

ROOT = Path(workflow.basedir)
PAPERS = ROOT / "src/secondlook/papers"

try:
    settings = load_config(dict(config))
    check_folders(["results", "logs", "benchmarks", DATA_FOLDER, settings.work_dir])
    project = load_project(PAPERS, settings.papers)
    with stand_ins():  # experiments' modules are read once for both
        # A job on a cluster was checked where it was sent from, and makes no report.
        if not workflow.remote_exec:
            check_project(project)
        plan = make_plan(project, settings)
        REDUCED = "" if workflow.remote_exec else reductions_digest(plan)
    for module in plan.modules():  # a missing or broken one is said here, in one line
        own_package().digest(module)
except UserError as error:
    raise WorkflowError(str(error)) from None

prepare(plan.config)

ALONE, LOCKED = hold(Path(".snakemake")) if workflow.is_main_process else (False, "")
if LOCKED:
    logger.warning(LOCKED)

# In each command and not in the environment: with --use-conda Snakemake takes PYTHONPATH out of the environment of its jobs.
SOURCE = shlex.quote(str(ROOT / "src")).replace("{", "{{").replace("}", "}}")
shell.prefix(
    f"set -euo pipefail; export PYTHONPATH={SOURCE}${{{{PYTHONPATH:+:$PYTHONPATH}}}}; "
)

RESULTS = f"results/{plan.scale}"
DEVICE_HAS_GPU = plan.config.jobs_device == "cuda" or (
    plan.config.jobs_device == "auto" and gpu_present()
)


def plain(value):
    """Sorted plain JSON, so that params compare equal when nothing changed."""
    return json.dumps(value, sort_keys=True)


def at(find, *names):
    """Input function or param: ``find`` called with the wildcards of these names, in this order."""
    return lambda wildcards: find(*(getattr(wildcards, name) for name in names))


def reads(find):
    """Input function: ``find``, after a look at what lies here, which the first of them takes."""

    def of(wildcards):
        look_around()
        return find(wildcards)

    return of


# -- data and runs ---------------------------------------------------------------------------------------------------------


def bundle_at(find):
    """Input function or param of a job: ``find`` called with the bundle of runs that its output names."""
    return lambda wildcards: find(
        plan.bundle(
            wildcards.paper, wildcards.experiment, wildcards.cell, wildcards.seeds
        )
    )


def bundle_spec(bundle):
    """All that a job reads."""
    return plain(plan.spec(bundle))


def bundle_size(bundle):
    """How many cells there are beside the first, for the job's message."""
    return f" and {len(bundle.runs) - 1} more" if len(bundle.runs) > 1 else ""


def bundle_datasets(bundle):
    """Data sets of a job. Ancient: what they must hash to is part of the spec, when they were fetched is not."""
    experiment = plan.experiment(bundle.leader.paper, bundle.leader.experiment)
    return [
        ancient(f"{DATA_FOLDER}/{name}.safetensors") for name in experiment.datasets
    ]


def bundle_choices(bundle):
    """Outcomes of earlier runs that decide a factor of a run, or whether it is needed at all."""
    runs = plan.spec(bundle)["runs"]
    selections = {choice["file"] for run in runs for choice in run["select"].values()}
    return sorted(selections | {run["interim"] for run in runs if run["interim"]})


def bundle_arrays(bundle):
    """Check sums of the arrays of earlier experiments that a run reads: equal arrays run nothing again."""
    return plan.sums_of(
        earlier
        for run in bundle.runs
        for found in plan.earlier(run).values()
        for earlier in found
    )


def job_versions(paper, experiment):
    """Versions of the libraries that make an experiment's numbers, as JSON, for a job to compare with what it finds."""
    locked = plan.config.versions == "locked"
    return plain(run_versions(plan.module(paper, experiment), ROOT, locked=locked))


def job_code(paper, experiment):
    """Digest of the code of a job, and of the libraries that make its numbers."""
    locked = plan.config.versions == "locked"
    return run_code(plan.module(paper, experiment), ROOT, locked=locked)


def job_gpus(paper, experiment):
    """1 where the job will use a GPU; 0 where there is none, so that CPU runs are not put in a queue for it."""
    return int(bool(plan.resources(paper, experiment).gpu) and DEVICE_HAS_GPU)


def job_threads(paper, experiment):
    """CPU threads of a job."""
    return plan.resources(paper, experiment).threads


def job_memory(wildcards, attempt):
    """Memory of a job, MB; it grows by half with each attempt, since the one before may have run out of it."""
    asked = plan.resources(wildcards.paper, wildcards.experiment).mem_mb
    return asked * (1 + attempt) // 2


def job_minutes(wildcards, attempt):
    """Time limit of a job, minutes; it doubles with each attempt."""
    limit = plan.resources(wildcards.paper, wildcards.experiment).runtime
    return limit * 2 ** (attempt - 1)


# -- scores, claims, figures, report -----------------------------------------------------------------------------------------


def code_of(verb, *modules):
    """Digest of the code of a verb, with modules of its own, and of the libraries that it stands on."""
    return verb_code(verb, ROOT, *modules)


def experiment_jobs(paper, experiment):
    """What the jobs of an experiment made."""
    return plan.records_of(plan.runs(paper, experiment))


def selection_rule(paper, selection):
    """What a selection reads, as JSON."""
    return plain(plan.selection_spec(paper, selection))


def selection_tables(paper, selection):
    """Tables of the experiments that compete."""
    names = plan.selection_spec(paper, selection)["experiments"]
    return [plan.table(paper, name) for name in names]


def selection_records(paper, selection):
    """Records of the experiments that compete."""
    names = plan.selection_spec(paper, selection)["experiments"]
    return [plan.records(paper, name) for name in names]


def claim_rules(paper):
    """A paper's claims as JSON."""
    claims = plan.protocols[paper].claims.values()
    return plain([claim.model_dump(mode="json") for claim in claims])


def control_rules(paper):
    """A paper's controls as JSON."""
    controls = plan.protocols[paper].controls.values()
    return plain([control.model_dump(mode="json") for control in controls])


def claim_design(paper):
    """What was planned for the claims of a paper."""
    return plain(targets.paper_design(plan, paper))


def interim_claims(paper, experiment):
    """The claims that read an experiment, without their words."""
    return plain(interim.interim_claims(plan, paper, experiment))


def interim_controls(paper, experiment):
    """The controls that do."""
    return plain(interim.interim_controls(plan, paper, experiment))


def interim_design(paper, experiment):
    """What was planned for what an interim decision looks at."""
    return plain(interim.interim_design(plan, paper, experiment))


def interim_readers(paper, experiment):
    """Which claims read each cell of an experiment."""
    return plain(interim.readers(plan, paper, experiment))


def interim_jobs(paper, experiment, look):
    """What an interim decision looks at."""
    return interim.interim_jobs(plan, paper, experiment, int(look))


def claim_tables(paper):
    """Tables that a paper's claims read."""
    names = targets.claim_experiments(plan, paper)
    return [plan.table(paper, name) for name in names]


def figure_code(paper, figure):
    """Digest of a figure."""
    return code_of("figure", plan.figure_module(paper, figure))


def figure_options(paper, figure):
    """Keyword arguments of a figure's draw."""
    return plain(plan.protocols[paper].figures[figure].options)


def figure_tables(paper, figure):
    """Tables that a figure draws."""
    names = plan.protocols[paper].figures[figure].tables
    return [plan.table(paper, name) for name in names]


def figure_claims(paper, figure):
    """claims.json, for a figure that draws verdicts."""
    drawn = plan.protocols[paper].figures[figure].claims
    return [targets.claims_file(plan, paper)] if drawn else []


def chapter_texts():
    """What the folders of the papers, and of instruments that they use, say in words, and what papers share."""
    texts = [
        PAPERS / paper / name
        for paper in plan.protocols
        for name in ("protocol.yaml", "answer.md")
    ]
    if plan.experiments(INSTRUMENTS):
        texts.append(PAPERS.parent / INSTRUMENTS / "protocol.yaml")
    return [*texts, *sorted(PAPERS.glob("*.yaml"))]


def report_sources():
    """Texts, templates, style and script of the report's pages."""
    pages = [
        path
        for path in sorted((ROOT / "reports").iterdir())
        if path.suffix in (".j2", ".css", ".js")
    ]
    return [str(path.relative_to(ROOT)) for path in [*chapter_texts(), *pages]]


def report_page():
    """The report's front page."""
    return f"{RESULTS}/report/index.html"


def report_chapters():
    """The report's other pages: one per question, and one with every run."""
    numbers = {protocol.question for protocol in plan.protocols.values()}
    names = [f"question-{number}" for number in sorted(numbers)]
    return [f"{RESULTS}/report/{name}.html" for name in [*names, "runs"]]


def report_assets():
    """Folder of what the pages show and link: figures, tables, style and script."""
    return f"{RESULTS}/report/assets"


def pdf_sources():
    """Texts and layout of the PDF."""
    texts = [*chapter_texts(), ROOT / "reports/report.typ"]
    return [str(path.relative_to(ROOT)) for path in texts]


def report_pdf():
    """The report as a PDF."""
    return f"{RESULTS}/report/report.pdf"


def contents(files):
    """Digest of the contents of files, which are inputs of a job: for its recipe, since times say nothing in a fresh clone."""
    return recipe_digest({file: file_sha256(file) for file in files})
