"""The summary of results that is kept in git, and the README's table made from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_paper import papers_in, protocol_data, write_paper

from secondlook.cli import main
from secondlook.errors import UserError
from secondlook.files import read_json, write_json
from secondlook.report import summary
from secondlook.report.summary import BLOCK, ROOT, block, collect_claims, summarise

CLAIMS = ROOT / "docs/claims.json"


def test_the_readme_says_what_the_summary_says() -> None:
    found = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(found) == 1
    again = "README.md and docs/claims.json differ; run: python -m secondlook summary --scale quick"
    assert found[0] == block(read_json(CLAIMS)), again


def test_every_claim_of_the_summary_has_all_its_keys() -> None:
    keys = ["id", "paper", "sentence", "reported", "verdict", "fidelity", "measured", "n", "commits", "devices", "scale"]
    assert all(list(entry) == keys for entry in read_json(CLAIMS))


# ---- a made-up paper

CLAIM: dict[str, Any] = {
    "id": "T1",
    "sentence": "Loss | falls * by $5 [much]\nand <b>more</b> & `so_on` ~~never~~ \\n.",
    "where": "Section 1",
    "reported": {"text": "1.95 ± 0.2", "value": 1.95, "mark": "S2", "source": "Figure 1", "through": "a review"},
    "experiment": "plain",
    "fidelity": "exact",
    "rule": "",
    "verdict": "replicated",
    "why": "",
    "effect": 0.5,
    "interval": [0.25, 0.75],
    "n": [3, 3],
    "unit": "nats",
    "arms": [{"label": "first", "values": [0.5], "diverged": 0}],
}
NOT_RUN = CLAIM | {
    "id": "T2",
    "reported": None,
    "fidelity": None,
    "verdict": "not run",
    "effect": None,
    "interval": None,
    "n": [],
    "arms": [],
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout with one paper and its results."""
    write_paper(tmp_path / "package/papers", "toysum", {"train.py": ""}, protocol_data())
    monkeypatch.setattr(summary, "PACKAGE", tmp_path / "package")
    results = tmp_path / "results/quick/toysum"
    write_json(results / "claims.json", [CLAIM, NOT_RUN])
    records = [{"commit": commit, "device": "cpu", "device_name": "toy device"} for commit in ("a" * 40, "a" * 40 + "+changes")]
    write_json(results / "plain.runs.json", records)
    (tmp_path / "README.md").write_text("# Title\n\n<!-- claims -->\nold\n<!-- /claims -->\n\nThe \\1 rest.\n")
    with papers_in(tmp_path / "package/papers"):
        yield tmp_path


def test_a_claim_in_short(place: Path) -> None:
    first, second = collect_claims("quick", place / "results")
    assert first == {
        "id": "T1",
        "paper": "toysum",
        "sentence": CLAIM["sentence"],
        "reported": "1.95 ± 0.2 (Figure 1, second-hand through a review)",
        "verdict": "replicated",
        "fidelity": "exact",
        "measured": "+0.5 nats [+0.25, +0.75], n = 3 + 3",
        "n": [3, 3],
        "commits": ["a" * 40, "a" * 40 + "+changes"],
        "devices": ["cpu: toy device"],
        "scale": "quick",
    }
    assert (second["reported"], second["measured"], second["commits"]) == (None, "not measured", [])


def test_both_files_are_written_and_the_rest_of_the_readme_stays(place: Path) -> None:
    summarise("quick", place / "results", place)
    assert read_json(place / "docs/claims.json") == collect_claims("quick", place / "results")
    text = (place / "README.md").read_text()
    assert text.startswith("# Title\n\n<!-- claims -->\n| paper | claim |")
    assert text.endswith("<!-- /claims -->\n\nThe \\1 rest.\n")
    assert "old" not in text
    summarise("quick", place / "results", place)
    assert (place / "README.md").read_text() == text


def test_every_row_has_every_column_and_no_markup_of_its_own(place: Path) -> None:
    lines = block(collect_claims("quick", place / "results")).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [7, 7, 7, 7]
    assert r"Loss \| falls \* by \$5 \[much\] and &lt;b>more&lt;/b> &amp; \`so\_on\` \~\~never\~\~ \\n." in rows[2]
    assert "no number that could be checked" in rows[3]
    assert any(line.startswith("Scale quick; commit aaaaaaaaaaaa, aaaaaaaaaaaa+changes; cpu: toy device.") for line in lines)


def test_nothing_that_ran_is_said() -> None:
    assert "nothing ran" in block([])


def test_no_results_are_an_error_that_says_how_to_make_them(place: Path) -> None:
    with pytest.raises(UserError, match=r"snakemake --cores all --config scale=paper"):
        summarise("paper", place / "results", place)
    assert not (place / "docs").exists()


@pytest.mark.parametrize("text", ["# Title\n", "<!-- claims -->\n", "<!-- claims -->\n<!-- /claims -->\n" * 2])
def test_a_readme_without_a_place_is_refused(place: Path, text: str) -> None:
    (place / "README.md").write_text(text)
    with pytest.raises(UserError, match="must stand there once"):
        summarise("quick", place / "results", place)
    assert not (place / "docs").exists()
    assert (place / "README.md").read_text() == text


def test_the_verb(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(place)
    assert main(["summary", "--scale", "smoke"]) == 1
    assert "error: results/smoke: no claims.json" in capsys.readouterr().err
    assert json.loads(CLAIMS.read_text(encoding="utf-8"))  # the real one is untouched
