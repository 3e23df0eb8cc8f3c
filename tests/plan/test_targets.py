"""What the workflow makes of the plan: products, and what each target asks for."""

from __future__ import annotations

from tiny_paper import EXACT, INSTRUMENTS, protocol

from secondlook.plan.plan import Plan
from secondlook.plan.targets import (
    array_files,
    claim_experiments,
    figure_files,
    figure_targets,
    paper_products,
    paper_targets,
    report_products,
)
from secondlook.protocol.config import load_config
from secondlook.protocol.paper import Instruments
from secondlook.protocol.schema import validate

EXPERIMENTS = {
    "grid": {"cells": [{"lr": [0.1, 1.0]}]},
    "gan": {"inputs": {"marks": {"instrument": "ruler", "cell": {"length": 2}}}},
    "large": {"scales": {"paper": EXACT}},
}
TEST = {"kind": "exact", "metric": "loss", "equals": 0.0}
PLAN = Plan(
    {
        "toy": protocol(
            experiments={key: {"title": key, "module": "train", "scales": {"quick": EXACT}} | value for key, value in EXPERIMENTS.items()},
            selections={
                "best": {"experiments": ["grid"], "factor": "lr", "metric": "loss"},
                "far": {"experiments": ["large"], "factor": "lr", "metric": "loss"},
            },
            claims=[
                {"id": f"T{index}", "sentence": "", "where": "", "experiment": name, "test": TEST}
                for index, name in enumerate(["gan", "large"])
            ],
            figures={
                "curve": {"title": "", "caption": "", "tables": ["grid"]},
                "sheet": {"title": "", "caption": "", "arrays": ["gan"]},
                "crowd": {"title": "", "caption": "", "tables": ["large"]},
            },
        )
    },
    load_config({}),
    validate(Instruments, INSTRUMENTS, ""),
)
TOY = "results/quick/toy"
RULER = "results/quick/instruments/ruler"
RUNS = [f"{TOY}/grid/lr={lr}/seeds=0-2/run.json" for lr in ("0.1", "1.0")]
GAN = f"{TOY}/gan/only/seeds=0-2"


def test_claims_rest_on_what_runs_at_the_scale() -> None:
    assert claim_experiments(PLAN, "toy") == ["gan"]


def test_a_figure_and_its_arrays() -> None:
    assert figure_files(PLAN, "toy", "sheet") == [f"{TOY}/figures/sheet.svg", f"{TOY}/figures/sheet.png"]
    assert array_files(PLAN, "toy", "sheet", "run.json") == [f"{GAN}/run.json"]
    assert array_files(PLAN, "toy", "curve", "run.json") == []


def test_products_of_a_paper_leave_out_what_does_not_run() -> None:
    assert paper_products(PLAN, "toy") == [
        f"{TOY}/claims.json",
        f"{TOY}/grid.runs.json",
        f"{TOY}/gan.runs.json",
        f"{TOY}/selections/best.json",
        *figure_files(PLAN, "toy", "curve"),
        *figure_files(PLAN, "toy", "sheet"),
    ]


def test_targets_ask_for_the_runs_too() -> None:
    instrument = f"{RULER}/length=2/seeds=0/run.json"
    assert paper_targets(PLAN, "toy") == [*paper_products(PLAN, "toy"), *RUNS, f"{GAN}/run.json", instrument]
    assert figure_targets(PLAN, "toy", "curve") == [*figure_files(PLAN, "toy", "curve"), *RUNS]
    assert figure_targets(PLAN, "toy", "sheet") == [*figure_files(PLAN, "toy", "sheet"), f"{GAN}/run.json", instrument]


def test_the_report_shows_the_instruments_and_the_tables_of_figures() -> None:
    assert report_products(PLAN) == [*paper_products(PLAN, "toy"), f"{RULER}.runs.json", f"{TOY}/grid.csv"]
