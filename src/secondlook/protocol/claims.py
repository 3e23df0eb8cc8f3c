"""Typed models of claims: the sentence, the paper's number, and the rule that decides it, written before the run."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from secondlook.protocol.metrics import Effect, Spread
from secondlook.protocol.rules import Equal, Share, Test, arms_of, usual_effects
from secondlook.protocol.schema import Identifier, Name, Scale, Schema

ClaimId = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9.]*$")]


def _at_most(words: int) -> AfterValidator:
    def check(text: str) -> str:
        if len(text.split()) > words:
            raise ValueError(f"has {len(text.split())} words; at most {words}")
        return text

    return AfterValidator(check)


Plain = Annotated[str, _at_most(20)]
Sentence = Annotated[str, _at_most(30)]


class Reported(Schema):
    """The paper's number. Only what was read in the paper or in a named go-between may stand here."""

    text: str
    """The number with its spread and unit, as printed."""
    value: float | None = None
    """The effect as a number in the claim's own unit and sign, where the text gives one."""
    read: Literal["first-hand", "second-hand"]
    """first-hand: read in the source. second-hand: read in a go-between."""
    source: str
    """Where it stands: table, figure, section."""
    via: str | None = None
    """The go-between of a second-hand number."""

    @model_validator(mode="after")
    def _second_hand_names_its_source(self) -> Self:
        if (self.read == "second-hand") != (self.via is not None):
            raise ValueError("a second-hand number names its go-between in 'via'; a first-hand one has none")
        return self


class Control(Schema):
    """A test whose outcome is known. Where it comes out otherwise, no claim that rests on it can be decided."""

    id: SkipJsonSchema[str] = ""
    """Its key."""
    sentence: str
    """What must come out."""
    experiment: Name
    """The experiment that it reads."""
    test: Test
    """What must come out; where nothing must differ, an equivalence, so that a lack of replicas does not pass for success."""


class Answers(Schema):
    """A sentence for each outcome, of at most 30 words, written before the run."""

    supported: Sentence
    """Where the claim holds."""
    weaker: Sentence | None = None
    """Where there is an effect, but smaller than claimed; needed for tests that have that outcome."""
    contradicted: Sentence
    """Where the claim does not hold."""
    undecided: Sentence
    """Where the evidence does not decide."""
    not_run: Sentence
    """Where it does not run."""


class Headline(Schema):
    """A claim that answers its question: what stands first on the question's page."""

    order: int = Field(ge=1, le=3)
    """Its place among the headlines of the question."""
    label: str
    """The part of the question that it answers, in a few words."""
    figure: Identifier | None = None
    """The figure of this paper that shows it."""
    answer: Answers
    """A sentence for each outcome."""


class Needs(Schema):
    """What a claim needs that it does not have."""

    scale: Scale | None = None
    """The scale from which on it is tested."""
    data: str | None = None
    """Data that cannot be had here."""
    code: str | None = None
    """What is not built."""


def experiments_behind(item: Claim | Control) -> list[str]:
    """Experiments whose tables a claim or a control reads."""
    if item.experiment is None or item.test is None:
        return []
    return list(dict.fromkeys([item.experiment, *(arm.experiment for arm in arms_of(item.test) if arm.experiment)]))


class Claim(Schema):
    """A testable sentence and the rule that decides it, written before the run."""

    id: SkipJsonSchema[str] = ""
    """Its key."""
    sentence: str
    """What is claimed, in full."""
    plain: Plain
    """The same in at most 20 plain words."""
    own: bool = False
    """True: a finding of our own, not of the paper."""
    family: ClaimId | None = None
    """The claim that tests the same thing and speaks for it; that one is primary, this one secondary."""
    headline: Headline | None = None
    """Where it answers the question."""
    source: str
    """Where the paper says it."""
    reported: Reported | None = None
    """The paper's number."""
    experiment: Name | None = None
    """The experiment that tests it."""
    test: Test | None = None
    """How it is decided."""
    scales: Annotated[list[Scale], Field(min_length=1)] | None = None
    """Scales at which it is decided; by default all at which its experiments run."""
    controls: list[str] = []
    """Controls that it rests on."""
    spread: Spread | None = None
    """Standard deviation between replicas that the plan counts with; the metric's own by default."""
    expected: Effect | None = None
    """The effect that the plan counts with where the claim holds: by default the paper's number, else twice the smallest that counts."""
    otherwise: Effect | None = None
    """The effect that the plan counts with where it does not hold: by default none; of a margin, twice the margin."""
    not_run: str | None = None
    """Why it is not tested at all."""
    needs: Needs | None = None
    """What it would take."""

    @property
    def reported_value(self) -> float | None:
        """The paper's number; None where it gives none."""
        return self.reported.value if self.reported else None

    @property
    def primary(self) -> bool:
        """Whether it speaks for its family."""
        return self.family is None

    @property
    def random(self) -> bool:
        """Whether chance has a part in its outcome: it has a test, and that of no identity."""
        return self.test is not None and not isinstance(self.test, Equal)

    def planned(self, scale: Scale) -> tuple[float | None, float | None, float | None]:
        """Spread, and effect where the claim holds and where it does not, that the plan counts with at a scale; None where nothing says."""
        spread, expected, otherwise = (getattr(each, scale) if each else None for each in (self.spread, self.expected, self.otherwise))
        test = self.test
        if test is None or isinstance(test, Equal):
            return None, None, None
        usual = usual_effects(test, self.reported_value)
        return (
            1.0 if spread is None and isinstance(test, Share) else spread,
            usual[0] if expected is None else expected,
            usual[1] if otherwise is None else otherwise,
        )

    @model_validator(mode="after")
    def _tested_or_not(self) -> Self:
        if (self.test is None) != (self.experiment is None) or (self.test is None) != (self.not_run is not None):
            raise ValueError("give 'experiment' and 'test', or 'not_run' with the reason")
        if (self.needs is not None) != (self.not_run is not None):
            raise ValueError("a claim that is not tested says in 'needs' what it would take (data, code), and no other claim does")
        return self
