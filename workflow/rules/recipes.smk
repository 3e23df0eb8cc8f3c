"""What the jobs of each rule are told, and what the start of the workflow finds by it that must be made again. No rule stands here."""

from types import SimpleNamespace

from secondlook.errors import MOST_NAMED
from secondlook.plan.products import planned_jobs
from secondlook.start.leftovers import sweep
from secondlook.start.stale import look, put_times_back

#: rule -> what its jobs are told; each is a param of the rule, and all of them are its jobs' recipe
PARAMS = {
    "run": {
        "spec": bundle_at(bundle_spec),
        "code": at(job_code, "paper", "experiment"),
        "versions": at(job_versions, "paper", "experiment"),
    },
    "collect": {"code": code_of("collect")},
    "select": {
        "spec": at(selection_rule, "paper", "selection"),
        "code": code_of("select"),
    },
    "interim": {
        "claims": at(interim_claims, "paper", "experiment"),
        "controls": at(interim_controls, "paper", "experiment"),
        "design": at(interim_design, "paper", "experiment"),
        "readers": at(interim_readers, "paper", "experiment"),
        "code": code_of("interim"),
    },
    "decide": {
        "claims": at(claim_rules, "paper"),
        "controls": at(control_rules, "paper"),
        "design": at(claim_design, "paper"),
        "code": code_of("decide"),
    },
    "figure": {
        "module": at(plan.figure_module, "paper", "figure"),
        "options": at(figure_options, "paper", "figure"),
        "code": at(figure_code, "paper", "figure"),
    },
    "report": {
        "config": plain(plan.config.reported),
        "reduced": REDUCED,
        "texts": contents(report_sources()),
        "code": code_of("report"),
    },
    "pdf": {
        "config": plain(plan.config.reported),
        "reduced": REDUCED,
        "texts": contents(pdf_sources()),
        "code": code_of("pdf"),
    },
}


@functools.cache  # the start asks for each, and Snakemake again
def recipe_of(rule, names):
    wildcards = SimpleNamespace(**dict(names))
    told = {
        name: say(wildcards) if callable(say) else say
        for name, say in PARAMS[rule].items()
    }
    return recipe_digest({"rule": rule, **told})


def recipe(rule):
    """Param: digest of all that a job of a rule is told; ``names`` are its wildcards, of which the scale goes without saying."""

    def of(names):
        told = {name: value for name, value in dict(names).items() if name != "scale"}
        return recipe_of(rule, tuple(sorted(told.items())))

    return of


@functools.cache  # once
def look_around():
    """What the start of the workflow does once it is known what is asked for: find what must be made again, remove leftovers.

    Called while Snakemake builds its graph, since only then it says whether this is a dry run, and takes files that must be made again: in
    the way in which it takes those that an interrupted job left incomplete.
    """
    if not workflow.is_main_process:
        return
    found = look(list(planned_jobs(plan)), lambda job: recipe(job.rule)(job.names))
    for line in found.damage[:MOST_NAMED]:
        logger.warning(f"{line}: it is made again.")
    if more := found.damage[MOST_NAMED:]:
        logger.warning(f"and {len(more)} more files that are missing or damaged")
    workflow.dag.forcefiles.update(found.stale)
    if ALONE:
        put_times_back(found)
    if ALONE and not workflow.dryrun:
        for path in sweep(plan, job_code, Path(plan.config.work_dir)):
            logger.info(f"Removed {path}, which an interrupted job left.")
