"""The base of every typed YAML file here: closed models, and errors that name the file, the key and the value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from secondlook.errors import UserError, did_you_mean

FactorValue = bool | int | float | str
Fidelity = Literal["exact", "reduced"]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]  # a Python module
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class Model(BaseModel):
    """Base of all: frozen and closed."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key in data:
                if key not in cls.model_fields:
                    raise ValueError(f"unknown key '{key}'.{did_you_mean(str(key), cls.model_fields)}")
        return data


def validate(model: type[Model], data: Any, source: str) -> Any:
    """Build ``model`` from parsed data.

    Raises:
        UserError: naming ``source``, each wrong key, its value and what was expected.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = []
        for item in error.errors():
            key = ".".join(str(part) for part in item["loc"]) or "(top level)"
            value = "" if isinstance(item["input"], dict | list | BaseModel) else f" (value: {item['input']!r})"
            lines.append(f"  {key}: {item['msg'].removeprefix('Value error, ')}{value}")
        raise UserError(f"{source} is not valid:\n" + "\n".join(lines)) from error


class _Loader(yaml.SafeLoader):
    """YAML as people write it: 1e-8 is a number, and a key may not stand twice."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Look for a key that stands twice before merges (``<<``) bring in keys that may."""
        if not getattr(node, "checked", False):
            node.checked = True  # a merged mapping is flattened again in each place it is used
            seen = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise yaml.constructor.ConstructorError(None, None, "a key must be a word or a number", key.start_mark)
                if key.tag != "tag:yaml.org,2002:merge" and key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"key '{key.value}' stands twice", key.start_mark)
                seen.add(key.value)
        super().flatten_mapping(node)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789"))


def load_yaml(path: str | Path) -> Any:
    """Read a YAML file.

    Raises:
        UserError: it is missing or not YAML; the message has the line.
    """
    try:
        return yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_Loader)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text: {error}") from error
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {error}") from error
