"""What this paper's own results and answer must say."""

import pytest
from papers import FOLDER

from secondlook.report.answers import filled

ANSWER = FOLDER / "mao2017/answer.md"


def test_what_is_computed_exactly_is_replicated_at_scale_smoke(smoke_runs) -> None:
    claims = smoke_runs("mao2017").claims
    assert {claims[name]["verdict"] for name in ("L2", "O1", "O2")} == {"replicated"}
    assert "**replicated**" in filled(ANSWER, {"claims": claims, "scale": "smoke"})


@pytest.mark.parametrize(
    ("effects", "agree"), [((1.2, 1.1, 1.3), True), ((0.9, 0.8, 0.7), True), ((1.2, 0.9, 1.1), False)], ids=["above", "below", "both"]
)
def test_the_answer_says_where_nets_disagree(smoke_runs, effects: tuple[float, ...], agree: bool) -> None:
    claims = dict(smoke_runs("mao2017").claims)
    for name, effect in zip(("L10", "O4", "O5"), effects, strict=True):
        claims[name] = claims[name] | {"effect": effect}
    text = filled(ANSWER, {"claims": claims, "scale": "smoke"})
    assert ("the same in all three nets" in text, "changes with the net that judges them" in text) == (agree, not agree)
