"""What an experiment takes over from another: key by key where that is said, whole elsewhere."""

from __future__ import annotations

import pytest

from secondlook.protocol.document import Block
from secondlook.protocol.overlay import resolve


def block(value: object, line: int = 1) -> object:
    """Plain data as blocks, every key on the same line."""
    if isinstance(value, dict):
        return Block(((key, block(item, line)) for key, item in value.items()), dict.fromkeys(value, line))
    return value


BASE = {
    "title": "base",
    "module": "train",
    "cells": {"lr": [1, 2]},
    "settings": {"steps": 100, "clip": {"a": 1, "b": 2}},
    "resources": {"gpu": 1, "mem_mb": 900},
    "inputs": {"x": {"experiment": "a"}},
    "scales": {
        "quick": {"reduced": "short", "seeds": 3, "settings": {"steps": 5}, "cells": {"lr": 1}, "resources": {"gpu": 0}},
        "paper": {"exact": True, "seeds": 10},
    },
}


def heir(**entry: object) -> dict:
    experiments, mistakes = resolve(block({"base": BASE, "heir": {"title": "heir", "like": "base", **entry}}), {}, "f")
    assert not mistakes
    assert experiments["base"] == BASE
    return experiments["heir"]


def test_nothing_said_is_all_taken_over_but_the_title() -> None:
    assert heir() == BASE | {"title": "heir", "like": "base"}


def test_settings_resources_and_inputs_are_laid_over_key_by_key_and_no_deeper() -> None:
    found = heir(settings={"clip": {"a": 3}, "batch": 4}, resources={"mem_mb": 100}, inputs={"y": {"experiment": "b"}})
    assert found["settings"] == {"steps": 100, "clip": {"a": 3}, "batch": 4}
    assert found["resources"] == {"gpu": 1, "mem_mb": 100}
    assert found["inputs"] == {"x": {"experiment": "a"}, "y": {"experiment": "b"}}


def test_a_grid_of_its_own_replaces_the_others_at_every_scale() -> None:
    found = heir(cells={"rule": ["sgd"]})
    assert found["cells"] == {"rule": ["sgd"]}
    assert "cells" not in found["scales"]["quick"]
    found = heir(cells={"rule": ["sgd"]}, scales={"quick": {"cells": {"rule": "adam"}}})
    assert found["scales"]["quick"]["cells"] == {"rule": "adam"}


def test_scales_are_laid_over_key_by_key_and_a_fidelity_takes_the_other_away() -> None:
    found = heir(scales={"quick": {"seeds": "5-6", "settings": {"batch": 2}, "exact": True}, "smoke": {"reduced": True, "seeds": 1}})
    assert found["scales"]["quick"] == {
        "exact": True,
        "seeds": "5-6",
        "settings": {"steps": 5, "batch": 2},
        "cells": {"lr": 1},
        "resources": {"gpu": 0},
    }
    assert found["scales"]["paper"] == BASE["scales"]["paper"]
    assert found["scales"]["smoke"] == {"reduced": True, "seeds": 1}


def test_only_some_scales() -> None:
    assert list(heir(only=["paper"])["scales"]) == ["paper"]
    assert list(heir(only=["paper", "smoke"], scales={"smoke": {"reduced": True, "seeds": 1}})["scales"]) == ["paper", "smoke"]


def test_a_chain_and_the_lines_of_what_it_takes_over() -> None:
    experiments = block({"base": BASE}, 10)
    experiments.put("middle", block({"title": "m", "like": "base", "only": ["paper"], "settings": {"batch": 4}}, 20), 20)
    experiments.put("end", block({"title": "e", "like": "middle", "settings": {"steps": 7}}, 30), 30)
    found, mistakes = resolve(experiments, {}, "f")
    assert not mistakes
    assert found["end"]["settings"] == {"steps": 7, "clip": {"a": 1, "b": 2}, "batch": 4}
    assert found["end"]["settings"].lines == {"steps": 30, "clip": 10, "batch": 20}
    assert list(found["end"]["scales"]) == ["paper"]


def test_a_set_of_inputs() -> None:
    experiments = block({"base": {**BASE, "inputs": "nets"}})
    found, mistakes = resolve(experiments, {"nets": {"a": {"instrument": "n"}}}, "f")
    assert not mistakes
    assert found["base"]["inputs"] == {"a": {"instrument": "n"}}


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"a": {"like": "b"}, "b": {"like": "a"}}, "take over from each other: a -> b -> a"),
        ({"a": {"like": "a"}}, "take over from each other: a -> a"),
        ({"base": BASE, "a": {"like": "bas"}}, "Did you mean 'base'?"),
        ({"base": BASE, "a": {"like": "base", "only": ["smoke"]}}, "does not run at that scale"),
        ({"base": BASE | {"only": ["paper"]}}, "say which experiment it is like"),
        ({"base": BASE | {"inputs": "nest"}}, "unknown set of inputs"),
    ],
)
def test_what_cannot_be_taken_over_is_said(entries: dict, says: str) -> None:
    _, mistakes = resolve(block(entries), {"nets": {}}, "f")
    assert any(says in str(mistake) for mistake in mistakes)
