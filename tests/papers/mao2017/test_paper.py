"""The whole paper at scale smoke on random images: every experiment runs, every claim is decided, every figure is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import secondlook.papers
from secondlook.figures.style import draw_figure
from secondlook.files import read_json
from secondlook.nets.classifier import Classifier
from secondlook.plan.plan import Plan, load_plan
from secondlook.protocol.claims import arms_of
from secondlook.protocol.config import load_config
from secondlook.report.answers import filled
from secondlook.runner.job import run_job
from secondlook.stats.decide import decide_claims
from secondlook.tables.collect import collect

PAPER = "mao2017"
FOLDER = Path(secondlook.papers.__path__[0])


def make_plan(scale: str) -> Plan:
    return load_plan(FOLDER, load_config({"scale": scale, "papers": [PAPER]}))


def random_images(path: Path, _: str) -> dict[str, np.ndarray]:
    """Images in the layout of the data set that the path names."""
    shape = (1, 28, 28) if path.stem == "mnist" else (3, 32, 32)
    drawn = np.random.default_rng(0)
    return {f"{part}_images": drawn.integers(0, 256, (600, *shape), np.uint8) for part in ("train", "test")} | {
        f"{part}_labels": drawn.integers(0, 10, 600).astype(np.uint8) for part in ("train", "test")
    }


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of scale smoke, as the workflow would leave them."""
    folder, plan = tmp_path_factory.mktemp("mao2017"), make_plan("smoke")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("secondlook.data.images.load", random_images)
        for experiment in plan.experiments(PAPER):
            runs = plan.runs(PAPER, experiment)
            for run in runs:
                spec = plan.spec(run)
                for net, folders in spec["inputs"].items():
                    fill_net(Path(folders[0]), channels=1 if "mnist" in folders[0] else 3, side=spec["values"]["side"], seed=len(net))
                folders = {name: Path(f"{name}.safetensors") for name in spec["data"]}
                run_job(spec | {"code": "test"}, out=Path(plan.folder(run)), work=folder / "work", datasets=folders, device="cpu")
            collect([Path(plan.folder(run)) for run in runs], Path(plan.table(PAPER, experiment)), Path(plan.records(PAPER, experiment)))
    return folder


def fill_net(folder: Path, *, channels: int, side: int, seed: int) -> None:
    """Write a feature net with weights of its own where there is none."""
    if not folder.exists():
        folder.mkdir(parents=True)
        drawn = np.random.default_rng(seed)
        state = Classifier(channels, side).state_dict()
        save_file(
            {f"0/{name}": drawn.normal(0, 0.1, tensor.shape).astype(np.float32) for name, tensor in state.items()},
            folder / "arrays.safetensors",
        )


@pytest.fixture(scope="module")
def decided(ran: Path) -> dict[str, dict]:
    """The verdicts of the run, by claim."""
    plan = make_plan("smoke")
    protocol = plan.protocols[PAPER]
    decide_claims(
        [claim.model_dump(mode="json") for claim in protocol.claims],
        {name: plan.budget(PAPER, name).fidelity for name in plan.experiments(PAPER)},
        {name: ran / plan.table(PAPER, name) for name in plan.experiments(PAPER)},
        ran / "claims.json",
        [control.model_dump(mode="json") for control in protocol.controls],
    )
    return {claim["id"]: claim for claim in read_json(ran / "claims.json")}


@pytest.mark.parametrize("scale", ["smoke", "quick", "paper"])
def test_every_arm_of_a_claim_has_cells(scale: str) -> None:
    """An arm whose cells do not run would be found only after hours of training."""
    plan = make_plan(scale)
    protocol = plan.protocols[PAPER]
    for item in [*protocol.claims, *protocol.controls]:
        wheres = [(getattr(item.test, "where", None), item.experiment)] if item.test else []
        arms = [getattr(item.test, name, None) for name in ("first", "second", "arm")]
        wheres += [(arm.where, arm.experiment or item.experiment) for arm in arms if arm]
        for where, experiment in wheres:
            cells = [run.cell.factors for run in plan.runs(PAPER, experiment)]
            if where and cells:
                named = [cell for cell in cells if all(cell.get(factor) in levels for factor, levels in where.items())]
                assert len({tuple(cell.items()) for cell in named}) == max(map(len, where.values())), f"{item.id}: {where} of {experiment}"


def test_every_claim_of_the_sheet_appears() -> None:
    ids = [claim.id for claim in make_plan("paper").protocols[PAPER].claims]
    assert {name.partition(".")[0] for name in ids if name.startswith("L")} == {f"L{number}" for number in range(1, 15)}


@pytest.mark.parametrize("scale", ["quick", "paper"])
def test_a_toy_of_ours_is_never_called_exact(scale: str) -> None:
    budget = make_plan(scale).budget(PAPER, "boundary")
    assert budget.fidelity == "reduced"
    assert budget.reduction.startswith("a toy of ours, since the paper states no setting")


def test_every_experiment_is_read_by_a_claim_a_control_or_a_figure() -> None:
    protocol = make_plan("paper").protocols[PAPER]
    items = [*protocol.claims, *protocol.controls]
    arms = [arm for item in items if item.test for arm in arms_of(item.test)]
    read = {item.experiment for item in items} | {arm.experiment for arm in arms}
    assert set(protocol.experiments) <= read.union(*(figure.experiments for figure in protocol.figures.values()))


def test_no_number_is_reported_that_was_not_read() -> None:
    reported = {claim.id: claim.reported for claim in make_plan("paper").protocols[PAPER].claims if claim.reported}
    assert set(reported) == {"L5", "L9.iii"}
    assert all(item.mark == "S2" and item.through for item in reported.values())


def test_claims_are_decided_and_the_answer_is_filled_in(decided: dict[str, dict]) -> None:
    assert all(decided[name]["verdict"] == "replicated" for name in ("L2", "O1", "O2"))
    assert all(decided[name]["verdict"] == "not run" for name in ("L6.ii", "L11", "L12.i", "L12.ii", "L13", "L14"))
    assert all(claim["why"] for claim in decided.values())
    text = filled(FOLDER / PAPER / "answer.md", {"claims": decided, "scale": "smoke"})
    assert "**replicated**" in text
    assert ("in all three" in text) != ("changes with the net" in text)


def test_the_answer_says_where_nets_disagree(decided: dict[str, dict]) -> None:
    for effects, word in (((1.2, 1.1, 1.3), "in all three"), ((0.9, 0.8, 0.7), "in all three"), ((1.2, 0.9, 1.1), "changes with the net")):
        found = {name: {"effect": effect} for name, effect in zip(("L10", "O4", "O5"), effects, strict=True)}
        claims = {name: claim | found.get(name, {}) for name, claim in decided.items()}
        assert word in filled(FOLDER / PAPER / "answer.md", {"claims": claims, "scale": "smoke"})


def test_figures_are_drawn(ran: Path, tmp_path: Path) -> None:
    plan = make_plan("smoke")
    for name in plan.figures(PAPER):
        figure = plan.protocols[PAPER].figures[name]
        records = [ran / plan.folder(run) / "run.json" for experiment in figure.arrays for run in plan.runs(PAPER, experiment)]
        out = tmp_path / f"{name}.png"
        tables = {experiment: ran / plan.table(PAPER, experiment) for experiment in figure.tables}
        draw_figure(f"secondlook.papers.{PAPER}.figures.{name}", tables, None, [out], records)
        assert out.stat().st_size > 5000, name
    assert set(make_plan("paper").figures(PAPER)) == {
        path.stem for path in (FOLDER / PAPER / "figures").glob("*.py") if path.stem != "__init__"
    }
