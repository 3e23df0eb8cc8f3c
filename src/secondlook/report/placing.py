"""Where a chapter's claims and figures stand: below and beside the section of its answer that is the first to speak of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from secondlook.formatting import estimate, said
from secondlook.report.answers import Section

Claim = dict[str, Any]


def families(claims: Iterable[Claim]) -> list[list[Claim]]:
    """Claims that test one thing, together: the primary one first, families in the order of their first member."""
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        found.setdefault(claim["family"] or claim["key"], []).append(claim)
    return [sorted(family, key=lambda claim: not claim["primary"]) for family in found.values()]


def place(sections: Sequence[Section], claims: Sequence[Claim], figures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the chapter's parts in the order of the page.

    ``sections``: title, rows of text with their figures, and the families of claims that stand there. ``figures`` and ``families`` are what
    no section speaks of; ``idle`` are the claims that were not run, which stand together.
    """
    ran = families(claim for claim in claims if claim["outcome"] != "not run")
    by_name = {figure["name"]: figure for figure in figures}
    taken: set[str] = set()
    parts = []
    for section in sections:
        named = set(section.claims)
        here = [family for family in ran if family[0]["id"] not in taken and named & {claim["key"] for claim in family}]
        taken |= {family[0]["id"] for family in here}
        rows = [{"text": row.text, "figures": [by_name[name] for name in row.figures if name in by_name]} for row in section.rows]
        parts.append({"title": section.title, "rows": rows, "families": here})
    placed = {name for section in sections for name in section.figures}
    return {
        "sections": parts,
        "figures": [figure for figure in figures if figure["name"] not in placed],
        "families": [family for family in ran if family[0]["id"] not in taken],
        "idle": [claim for claim in claims if claim["outcome"] == "not run"],
    }


def alternative(figure: Mapping[str, Any], claims: Iterable[Claim]) -> str:
    """What a picture shows, for those who do not see it: its title and the results that were measured on what it draws."""
    drawn = [claim for claim in claims if claim["experiment"] in figure["experiments"] and claim["effect"] is not None and claim["primary"]]
    shown = [claim for claim in drawn if claim["headline"] and claim["headline"]["figure"] == figure["name"]]
    results = [claim["answer"] for claim in shown] or [
        f"{claim['plain']} {said(claim).capitalize()}: {estimate(claim)}." for claim in drawn[:2]
    ]
    return " ".join([f"{figure['title']}.", *(results or [figure["caption"]])])
