rule figure:
    input:
        tables=figure_tables,
        records=figure_records,
        arrays=figure_arrays,
        claims=figure_claims,
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
        module=figure_module,
        code=figure_code,
    message:
        "Drawing {wildcards.paper}/{wildcards.figure}"
    shell:
        "python -m secondlook figure {params.module} --tables {input.tables:q} --arrays {input.records:q} --claims {input.claims:q} --out {output:q} > {log:q} 2>&1"
