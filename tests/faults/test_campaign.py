"""A short campaign; `make faults` runs the whole one."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("snakemake", reason="the workflow's tests need the driver: pip install with the extra 'workflow'")

from campaign import STAGES, campaign, lay_out_with_trainings


def test_a_short_campaign_loses_nothing(tmp_path: Path) -> None:
    stages = [stage for stage in STAGES if stage.name in ("train (classifier)", "train (game)", "collect", "decide")]
    tallies = dict(campaign(lay_out_with_trainings(tmp_path / "project"), kills=5, seed=1, stages=stages))
    assert sum(tally.kills for tally in tallies.values()) == 5
    assert [lost for tally in tallies.values() for lost in tally.lost] == []
