"""Whatever stands in config.yaml or a protocol: it is read, or refused in words; nothing else comes out of it."""

from __future__ import annotations

import contextlib
import copy
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import secondlook.papers
from secondlook.errors import Mistake, UserError
from secondlook.plan.plan import Plan
from secondlook.plan.runs import cells
from secondlook.protocol.config import Config, load_config
from secondlook.protocol.document import load_document
from secondlook.protocol.experiment import Experiment
from secondlook.protocol.paper import Protocol, read_metrics, read_protocol, write_out
from secondlook.protocol.schema import SCALES, read

ROOT = Path(secondlook.papers.__file__).parents[3]
PROTOCOL = ROOT / "tests/workflow/toy/src/secondlook/papers/toy/protocol.yaml"
CONFIG = ROOT / "config.yaml"
KNOBS = list(Config.model_fields)

#: the same examples at each run of the tests, and no limit of time on a busy machine
steady = settings(derandomize=True, deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))

words = st.text(max_size=12) | st.sampled_from(["all", "quick", "select", "1e-3", "../x"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words
keys = st.text(max_size=8)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8)


def refused_or(call: Any, *arguments: Any) -> Any:
    """What a call gives; None where it refuses."""
    try:
        return call(*arguments)
    except UserError:
        return None


def document(content: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.yaml"
        path.write_bytes(content)
        return refused_or(load_document, path)


@steady
@given(st.binary(max_size=60) | st.text(alphabet="ab:&*!<>[]{}-? #|'\"%@`\n0e.=", max_size=40).map(str.encode))
def test_any_bytes_are_a_document_or_refused(content: bytes) -> None:
    document(content)


@steady
@given(st.sampled_from([CONFIG, PROTOCOL]), st.data())
def test_a_file_with_a_piece_lost_doubled_or_replaced(path: Path, data: st.DataObject) -> None:
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 40)))
    piece = data.draw(st.sampled_from([b"", content[start:end] * 2]) | st.binary(max_size=8))
    document(content[:start] + piece + content[end:])


@steady
@given(st.dictionaries(st.sampled_from(KNOBS) | st.text(max_size=8), values, max_size=4))
def test_any_knobs_are_a_configuration_or_refused(said: dict[str, Any]) -> None:
    config = refused_or(load_config, said)
    if config is not None:
        assert set(said) <= set(KNOBS)
        assert load_config(config.model_dump(mode="json")) == config


def places(data: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every value of a document stands."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [above] * bool(above) + [place for key, value in inside for place in places(value, (*above, key))]


def plain(data: Any) -> Any:
    """The same without the lines of keys."""
    if isinstance(data, dict):
        return {key: plain(value) for key, value in data.items()}
    return [plain(item) for item in data] if isinstance(data, list) else data


def as_the_project_reads(said: Any) -> tuple[Protocol | None, list[Mistake]]:
    """The protocol, with what it shares with others, and what is wrong with it."""
    rulers = load_document(PROTOCOL.parents[2] / "instruments/protocol.yaml")["input_sets"]
    shared, _ = read_metrics(load_document(PROTOCOL.parents[1] / "metrics.yaml"), "metrics.yaml", {})
    written, mistakes = write_out(said, "protocol.yaml", rulers)
    protocol, more = read_protocol(written, "protocol.yaml", shared)
    return protocol, [*mistakes, *more]


@steady
@given(st.data())
def test_a_protocol_with_any_value_anywhere_is_read_or_its_mistakes_are_named(data: st.DataObject) -> None:
    said = copy.deepcopy(load_document(PROTOCOL))
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places(said)))
        block = said
        for key in way:
            block = block[key]
        what = data.draw(st.sampled_from(["put", "drop", "name"]))
        if what == "put":
            block[last] = data.draw(values)
        elif what == "drop":
            del block[last]
        elif isinstance(block, dict):
            block[data.draw(st.text(max_size=8))] = block.pop(last)
    said = document(yaml.safe_dump(plain(said), allow_unicode=True).encode())
    if said is None:
        return
    protocol, mistakes = as_the_project_reads(said)
    if protocol is None:
        assert mistakes
        return
    for scale in SCALES:
        with contextlib.suppress(UserError):
            plan = Plan({"toy": protocol}, Config(scale=scale))
            folders = [plan.folder(run) for key in plan.experiments("toy") for run in plan.runs("toy", key)]
            assert len(set(folders)) == len(folders)


@steady
@given(st.dictionaries(st.text(max_size=8), st.lists(scalars, min_size=1, max_size=3) | scalars, min_size=1, max_size=3))
def test_a_cells_name_survives_a_shell_and_is_its_own(grid: dict[str, Any]) -> None:
    said = {"title": "T", "module": "m", "cells": grid, "scales": {"quick": {"exact": True, "seeds": 1}}}
    experiment, mistakes = read(Experiment, said, "protocol.yaml")
    if experiment is None:
        assert mistakes
        return
    names = [cell.name for cell in cells(experiment.cells_at("quick"))]
    assert len(set(names)) == len(names)
    for name in names:
        assert not set(name) & set(" ,'\"`$&|;<>(){}[]*?!~#\\/\n\t\0"), name
        assert name not in (".", "..")


def test_the_examples_reach_what_they_are_for() -> None:
    """The protocol that the tests above spoil is read as it stands."""
    said = load_document(PROTOCOL)
    said["experiments"]["sample"]["datasets"] = ["mnist"]  # the toy's own is known in the toy project alone
    protocol, mistakes = as_the_project_reads(said)
    assert (protocol is not None, mistakes) == (True, [])
    assert len(places(said)) > 100


@pytest.mark.parametrize("name", ["config.yaml"])
def test_the_configuration_as_it_stands(name: str) -> None:
    assert load_config(load_document(ROOT / name)) == Config()
