rule report:
    input:
        products=targets.report_products(plan),
        sources=report_sources(),
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
        config=plain(CONFIG),
        reduced=REDUCED,
        code=report_code(
            "secondlook.report.build",
            libraries=("jinja2", "latex2mathml", "markdown-it-py"),
        ),
    message:
        "Building the report"
    shell:
        "python -m secondlook report --config {params.config:q} --out {output.page:q} > {log:q} 2>&1"
