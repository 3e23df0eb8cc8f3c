"""answer.md: its sections, its numbers, the figures and claims that it speaks of; and its formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from secondlook.errors import UserError
from secondlook.protocol.answer import pieces
from secondlook.report.answers import Section, read_answer
from secondlook.report.formulas import markdown, mathml, tree

CLAIM = {"effect": 1.954, "interval": [1.5, 2.4], "n": [5, 4], "counts": None, "kind": "difference", "unit": "%"}
CLAIM |= {"outcome": "supported", "how": None, "reach": "reduced", "arms": []}


def read(tmp_path: Path, text: str, scale: str = "quick") -> list[Section]:
    (tmp_path / "answer.md").write_text(text, encoding="utf-8")
    return read_answer(tmp_path / "answer.md", {"T1": CLAIM, "T2": CLAIM | {"effect": None, "interval": None}}, scale)


def html(tmp_path: Path, text: str, scale: str = "quick") -> str:
    return "".join(markdown().render(row.text) for section in read(tmp_path, text, scale) for row in section.rows)


def test_numbers_come_from_results(tmp_path: Path) -> None:
    text = (
        'At {{ scale }}: **{{ claims["T1"] | said }}**, {{ claims["T1"].effect | signed("%") }}, '
        '{{ claims["T1"] | estimate }}, {{ claims["T1"] | effect }}, {{ claims["T2"] | estimate }}.'
    )
    said = "<p>At quick: <strong>supported (reduced)</strong>, +1.95 %, +1.95 % [1.50, 2.40], +1.95 %, not measured.</p>\n"
    assert html(tmp_path, text) == said


def test_a_heading_begins_a_section_which_knows_its_claims(tmp_path: Path) -> None:
    found = read(
        tmp_path, 'Before {{ claims["T2"].n }}.\n\n## Why\n\nText {{ claims["T1"].n }}, {{ claims["T1"].n }}.\n\n## {{ scale }}\nEnd.\n'
    )
    assert [(section.title, section.claims) for section in found] == [(None, ["T2"]), ("Why", ["T1"]), ("quick", [])]
    assert [row.text for row in found[1].rows] == ["Text [5, 4], [5, 4]."]


def test_without_headings_there_is_one_section(tmp_path: Path) -> None:
    (only,) = read(tmp_path, "**What was measured.** Much.\n\nMore.\n")
    assert only.title is None
    assert only.rows[0].text == "**What was measured.** Much.\n\nMore."


def test_a_figure_stands_beside_the_paragraphs_before_it(tmp_path: Path) -> None:
    text = 'One.\n\nTwo.\n\n{{ figure("a") }}\n\nThree.\n\n{{ figure("b") }}\n\n{{ figure("c") }}\n\nFour.\n'
    (only,) = read(tmp_path, text)
    assert [(row.text, row.figures) for row in only.rows] == [("One.\n\nTwo.", ["a"]), ("Three.\n\nFour.", ["b", "c"])]
    assert only.figures == ["a", "b", "c"]


def test_a_figure_may_hang_on_a_result(tmp_path: Path) -> None:
    (only,) = read(tmp_path, 'Text.\n{% if claims["T2"].effect != none %}{{ figure("a") }}{% endif %}\n')
    assert only.figures == []


def test_pieces_know_their_lines() -> None:
    text = "a\n\n## B ##\nb\n\n## C\n"
    assert pieces(text) == [(None, "a\n\n", 1), ("B", "\nb\n\n", 3), ("C", "\n", 6)]
    assert pieces("## B\nb") == [("B", "\nb", 1)]


@pytest.mark.parametrize(
    "text", ['{{ claims["T3"].effect }}', '{{ claims["T1"].efect | number }}', "{{ effect }}", "{{ claims", "{% for %}", "{{ 1 | absent }}"]
)
def test_a_result_that_does_not_exist_is_refused_with_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match=r"answer\.md: .*Names that can be used: claims\[ID\]\.effect"):
        read(tmp_path, text)


def test_a_template_cannot_reach_out_of_its_sandbox(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"answer\.md"):
        read(tmp_path, "{{ scale.__class__.__mro__[1].__subclasses__() }}")


def test_markup_in_the_text_or_in_a_result_stays_text(tmp_path: Path) -> None:
    page = html(tmp_path, "a <script>alert(1)</script> b {{ scale }} [link](javascript:alert(3))", scale="<img src=x onerror=alert(2)>")
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;img src=x onerror=alert(2)&gt;" in page


def test_lists_and_tables_are_markup(tmp_path: Path) -> None:
    page = html(tmp_path, "- *one*\n- two\n\n|a|b|\n|-|-|\n|1|2|\n")
    assert "<li><em>one</em></li>" in page
    assert "<td>2</td>" in page


# ---- formulas


def test_what_is_no_latex_is_refused() -> None:
    with pytest.raises(UserError, match=r"a formula of an answer cannot be read: a_b_c"):
        mathml("a_b_c")


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("with $p^2$ and $q$.", 2),
        ("it costs $5 and $6 more", 0),
        ("$ no$ and $no $", 0),
        (r"\$5 and $x$", 1),
        ("`$x$` is code", 0),
        ("$$ a = b $$", 1),
        ("text\n\n$$\na = b\n$$\n\ntext", 1),
        ("$$ never closed\n\ntext", 0),
    ],
)
def test_dollars_hold_formulas_where_they_touch_them(text: str, formulas: int) -> None:
    assert markdown().render(text).count("<math ") == formulas


def test_a_formula_is_mathml_with_its_latex_and_no_markup_of_its_own() -> None:
    found = mathml(r"\frac{a}{b} < c \& \text{<b>}")
    root = ElementTree.fromstring(found)
    assert root.get("alttext") == r"\frac{a}{b} < c \& \text{<b>}"
    assert {element.tag.rpartition("}")[2] for element in root.iter()} >= {"math", "mfrac", "mi", "mo"}
    assert "<b>" not in found


def test_a_paragraph_of_a_formula_can_be_scrolled_by_keyboard() -> None:
    assert (
        markdown()
        .render("$$p < q$$")
        .startswith('<div class="formula" tabindex="0" role="group" aria-label="Formula"><math alttext="p &lt; q"')
    )


def leaves(node: dict[str, Any]) -> list[str]:
    return [leaf for part in node["body"] for leaf in leaves(part)] if "body" in node else [node["text"]]


def test_the_tree_of_a_formula_has_its_signs() -> None:
    assert [leaf for leaf in leaves(tree(r"\frac{p_d}{p_d + p_g} \sim \chi^2")) if leaf] == [
        "p",
        "d",
        "p",
        "d",
        "+",
        "p",
        "g",
        "∼",
        "χ",
        "2",
    ]
