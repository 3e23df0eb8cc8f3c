"""Whether the claims of a paper can be decided as they are written: families, headlines, looks, and what the plan counts with."""

from __future__ import annotations

from collections import Counter

from secondlook.check.references import Found
from secondlook.errors import Mistake
from secondlook.protocol.claims import Claim, Control
from secondlook.protocol.experiment import Selected
from secondlook.protocol.paper import Protocol
from secondlook.protocol.project import Project
from secondlook.protocol.rules import Correlation, Counts, Difference, Equal, Ordering, Ratio, arms_of, bounds_of
from secondlook.protocol.schema import Scale

#: scales at which an outcome means something, so that a claim needs a plan
PLANNED: tuple[Scale, ...] = ("quick", "paper")
#: headlines of a question
MOST_HEADLINES = 3
#: kinds of tests that name the smallest effect that counts
WITH_SMALLEST = Difference | Ordering | Ratio | Counts


def check_claims(project: Project) -> list[Mistake]:
    """Check the claims and controls of all protocols."""
    mistakes = []
    for paper, protocol in project.protocols.items():
        found = Found(str(project.file(paper)), project.documents.get(paper))
        for key, claim in protocol.claims.items():
            _family(found, protocol, key, claim)
            _picks(found, ["claims", key, "test"], claim)
            _looks(found, protocol, ["claims", key, "experiment"], claim)
            _planned(found, protocol, key, claim)
            _headline(found, protocol, key, claim)
        for key, control in protocol.controls.items():
            _picks(found, ["controls", key, "test"], control)
        for key in protocol.experiments:
            _looks_before(found, protocol, key)
        mistakes += found.mistakes
    return mistakes + _headlines(project)


def _family(found: Found, protocol: Protocol, key: str, claim: Claim) -> None:
    place = ["claims", key, "family"]
    if claim.family is None or not found.known(claim.family, set(protocol.claims) - {key}, place, "claim"):
        return
    if not protocol.claims[claim.family].primary:
        found.say(place, f"'{claim.family}' is itself secondary; name the one that speaks for the family", claim.family)


def _picks(found: Found, place: list[str], item: Claim | Control) -> None:
    for arm in arms_of(item.test) if item.test else ():
        if arm.pick is not None and item.test and arm.pick == item.test.metric:
            found.say(
                place,
                f"the arm '{arm.label}' is picked by the metric that is tested, and so low by luck as well; pick it by another",
                arm.pick,
            )


def _looks(found: Found, protocol: Protocol, place: list[str], claim: Claim) -> None:
    for scale in protocol.scales_of(claim):
        looks = {key: protocol.experiments[key].scales[scale].looks for key in protocol.experiments_behind(claim)}
        if len({tuple(each) for each in looks.values() if each}) > 1:
            said = ", ".join(f"{key} {each}" for key, each in looks.items() if each)
            found.say(place, f"experiments that one claim reads must have the same looks; they have {said}", scale=scale)


def _looks_before(found: Found, protocol: Protocol, key: str) -> None:
    """What a run needs of another must be there: of an experiment with looks not all replicas are."""
    experiment = protocol.experiments[key]
    for scale, budget in experiment.scales.items():
        with_looks = {name: other.scales[scale] for name, other in protocol.experiments.items() if scale in other.scales}
        with_looks = {name: other for name, other in with_looks.items() if other.looks}
        for name, array in experiment.inputs.items():
            earlier = with_looks.get(array.experiment or "")
            if earlier and (earlier.looks, earlier.seeds) != (budget.looks, budget.seeds):
                what = (
                    f"'{array.experiment}' has looks, after which replicas may stop; what reads its arrays needs the same seeds and looks"
                )
                found.say(["experiments", key, "inputs", name], what, scale=scale)
        chosen = {value.select for product in experiment.cells_at(scale) for value in product.values() if isinstance(value, Selected)}
        for selection in sorted(chosen):
            if some := sorted(set(protocol.selections[selection].experiments) & set(with_looks)):
                found.say(["selections", selection, "experiments"], f"'{some[0]}' has looks; a selection needs all replicas", scale=scale)


def _planned(found: Found, protocol: Protocol, key: str, claim: Claim) -> None:
    if claim.test is None or isinstance(claim.test, Equal):
        return
    for scale in protocol.scales_of(claim):
        if scale not in PLANNED:
            continue
        for name, value in zip(("spread", "expected", "otherwise"), claim.planned(scale), strict=True):
            if value is None:
                what = "say what the plan counts with, so that its chance to decide can be known before the run"
                found.say(["claims", key, name], what, scale=scale)
        _foreseen(found, key, claim, scale)
    nothing = 1.0 if isinstance(claim.test, Ratio) else 0.0
    if isinstance(claim.test, WITH_SMALLEST) and claim.test.smallest_effect == nothing:
        what = "say how small an effect no longer counts: without it nothing could be absent"
        found.say(["claims", key, "test", "smallest_effect"], what)


def _foreseen(found: Found, key: str, claim: Claim, scale: Scale) -> None:
    """The claim must hold with the effect that is expected if it holds, and not hold with the other; else no plan gives it a chance."""
    assert claim.test is not None and not isinstance(claim.test, Equal)
    _, expected, otherwise = claim.planned(scale)
    low, high = bounds_of(claim.test)
    if expected is not None and not low <= expected <= high:
        found.say(
            ["claims", key, "expected"],
            f"the claim does not hold with this effect, and the plan counts with it if it holds ({low:g} to {high:g})",
            expected,
            scale,
        )
    if otherwise is not None and low <= otherwise <= high:
        found.say(
            ["claims", key, "otherwise"],
            f"the claim holds with this effect, and the plan counts with it if it does not hold ({low:g} to {high:g})",
            otherwise,
            scale,
        )


def _headline(found: Found, protocol: Protocol, key: str, claim: Claim) -> None:
    if claim.headline is None:
        return
    place = ["claims", key, "headline"]
    if claim.headline.figure is not None:
        found.known(claim.headline.figure, protocol.figures, [*place, "figure"], "figure of this paper")
    one_sided = isinstance(claim.test, Correlation) and claim.test.high is None and bool(claim.test.low and claim.test.low > 0)
    may_be_weaker = isinstance(claim.test, WITH_SMALLEST) or one_sided
    if may_be_weaker and claim.headline.answer.weaker is None:
        found.say([*place, "answer", "weaker"], "its test may come out weaker than claimed; give the sentence for that")


def _headlines(project: Project) -> list[Mistake]:
    """One to three a question, each with its own place. A single paper of a question that is checked alone may have none of them."""
    by_question: dict[int, list[tuple[str, str, int]]] = {}
    papers: Counter[int] = Counter()
    for paper, protocol in project.protocols.items():
        papers[protocol.question] += 1
        for key, claim in protocol.claims.items():
            if claim.headline:
                by_question.setdefault(protocol.question, []).append((paper, key, claim.headline.order))
    found = []
    for headlines in by_question.values():
        orders = Counter(order for _, _, order in headlines)
        for paper, key, order in headlines:
            if orders[order] > 1:
                others = ", ".join(
                    f"{other}/{name}" for other, name, place in headlines if place == order and (other, name) != (paper, key)
                )
                say = Found(str(project.file(paper)), project.documents.get(paper))
                say.say(
                    ["claims", key, "headline", "order"],
                    f"{others} has the same place; a question has one to {MOST_HEADLINES} headlines",
                    order,
                )
                found += say.mistakes
    return found
