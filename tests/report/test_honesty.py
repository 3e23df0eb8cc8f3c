"""No measured number is typed into a paper's text: it comes from results, by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import secondlook.papers
from secondlook.data.registry import DATASETS
from secondlook.protocol.document import load_document

ANSWERS = sorted(Path(secondlook.papers.__path__[0]).glob("*/answer.md"))
JINJA = r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}"
CODE = r"`[^`]*`"
FORMULA = r"\$\$.*?\$\$|\$[^$\n]+\$"
#: the number of an item of a list, at the start of its line
ITEM = r"(?m)^ *\d+\. "
#: Choi et al. 2019, Loshchilov and Hutter (2017), Kingma & Welling 2013
CITATION = r"[A-Z][\w-]+(?: et al\.|,)?\s+\(?(?:19|20)\d\d\b"


def typed_numbers(text: str, ids: list[str]) -> list[str]:
    """Numbers of a text that stand for none of: a result, code, a claim's id, a data set's name, a citation's year."""
    names = sorted([*ids, *(dataset.title for dataset in DATASETS.values())], key=len, reverse=True)
    for allowed in (JINJA, CODE, FORMULA, ITEM, CITATION, *(rf"\b{re.escape(name)}\b" for name in names)):
        text = re.sub(allowed, " ", text, flags=re.DOTALL)
    return re.findall(r"\S*\d\S*", text)


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.parent.name)
def test_no_number_is_typed_into_an_answer(path: Path) -> None:
    ids = list(load_document(path.parent / "protocol.yaml")["claims"])
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9.]*", key) for key in ids)
    assert typed_numbers(path.read_text(encoding="utf-8"), ids) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('It ends at 9.6 %, {{ claims["W5"].effect }}.', ["9.6"]),
        ("In 150 runs (W1) of `c1-grid`, as in Choi et al. 2019 and Hutter (2017), on CIFAR-10 and MNIST.", ["150"]),
        ("W4.ii is not W4.9; in 2017 it was.", ["W4.9;", "2017"]),
        ("With $p = 0.5$ and\n\n$$ 2 C = 1 $$\n\nit is 7.", ["7."]),
        ("{% if scale == 1 %}x{% endif %} 95 %", ["95"]),
        ("Four things:\n\n1. a bound of 3;\n2. a step.", ["3;"]),
    ],
)
def test_the_check_finds_what_it_should(text: str, found: list[str]) -> None:
    assert typed_numbers(text, ["W1", "W4.ii"]) == found
