"""The identities, and the two estimators' noise against plain Monte Carlo."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Normal

from secondlook.errors import UserError
from secondlook.papers.kingma2013 import identities

NODES = np.polynomial.hermite_e.hermegauss(80)
RULE = torch.from_numpy(NODES[0]), torch.from_numpy(NODES[1] / math.sqrt(2 * math.pi))


def test_the_rule_integrates_a_normal_number() -> None:
    nodes, weights = RULE
    for power, moment in ((0, 1), (1, 0), (2, 1), (4, 3), (6, 15)):
        assert float((nodes**power) @ weights) == pytest.approx(moment, abs=1e-10)


def test_all_identities_hold_and_seeds_differ(make_job) -> None:
    result = identities.run(make_job(seeds=tuple(range(20))))
    found: dict[str, list[float]] = {}
    for _, _, name, value in result.history.rows:
        found.setdefault(name, []).append(value)
    assert set(found) == identities.Settings().metrics() and all(len(values) == 20 for values in found.values())
    assert max(found["kl_gap"]) < 1e-12 and max(found["gradient_gap"]) < 1e-12
    assert min(found["bound_slack"]) > 0 and set(found["bound_above"]) == {0.0} and len(set(found["bound_slack"])) == 20
    assert found["noisier"] == [float(ratio >= 10) for ratio in found["variance_ratio"]]


def test_the_small_models_numbers_by_monte_carlo() -> None:
    """The same draws of a model, its bound and both estimators written anew."""
    found = identities.small_model(np.random.default_rng(4), 12, RULE)
    rng = np.random.default_rng(4)
    loading, bias = (torch.from_numpy(rng.normal(size=12)) for _ in range(2))
    image = torch.from_numpy((rng.random(12) < 0.5).astype(float))
    mean, log_variance = float(rng.normal()), float(rng.uniform(-2, 0))
    width = math.exp(log_variance / 2)
    noise = torch.randn(400_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    z = (mean + width * noise).requires_grad_()

    def log_joint(z: torch.Tensor) -> torch.Tensor:
        return Bernoulli(logits=z[:, None] * loading + bias).log_prob(image).sum(1) + Normal(0.0, 1.0).log_prob(z)

    inner = log_joint(z) - Normal(mean, width).log_prob(z)
    (through,) = torch.autograd.grad(inner.sum(), z)
    score = inner.detach() * noise / width
    assert found["variance_ratio"] == pytest.approx(float(score.var() / through.var()), rel=0.03)
    assert float(through.mean()) == pytest.approx(float(score.mean()), abs=5 * float(score.std()) / 400_000**0.5), "both are unbiased"
    prior = torch.randn(400_000, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    evidence = Bernoulli(logits=prior[:, None] * loading + bias).log_prob(image).sum(1).logsumexp(0) - math.log(400_000)
    assert found["bound_slack"] == pytest.approx(float(evidence - inner.detach().mean()), abs=0.03)


def test_ranges() -> None:
    with pytest.raises(UserError, match="'nodes' must be from 40 to 120"):
        identities.Settings(nodes=10)
