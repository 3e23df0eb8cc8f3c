"""What this paper's own results and answer must say."""

import pytest
from papers import FOLDER, plan_of

from secondlook.report.answers import filled

ANSWER = FOLDER / "mao2017/answer.md"


def test_what_is_computed_exactly_is_supported_at_scale_smoke(smoke_runs) -> None:
    claims = smoke_runs("mao2017").claims
    assert {claims[name]["outcome"] for name in ("L2", "O1", "O2", "O6", "O7", "O7.ii", "O8")} == {"supported"}


@pytest.mark.parametrize(
    ("effects", "agree"), [((1.2, 1.1, 1.3), True), ((0.9, 0.8, 0.7), True), ((1.2, 0.9, 1.1), False)], ids=["above", "below", "both"]
)
def test_the_answer_says_where_nets_disagree(smoke_runs, effects: tuple[float, ...], agree: bool) -> None:
    claims = dict(smoke_runs("mao2017").claims)
    for name, effect in zip(("L10", "O4", "O5"), effects, strict=True):
        claims[name] = claims[name] | {"effect": effect}
    text = filled(ANSWER, {"claims": claims, "scale": "smoke"})
    assert ("the same in all three nets" in text, "changes with the net that judges them" in text) == (agree, not agree)


def test_the_answer_is_silent_on_nets_where_images_do_not_run(smoke_runs) -> None:
    claims = dict(smoke_runs("mao2017").claims)
    for name in ("L10", "O4", "O5"):
        claims[name] = claims[name] | {"effect": None}
    text = filled(ANSWER, {"claims": claims, "scale": "quick"})
    assert "three nets" not in text and "not measured" not in text.partition("*Images.*")[2]


def test_seeds_of_decisions_are_none_of_the_trials() -> None:
    """Designs for scale quick were chosen after trials with seeds below 100."""
    for paper in ("mao2017", "goodfellow2014"):
        plan = plan_of(paper, "quick")
        for key in plan.experiments(paper):
            seeds = [seed for run in plan.runs(paper, key) for seed in run.seeds]
            assert key == "divergences" or min(seeds) >= 100, key  # nothing is random there
    ring, control = (plan_of("mao2017", "quick").runs("mao2017", key)[0].seeds for key in ("ring", "ring-control"))
    assert not set(ring) & set(control)
