"""What this paper's own results and answer must say."""

from papers import FOLDER, plan_of

from secondlook.report.answers import read_answer

ANSWER = FOLDER / "mao2017/answer.md"


def test_what_is_computed_exactly_is_supported_at_scale_smoke(smoke_runs) -> None:
    claims = smoke_runs("mao2017").claims
    assert {claims[name]["outcome"] for name in ("L2", "O1", "O2", "O6", "O7", "O7.ii", "O8")} == {"supported"}


def test_the_answer_names_the_nets_distances_only_where_images_ran(smoke_runs) -> None:
    claims = dict(smoke_runs("mao2017").claims)
    for effect in (1.2, None):
        for name in ("L10", "O4", "O5"):
            claims[name] = claims[name] | {"effect": effect}
        (section,) = [each for each in read_answer(ANSWER, claims, "quick") if {"L10"} & set(each.claims)]
        text = " ".join(row.text for row in section.rows)
        assert ("no order should" in text, "need scale `paper`" in text) == (effect is not None, effect is None)
        assert "not measured" not in text


def test_seeds_of_decisions_are_none_of_the_trials() -> None:
    """Designs for scale quick were chosen after trials with seeds below 100."""
    for paper in ("mao2017", "goodfellow2014"):
        plan = plan_of(paper, "quick")
        for key in plan.experiments(paper):
            seeds = [seed for run in plan.runs(paper, key) for seed in run.seeds]
            assert key == "divergences" or min(seeds) >= 100, key  # nothing is random there
    ring, control = (plan_of("mao2017", "quick").runs("mao2017", key)[0].seeds for key in ("ring", "ring-control"))
    assert not set(ring) & set(control)
