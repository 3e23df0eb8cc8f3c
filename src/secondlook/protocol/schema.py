"""The base of every typed YAML file here: closed schemas, and mistakes that name the file, the line, the key and the value."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from secondlook.errors import Mistake, did_you_mean, refuse
from secondlook.protocol.document import line_of

Scale = Literal["smoke", "quick", "paper"]
SCALES: tuple[Scale, ...] = get_args(Scale)
FactorValue = bool | int | float | str
Fidelity = Literal["exact", "reduced"]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]  # a Python module
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]


class Schema(BaseModel):
    """Base of all: frozen and closed."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _known_keys(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Name every unknown key, each with the nearest known one, together with what else is wrong in the block."""
        unknown = [key for key in data if key not in cls.model_fields] if isinstance(data, dict) else []
        if not unknown:
            return handler(data)
        found = [_error(f"unknown key.{did_you_mean(str(key), cls.model_fields)}", (str(key),), data[key]) for key in unknown]
        try:
            handler({key: value for key, value in data.items() if key in cls.model_fields})
        except ValidationError as error:
            found += [_error(item["msg"], item["loc"], item["input"]) for item in error.errors()]
        raise ValidationError.from_exception_data(cls.__name__, found)


def _error(what: str, place: tuple[str | int, ...], value: Any) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError("mistake", "{what}", {"what": what}), loc=place, input=value)


S = TypeVar("S", bound=Schema)


def read(model: type[S], data: Any, file: str, context: dict[str, Any] | None = None) -> tuple[S | None, list[Mistake]]:
    """Build ``model`` from parsed data; None and what is wrong where that cannot be done."""
    try:
        return model.model_validate(data, context=context), []
    except ValidationError as error:
        return None, [_mistake(file, data, item) for item in error.errors()]


def validate(model: type[S], data: Any, file: str, context: dict[str, Any] | None = None) -> S:
    """Build ``model`` from parsed data.

    Raises:
        UserError: naming ``file``, and each wrong key with its line, its value and what was expected.
    """
    built, mistakes = read(model, data, file, context)
    refuse(mistakes)
    assert built is not None
    return built


def _mistake(file: str, data: Any, item: Any) -> Mistake:
    """What pydantic says of one key. Its place also has the kinds of a union's members, which are no keys of the file."""
    known: list[str | int] = []
    inside = data
    for part, further in itertools.zip_longest(item["loc"], item["loc"][1:]):
        below = _inside(inside, part)
        scalar_with_more = further is not None and not isinstance(below, dict | list)  # the kind of a test is the key of its metric, too
        of_union = scalar_with_more and (item["type"] == "missing" or _inside(inside, further) is not MISSING)
        if below is not MISSING and not of_union:
            inside = below
            known.append(part)
        elif further is None and item["type"] == "missing":
            known.append(part)
    value = None if isinstance(item["input"], dict | list | BaseModel) else item["input"]
    what = item["msg"].removeprefix("Value error, ")
    return Mistake(file, line_of(data, known), ".".join(map(str, known)) or "(top level)", what, value)


MISSING = object()


def _inside(data: Any, key: Any) -> Any:
    if isinstance(data, dict):
        return data.get(str(key), MISSING)
    return data[key] if isinstance(data, list) and isinstance(key, int) and key < len(data) else MISSING
