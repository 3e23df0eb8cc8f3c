"""JSON schemas of the YAML files, so that editors complete their keys. Generated: edit the models, then `make schemas`."""

from __future__ import annotations

import json
from pathlib import Path

from secondlook.files import write_text
from secondlook.protocol.config import Config
from secondlook.protocol.paper import Instruments, Protocol
from secondlook.protocol.schema import Schema

MODELS: dict[str, type[Schema]] = {"protocol": Protocol, "instruments": Instruments, "config": Config}


def schema_text(model: type[Schema]) -> str:
    """Return the schema as it stands in the file."""
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema"} | model.model_json_schema(), indent=1) + "\n"


def write_schemas(folder: Path) -> None:
    """Write one file a model."""
    for name, model in MODELS.items():
        write_text(folder / f"{name}.schema.json", schema_text(model))
