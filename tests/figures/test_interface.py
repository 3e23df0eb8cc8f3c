"""Every figure module: what it may be asked for, and the metrics that it says it reads."""

from __future__ import annotations

import importlib
import inspect
import typing
from pathlib import Path
from types import ModuleType

import pytest
from matplotlib.figure import Figure

import secondlook
from secondlook.figures.data import FigureData

PACKAGE = Path(secondlook.__path__[0])
FILES = sorted([*PACKAGE.glob("papers/*/figures/*.py"), *PACKAGE.glob("figures/shared/*.py")])
MODULES = [".".join(("secondlook", *file.relative_to(PACKAGE).with_suffix("").parts)) for file in FILES if file.stem != "__init__"]


@pytest.fixture(params=MODULES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


def test_it_draws_from_its_data_and_every_option_has_a_type_and_a_default(module: ModuleType) -> None:
    data, *options = inspect.signature(module.draw).parameters.values()
    types = typing.get_type_hints(module.draw)
    assert data.name == "data"
    assert types.pop("data") is FigureData
    assert types.pop("return") is Figure
    assert set(types) == {option.name for option in options if option.default is not inspect.Parameter.empty}


def test_it_names_the_metrics_that_it_reads(module: ModuleType) -> None:
    metrics: object = getattr(module, "METRICS", frozenset())
    assert isinstance(metrics, frozenset)
    assert bool(metrics) == (".table" in inspect.getsource(module.draw))
