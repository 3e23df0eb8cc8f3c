rule collect:
    input:
        reads(at(experiment_jobs, "paper", "experiment")),
    output:
        table="results/{scale}/{paper}/{experiment}.csv",
        records="results/{scale}/{paper}/{experiment}.runs.json",
    log:
        "logs/{scale}/{paper}/{experiment}.collect.log",
    benchmark:
        "benchmarks/{scale}/{paper}/{experiment}.collect.tsv"
    localrule: True
    # Not the report's environment: runs follow from a selection, and a plotting library must never rerun a training.
    conda:
        "../../envs/run.yaml"
    params:
        **PARAMS["collect"],
        recipe=recipe("collect"),
    message:
        "Gathering the runs of {wildcards.paper}/{wildcards.experiment}"
    shell:
        "python -m secondlook collect --code {params.code} --recipe {params.recipe} {input:q} --table {output.table:q} --records {output.records:q} > {log:q} 2>&1"


rule select:
    input:
        tables=reads(at(selection_tables, "paper", "selection")),
        records=reads(at(selection_records, "paper", "selection")),
    output:
        "results/{scale}/{paper}/selections/{selection}.json",
    log:
        "logs/{scale}/{paper}/selections/{selection}.log",
    benchmark:
        "benchmarks/{scale}/{paper}/selections/{selection}.tsv"
    localrule: True
    conda:
        "../../envs/run.yaml"
    params:
        **PARAMS["select"],
        recipe=recipe("select"),
    message:
        "Choosing {wildcards.selection} for {wildcards.paper}"
    shell:
        "python -m secondlook select --code {params.code} --recipe {params.recipe} --spec {params.spec:q} --tables {input.tables:q} --records {input.records:q} --out {output:q} > {log:q} 2>&1"
