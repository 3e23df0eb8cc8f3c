"""What a scale reduces, in words that nobody wrote: toys with one difference each, then every experiment of the papers."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_paper import papers_in, protocol, write_paper

import secondlook.papers
from secondlook.check.descriptions import describe_settings
from secondlook.check.stand_ins import stand_ins
from secondlook.protocol.experiment import Experiment
from secondlook.protocol.project import INSTRUMENTS, experiment_module, load_project
from secondlook.protocol.schema import SCALES, Scale
from secondlook.report.reductions import Reduction, plain, reduction

MODULE = """
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Base:
    #: updates
    #: of the toy, all in all
    steps: int


@dataclass(frozen=True)
class Settings(Base):
    #: step size
    lr: float = 0.5
    #: training images
    #: the first so many; None: all
    images: int | None = None
    #: bound of the weights
    clip: float | None = None
    #: the toy shines
    shiny: bool = False
    #: sizes of the layers
    layers: list[int] = field(default_factory=lambda: [4, 4])
    bare: int = 1
    #: epochs
    epochs: int = 1

    def metrics(self):
        return {"loss"}


def run(job):
    pass
"""


@pytest.fixture(scope="module", autouse=True)
def papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The made-up paper's module can be imported."""
    folder = tmp_path_factory.mktemp("reductions") / "papers"
    write_paper(folder, "toyless", {"train.py": MODULE})
    with papers_in(folder):
        yield


def reduced(quick: dict[str, Any], paper: dict[str, Any] | None, seeds: Any = "protocol", **experiment: Any) -> Reduction | None:
    """Reduction at scale quick of an experiment with these scales."""
    scales = {"quick": {"seeds": 3} | quick} | ({"paper": {"seeds": 3} | paper} if paper else {})
    fields = {"title": "A run", "module": "train", "settings": {"steps": 9}, "scales": scales}
    return reduction("toyless", protocol(experiments={"plain": fields | experiment}).experiments["plain"], "quick", seeds)


def changes(quick: dict[str, Any], paper: dict[str, Any], **experiment: Any) -> list[str]:
    found = reduced({"reduced": True} | quick, {"exact": True} | paper, **experiment)
    return list(found.changes) if found else []


def settings(quick: dict[str, Any], paper: dict[str, Any], **experiment: Any) -> list[str]:
    return changes({"settings": quick}, {"settings": paper}, **experiment)


# ---- settings


def test_a_setting_that_differs_is_named_with_what_it_is_and_both_values() -> None:
    assert settings({"steps": 100}, {"steps": 35000}) == ["updates (steps): 100 instead of 35,000"]
    assert settings({"steps": 100}, {}) == ["updates (steps): 100 instead of 9"]  # against what all scales share
    assert settings({}, {"steps": 100}) == ["updates (steps): 9 instead of 100"]
    assert settings({"bare": 2}, {}) == ["bare: 2 instead of 1"]  # nobody has described it
    assert settings({"epochs": 2}, {}) == ["epochs: 2 instead of 1"]  # its name says it


def test_what_a_scale_leaves_unsaid_is_the_modules_default() -> None:
    assert settings({"lr": 0.25}, {}) == ["step size (lr): 0.25 instead of 0.5"]
    assert settings({}, {"lr": 0.25}) == ["step size (lr): 0.5 instead of 0.25"]
    assert settings({"layers": [2]}, {}) == ["sizes of the layers (layers): 2 instead of 4, 4"]
    assert settings({"lr": 0.5, "layers": [4, 4]}, {}) == []  # the default itself, said


@pytest.mark.parametrize(
    ("quick", "paper", "said"),
    [
        ({"lr": 5e-05}, {"lr": 2.0}, "step size (lr): 5e-05 instead of 2"),
        ({"lr": 0.12345678}, {"lr": 0.12345679}, "step size (lr): 0.12345678 instead of 0.12345679"),
        ({"shiny": True}, {}, "the toy shines (shiny): yes instead of no"),
        ({"clip": 0.01}, {}, "bound of the weights (clip): 0.01 instead of none"),
        ({}, {"clip": 0.01}, "bound of the weights (clip): none instead of 0.01"),
        ({"images": 1000}, {}, "training images (images): 1,000 instead of all"),
        ({}, {"images": 1000}, "training images (images): all instead of 1,000"),
        ({"lr": {"a": 0.1, "b": 0.2}}, {"lr": 0.3}, "step size (lr): 0.1 (a), 0.2 (b) instead of 0.3"),
        ({"lr": 0.1}, {"lr": {"a": 0.3, "b": 0.3}}, "step size (lr): 0.1 instead of 0.3"),
        ({"clip": {"a": None, "b": 0.1}}, {}, "bound of the weights (clip): none (a), 0.1 (b) instead of none"),
    ],
)
def test_values_read_as_people_write_them(quick: dict[str, Any], paper: dict[str, Any], said: str) -> None:
    assert settings(quick, paper) == [said]


