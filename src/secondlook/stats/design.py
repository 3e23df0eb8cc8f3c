"""What was planned for a paper at a scale, as the jobs that decide its claims are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from secondlook.protocol.schema import SCALES, Fidelity, Scale


@dataclass(frozen=True)
class Budgets:
    """Replicas and looks of the experiments that run."""

    #: experiment -> fidelity, first seed, number of seeds, looks (or None)
    entries: Mapping[str, Mapping[str, Any]]

    def fidelity(self, experiment: str) -> Fidelity:
        """Exact or reduced."""
        return self.entries[experiment]["fidelity"]

    def first(self, experiment: str) -> int:
        """Its first seed."""
        return int(self.entries[experiment]["first"])

    def looks(self, experiment: str) -> list[int]:
        """Numbers of replicas at its looks; one number where there is a single look."""
        entry = self.entries[experiment]
        return list(entry["looks"] or [entry["seeds"]])

    def looks_of(self, experiments: Iterable[str]) -> int:
        """How many looks a claim has that reads these experiments."""
        return max(len(self.looks(name)) for name in experiments)

    def count(self, experiment: str, look: int) -> int:
        """Replicas at a look (from 0 on); an experiment with a single look has all from the first on."""
        looks = self.looks(experiment)
        return looks[min(look, len(looks) - 1)]


@dataclass(frozen=True)
class PaperDesign:
    """The plan of one paper."""

    scale: Scale
    budgets: Budgets
    #: claim -> scales at which it is decided
    scales: Mapping[str, Sequence[Scale]]
    #: how many claims share alpha, where not all of them are at hand
    sharing: int | None = None

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """From plain JSON, as `secondlook.plan.targets.paper_design` makes it."""
        return cls(plain["scale"], Budgets(plain["budgets"]), plain["scales"], plain.get("sharing"))

    def stands(self, claim: str) -> bool:
        """Whether a claim is decided at this scale."""
        return self.scale in self.scales.get(claim, ())

    def next_scale(self, claim: str) -> Scale | None:
        """The first scale above this one at which a claim is decided."""
        above = SCALES[SCALES.index(self.scale) + 1 :]
        return next((scale for scale in above if scale in self.scales.get(claim, ())), None)
