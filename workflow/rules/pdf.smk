rule pdf:
    input:
        products=targets.report_products(plan),
        sources=pdf_sources(),
    output:
        report_pdf(),
    log:
        f"logs/{plan.scale}/pdf.log",
    benchmark:
        f"benchmarks/{plan.scale}/pdf.tsv"
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        config=plain(CONFIG),
        reduced=REDUCED,
        code=report_code(
            "secondlook.report.pdf",
            libraries=("jinja2", "latex2mathml", "markdown-it-py", "typst"),
        ),
    message:
        "Setting the report as a PDF"
    shell:
        "python -m secondlook pdf --config {params.config:q} --out {output:q} > {log:q} 2>&1"
