"""config.yaml and what the command line overrides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from secondlook.errors import UserError
from secondlook.protocol.config import Config, load_config
from secondlook.protocol.document import load_document

ROOT = Path(__file__).parents[2]


def test_the_file_holds_every_knob_with_its_default() -> None:
    values = load_document(ROOT / "config.yaml")
    assert set(values) == set(Config.model_fields)
    assert load_config(values) == Config()


@pytest.mark.parametrize(
    ("given", "papers"),
    [("all", "all"), ("wilson2017", ["wilson2017"]), ("b2, a1,,c3 ,", ["a1", "b2", "c3"]), (["b2", "a1"], ["a1", "b2"])],
)
def test_papers_as_a_list_or_with_commas_in_any_order(given: object, papers: object) -> None:
    assert load_config({"papers": given}).papers == papers


def test_mirrors_with_commas() -> None:
    assert load_config({"mirrors": "https://a.example, https://b.example"}).mirrors == ["https://a.example", "https://b.example"]


@pytest.mark.parametrize("seeds", [1, 40, "protocol"])
def test_seeds(seeds: object) -> None:
    assert load_config({"seeds": seeds}).seeds == seeds


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"seeds": 0}, "greater than 0 (value: 0)"),
        ({"seeds": -3}, "greater than 0 (value: -3)"),
        ({"seeds": "many"}, "(value: 'many')"),
        ({"seeds": 1.5}, "(value: 1.5)"),
        ({"scale": "quik"}, "scale: Input should be 'smoke', 'quick' or 'paper' (value: 'quik')"),
        ({"device": "gpu"}, "device: Input should be 'auto', 'cpu' or 'cuda' (value: 'gpu')"),
        ({"sale": "quick"}, "sale: unknown key. Did you mean 'scale'?"),
        ({"paper": "wilson2017"}, "paper: unknown key. Did you mean 'papers'?"),
        ({"papers": "Wilson 2017"}, "(value: 'Wilson 2017')"),
        ({"papers": ["../x"]}, "(value: '../x')"),
        ({"mirrors": ["not_a_url"]}, "mirrors.0: String should match pattern"),
        ({"versions": "any"}, "versions: Input should be 'locked' or 'installed'"),
        ({"seeds": 99_999_999_999}, "seeds: Input should be less than or equal to 10000"),
        ({"data_dir": None}, "data_dir: Input should be a valid string"),
    ],
)
def test_a_wrong_value_names_file_key_and_value(values: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as caught:
        load_config(values, "my.yaml")
    assert "\n  my.yaml: " in str(caught.value)
    assert says in str(caught.value)
    assert next(iter(values)) in str(caught.value)


@pytest.mark.parametrize("values", [{"seeds": True}, {"papers": ""}, {"papers": []}], ids=str)
def test_what_cannot_be_meant_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        load_config(values)


def test_it_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().scale = "paper"
