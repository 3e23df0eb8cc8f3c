rule figure:
    input:
        tables=reads(at(figure_tables, "paper", "figure")),
        jobs=reads(at(functools.partial(targets.drawn_jobs, plan), "paper", "figure")),
        claims=reads(at(figure_claims, "paper", "figure")),
    output:
        report(
            "results/{scale}/{paper}/figures/{figure}.svg",
            caption="../report/figure.rst",
            category="{paper}",
            labels={"figure": "{figure}"},
        ),
        "results/{scale}/{paper}/figures/{figure}.png",
    log:
        "logs/{scale}/{paper}/figures/{figure}.log",
    benchmark:
        "benchmarks/{scale}/{paper}/figures/{figure}.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **PARAMS["figure"],
        recipe=recipe("figure"),
    message:
        "Drawing {wildcards.paper}/{wildcards.figure}"
    shell:
        "python -m secondlook figure --code {params.code} --recipe {params.recipe} {params.module} --name {wildcards.paper}/{wildcards.figure} --options {params.options:q} --tables {input.tables:q} --arrays {input.jobs:q} --claims {input.claims:q} --out {output:q} > {log:q} 2>&1"
