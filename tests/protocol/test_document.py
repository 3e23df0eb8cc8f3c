"""YAML as people write it, and the line of every key."""

from __future__ import annotations

from pathlib import Path

import pytest

from secondlook.errors import UserError
from secondlook.protocol.document import Block, Items, line_of, load_document


def load(tmp_path: Path, text: str) -> object:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    return load_document(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-8", 1e-8), ("5E-4", 5e-4), ("-2e+4", -2e4), ("1.5e3", 1500.0), ("1.0e-8", 1e-8), ("12", 12), ("0.1/L", "0.1/L"), ("e5", "e5")],
)
def test_numbers_as_people_write_them(tmp_path: Path, text: str, value: object) -> None:
    loaded = load(tmp_path, f"lr: {text}\n")["lr"]
    assert loaded == value
    assert type(loaded) is type(value)


def test_keys_are_text_at_every_depth(tmp_path: Path) -> None:
    assert load(tmp_path, "1e-8: {true: [{2: x}]}\n") == {"1e-08": {"True": [{"2": "x"}]}}


def test_lines(tmp_path: Path) -> None:
    data = load(tmp_path, "# a comment\na: 1\nb:\n  - x: 1\n  - {y: 2,\n     z: 3}\nc: {}\n")
    assert isinstance(data, Block)
    assert isinstance(data["b"], Items)
    assert line_of(data, ["a"]) == 2
    assert line_of(data, ["b", 0]) == 4
    assert line_of(data, ["b", 1, "z"]) == 6
    assert line_of(data, ["b", 1, "w"]) == 5  # the block that lacks it
    assert line_of(data, ["c", "d", "e"]) == 7
    assert line_of(data, ["d"]) is None


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a:\n  lr: 1\n  steps: 2\n  lr: 3\n", 4, "key 'lr' stands twice"),
        ("a: &A {x: 1}\nb:\n  <<: *A\n  y: 2\n", 3, "merge keys (<<) are not used here: say 'like'"),
        ("a: {? [1, 2] : 3}\n", 1, "a key must be a word or a number"),
        ("a: !!python/object:os.system {}\n", 1, "could not determine a constructor"),
        ("a: 1\nb: 2\nc: {d: 1\ne: 3\n", 4, "not valid YAML"),
    ],
)
def test_what_is_refused_is_named_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(UserError) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'a.yaml'}:{line}: ")
    assert says in str(caught.value)


def test_a_small_file_that_would_become_a_large_one(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    with pytest.raises(UserError, match=r"a\.yaml holds 100,000 values or more"):
        load(tmp_path, bomb)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*absent\.yaml: No such file"):
        load_document(tmp_path / "absent.yaml")
    (tmp_path / "a.yaml").write_bytes(b"a: \xff\n")
    with pytest.raises(UserError, match=r"a\.yaml is not UTF-8 text"):
        load_document(tmp_path / "a.yaml")
