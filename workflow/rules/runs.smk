# A job makes one or several cells of an experiment; {cell} is the first of them, whose folder holds what the job says of all.
# Each cell has its own folder with history.csv, arrays.safetensors and run.json.
# Told to end, the shell waits for the job, which first writes a checkpoint.
# Snakemake removes the log of an earlier attempt before the next one: so a log has a second name with the time, which goes if all is well.
rule run:
    input:
        data=reads(bundle_at(bundle_datasets)),
        choices=reads(bundle_at(bundle_choices)),
        arrays=reads(bundle_at(bundle_arrays)),
    output:
        made="results/{scale}/{paper}/{experiment}/{cell}/{seeds}/job.json",
        numbers="results/{scale}/{paper}/{experiment}/{cell}/{seeds}/job.sha256",
    log:
        "logs/{scale}/{paper}/{experiment}/{cell}/{seeds}.log",
    benchmark:
        "benchmarks/{scale}/{paper}/{experiment}/{cell}/{seeds}.tsv"
    conda:
        "../../envs/run.yaml"
    threads: at(job_threads, "paper", "experiment")
    resources:
        gpu=at(job_gpus, "paper", "experiment"),
        mem_mb=job_memory,
        runtime=job_minutes,
    params:
        **PARAMS["run"],
        recipe=recipe("run"),
        more=bundle_at(bundle_size),
    message:
        "Running {wildcards.paper}/{wildcards.experiment}: {wildcards.cell}{params.more}, {wildcards.seeds}"
    shell:
        "trap : TERM; kept={log:q}.$(date +%Y%m%dT%H%M%S); : > {log:q}; ln -f {log:q} $kept; "
        "python -m secondlook run --code {params.code} --recipe {params.recipe} --spec {params.spec:q} --versions {params.versions:q} --out results/{wildcards.scale}/{wildcards.paper}/{wildcards.experiment} >> {log:q} 2>&1; "
        "rm -f $kept"
