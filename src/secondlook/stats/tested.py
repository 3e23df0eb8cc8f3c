"""A claim with its tables and its plan: judged at a look, or at all replicas that there are."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

from secondlook.protocol.claims import Claim, Control
from secondlook.protocol.rules import Difference, Equal, MeasuredTest, Share, arms_of
from secondlook.stats import chance
from secondlook.stats.design import Budgets, PaperDesign
from secondlook.stats.judge import NOISE, Judgement, claims_excess, judge
from secondlook.stats.samples import Picked, Tables, first_replicas, pick_arms, where


class Looked:
    """A claim or a control whose outcome chance has a part in, with the replicas of each look.

    Args:
        item: the claim or the control, which has a measured test.
        tables: experiment -> collected table.
        budgets: what was planned for the experiments.
    """

    def __init__(self, item: Claim | Control, tables: Tables, budgets: Budgets) -> None:
        self.test, self.experiment, self.tables, self.budgets = measured_test(item), str(item.experiment), tables, budgets
        self.arms, self.experiments = arms_of(self.test), experiments_of(item)
        self.looks = budgets.looks_of(self.experiments)

    @property
    def seen(self) -> int:
        """How many looks have all their replicas."""
        return next((look for look in range(self.looks) if not self._complete(look)), self.looks)

    def _complete(self, look: int) -> bool:
        for name, arm in zip(self.experiments, self.arms, strict=True):
            count = self.budgets.count(name, look)
            table = where(first_replicas(self.tables[name], self.budgets.first(name), count), arm.cells)
            if table["replica"].nunique() < count:
                return False
        return True

    @property
    def beyond_plan(self) -> bool:
        """Whether there are replicas that nobody planned."""
        return any(
            self.tables[name]["replica"].max() >= self.budgets.first(name) + self.budgets.count(name, self.looks - 1)
            for name in self.experiments
        )

    def arms_at(self, look: int | None) -> list[Picked]:
        """Its arms with the replicas of a look (from 0 on), or with all that there are."""
        tables = dict(self.tables)
        if look is not None:
            for name in set(self.experiments):
                tables[name] = first_replicas(tables[name], self.budgets.first(name), self.budgets.count(name, look))
        return pick_arms(self.test, self.experiment, tables)

    def look(self, look: int, alpha: float) -> Judgement:
        """Judge it at a look."""
        return self.judged(self.arms_at(look), alpha)

    def judged(self, arms: Sequence[Picked], alpha: float) -> Judgement:
        """Judge it by these arms."""
        if getattr(self.test, "paired", False) and arms[0].replicas != arms[1].replicas:
            return Judgement("undecided", "the arms do not have the same replicas, which a paired comparison needs")
        judgement = judge(self.test, [arm.values for arm in arms], alpha, ranks=any(arm.diverged for arm in arms))
        if isinstance(self.test, Difference) and self.test.given_lower:
            first, second = arms
            if not second.premise <= first.premise:
                ends = f"{second.label} ends at {self.test.given_lower} {second.premise:.4g}, above {first.premise:.4g} of {first.label}"
                return dataclasses.replace(judgement, outcome="undecided", why=f"its premise fails: {ends}")
        p = arms[0].p if claims_excess(self.test) else None
        if p is not None and judgement.outcome == "supported" and p > alpha * (1 + NOISE):
            return dataclasses.replace(judgement, outcome="undecided", why=f"matched at random, replicas do as well with p = {p:.3g}")
        return judgement


class Tested(Looked):
    """A claim with its plan.

    Args:
        claim: the claim, which has a measured test.
        tables: experiment -> collected table.
        plan: what was planned for its paper.
        sharing: how many claims share alpha with it, itself among them.
    """

    def __init__(self, claim: Claim, tables: Tables, plan: PaperDesign, sharing: int) -> None:
        super().__init__(claim, tables, plan.budgets)
        self.claim = claim
        self.design = design_of(claim, plan, sharing)
        self.chance = chance.chance(self.design) if self.design else None
        #: whether the plan gives it a chance; at scale smoke nothing has one, and nobody asks
        self.worth_running = plan.scale == "smoke" or self.chance is None or self.chance.enough


def share_of_alpha(claims: Iterable[Claim], plan: PaperDesign) -> int:
    """How many claims of a paper share alpha at this scale: the primary ones that chance has a part in. Known before the run."""
    return plan.sharing or max(sum(claim.primary and claim.random and plan.stands(claim.id) for claim in claims), 1)


def tested_claims(claims: Sequence[Claim], tables: Tables, plan: PaperDesign) -> dict[str, Tested]:
    """The claims that stand at this scale and that chance has a part in, where their tables are there."""
    sharing = share_of_alpha(claims, plan)
    return {
        claim.id: Tested(claim, tables, plan, sharing if claim.primary else 1)
        for claim in claims
        if claim.random and plan.stands(claim.id) and set(experiments_of(claim)) <= set(tables)
    }


def designs(claims: Sequence[Claim], plan: PaperDesign) -> dict[str, chance.Design]:
    """The designs of the same claims, of those that name what the plan counts with."""
    sharing = share_of_alpha(claims, plan)
    standing = [claim for claim in claims if claim.random and plan.stands(claim.id)]
    found = {claim.id: design_of(claim, plan, sharing if claim.primary else 1) for claim in standing}
    return {key: design for key, design in found.items() if design is not None}


def measured_test(item: Claim | Control) -> MeasuredTest:
    """The test of a claim or a control that chance has a part in."""
    assert item.test is not None and not isinstance(item.test, Equal)
    return item.test


def experiments_of(item: Claim | Control) -> list[str]:
    """The experiment of each arm."""
    return [arm.experiment or str(item.experiment) for arm in arms_of(measured_test(item))]


def design_of(claim: Claim, plan: PaperDesign, sharing: int) -> chance.Design | None:
    """How a claim is planned; None where nothing says what the plan counts with."""
    spread, expected, otherwise = claim.planned(plan.scale)
    if spread is None or expected is None or otherwise is None:
        return None
    test, experiments = measured_test(claim), experiments_of(claim)
    # a share may be that of the replicas of several cells
    pooled = [math.prod(len(levels) for levels in arm.cells.values()) if isinstance(test, Share) else 1 for arm in arms_of(test)]
    sizes = tuple(
        tuple(plan.budgets.count(name, look) * cells for name, cells in zip(experiments, pooled, strict=True))
        for look in range(plan.budgets.looks_of(experiments))
    )
    return chance.Design(test, sizes, spread, expected, otherwise, 1 / sharing)
