"""Jobs that a cluster disturbs, and drivers that die: the results are those of an undisturbed run on one machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from slurm_site import Site
from toy_project import Project, clean_environment

RESULTS = "results/smoke/marathon"
RUN = ("marathon", "--config", "scale=smoke", "device=cpu")
DRIVER = Path(__file__).parents[2] / "profiles/slurm/driver.sbatch"


def numbers(project: Project) -> dict[str, bytes]:
    """What the runs measured, and what was decided."""
    folder = project / RESULTS
    files = [*folder.glob("walk/*/*/history.csv"), *folder.glob("walk/*/*/arrays.safetensors"), folder / "walk.csv", folder / "claims.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def log(site: Site, trouble: str) -> Path:
    return site.project / f"logs/smoke/marathon/walk/trouble={trouble}/seeds=0-1.log"


def slurm_logs(site: Site, trouble: str) -> str:
    logs = (site.project / ".snakemake/slurm_logs").rglob("*.log")
    return "".join(path.read_text() for path in logs if f"trouble={trouble}" in str(path))


def walking(site: Site, trouble: str) -> bool:
    """Whether a disturbed job has begun its walk: it has taken its mark away."""
    return not (site.project / trouble).exists()


def test_whatever_happens_to_jobs_the_numbers_are_the_same(site: Site) -> None:
    """Cancelled, requeued, at the end of their time, out of memory; a controller that is away and a node that is drained."""
    cluster, project = site.cluster, site.project
    local = project.copy_to(project.folder.parent / "local")
    local.run(*RUN)
    for trouble in ("cancelled", "requeued", "slow"):
        (project / trouble).touch()
    driver = site.submit(*RUN)

    disturb = {
        "slow": ("scontrol", "update", "JobId=JOB", "TimeLimit=1"),
        "cancelled": ("scancel", "JOB"),
        "requeued": ("scontrol", "requeue", "JOB"),
    }
    while disturb:  # in the order in which the queue starts them
        site.wait_for(lambda: any(walking(site, trouble) for trouble in disturb), driver)
        trouble = next(trouble for trouble in disturb if walking(site, trouble))
        job = cluster.job_with(f"trouble={trouble}")
        assert job, (trouble, cluster.comments())
        cluster.ask(*(word.replace("JOB", job) for word in disturb.pop(trouble)))
    cluster.restart_controller(away=3)
    node, _ = cluster.node()
    cluster.ask("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=a test")
    site.wait_for(lambda: cluster.node()[1].startswith("dr"), driver)
    cluster.ask("scontrol", "update", f"NodeName={node}", "State=RESUME")

    assert driver.wait(timeout=400) == 0, site.said()[-6000:]
    assert numbers(project) == numbers(local)
    for trouble in ("cancelled", "requeued", "slow"):
        assert "taking up a checkpoint" in log(site, trouble).read_text(), trouble
    for trouble in ("cancelled", "slow"):
        earlier = [path.read_text() for path in log(site, trouble).parent.glob("seeds=0-1.log.*")]
        assert len(earlier) == 1 and "told to end: a checkpoint is written" in earlier[0], trouble
    assert "exceeded memory limit" in slurm_logs(site, "hungry"), "the second attempt had half as much again"
    assert not list(log(site, "none").parent.glob("seeds=0-1.log.*")), "the log of an attempt that ended well has one name"
    assert not list((project / "work").rglob("step-*")), "checkpoints of finished jobs are removed"


def test_a_preempted_job_is_started_again_and_takes_up_its_checkpoint(site: Site) -> None:
    (site.project / "none").touch()
    driver = site.submit(f"{RESULTS}/walk/trouble=none/seeds=0-1/job.json", *RUN[1:])
    site.wait_for(lambda: walking(site, "none"), driver)
    site.cluster.ask("sbatch", "--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap", "sleep 1")
    assert driver.wait(timeout=200) == 0, site.said()[-6000:]
    assert "taking up a checkpoint" in log(site, "none").read_text()


def test_a_killed_driver_is_not_followed_by_a_second_submission(site: Site) -> None:
    cluster, project = site.cluster, site.project
    (project / "none").touch()
    driver = site.submit(*RUN)
    site.wait_for(lambda: walking(site, "none"), driver)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    left = set(cluster.comments())

    again = site.submit(*RUN)
    assert again.wait(timeout=100) == 1
    assert set(cluster.comments()) <= left, "nothing was submitted"
    (command,) = (line.split(":", 1)[1].split() for line in site.said().splitlines() if line.strip().startswith("or cancel them"))
    assert command[0] == "scancel" and cluster.job_with("trouble=none") in command[1:] and set(command[1:]) <= left

    cluster.ask(*command)
    site.wait_for(lambda: not cluster.comments())
    third = site.submit(*RUN)
    assert third.wait(timeout=300) == 0, site.said()[-6000:]
    assert "taking up a checkpoint" in log(site, "none").read_text()


def test_the_driver_as_a_job_cancels_its_jobs_when_it_is_told_to_end(site: Site) -> None:
    cluster, project = site.cluster, site.project
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/activate").write_text(f"export PATH={Path(sys.executable).parent}:$PATH\n")
    (project / "none").touch()
    environment = clean_environment() | cluster.environment
    submitted = subprocess.run(
        ["sbatch", "--parsable", "--time=10", str(DRIVER), *RUN],
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    driver = submitted.stdout.strip()
    said = project / f"second-look.{driver}.log"
    site.wait_for(lambda: walking(site, "none"))
    cluster.ask("scancel", driver)
    site.wait_for(lambda: not cluster.jobs("PENDING", "RUNNING", "COMPLETING"))
    assert "CANCELLED" in cluster.jobs().values(), said.read_text()
    assert "told to end: a checkpoint is written" in "".join(path.read_text() for path in log(site, "none").parent.glob("*.log*"))


@pytest.mark.parametrize("request_", ["gpu", "gres"])
def test_a_gpu_is_asked_for_in_the_site_s_words(site: Site, request_: str) -> None:
    """The toy's ``plain`` wants one. There is none here behind the cluster's: the job says so and how to go on."""
    words = ["--set-resources", "run:gpu=0", "run:gres=gpu:1"] if request_ == "gres" else []
    driver = site.submit("results/quick/toy/plain/only/seeds=0-2/job.json", "--retries", "0", *words)
    site.wait_for(lambda: site.cluster.job_with("toy_plain"), driver)
    job = site.cluster.job_with("toy_plain") or ""
    assert "gpu:1" in site.cluster.ask("scontrol", "show", "job", job)
    assert driver.wait(timeout=100) == 1
    assert "config 'device: cuda', but torch finds no GPU on this machine" in site.said()
