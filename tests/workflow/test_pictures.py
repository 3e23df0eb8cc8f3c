"""The PDF, the figures' cards and Snakemake's own report, made by the workflow."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from toy_jobs import FIGURES, REPORT
from toy_project import PACKAGE, RESULTS, Project, clean_environment

FILES = [f"{RESULTS}/figures/{name}.{kind}" for name in ("curves", "verdicts", "sheet", "halves") for kind in ("svg", "png")]


def test_the_pdf_is_made_beside_the_page(finished: Project) -> None:
    assert (finished / "results/quick/report/report.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("path", "text"),
    [(f"{PACKAGE}/report/pdf.py", "\n\nEDITED = True\n"), (f"{PACKAGE}/report/markdown.py", "\n\nEDITED = True\n")],
)
def test_its_code_sets_it_again_and_nothing_else(project: Project, path: str, text: str) -> None:
    project.append(path, text)
    assert project.dry().labels == ["pdf"]


def test_its_typesetter_sets_it_again_and_nothing_else(project: Project) -> None:
    project.bump("envs/report.yaml", "typst")
    assert project.dry().labels == ["pdf"]


def test_its_layout_sets_it_again(project: Project) -> None:
    project.append("reports/report.typ", "\n// a line\n")
    assert "pdf" in project.dry().labels
    assert project.dry(f"{RESULTS}/claims.json").labels == []


def test_a_caption_of_snakemakes_report_draws_nothing_again(project: Project) -> None:
    project.append("workflow/report/figure.rst", "\nA line.\n")
    assert project.dry().labels == []


def test_how_a_card_is_made_draws_the_figures_again(project: Project) -> None:
    project.append(f"{PACKAGE}/figures/provenance.py", "\n\nEDITED = True\n")
    assert project.dry().labels == sorted(FIGURES | REPORT)


@pytest.mark.parametrize("file", FILES)
def test_a_figure_says_how_to_make_it_again(project: Project, tmp_path: Path, file: str) -> None:
    (project / file).rename(tmp_path / "a copy")
    done = subprocess.run(
        [sys.executable, "-m", "secondlook", "whence", str(tmp_path / "a copy")],
        env=clean_environment() | {"PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    said = dict(line.split(":", 1) for line in done.stdout.splitlines())
    assert (said["paper"].strip(), said["scale"].strip()) == ("toy", "quick")
    assert "unknown" not in said["config digest"]
    command = said["rebuild with"].strip().removeprefix("snakemake ").split()
    assert project.dry(*command).labels == [f"figure toy/{said['figure'].strip()}"]


def test_figures_drawn_again_are_the_same_bytes(project: Project) -> None:
    """Nothing of the hour is in a card, so a figure that was drawn again differs only where its data, code or configuration do."""
    before = {file: (project / file).read_bytes() for file in FILES}
    project.run("--force", *FILES)
    assert {file: (project / file).read_bytes() for file in FILES} == before


@pytest.mark.parametrize("kind", ["zip", "html"])
def test_snakemakes_own_report(project: Project, kind: str) -> None:
    """With pictures, captions, a category a paper and labels, from what the package brings: it asks no network."""
    nowhere = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")}
    outcome = project.snakemake("--report", f"report.{kind}", **nowhere)
    assert outcome.status == 0, outcome.text
    if kind == "zip":
        with zipfile.ZipFile(project / "report.zip") as archive:
            names = [Path(name).name for name in archive.namelist()]
            page = archive.read("report/report.html").decode()
        assert {"curves.svg", "verdicts.svg"} <= set(names)
    else:
        page = (project / "report.html").read_text(encoding="utf-8")
    for name in ("curves", "verdicts"):
        assert f"{name}.svg" in page
        assert f"Figure {name} of toy; the report has its full caption." in page
    assert '"toy"' in page  # the category
    assert json.dumps({"figure": "curves"})[1:-1] in page or '"figure":"curves"' in page
