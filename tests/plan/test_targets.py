"""What the workflow makes of the plan: products, and what each target asks for."""

from __future__ import annotations

import pytest
from tiny_paper import EXACT, INSTRUMENTS, protocol

from secondlook.plan.plan import Plan
from secondlook.plan.targets import (
    claim_experiments,
    drawn_jobs,
    figure_files,
    figure_targets,
    paper_design,
    paper_products,
    paper_targets,
    report_products,
)
from secondlook.protocol.config import load_config
from secondlook.protocol.paper import Instruments
from secondlook.protocol.schema import validate

EXPERIMENTS = {
    "grid": {"cells": [{"lr": [0.1, 1.0]}]},
    "many": {"cells": [{"lr": [0.1, 1.0, 9.0]}], "cells_per_job": 2},
    "gan": {"inputs": {"marks": {"instrument": "ruler", "cell": {"length": 2}}}},
    "control": {},
    "large": {"scales": {"paper": EXACT}},
}
TEST = {"equal": "loss", "to": 0.0}
PLAN = Plan(
    {
        "toy": protocol(
            experiments={key: {"title": key, "module": "train", "scales": {"quick": EXACT}} | value for key, value in EXPERIMENTS.items()},
            selections={
                "best": {"experiments": ["grid"], "factor": "lr", "metric": "loss"},
                "far": {"experiments": ["large"], "factor": "lr", "metric": "loss"},
            },
            controls={"K1": {"sentence": "", "experiment": "control", "test": TEST}},
            claims={
                f"T{index}": {"sentence": "", "plain": "", "source": "", "experiment": name, "test": TEST}
                for index, name in enumerate(["gan", "large"])
            },
            figures={
                "curve": {"title": "", "caption": "", "tables": ["grid"]},
                "sheet": {"title": "", "caption": "", "arrays": ["gan"]},
                "sheets": {"title": "", "caption": "", "tables": ["grid"], "arrays": ["many", "gan"]},
                "crowd": {"title": "", "caption": "", "tables": ["large"]},
            },
        )
    },
    load_config({}),
    validate(Instruments, INSTRUMENTS, ""),
)
TOY = "results/quick/toy"
RULER = "results/quick/instruments/ruler"
GRID = [f"{TOY}/grid/lr={lr}/seeds=0-2/job.json" for lr in ("0.1", "1.0")]
MANY = [f"{TOY}/many/lr={lr}/seeds=0-2/job.json" for lr in ("0.1", "9.0")]  # the first makes two runs
GAN = f"{TOY}/gan/only/seeds=0-2/job.json"
CONTROL = f"{TOY}/control/only/seeds=0-2/job.json"
INSTRUMENT = f"{RULER}/length=2/seeds=0/job.json"


def test_claims_and_their_controls_rest_on_what_runs_at_the_scale() -> None:
    assert claim_experiments(PLAN, "toy") == ["gan", "control"]


@pytest.mark.parametrize("seeds", ["protocol", 2, 9])
def test_the_design_is_that_of_the_protocol_whatever_the_number_of_seeds(seeds: int | str) -> None:
    budgets = {
        "a": {"quick": {"reduced": True, "seeds": "100-105", "looks": [3, 6]}, "paper": EXACT},
        "b": {"quick": EXACT},
        "c": {"paper": EXACT},
        "unread": {"quick": EXACT},
    }
    toy = protocol(
        experiments={key: {"title": key, "module": "train", "scales": scales} for key, scales in budgets.items()},
        claims={
            f"T{index}": {"sentence": "", "plain": "", "source": "", "experiment": name, "test": TEST} for index, name in enumerate("abc")
        }
        | {"T3": {"sentence": "", "plain": "", "source": "", "not_run": "no wind", "needs": {"data": "wind"}}},
    )
    assert paper_design(Plan({"toy": toy}, load_config({"seeds": seeds})), "toy") == {
        "scale": "quick",
        "budgets": {
            "a": {"fidelity": "reduced", "first": 100, "seeds": 6, "looks": [3, 6]},
            "b": {"fidelity": "exact", "first": 0, "seeds": 3, "looks": None},
        },
        "scales": {"T0": ["quick", "paper"], "T1": ["quick"], "T2": ["paper"], "T3": []},
    }


def test_a_figure_and_its_arrays() -> None:
    assert figure_files(PLAN, "toy", "sheet") == [f"{TOY}/figures/sheet.svg", f"{TOY}/figures/sheet.png"]
    assert drawn_jobs(PLAN, "toy", "sheet") == [GAN]
    assert drawn_jobs(PLAN, "toy", "sheets") == [*MANY, GAN]
    assert drawn_jobs(PLAN, "toy", "curve") == []


def test_products_of_a_paper_leave_out_what_does_not_run() -> None:
    assert paper_products(PLAN, "toy") == [
        f"{TOY}/claims.json",
        f"{TOY}/grid.runs.json",
        f"{TOY}/many.runs.json",
        f"{TOY}/gan.runs.json",
        f"{TOY}/control.runs.json",
        f"{TOY}/selections/best.json",
        *figure_files(PLAN, "toy", "curve"),
        *figure_files(PLAN, "toy", "sheet"),
        *figure_files(PLAN, "toy", "sheets"),
    ]


def test_targets_ask_for_the_jobs_too() -> None:
    assert paper_targets(PLAN, "toy") == [*paper_products(PLAN, "toy"), *GRID, *MANY, GAN, CONTROL, INSTRUMENT]
    assert figure_targets(PLAN, "toy", "curve") == [*figure_files(PLAN, "toy", "curve"), *GRID]
    assert figure_targets(PLAN, "toy", "sheet") == [*figure_files(PLAN, "toy", "sheet"), GAN, INSTRUMENT]
    assert figure_targets(PLAN, "toy", "sheets") == [*figure_files(PLAN, "toy", "sheets"), *GRID, *MANY, GAN, INSTRUMENT]


def test_the_report_shows_the_instruments_and_the_tables_of_figures() -> None:
    assert report_products(PLAN) == [*paper_products(PLAN, "toy"), f"{RULER}.runs.json", f"{TOY}/grid.csv"]
