rule dataset:
    output:
        "resources/datasets/{dataset}.safetensors",
    log:
        "logs/datasets/{dataset}.log",
    benchmark:
        "benchmarks/datasets/{dataset}.tsv"
    localrule: True
    conda:
        "../../envs/run.yaml"
    message:
        "Fetching {wildcards.dataset} and checking every byte"
    shell:
        "python -m secondlook fetch {wildcards.dataset} --out {output:q} > {log:q} 2>&1"
