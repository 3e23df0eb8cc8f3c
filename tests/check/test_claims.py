"""What several places of a protocol say together of its claims; mistakes of one place are in the corpus."""

from __future__ import annotations

from broken import PROTOCOL, OnDisk

FINAL, GRID = "scales: {quick: {seeds: 100-111, looks: [3, 6, 12]}}", "seeds: 3, settings: {steps: 5}}"
HEADLINE = """\
    headline:
      order: 1
      label: Do toys fly
      answer: {supported: "Yes.", contradicted: "No.", undecided: "Who knows.", not_run: "Not here."}
    source: Section 3
"""


def test_experiments_of_one_claim_have_the_same_looks(project: OnDisk) -> None:
    """Or none; a look of the one would have to wait for replicas of the other."""
    project.replace(PROTOCOL, "like: grid\n    only: [paper]", "like: grid\n    only: [paper, quick]")
    project.replace(PROTOCOL, "settings: {steps: 100}", "settings: {steps: 100}\n    scales: {quick: {seeds: 12}}")
    second = "second: {label: at length, cells: {optimizer: sgd, lr: 0.1}, experiment: long}"
    project.replace(
        PROTOCOL,
        "cells: {lr: selected}, first: sgd, second: adam}",
        f"first: {{label: S, cells: {{optimizer: sgd, lr: selected}}}}, {second}}}",
    )
    project.check()
    project.replace(PROTOCOL, "{quick: {seeds: 12}}", "{quick: {seeds: 12, looks: [4, 12]}}")
    message = project.refusal()
    assert "claims.T2.experiment: experiments that one claim reads must have the same looks" in message
    assert "final [3, 6, 12], long [4, 12] (scale quick)" in message


def test_two_headlines_have_two_places(project: OnDisk) -> None:
    project.replace(PROTOCOL, "    source: Section 3\n", HEADLINE)
    message = project.refusal()
    for key, other in (("T2", "toys/T4"), ("T4", "toys/T2")):
        assert f"claims.{key}.headline.order: {other} has the same place; a question has one to 3 headlines" in message
    project.replace(PROTOCOL, "order: 1\n      label: Do toys fly", "order: 2\n      label: Do toys fly")
    project.check()


def test_only_what_may_be_weaker_needs_a_sentence_for_it(project: OnDisk) -> None:
    """A share, an identity, a value and a correlation that must be low have no such outcome."""
    project.replace(PROTOCOL, "        weaker: SGD is a little better.\n", "")
    test = "test: {difference: loss, cells: {lr: selected}, first: sgd, second: adam}"
    assert "give the sentence for that" in project.refusal()
    for kind in (
        "share: loss, arm: sgd, low: 0.8, diverged: 0",
        "within: loss, arm: sgd, high: 2.0",
        "correlation: loss, beside: closed_form, arm: sgd, high: 0.2",
        "equivalence: loss, first: sgd, second: adam, margin: 1.0",
    ):
        plan = "expected: 1\n    otherwise: 0.2" if "share" in kind else "expected: 0\n    otherwise: 3"
        new = f"{plan}\n    test: {{{kind}, cells: {{lr: selected}}}}"
        project.replace(PROTOCOL, test, new)
        project.check()
        test = new
    positive = test.replace(
        "equivalence: loss, first: sgd, second: adam, margin: 1.0", "correlation: loss, beside: closed_form, arm: sgd, low: 0.2"
    )
    project.replace(PROTOCOL, test, positive.replace("expected: 0", "expected: 0.6").replace("otherwise: 3", "otherwise: 0"))
    assert "claims.T2.headline.answer.weaker" in project.refusal()


def test_a_plan_is_asked_for_only_where_a_claim_is_decided(project: OnDisk) -> None:
    """T3 has a spread at every scale and stands at paper alone; at smoke nothing is planned."""
    project.replace(PROTOCOL, "    spread: 0.1\n", "    spread: {paper: 0.1}\n")
    project.check()
    project.replace(PROTOCOL, "    scales: [paper]\n", "    scales: [quick]\n")
    assert "claims.T3.spread: say what the plan counts with" in project.refusal()
