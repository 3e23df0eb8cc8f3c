"""What changed between two reports: which outcomes, and what of code, data, seeds, settings or scale differs behind them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from secondlook.errors import UserError
from secondlook.files import read_json
from secondlook.formatting import estimate, said

#: what may differ behind a claim: key in report.json, in words
BEHIND = {
    "code": "code",
    "data": "data",
    "seeds": "seeds",
    "settings": "settings",
    "versions": "libraries",
    "devices": "machine",
}


def read_report(path: Path) -> dict[str, Any]:
    """All results of a report: of its folder, of the folder of results of one scale, or of a report.json by itself.

    Raises:
        UserError: there is none.
    """
    places = [path, path / "assets/report.json", path / "report/assets/report.json"]
    for place in places:
        if place.is_file():
            try:
                found = read_json(place)
            except UserError:
                break
            if isinstance(found, dict) and "claims" in found and "experiments" in found:
                return found
    raise UserError(f"{path}: no report there. Give the folder of a report (results/quick/report, say) or its assets/report.json.")


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the claims whose outcome, reach or presence changed, in the order of the new report: what was, what is, and why."""
    before, after = ({claim["id"]: claim for claim in report["claims"]} for report in (old, new))
    found = []
    for key in [*after, *(key for key in before if key not in after)]:
        first, second = before.get(key), after.get(key)
        if first and second and all(first[field] == second[field] for field in ("outcome", "how", "reach")):
            continue
        claim = second or first or {}
        found.append(
            {
                "id": key,
                "plain": claim["plain"],
                "old": _state(first),
                "new": _state(second),
                "measured": [_measured(first), _measured(second)],
                "why": _why(first, second, old, new),
            }
        )
    return found


def _state(claim: Mapping[str, Any] | None) -> str:
    return said(claim) if claim else "not there"


def _measured(claim: Mapping[str, Any] | None) -> str:
    return estimate(claim) if claim and claim["effect"] is not None else ""


def _why(first: Mapping[str, Any] | None, second: Mapping[str, Any] | None, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What differs behind a claim; the outcome changed by one of these, or by several together."""
    if first is None or second is None:
        return [f"the claim is {'new' if first is None else 'gone'}"]
    reasons = [f"scale: {old['scale']}, then {new['scale']}"] if old["scale"] != new["scale"] else []
    if first["rule"] != second["rule"]:
        reasons.append("the rule")
    behind = [report["experiments"].get(f"{first['id'].partition('/')[0]}/{first['experiment']}") for report in (old, new)]
    if None in behind:
        ran = [one is not None for one in behind]
        return [*reasons, *([] if ran == [False, False] else ["its experiment ran only in the " + ("first" if ran[0] else "second")])]
    one, other = behind
    reasons += [_difference(field, word, one[field], other[field]) for field, word in BEHIND.items() if one[field] != other[field]]
    return reasons or ["other claims of its paper: they share one chance of error"]


def _difference(field: str, word: str, one: Any, other: Any) -> str:
    if field == "seeds":
        return f"seeds: {len(one)}, then {len(other)}"
    if field == "settings":
        names = sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
        return f"settings: {', '.join(f'{name} {one.get(name)}, then {other.get(name)}' for name in names)}"
    return word if field == "code" else f"{word}: {'; '.join(one) or 'none'}, then {'; '.join(other) or 'none'}"


def lines(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The changes as lines to print."""
    found = changes(old, new)
    printed = []
    for change in found:
        printed += [f"{change['id']}: {change['old']} -> {change['new']}", f"  {change['plain']}"]
        if any(change["measured"]):
            printed.append(f"  measured: {' -> '.join(text or 'nothing' for text in change['measured'])}")
        printed.append(f"  differs: {'; '.join(change['why'])}")
    kept = len({claim["id"] for claim in new["claims"]}) - sum(change["new"] != "not there" for change in found)
    return [*printed, f"{len(found)} outcome{'s' if len(found) != 1 else ''} changed, {kept} did not"]
