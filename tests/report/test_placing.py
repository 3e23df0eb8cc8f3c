"""Where claims and figures of a chapter stand."""

from __future__ import annotations

from typing import Any

from secondlook.report.answers import Row, Section
from secondlook.report.placing import alternative, families, place


def claim(key: str, family: str | None = None, outcome: str = "supported", **more: Any) -> dict[str, Any]:
    made = {
        "id": f"toy/{key}",
        "key": key,
        "family": family or key,
        "primary": family is None,
        "outcome": outcome,
        "plain": f"{key} holds.",
    }
    made |= {"experiment": "grid", "headline": None, "answer": None, "effect": 1.0, "interval": [0.5, 1.5], "reach": "reduced"}
    return made | {"how": None, "counts": None, "kind": "difference", "unit": "nats"} | more


CLAIMS = [claim("A1"), claim("A2", "A3"), claim("A3"), claim("A4", outcome="not run"), claim("A5")]


def keys(found: list[list[dict[str, Any]]]) -> list[list[str]]:
    return [[one["key"] for one in family] for family in found]


def test_the_primary_claim_of_a_family_comes_first() -> None:
    assert keys(families(CLAIMS)) == [["A1"], ["A3", "A2"], ["A4"], ["A5"]]


def test_a_family_stands_where_one_of_its_claims_is_named_first() -> None:
    sections = [Section("One", [Row("text", ["b"])], ["A2"]), Section("Two", [Row("text", ["unknown"])], ["A3", "A1", "A4"])]
    found = place(sections, CLAIMS, [{"name": "a"}, {"name": "b"}])
    assert [keys(part["families"]) for part in found["sections"]] == [[["A3", "A2"]], [["A1"]]]
    assert [part["rows"][0]["figures"] for part in found["sections"]] == [[{"name": "b"}], []]
    assert found["figures"] == [{"name": "a"}]
    assert keys(found["families"]) == [["A5"]]
    assert [one["key"] for one in found["idle"]] == ["A4"]


def test_every_claim_stands_once() -> None:
    found = place([Section(None, [], ["A1", "A5"]), Section("Two", [], ["A1"])], CLAIMS, [])
    everything = [*(family for part in found["sections"] for family in part["families"]), *found["families"]]
    assert sorted([*(one["key"] for family in everything for one in family), *(one["key"] for one in found["idle"])]) == [
        "A1",
        "A2",
        "A3",
        "A4",
        "A5",
    ]


def test_a_pictures_alternative_states_the_result() -> None:
    figure = {"name": "curve", "title": "A curve", "caption": "See it fall.", "experiments": ["grid"]}
    head = claim("A1", headline={"figure": "curve"}, answer="It does fall.")
    assert alternative(figure, [head, claim("A5")]) == "A curve. It does fall."
    assert alternative(figure, [claim("A5"), claim("A6", "A5")]) == "A curve. A5 holds. Supported (reduced): +1.00 nats [0.50, 1.50]."
    assert alternative(figure | {"experiments": ["other"]}, [claim("A5")]) == "A curve. See it fall."
    assert alternative(figure, [claim("A5", effect=None)]) == "A curve. See it fall."
