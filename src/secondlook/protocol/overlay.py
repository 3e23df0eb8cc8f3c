"""What an experiment takes over from another one of its file: ``like`` and ``only``, and sets of inputs, on the parsed YAML.

The lines of keys are kept, so that a mistake in what was taken over is shown where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from secondlook.errors import Mistake, did_you_mean
from secondlook.protocol.document import Block, line_of

#: of an experiment and of a scale, what is laid over key by key; all else is replaced whole
KEY_BY_KEY = ("settings", "resources", "inputs")
#: two keys of a scale that exclude each other: giving one takes the other away
FIDELITIES = ("exact", "reduced")


def resolve(experiments: Any, input_sets: Mapping[str, Any], file: str) -> tuple[Any, list[Mistake]]:
    """Return the experiments with all that they take over written out, and what is wrong with how they say it."""
    if not isinstance(experiments, Block):
        return experiments, []
    whole, mistakes = Block(lines=experiments.lines), list[Mistake]()
    for key, entry in experiments.items():
        if not isinstance(entry, Block):
            whole[key] = entry
            continue
        entry = _with_base(key, experiments, mistakes, file, ())
        if isinstance(name := entry.get("inputs"), str):
            if name not in input_sets:
                what = f"unknown set of inputs.{did_you_mean(name, input_sets)}"
                mistakes.append(Mistake(file, line_of(entry, ["inputs"]), f"experiments.{key}.inputs", what, name))
            entry.put("inputs", input_sets.get(name, Block()), None)
        whole[key] = entry
    return whole, mistakes


def _with_base(key: str, experiments: Block, mistakes: list[Mistake], file: str, below: tuple[str, ...]) -> Block:
    """The entry ``key`` laid over the one that it is like, which may be like a third."""
    entry = experiments[key]
    name = entry.get("like")
    place = f"experiments.{key}.like"
    if name is None:
        if "only" in entry:
            what = "leave it out, or say which experiment it is like: scales that are not wanted need not be named"
            mistakes.append(Mistake(file, line_of(entry, ["only"]), f"experiments.{key}.only", what))
        return _copy(entry)
    if not isinstance(name, str) or not isinstance(experiments.get(name), Block):
        what = f"unknown experiment.{did_you_mean(str(name), experiments)}"
        mistakes.append(Mistake(file, line_of(entry, ["like"]), place, what, name))
        return _copy(entry)
    if name in (*below, key):
        what = f"these take over from each other: {' -> '.join((*below, key, name))}"
        mistakes.append(Mistake(file, line_of(entry, ["like"]), place, what))
        return _copy(entry)
    base = _with_base(name, experiments, mistakes, file, (*below, key))
    for gone in ("title", "like", "only"):
        base.pop(gone, None)
    whole = _over(base, entry)
    scales, only = whole.get("scales"), entry.get("only")
    if isinstance(only, list) and isinstance(scales, Block):
        for scale in only:
            if not isinstance(scale, str) or scale not in scales:
                what = f"'{name}' does not run at that scale, and nothing is said of it here"
                mistakes.append(Mistake(file, line_of(entry, ["only"]), f"experiments.{key}.only", what, scale))
        whole.put("scales", Block(((scale, budget) for scale, budget in scales.items() if scale in only), scales.lines), None)
    return whole


def _over(base: Block, top: Block) -> Block:
    """Lay one experiment over another. A grid of its own replaces the other's at every scale."""
    whole = _copy(base)
    if "cells" in top and isinstance(whole.get("scales"), Block):
        inherited = whole["scales"]
        whole["scales"] = Block(((scale, _without(budget, "cells")) for scale, budget in inherited.items()), inherited.lines)
    for key, value in top.items():
        line = top.lines.get(key)
        below = whole.get(key)
        if key == "scales" and isinstance(value, Block) and isinstance(below, Block):
            scales = _copy(below)
            for scale, budget in value.items():
                both = isinstance(budget, Block) and isinstance(below.get(scale), Block)
                scales.put(scale, _scale_over(below[scale], budget) if both else budget, value.lines.get(scale))
            whole.put(key, scales, None)
        elif key in KEY_BY_KEY and isinstance(value, Block) and isinstance(below, Block):
            whole.put(key, _merged(below, value), None)
        else:
            whole.put(key, value, line)
    return whole


def _scale_over(base: Block, top: Block) -> Block:
    whole = _without(base, *(FIDELITIES if set(FIDELITIES) & set(top) else ()))
    for key, value in top.items():
        below = whole.get(key)
        merge = key in KEY_BY_KEY and isinstance(value, Block) and isinstance(below, Block)
        whole.put(key, _merged(below, value) if merge else value, None if merge else top.lines.get(key))
    return whole


def _merged(base: Block, top: Block) -> Block:
    return Block({**base, **top}.items(), {**base.lines, **top.lines})


def _without(block: Any, *keys: str) -> Any:
    return (
        Block(((key, value) for key, value in block.items() if key not in keys), dict(block.lines)) if isinstance(block, Block) else block
    )


def _copy(block: Block) -> Block:
    return Block(block.items(), dict(block.lines))
