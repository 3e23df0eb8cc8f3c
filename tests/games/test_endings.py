"""How an image game ended, in all that plays one."""

from secondlook.games.endings import EndingSettings, add_endings
from secondlook.runner.job import History, Result

VALUES = {"dataset": "mnist", "side": 16, "loss": "non-saturating", "steps": 4, "batch": 16, "records": 2, "d_lr": 1e-3, "g_lr": 1e-3}


def test_only_replicas_that_ended_have_an_ending() -> None:
    rows = [(seed, step, "fid_a", fid) for seed in (3, 4) for step, fid in ((0, 1000.0), (2, 50.0))]
    rows += [(4, 3, "diverged", 1.0), (3, 4, "fid_a", 39.0), (3, 4, "fid_a_floor", 8.0), (3, 4, "classes_a", 10.0)]
    result = Result(History(rows), status={3: "completed", 4: "diverged at step 3"})
    add_endings(result, EndingSettings(**VALUES))
    added = result.history.rows[len(rows) :]
    assert {row[:2] for row in added} == {(3, 4)}
    assert {metric: value for _, _, metric, value in added} == {"success": 1.0, "best_fid_a": 39.0, "best_step": 4.0, "judged": 10000.0}
