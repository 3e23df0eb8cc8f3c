"""What the rules share: the plan, code digests, input functions. No rule stands here."""

import json
import shlex
from pathlib import Path

from snakemake.exceptions import WorkflowError

from secondlook.config import load_config
from secondlook.digest import digest, pins
from secondlook.environment import prepare
from secondlook.errors import UserError
from secondlook.machine import gpu_present
from secondlook.plan import DATA_FOLDER, load_plan

ROOT = Path(workflow.basedir)
PAPERS = ROOT / "src/secondlook/papers"

try:
    plan = load_plan(PAPERS, load_config(dict(config)))
    for (
        paper,
        protocol,
    ) in plan.protocols.items():  # a missing or broken module is said here, in one line
        for experiment in protocol.experiments.values():
            digest(f"secondlook.papers.{paper}.{experiment.module}")
        for figure in protocol.figures:
            digest(f"secondlook.papers.{paper}.figures.{figure}")
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


def run_code(wildcards):
    """Digest of the runner, the experiment's module, all that they import, and the libraries that make the numbers."""
    code = plan.experiment(wildcards.paper, wildcards.experiment).module
    versions = pins(ROOT / "envs/run.yaml", ("torch", "torchvision", "numpy"))
    return digest(
        "secondlook.job",
        f"secondlook.papers.{wildcards.paper}.{code}",
        versions=versions,
    )


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
            for key in claim_experiments(wildcards.paper)
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


def claim_experiments(paper):
    """Experiments that claims and controls read and that run at this scale."""
    protocol = plan.protocols[paper]
    wanted = {
        key
        for item in [*protocol.claims, *protocol.controls]
        for key in protocol.experiments_behind(item)
    }
    return [key for key in plan.experiments(paper) if key in wanted]


def claim_tables(wildcards):
    """Tables that a paper's claims read."""
    return [
        plan.table(wildcards.paper, key) for key in claim_experiments(wildcards.paper)
    ]


def figure_module(wildcards):
    """Dotted name of a figure's module."""
    return f"secondlook.papers.{wildcards.paper}.figures.{wildcards.figure}"


def figure_code(wildcards):
    """Digest of a figure."""
    return report_code(
        "secondlook.plotting",
        figure_module(wildcards),
        libraries=("matplotlib", "seaborn", "pandas", "numpy", "scipy"),
    )


def figure_tables(wildcards):
    """Tables that a figure draws."""
    return [
        plan.table(wildcards.paper, key)
        for key in plan.protocols[wildcards.paper].figures[wildcards.figure].tables
    ]


def figure_claims(wildcards):
    """claims.json, for a figure that draws verdicts."""
    return (
        [f"{RESULTS}/{wildcards.paper}/claims.json"]
        if plan.protocols[wildcards.paper].figures[wildcards.figure].claims
        else []
    )


def figure_files(paper, figure):
    """Files of a figure."""
    return [f"{RESULTS}/{paper}/figures/{figure}.{kind}" for kind in ("svg", "png")]


def paper_products(paper):
    """All that a paper adds to the report."""
    return [
        f"{RESULTS}/{paper}/claims.json",
        *(plan.records(paper, key) for key in plan.experiments(paper)),
        *(
            plan.selection(paper, key)
            for key, selection in plan.protocols[paper].selections.items()
            if set(selection.experiments) & set(plan.experiments(paper))
        ),
        *(
            path
            for figure in plan.figures(paper)
            for path in figure_files(paper, figure)
        ),
    ]


def paper_targets(paper):
    """All that a paper adds to the report, and the records of its runs.

    Not the products alone: a failed job loses its outputs, and Snakemake leaves a lost file alone where what was made of it is still there,
    so the next start would keep the numbers of the code before.
    """
    return paper_products(paper) + run_records(paper, plan.experiments(paper))


def figure_targets(paper, figure):
    """A figure, and the records of the runs behind it, for the same reason."""
    return figure_files(paper, figure) + run_records(
        paper, plan.protocols[paper].figures[figure].tables
    )


def run_records(paper, experiments):
    """Records of the runs of these experiments and of those that they need."""
    return [
        f"{plan.folder(run)}/run.json" for run in plan.runs_behind(paper, experiments)
    ]


def report_products(wildcards):
    """What the report is made of, apart from its sources."""
    products = [path for paper in plan.protocols for path in paper_products(paper)]
    tables = {
        plan.table(paper, key)
        for paper, protocol in plan.protocols.items()
        for figure in plan.figures(paper)
        for key in protocol.figures[figure].tables
    }
    return products + sorted(tables)


def report_sources():
    """Texts, templates, style and script of the report's pages."""
    papers = [
        PAPERS / paper / name
        for paper in plan.protocols
        for name in ("protocol.yaml", "answer.md")
    ]
    pages = [
        path
        for path in sorted((ROOT / "reports").iterdir())
        if path.suffix in (".j2", ".css", ".js")
    ]
    return [str(path.relative_to(ROOT)) for path in [*papers, *pages]]


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
    papers = [
        PAPERS / paper / name
        for paper in plan.protocols
        for name in ("protocol.yaml", "answer.md")
    ]
    return [
        str(path.relative_to(ROOT)) for path in [*papers, ROOT / "reports/report.typ"]
    ]


def report_pdf():
    """The report as a PDF."""
    return f"{RESULTS}/report/report.pdf"
