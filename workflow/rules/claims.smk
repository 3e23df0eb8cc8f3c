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
        fidelity=at(claim_fidelity, "paper"),
        code=report_code(
            "secondlook.stats.decide",
            libraries=("numpy", "pandas", "scipy", "statsmodels"),
        ),
    message:
        "Deciding the claims of {wildcards.paper}"
    shell:
        "python -m secondlook decide --paper {wildcards.paper} --claims {params.claims:q} --controls {params.controls:q} --fidelity {params.fidelity:q} --tables {input:q} --out {output:q} > {log:q} 2>&1"
