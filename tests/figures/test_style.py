"""What a figure's module is given, how it is drawn and saved, and that a loss looks the same everywhere."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from safetensors.numpy import save_file

from secondlook.figures.data import FigureData
from secondlook.figures.provenance import read_card
from secondlook.figures.style import LOOKS, LOSS_LOOKS, OPTIMIZER_LOOKS, Look, draw_figure, plain_log
from secondlook.files import file_sha256, write_json
from secondlook.labels import LOSSES, OPTIMIZERS, label
from secondlook.runner.record import write_run
from secondlook.tables.arrays import Record


def test_the_only_table_and_the_only_records() -> None:
    table, records = pd.DataFrame({"value": [1.0]}), [Record({}, (0,), {})]
    data = FigureData({"one": table}, arrays={"one": records})
    assert data.table is table
    assert data.records is records
    with pytest.raises(ValueError, match="tables: the figure draws one experiment, and was given one, two"):
        FigureData({"one": table, "two": table}).table  # noqa: B018
    with pytest.raises(ValueError, match="arrays: the figure draws one experiment, and was given none"):
        FigureData({"one": table}).records  # noqa: B018


def test_a_figure_is_given_tables_claims_records_and_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[FigureData, str]] = []

    def draw(data: FigureData, *, block: str = "data") -> Figure:
        given.append((data, block))
        return plt.figure()

    module = types.ModuleType("secondlook_test_figure")
    module.draw = draw  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    (tmp_path / "grid.csv").write_text("lr,replica,step,metric,value\n0.5,0,1,loss,0.5\n")
    write_json(tmp_path / "claims.json", [{"id": "toy/L5.ii", "verdict": "supported"}])
    record = tmp_path / "gan/lr=0.5/seeds=0-1/run.json"
    record.parent.mkdir(parents=True)
    save_file({"1/samples": np.ones(2)}, record.with_name("arrays.safetensors"))
    files = {"arrays.safetensors": file_sha256(record.with_name("arrays.safetensors"))}
    said = {"paper": "toy", "experiment": "gan", "cell": {"lr": 0.5}, "values": {"lr": 0.5}, "seeds": [0, 1], "files": files}
    write_run(record.parent, said)
    draw_figure(
        module.__name__,
        "toy/curve",
        {"grid": tmp_path / "grid.csv"},
        tmp_path / "claims.json",
        [tmp_path / "curve.png"],
        [record],
        {"block": "noise"},
    )
    ((data, block),) = given
    assert block == "noise"
    assert data.table["lr"].tolist() == ["0.5"]
    assert data.claims["L5.ii"]["verdict"] == "supported"
    assert (data.records[0].cell, data.records[0].seeds) == ({"lr": 0.5}, (0, 1))
    card = read_card(tmp_path / "curve.png")
    assert (card["paper"], card["figure"]) == ("toy", "curve")
    assert card["tables"] == ["claims.json", "gan/lr=0.5/seeds=0-1/arrays.safetensors", "grid.csv"]


@pytest.mark.parametrize(("found", "names"), [(LOSS_LOOKS, LOSSES), (OPTIMIZER_LOOKS, OPTIMIZERS)])
def test_no_two_losses_and_no_two_optimizers_share_a_look(found: dict[str, Look], names: dict[str, str]) -> None:
    assert list(found) == list(names)
    assert len(set(found.values())) == len(names)


def test_looks_differ_in_colour_marker_and_dashes() -> None:
    for part in zip(*LOOKS, strict=True):
        assert len(set(part)) == len(LOOKS)


@pytest.mark.parametrize(
    ("factor", "value", "text"),
    [
        ("loss", "wasserstein", "WGAN"),
        ("simultaneous", False, "in turn"),
        ("simultaneous", "False", "in turn"),
        ("d_steps", 5, "k = 5"),
        ("batch", "full", "batch = full"),
        ("loss", "hinge", "loss = hinge"),
    ],
)
def test_values_have_labels_as_records_and_as_tables_give_them(factor: str, value: object, text: str) -> None:
    assert label(factor, value) == text


@pytest.mark.parametrize(("high", "ticks"), [(650, ["300", "400", "500", "600"]), (9000, ["500", "1000", "2000", "5000", "10000"])])
def test_a_logarithmic_axis_has_plain_numbers(high: float, ticks: list[str]) -> None:
    figure, axis = plt.subplots()
    axis.plot([0, 1], [300, high])
    plain_log(axis)
    low, top = axis.get_ylim()
    shown = [text.get_text() for tick, text in zip(axis.get_yticks(), axis.get_yticklabels(), strict=True) if low <= tick <= top]
    plt.close(figure)
    assert shown == ticks
