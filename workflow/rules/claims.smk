rule decide:
    input:
        claim_tables,
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
        claims=claim_rules,
        controls=control_rules,
        fidelity=claim_fidelity,
        code=report_code(
            "secondlook.stats.decide", libraries=("numpy", "pandas", "scipy", "statsmodels")
        ),
    message:
        "Deciding the claims of {wildcards.paper}"
    shell:
        "python -m secondlook decide --claims {params.claims:q} --controls {params.controls:q} --fidelity {params.fidelity:q} --tables {input:q} --out {output:q} > {log:q} 2>&1"
