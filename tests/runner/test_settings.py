"""Values of settings against their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from secondlook.errors import UserError
from secondlook.runner.settings import problem


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (int, 3),
        (float, 3),
        (float, 2.5),
        (float | None, None),
        (bool, True),
        (str, "any"),
        (Literal["a", "b"], "b"),
        (Literal[4, 5], 5),
        (int | Literal["full"], "full"),
        (int | Literal["full"], 7),
        (float | None, {"wasserstein": 0.01, "minimax": None}),
        (float | str | Mapping[str, float | str], {"gd": "1/L"}),
        (tuple[float, float], [0.2, 0.5]),
    ],
)
def test_a_value_of_its_type_is_taken(hint: Any, value: Any) -> None:
    assert problem(hint, value) is None


@pytest.mark.parametrize(
    ("hint", "value", "says"),
    [
        (Literal["dcgan", "mlp"], "dcgna", "is not known. Did you mean 'dcgan'?"),
        (Literal[4, 5], 3, "is not known. Known: 4, 5"),
        (Literal[4, 5], True, "is not known. Known: 4, 5"),
        (Literal["a"] | None, "b", "is not known. "),
        (float, "2e-4", "is no float (YAML reads 2e-4 as text: write 2.0e-4)"),
        (int, 2.5, "is no int"),
        (int, True, "is no int"),
        (int | Literal["full"], "half", "is no int and not 'full'"),
        (bool, 1, "is no bool"),
        (float, None, "is no float"),
        (float | None, {"wasserstein": "0.01x"}, "is no float"),
    ],
)
def test_another_value_is_refused_and_the_message_says_what_was_expected(hint: Any, value: Any, says: str) -> None:
    assert problem(hint, value).startswith(says)


@dataclass
class Toy:
    """A setting with choices."""

    kernel: Literal[4, 5] = 4


def test_a_job_names_the_setting_and_the_value(make_job) -> None:
    with pytest.raises(UserError, match=r"toy/toy: setting 'kernel' is 3, which is not known. Known: 4, 5"):
        make_job(values={"kernel": 3}).settings(Toy)
