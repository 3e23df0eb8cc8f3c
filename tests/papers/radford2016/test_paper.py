"""What this paper's own results must say."""

from papers import plan_of


def test_seeds_of_decisions_are_none_of_the_trials() -> None:
    plan = plan_of("radford2016", "quick")
    assert all(seed >= 100 for key in plan.experiments("radford2016") for run in plan.runs("radford2016", key) for seed in run.seeds)


def test_the_paired_arms_of_two_experiments_have_the_same_seeds() -> None:
    for scale in ("quick", "paper"):
        plan = plan_of("radford2016", scale)
        seeds = {key: plan.runs("radford2016", key)[0].seeds for key in ("guidelines", "start", "stability")}
        assert len(set(seeds.values())) == 1


def test_what_holds_of_any_net_at_its_start_is_supported_at_scale_smoke(smoke_runs) -> None:
    claims = smoke_runs("radford2016").claims
    assert claims["A2"]["outcome"] == "supported"
    assert claims["D10"]["outcome"] == "supported"  # untrained samples are far from everything
