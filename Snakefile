import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.19")
sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from secondlook.errors import UserError
from secondlook.protocol.document import load_document
from secondlook.start.queue import refuse_a_second_driver

try:
    # Snakemake would name neither file nor line, and take the second of two equal keys.
    load_document("config.yaml")
except UserError as error:
    raise WorkflowError(str(error)) from None


configfile: "config.yaml"


# With --sdm apptainer every job runs in it; `make container` builds it.
container: "containers/second-look.sif"


# A GPU is counted on one machine; on a cluster the scheduler counts, and jobs queue side by side.
resource_scopes:
    gpu="local",


include: "workflow/rules/common.smk"
include: "workflow/rules/recipes.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/runs.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/pdf.smk"


wildcard_constraints:
    scale="smoke|quick|paper",
    paper="[a-z0-9][a-z0-9_-]*",
    experiment="[a-z0-9][a-z0-9_-]*",
    selection="[a-z0-9][a-z0-9_-]*",
    figure="[a-z0-9][a-z0-9_-]*",
    look="[0-9]+",
    cell="[^/]+",
    seeds="seeds=[0-9]+(-[0-9]+)?",


onstart:
    # Snakemake's own limit of 100 jobs a second keeps its scheduler busy: each of its rounds, of which each job makes one, starts a timer for
    # another round, which does so again. After 200 jobs there are 200 rounds a second. Another limit stays.
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limiter and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    # Jobs outlive a driver that is killed; a second driver would submit them again.
    if workflow.executor_plugin.name == "slurm":
        try:
            refuse_a_second_driver(Path.cwd())
        except UserError as error:
            raise WorkflowError(str(error)) from None


rule all:
    default_target: True
    input:
        report_page(),
        report_pdf(),
        [targets.paper_targets(plan, paper) for paper in plan.protocols],


# One target a paper: snakemake --cores all wilson2017
for paper in plan.protocols:

    rule:
        name:
            paper
        input:
            targets.paper_targets(plan, paper),


# One target a figure: snakemake --cores all wilson2017_c1_gap
for paper in plan.protocols:
    for figure in plan.figures(paper):

        rule:
            name:
                f"{paper}_{figure}"
            input:
                targets.figure_targets(plan, paper, figure),
