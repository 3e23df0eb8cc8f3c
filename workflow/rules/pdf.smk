rule pdf:
    input:
        products=targets.report_products(plan),
        sources=ancient(pdf_sources()),  # their content is a param
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
        **PARAMS["pdf"],
        recipe=recipe("pdf"),
    message:
        "Setting the report as a PDF"
    shell:
        "python -m secondlook pdf --code {params.code} --recipe {params.recipe} --config {params.config:q} --out {output:q} > {log:q} 2>&1"
