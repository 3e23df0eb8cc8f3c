rule decide:
    input:
        reads(at(claim_tables, "paper")),
    output:
        "results/{scale}/{paper}/claims.json",
    log:
        "logs/{scale}/{paper}/claims.log",
    benchmark:
        "benchmarks/{scale}/{paper}/claims.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **PARAMS["decide"],
        recipe=recipe("decide"),
    message:
        "Deciding the claims of {wildcards.paper}"
    shell:
        "python -m secondlook decide --code {params.code} --recipe {params.recipe} --paper {wildcards.paper} --claims {params.claims:q} --controls {params.controls:q} --design {params.design:q} --tables {input:q} --out {output:q} > {log:q} 2>&1"


# Between two looks at the replicas of an experiment: which of its cells want more. No checkpoint: all blocks are planned, and those that
# nobody needs end at once.
rule interim:
    input:
        reads(at(interim_jobs, "paper", "experiment", "look")),
    output:
        "results/{scale}/{paper}/looks/{experiment}/{look}.json",
    log:
        "logs/{scale}/{paper}/looks/{experiment}.{look}.log",
    benchmark:
        "benchmarks/{scale}/{paper}/looks/{experiment}.{look}.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **PARAMS["interim"],
        recipe=recipe("interim"),
    message:
        "Looking whether {wildcards.paper}/{wildcards.experiment} needs more than look {wildcards.look}"
    shell:
        "python -m secondlook interim --code {params.code} --recipe {params.recipe} --claims {params.claims:q} --controls {params.controls:q} --design {params.design:q} --readers {params.readers:q} --jobs {input:q} --out {output:q} > {log:q} 2>&1"