def test_a_value_for_each_loss_that_comes_to_the_same_is_no_difference() -> None:
    assert settings({"lr": 0.3}, {"lr": {"a": 0.3, "b": 0.3}}) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567, "1,234,567"), (0.0, "0"), (None, "none"), ([], "none"), ("full", "full"), ({"a": 1}, "1 (a)"), ([1.5, True], "1.5, yes")],
)
def test_plain_values(value: Any, text: str) -> None:
    assert plain(value) == text


def test_factors_are_not_settings() -> None:
    """A grid says its own levels; a setting below a factor counts only where both scales give it."""
    assert changes({}, {}, cells={"lr": [0.1, 0.2]}) == []
    assert settings({"lr": 0.7}, {}, cells={"lr": [0.1, 0.2]}) == []
    mixed = [{"lr": 0.1}, {"shiny": True}]
    assert settings({"lr": 0.7}, {"lr": 0.8}, cells=mixed) == ["step size (lr): 0.7 instead of 0.8"]


# ---- cells


@pytest.mark.parametrize(
    ("quick", "paper", "said"),
    [
        ({"lr": [0.1, 0.2]}, {"lr": [0.1, 0.2, 0.3]}, ["lr: 0.1, 0.2 instead of 0.1, 0.2, 0.3"]),
        ({"lr": 0.1, "bare": [1, 2]}, {"lr": [0.1, 0.3], "bare": [1, 2]}, ["lr: 0.1 instead of 0.1, 0.3"]),
        ([{"lr": 0.1}], [{"lr": 0.1}, {"shiny": True}], ["without the cells with shiny yes"]),
        ([{"lr": 0.1}, {"shiny": True}], [{"lr": 0.1}], ["with cells of shiny yes, which scale paper does not have"]),
        ([{"lr": 0.1, "bare": 1}, {"lr": 0.2, "bare": 2}], {"lr": [0.1, 0.2], "bare": [1, 2]}, ["cells of the grid: 2 instead of 4"]),
        ({"lr": [0.2, 0.1]}, {"lr": [0.1, 0.2]}, []),
        ({"lr": {"select": "best"}}, [{"lr": {"select": "best"}}, {"lr": 0.1}], ["lr: selected instead of selected, 0.1"]),
    ],
)
def test_levels_that_are_left_out_or_added(quick: Any, paper: Any, said: list[str]) -> None:
    assert changes({"cells": quick}, {"cells": paper}) == said


def test_a_factor_that_is_one_setting_at_this_scale() -> None:
    said = changes({"cells": {"shiny": True}, "settings": {"lr": 0.1}}, {"cells": {"shiny": True, "lr": [0.1, 0.2]}})
    assert said == ["lr: 0.1 instead of 0.1, 0.2"]


# ---- seeds


def test_seeds_count_wherever_they_start() -> None:
    assert changes({"seeds": 3}, {"seeds": 10}) == ["seeds: 3 instead of 10"]
    assert changes({"seeds": "100-102"}, {"seeds": 3}) == []


def test_seeds_of_the_configuration_stand_in_for_the_protocols_own() -> None:
    budgets = ({"reduced": True, "seeds": 3}, {"exact": True, "seeds": 10})
    assert reduced(*budgets, seeds=10) is None
    assert reduced(*budgets, seeds=2).changes == ("seeds: 2 instead of 10",)
    assert reduced(*budgets, seeds=2, fixed_seeds=True).changes == ("seeds: 3 instead of 10",)


def test_fewer_seeds_at_scale_paper_are_a_reduction_too() -> None:
    fields = {"title": "A run", "module": "train", "settings": {"steps": 9}, "scales": {"paper": {"exact": True, "seeds": 10}}}
    experiment = protocol(experiments={"plain": fields}).experiments["plain"]
    assert reduction("toyless", experiment, "paper") is None
    assert str(reduction("toyless", experiment, "paper", 2)) == "seeds: 2 instead of 10"


# ---- prose


