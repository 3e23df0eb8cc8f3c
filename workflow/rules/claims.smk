rule decide:
    input:
        at(claim_tables, "paper"),
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
        claims=at(claim_rules, "paper"),
        controls=at(control_rules, "paper"),
        design=at(claim_design, "paper"),
        code=report_code("secondlook.stats.decide", libraries=STATISTICS),
    message:
        "Deciding the claims of {wildcards.paper}"
    shell:
        "python -m secondlook decide --paper {wildcards.paper} --claims {params.claims:q} --controls {params.controls:q} --design {params.design:q} --tables {input:q} --out {output:q} > {log:q} 2>&1"


# Between two looks at the replicas of an experiment: which of its cells want more. No checkpoint: all blocks are planned, and those that
# nobody needs end at once.
rule interim:
    input:
        at(interim_jobs, "paper", "experiment", "look"),
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
        claims=at(interim_claims, "paper", "experiment"),
        controls=at(interim_controls, "paper", "experiment"),
        design=at(interim_design, "paper", "experiment"),
        readers=at(interim_readers, "paper", "experiment"),
        code=report_code("secondlook.stats.interim", libraries=STATISTICS),
    message:
        "Looking whether {wildcards.paper}/{wildcards.experiment} needs more than look {wildcards.look}"
    shell:
        "python -m secondlook interim --claims {params.claims:q} --controls {params.controls:q} --design {params.design:q} --readers {params.readers:q} --jobs {input:q} --out {output:q} > {log:q} 2>&1"
