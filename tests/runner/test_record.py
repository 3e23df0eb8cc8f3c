"""Where the records of runs lie, from what jobs say."""

from __future__ import annotations

from pathlib import Path

from secondlook.files import file_sha256, write_json
from secondlook.runner.record import runs_of


def job(experiment: Path, *folders: str) -> Path:
    """What a job says that made these runs."""
    path = experiment / folders[0] / "job.json"
    for folder in folders:
        write_json(experiment / folder / "run.json", {"folder": folder})
    write_json(path, {"runs": {folder: file_sha256(experiment / folder / "run.json") for folder in folders}})
    return path


def test_a_jobs_runs_lie_below_the_folder_of_its_experiment(tmp_path: Path) -> None:
    grid, gan = tmp_path / "toy/grid", tmp_path / "toy/gan"
    jobs = [
        job(grid, "lr=1.0/seeds=0-2", "lr=0.1/seeds=0-2"),
        job(gan, "only/seeds=0"),
        job(grid, "lr=1.0/seeds=3", "lr=0.1/seeds=3"),
    ]
    assert runs_of(jobs) == [
        grid / "lr=1.0/seeds=0-2",
        grid / "lr=0.1/seeds=0-2",
        gan / "only/seeds=0",
        grid / "lr=1.0/seeds=3",
        grid / "lr=0.1/seeds=3",
    ]  # in the order given, and each job's in its own
    assert runs_of([]) == []


def test_paths_may_be_relative(tmp_path: Path, monkeypatch) -> None:
    job(tmp_path / "results/quick/toy/grid", "only/seeds=0")
    monkeypatch.chdir(tmp_path)
    path = Path("results/quick/toy/grid/only/seeds=0/job.json")
    assert runs_of([path]) == [path.parent]
