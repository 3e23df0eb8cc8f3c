"""What the rules share: the plan, code digests, input functions. No rule stands here."""

import functools
import json
import shlex
from pathlib import Path

from snakemake.exceptions import WorkflowError

from secondlook.plan import targets as products
from secondlook.protocol.config import load_config
from secondlook.plan.digest import digest, pins, run_pins
from secondlook.plan.environment import prepare
from secondlook.errors import UserError
from secondlook.machine import gpu_present
from secondlook.plan.plan import DATA_FOLDER, INSTRUMENTS, load_plan

ROOT = Path(workflow.basedir)
PAPERS = ROOT / "src/secondlook/papers"

try:
    plan = load_plan(PAPERS, load_config(dict(config)))
    for module in plan.modules():  # a missing or broken one is said here, in one line
        digest(module)
except UserError as error:
    raise WorkflowError(str(error)) from None

prepare(plan.config)

# In each command and not in the environment: with --use-conda Snakemake takes PYTHONPATH out of the environment of its jobs.
SOURCE = shlex.quote(str(ROOT / "src")).replace("{", "{{").replace("}", "}}")
shell.prefix(
    f"set -euo pipefail; export PYTHONPATH={SOURCE}${{{{PYTHONPATH:+:$PYTHONPATH}}}}; "
)

RESULTS = f"results/{plan.scale}"
CONFIG = plan.config.model_dump(mode="json")
DEVICE_HAS_GPU = plan.config.device == "cuda" or (
    plan.config.device == "auto" and gpu_present()
)


def plain(value):
    """Sorted plain JSON, so that params compare equal when nothing changed."""
    return json.dumps(value, sort_keys=True)


# -- data and runs ---------------------------------------------------------------------------------------------------------


def the_run(wildcards):
    """The run that a path names."""
    return plan.run(
        wildcards.paper, wildcards.experiment, wildcards.cell, wildcards.seeds
    )


def run_spec(wildcards):
    """All that a job reads."""
    return plain(plan.spec(the_run(wildcards)))


def run_datasets(wildcards):
    """Data sets of a run. Ancient: what they must hash to is part of the spec, when they were fetched is not."""
    return [
        ancient(f"{DATA_FOLDER}/{name}.safetensors")
        for name in plan.experiment(wildcards.paper, wildcards.experiment).datasets
    ]


def run_selections(wildcards):
    """Outcomes of earlier experiments that decide a factor of this run."""
    return sorted(
        {choice["file"] for choice in plan.spec(the_run(wildcards))["select"].values()}
    )


def run_arrays(wildcards):
    """Arrays of earlier experiments that this run reads."""
    return [
        f"{folder}/arrays.safetensors"
        for folders in plan.spec(the_run(wildcards))["inputs"].values()
        for folder in folders
    ]


@functools.cache  # it is the same for every run of a module
def module_code(module):
    """Digest of the runner, a module, all that they import, and the libraries that make the numbers."""
    roots = ("secondlook.runner.job", module)
    return digest(*roots, versions=run_pins(ROOT / "envs/run.yaml", *roots))


def run_code(wildcards):
    """Digest of the code of a run."""
    return module_code(plan.module(wildcards.paper, wildcards.experiment))


def run_threads(wildcards):
    """CPU threads of a run."""
    return plan.resources(wildcards.paper, wildcards.experiment).threads


def run_gpus(wildcards):
    """1 where the run will use a GPU; 0 where there is none, so that CPU runs are not put in a queue for it."""
    return int(
        bool(plan.resources(wildcards.paper, wildcards.experiment).gpu)
        and DEVICE_HAS_GPU
    )


def run_memory(wildcards):
    """Memory of a run, MB."""
    return plan.resources(wildcards.paper, wildcards.experiment).mem_mb


def run_minutes(wildcards, attempt):
    """Time limit of a run, minutes; it doubles with each attempt."""
    return plan.resources(wildcards.paper, wildcards.experiment).runtime * 2 ** (
        attempt - 1
    )


# -- scores, claims, figures, report -----------------------------------------------------------------------------------------


