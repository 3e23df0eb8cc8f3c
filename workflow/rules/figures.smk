rule figure:
    input:
        tables=at(figure_tables, "paper", "figure"),
        jobs=at(functools.partial(targets.drawn_jobs, plan), "paper", "figure"),
        claims=at(figure_claims, "paper", "figure"),
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
        module=at(plan.figure_module, "paper", "figure"),
        options=at(figure_options, "paper", "figure"),
        code=at(figure_code, "paper", "figure"),
    message:
        "Drawing {wildcards.paper}/{wildcards.figure}"
    shell:
        "python -m secondlook figure {params.module} --name {wildcards.paper}/{wildcards.figure} --options {params.options:q} --tables {input.tables:q} --arrays {input.jobs:q} --claims {input.claims:q} --out {output:q} > {log:q} 2>&1"