def test_prose_of_scale_paper_counts_at_lower_scales() -> None:
    found = reduced({"reduced": True, "seeds": 2}, {"reduced": "a toy of ours"})
    assert found == Reduction(("a toy of ours",), ("seeds: 2 instead of 3",))
    assert str(found) == "a toy of ours; seeds: 2 instead of 3"
    assert reduced({"reduced": "no wind"}, {"reduced": "a toy of ours"}) == Reduction(("a toy of ours", "no wind"), ())
    assert reduced({"reduced": "a toy of ours"}, {"reduced": "a toy of ours"}) == Reduction(("a toy of ours",), ())
    assert reduced({"exact": True}, {"reduced": "a toy of ours"}) == Reduction(("a toy of ours",), ())
    assert reduced({"reduced": "no wind"}, {"exact": True}) == Reduction(("no wind",), ())


def test_at_scale_paper_there_is_its_own_prose_alone() -> None:
    quick = {"reduced": "no wind", "seeds": 1, "settings": {"steps": 1}}
    for said, expected in (({"reduced": "a toy of ours"}, Reduction(("a toy of ours",), ())), ({"exact": True}, None)):
        scales = {"quick": quick, "paper": said | {"seeds": 3}}
        fields = {"title": "A run", "module": "train", "settings": {"steps": 9}, "scales": scales}
        assert reduction("toyless", protocol(experiments={"plain": fields}).experiments["plain"], "paper") == expected


def test_an_experiment_that_does_not_run_at_scale_paper_has_its_own_prose_alone() -> None:
    assert reduced({"reduced": "no wind", "settings": {"steps": 1}}, None) == Reduction(("no wind",), ())


def test_exact_and_equal_scales_say_nothing() -> None:
    assert reduced({"exact": True}, {"exact": True}) is None
    assert reduced({"exact": True, "settings": {"lr": 0.5}}, {"exact": True}) is None
    assert reduced({"exact": True, "seeds": 2}, {"exact": True}) == Reduction((), ("seeds: 2 instead of 3",))


# ---- the papers

PROJECT = load_project(Path(secondlook.papers.__path__[0]))
EXPERIMENTS = [
    (paper, key, experiment)
    for paper, source in [*PROJECT.protocols.items(), (INSTRUMENTS, PROJECT.instruments)]
    for key, experiment in source.experiments.items()
]
IDS = [f"{paper}/{key}" for paper, key, _ in EXPERIMENTS]
BELOW_PAPER = [
    pytest.param(paper, experiment, scale, id=f"{paper}/{key}, {scale}")
    for paper, key, experiment in EXPERIMENTS
    for scale in SCALES
    if scale in experiment.scales and scale != "paper"
]


@pytest.mark.parametrize(("paper", "experiment", "scale"), BELOW_PAPER)
def test_every_reduced_experiment_says_what_is_reduced(paper: str, experiment: Experiment, scale: Scale) -> None:
    found = reduction(paper, experiment, scale)
    if experiment.scales[scale].reduced:
        assert found is not None
        assert found.prose or [change for change in found.changes if not change.startswith("seeds: ")]
    for change in found.changes if found else ():
        assert re.fullmatch(r"[^:]+: .+ instead of .+|with(out)? .+", change), change


@pytest.mark.parametrize(("paper", "key", "experiment"), EXPERIMENTS, ids=IDS)
def test_every_setting_that_differs_between_scales_is_described(paper: str, key: str, experiment: Experiment) -> None:
    described = describe_settings(experiment_module(paper, experiment.module))
    said = {name for scale in experiment.scales for name in experiment.settings_at(scale)}
    assert {name for name in said if not described[name].text} == set()
    for scale in set(experiment.scales) - {"paper"}:
        found = reduction(paper, experiment, scale)
        names = [change.partition(":")[0] for change in (found.changes if found else ())]
        bare = [name for name in names if name in described and name not in factors(experiment)]
        assert all(described[name].text == name for name in bare), bare


def factors(experiment: Experiment) -> set[str]:
    return {factor for product in experiment.products for factor in product}


@pytest.mark.parametrize(("paper", "key", "experiment"), EXPERIMENTS, ids=IDS)
def test_a_count_that_may_be_none_means_all(paper: str, key: str, experiment: Experiment) -> None:
    """The report says "all" where such a setting is None; its module says so too."""
    with stand_ins():
        model = importlib.import_module(experiment_module(paper, experiment.module)).Settings
        sources = [inspect.getsource(cls) for cls in model.__mro__ if dataclasses.is_dataclass(cls)]
    for field in dataclasses.fields(model):
        if str(field.type).replace(" ", "") in ("int|None", "None|int"):
            assert any(re.search(rf"None: all\n +{field.name}: ", source) for source in sources), field.name