def report_code(*roots, libraries):
    """Digest of modules and all that they import, and of the libraries that they stand on."""
    return digest(*roots, versions=pins(ROOT / "envs/report.yaml", libraries))


def experiment_runs(wildcards):
    """Records of all runs of an experiment."""
    return [
        f"{plan.folder(run)}/run.json"
        for run in plan.runs(wildcards.paper, wildcards.experiment)
    ]


def selection_rule(wildcards):
    """What a selection reads."""
    return plain(plan.selection_spec(wildcards.paper, wildcards.selection))


def selection_tables(wildcards):
    """Tables of the experiments that compete."""
    return [
        plan.table(wildcards.paper, key)
        for key in plan.selection_spec(wildcards.paper, wildcards.selection)[
            "experiments"
        ]
    ]


def selection_records(wildcards):
    """Records of the experiments that compete."""
    return [
        plan.records(wildcards.paper, key)
        for key in plan.selection_spec(wildcards.paper, wildcards.selection)[
            "experiments"
        ]
    ]


def claim_rules(wildcards):
    """A paper's claims."""
    return plain(
        [
            claim.model_dump(mode="json")
            for claim in plan.protocols[wildcards.paper].claims
        ]
    )


def claim_fidelity(wildcards):
    """Fidelity of each experiment that a claim rests on and that runs at this scale."""
    return plain(
        {
            key: plan.budget(wildcards.paper, key).fidelity
            for key in products.claim_experiments(plan, wildcards.paper)
        }
    )


def control_rules(wildcards):
    """A paper's controls."""
    return plain(
        [
            control.model_dump(mode="json")
            for control in plan.protocols[wildcards.paper].controls
        ]
    )


def claim_tables(wildcards):
    """Tables that a paper's claims read."""
    return [
        plan.table(wildcards.paper, key)
        for key in products.claim_experiments(plan, wildcards.paper)
    ]


def figure_module(wildcards):
    """Dotted name of a figure's module."""
    return plan.figure_module(wildcards.paper, wildcards.figure)


def figure_code(wildcards):
    """Digest of a figure."""
    return report_code(
        "secondlook.figures.style",
        figure_module(wildcards),
        libraries=("matplotlib", "seaborn", "pandas", "numpy", "scipy"),
    )


def figure_tables(wildcards):
    """Tables that a figure draws."""
    return [
        plan.table(wildcards.paper, key)
        for key in plan.protocols[wildcards.paper].figures[wildcards.figure].tables
    ]


def figure_records(wildcards):
    """Records of the runs whose arrays a figure draws."""
    return products.array_files(plan, wildcards.paper, wildcards.figure, "run.json")


def figure_arrays(wildcards):
    """The arrays themselves."""
    return products.array_files(
        plan, wildcards.paper, wildcards.figure, "arrays.safetensors"
    )


def figure_claims(wildcards):
    """claims.json, for a figure that draws verdicts."""
    return (
        [products.claims_file(plan, wildcards.paper)]
        if plan.protocols[wildcards.paper].figures[wildcards.figure].claims
        else []
    )


def report_products(wildcards):
    """What the report is made of, apart from its sources."""
    return products.report_products(plan)


def chapter_texts():
    """What the folders of the papers, and of instruments that they use, say in words."""
    texts = [
        PAPERS / paper / name
        for paper in plan.protocols
        for name in ("protocol.yaml", "answer.md")
    ]
    if plan.experiments(INSTRUMENTS):
        texts.append(PAPERS.parent / INSTRUMENTS / "protocol.yaml")
    return texts


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
    """The report's other pages, one a question."""
    numbers = {protocol.question for protocol in plan.protocols.values()}
    return [f"{RESULTS}/report/question-{number}.html" for number in sorted(numbers)]


def report_assets():
    """Folder of what the pages show and link: figures, tables, style and script."""
    return f"{RESULTS}/report/assets"


# -- PDF ---------------------------------------------------------------------------------------------------------------------


def pdf_sources():
    """Texts and layout of the PDF."""
    return [
        str(path.relative_to(ROOT))
        for path in [*chapter_texts(), ROOT / "reports/report.typ"]
    ]


def report_pdf():
    """The report as a PDF."""
    return f"{RESULTS}/report/report.pdf"
