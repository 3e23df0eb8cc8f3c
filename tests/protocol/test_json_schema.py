"""The JSON schemas that editors use say the same as the models."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import secondlook.papers
from secondlook.protocol.document import load_document
from secondlook.protocol.json_schema import MODELS, schema_text, write_schemas
from secondlook.protocol.project import find_papers

jsonschema = pytest.importorskip("jsonschema")  # comes with snakemake

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "workflow/schemas"
PAPERS = find_papers(Path(secondlook.papers.__path__[0]))


def validator(name: str) -> Any:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_committed_schema_is_that_of_the_model(name: str) -> None:
    committed = (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(MODELS[name]), f"{name}.schema.json is older than its model: run `make schemas`"


def test_one_schema_a_model_and_no_other(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in SCHEMAS.iterdir())


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_key_is_described(name: str) -> None:
    schema = json.loads(schema_text(MODELS[name]))
    for part in [schema, *schema.get("$defs", {}).values()]:
        for key, value in part.get("properties", {}).items():
            assert value.get("description"), f"{part['title']}.{key} has no docstring below its field"


def test_config_yaml_is_valid() -> None:
    validator("config").validate(load_document(ROOT / "config.yaml"))


@pytest.mark.parametrize("paper", sorted(PAPERS))
def test_a_papers_protocol_is_valid(paper: str) -> None:
    validator("protocol").validate(load_document(PAPERS[paper]))


@pytest.mark.parametrize(
    ("name", "path", "key", "value"),
    [
        ("config", (), "sale", "quick"),
        ("config", (), "seeds", 0),
        ("protocol", (), "experimens", {}),
        ("protocol", ("experiments", "synthetic"), "modul", "x"),
        ("protocol", ("experiments", "synthetic", "scales", "quick"), "exact", "nearly"),
        ("protocol", ("claims", "W1", "reported"), "read", "hearsay"),
        ("protocol", ("claims", "W1", "test"), "tolerence", 1.0),
    ],
)
def test_the_schema_refuses_what_the_model_refuses(name: str, path: tuple[Any, ...], key: str, value: object) -> None:
    data = copy.deepcopy(load_document(ROOT / "config.yaml" if name == "config" else PAPERS["wilson2017"]))
    assert validator(name).is_valid(data)
    part = data
    for step in path:
        part = part[step]
    part[key] = value
    assert not validator(name).is_valid(data)
