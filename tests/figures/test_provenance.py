"""A figure's card: drawn into the file by the real figure verb, read back from a copy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tiny_paper import papers_in, protocol_data, write_paper

from secondlook.cli import main
from secondlook.errors import UserError
from secondlook.figures import provenance as card
from secondlook.figures.provenance import FIELDS, metadata, read_card, say
from secondlook.plan.environment import prepare
from secondlook.protocol.config import load_config

MODULE = "secondlook.papers.toycard.figures.curve"
TITLE = 'Loss <over> "steps" & 误差 ± 1'
DRAW = '''
"""A line."""

import matplotlib.pyplot as plt


def draw(data):
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.plot(data.table["value"])
    return figure
'''


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("papers")
    figures = {"curve": {"title": TITLE, "caption": "", "tables": ["grid"]}}
    write_paper(folder, "toycard", {"figures/__init__.py": "", "figures/curve.py": DRAW}, protocol_data(figures=figures))
    with papers_in(folder):
        yield folder


@pytest.fixture
def place(papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(card, "git_commit", lambda: "c0ffee")
    monkeypatch.setattr(card, "PAPERS", papers)
    for name in ("PATH", "SECONDLOOK_CONFIG", "SECONDLOOK_DEVICE", "SECONDLOOK_WORK", "SECONDLOOK_DATA_DIR", "SECONDLOOK_MIRRORS"):
        monkeypatch.setenv(name, "")  # so that what prepare() sets is taken back
    prepare(load_config({"seeds": 4}))
    (tmp_path / "grid.csv").write_text("replica,step,metric,value\n0,1,loss,0.5\n0,2,loss,0.25\n")
    return tmp_path


def draw(folder: str = ".") -> tuple[Path, Path]:
    outputs = Path(folder, "curve.svg"), Path(folder, "curve.png")
    assert main(["figure", MODULE, "--name", "toycard/curve", "--tables", "grid.csv", "--out", *map(str, outputs)]) == 0
    return outputs


@pytest.mark.parametrize("index", [0, 1], ids=["svg", "png"])
def test_a_copy_elsewhere_still_has_its_card(place: Path, tmp_path: Path, index: int) -> None:
    copy = tmp_path / "elsewhere" / "picture of a talk"  # not even a suffix
    copy.parent.mkdir()
    shutil.copyfile(draw()[index], copy)
    found = read_card(copy)
    assert tuple(found) == (*FIELDS, "panels")
    assert found["title"] == TITLE
    assert (found["paper"], found["figure"], found["scale"], found["commit"]) == ("toycard", "curve", "quick", "c0ffee")
    assert found["tables"] == ["grid.csv"]
    assert len(found["config"]) == len(found["data"]) == 16
    assert found["command"] == "snakemake --cores all toycard_curve --config scale=quick seeds=4"


def test_it_stands_in_the_common_keys_too(place: Path) -> None:
    svg, png = draw()
    assert "<dc:source>c0ffee</dc:source>" in svg.read_text(encoding="utf-8")
    assert "<dc:identifier>toycard/curve</dc:identifier>" in svg.read_text(encoding="utf-8")
    with Image.open(png) as image:
        assert image.info["Title"] == TITLE
        assert image.info["Source"] == "c0ffee"


def test_the_same_commit_and_data_make_the_same_bytes(place: Path) -> None:
    first = [path.read_bytes() for path in draw("one")]
    assert [path.read_bytes() for path in draw("two")] == first
    assert str(place).encode() not in first[0] + first[1]


def test_data_and_configuration_are_told_apart(place: Path) -> None:
    first = read_card(draw()[0])
    prepare(load_config({"seeds": 5}))
    second = read_card(draw()[0])
    assert second["config"] != first["config"]
    assert second["data"] == first["data"]
    (place / "grid.csv").write_text((place / "grid.csv").read_text().replace("0.25", "0.26"))
    assert read_card(draw()[0])["data"] != first["data"]


def test_a_verb_called_by_hand_knows_no_configuration(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLOOK_CONFIG", "")
    found = read_card(draw()[1])
    assert (found["scale"], found["config"]) == ("unknown", "unknown")
    assert found["command"] == "snakemake --cores all toycard_curve"


def test_a_figure_that_is_in_no_protocol_has_its_name_for_a_title(place: Path) -> None:
    assert card.make_card("toycard", "lonely", [])["title"] == "lonely"
    assert card.make_card("nowhere", "lonely", [])["title"] == "lonely"


def test_other_formats_carry_none() -> None:
    assert metadata(dict.fromkeys(FIELDS, ""), "pdf") is None


def test_whence_prints_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["whence", str(draw()[0])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FIELDS)
    assert lines[0] == f"title:         {TITLE}"
    assert lines[-1] == "rebuild with:  snakemake --cores all toycard_curve --config scale=quick seeds=4"


def test_a_strangers_card_does_not_steer_the_terminal() -> None:
    assert "\x1b" not in say(dict.fromkeys(FIELDS, "\x1b[2J\nx"))
    assert len(say(dict.fromkeys(FIELDS, "a\nb")).splitlines()) == len(FIELDS)


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>{}</metadata></svg>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (SVG.format("").encode(), "carries no card"),
        (SVG.format("<dc:description>a drawing</dc:description>").encode(), "carries no card"),
        (SVG.format("<dc:description>[1]</dc:description>").encode(), "carries no card"),
        (SVG.format(f"<dc:description>{json.dumps({'title': 'x'})}</dc:description>").encode(), "carries no card"),
        (b"%PDF-1.7", "neither an SVG nor a PNG"),
        (b"<html/>", "neither an SVG nor a PNG"),
        (b"\x89PNG\r\n\x1a\nbroken", "neither an SVG nor a PNG"),
        (b"", "neither an SVG nor a PNG"),
        (bytes(range(256)), "neither an SVG nor a PNG"),
    ],
)
def test_a_file_without_a_card_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str) -> None:
    (tmp_path / "file").write_bytes(content)
    assert main(["whence", str(tmp_path / "file")]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: {tmp_path / 'file'}: ")
    assert words in said


def test_a_png_of_another_program_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "plain.png")
    with pytest.raises(UserError, match="carries no card"):
        read_card(tmp_path / "plain.png")


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_card(tmp_path / "nothing.svg")
    with pytest.raises(UserError, match="cannot be read"):
        read_card(tmp_path)


def test_a_card_names_arrays(place: Path) -> None:
    records = [Path(f"results/quick/toycard/gan/lr={lr}/seeds={seeds}/arrays.safetensors") for lr, seeds in (("0.5", "0-1"), ("1.0", "2"))]
    for path in records:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"1")
    first = card.make_card("toycard", "curve", reversed(records))
    assert first["tables"] == ["gan/lr=0.5/seeds=0-1/arrays.safetensors", "gan/lr=1.0/seeds=2/arrays.safetensors"]
    records[1].write_bytes(b"2")
    assert card.make_card("toycard", "curve", records)["data"] != first["data"]
