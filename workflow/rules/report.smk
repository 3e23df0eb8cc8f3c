rule report:
    input:
        products=targets.report_products(plan),
        sources=ancient(report_sources()),  # their content is a param
    output:
        page=report_page(),
        chapters=report_chapters(),
        assets=directory(report_assets()),
    log:
        f"logs/{plan.scale}/report.log",
    benchmark:
        f"benchmarks/{plan.scale}/report.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        **PARAMS["report"],
        recipe=recipe("report"),
    message:
        "Building the report"
    shell:
        "python -m secondlook report --code {params.code} --recipe {params.recipe} --config {params.config:q} --out {output.page:q} > {log:q} 2>&1"
