rule run:
    input:
        data=run_datasets,
        selections=run_selections,
        arrays=run_arrays,
    output:
        history="results/{scale}/{paper}/{experiment}/{cell}/{seeds}/history.csv",
        arrays="results/{scale}/{paper}/{experiment}/{cell}/{seeds}/arrays.safetensors",
        record="results/{scale}/{paper}/{experiment}/{cell}/{seeds}/run.json",
    log:
        "logs/{scale}/{paper}/{experiment}/{cell}/{seeds}.log",
    benchmark:
        "benchmarks/{scale}/{paper}/{experiment}/{cell}/{seeds}.tsv"
    conda:
        "../../envs/run.yaml"
    threads: run_threads
    resources:
        gpu=run_gpus,
        mem_mb=run_memory,
        runtime=run_minutes,
    params:
        spec=run_spec,
        code=run_code,
    message:
        "Running {wildcards.paper}/{wildcards.experiment}: {wildcards.cell}, {wildcards.seeds}"
    shell:
        "python -m secondlook run --spec {params.spec:q} --code {params.code} --out $(dirname {output.record:q}) > {log:q} 2>&1"
