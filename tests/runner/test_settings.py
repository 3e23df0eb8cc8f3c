"""Values of settings against their types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from secondlook.errors import UserError
from secondlook.runner.settings import type_error, wrong_settings


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
    assert type_error(hint, value) is None


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
        (float, math.nan, "is no finite number"),
        (float | None, math.inf, "is no finite number"),
        (int | Literal["full"], -math.inf, "is no finite number"),
        (float, {"wasserstein": math.nan}, "is no finite number"),
    ],
)
def test_another_value_is_refused_and_the_message_says_what_was_expected(hint: Any, value: Any, says: str) -> None:
    assert type_error(hint, value).startswith(says)


@dataclass
class Toy:
    """A setting with choices."""

    lr: float
    kernel: Literal[4, 5] = 4
    widths: list[int] = field(default_factory=list)


def test_what_is_wrong_is_said_of_each_setting() -> None:
    assert wrong_settings(Toy, {"lr": 0.1}) == wrong_settings(Toy, {"lr": 1, "kernel": 5, "widths": [3]}) == {}
    assert wrong_settings(Toy, {"kernel": 3, "kernal": 4}) == {
        "kernal": "unknown setting. Did you mean 'kernel'?",
        "lr": f"no value is given, and {__name__}.Toy has no default for it",
        "kernel": "3 is not known. Known: 4, 5.",
    }


def test_a_job_names_the_setting_and_the_value(make_job) -> None:
    with pytest.raises(UserError, match=r"toy/toy: wrong settings in protocol\.yaml:\n  kernel: 3 is not known\. Known: 4, 5"):
        make_job(values={"lr": 0.1, "kernel": 3}).settings(Toy)
