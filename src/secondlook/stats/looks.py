"""Deciding the claims of a paper together: several looks at a growing number of replicas, and several claims, with one alpha.

At each look a claim has its share of alpha (Bonferroni: shares that rise with the look and add up to alpha). The primary claims of a paper
share alpha by Holm's steps (1979): all begin with alpha over their number, and where some are decided the others are judged again with
alpha over the number that is left. A secondary claim of a family is judged with alpha for itself, and is marked as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from secondlook.stats.judge import ALPHA, Judgement
from secondlook.stats.zones import DECIDED


def spending(looks: int, alpha: float = ALPHA) -> list[float]:
    """Return the alpha of each look, in proportion 1 : 2 : 3 ...: early looks have few replicas, and are there for large effects."""
    total = looks * (looks + 1) / 2
    return [alpha * look / total for look in range(1, looks + 1)]


@dataclass(frozen=True)
class Decision:
    """A judgement, and the look at which it was made: the first that decides, else the last that there was."""

    judgement: Judgement
    #: from 1 on
    look: int
    looks: int
    #: of each one-sided bound of its interval
    alpha: float
    #: spent by looks so far, this one among them, for this claim
    spent: float

    @property
    def decided(self) -> bool:
        """Whether it is an answer."""
        return self.judgement.outcome in DECIDED


#: a claim's test at a look (from 0 on), with the alpha of a one-sided bound
Look = Callable[[int, float], Judgement]


def decide_alone(test: Look, looks: int, seen: int, share: float = 1.0) -> Decision:
    """Judge one claim at each look that there is, and stop at the first that decides.

    Args:
        test: the claim's test.
        looks: how many looks were planned.
        seen: how many of them have all their replicas; with none the replicas that there are are judged as a first look.
        share: of alpha that the claim has.
    """
    alphas = [alpha * share for alpha in spending(looks)]
    for look in range(max(seen, 1)):
        judgement = test(look, alphas[look])
        decision = Decision(judgement, look + 1, looks, alphas[look], sum(alphas[: look + 1]))
        if decision.decided:
            break
    return decision


def decide_together(tests: Mapping[str, tuple[Look, int, int]], planned: int) -> dict[str, Decision]:
    """Judge the primary claims of a paper by Holm's steps.

    Args:
        tests: claim -> its test, the number of looks, how many of these have all their replicas.
        planned: how many primary claims there are by plan, whether they could be judged or not.
    """
    found: dict[str, Decision] = {}
    open_ = list(tests)
    left = planned
    while open_:
        found |= {claim: decide_alone(*tests[claim], share=1 / left) for claim in open_}
        decided = [claim for claim in open_ if found[claim].decided]
        if not decided:
            break
        open_ = [claim for claim in open_ if claim not in decided]
        left -= len(decided)
    return found
