import dataclasses
import math
from typing import Any

import pytest

from secondlook.errors import UserError
from secondlook.runner.ranges import above, at_least, at_most, finite


@dataclasses.dataclass
class Values:
    value: Any
    other: Any = 3


@pytest.mark.parametrize("value", [1, 1.5, None, [1, 2], (1, None)])
def test_what_lies_in_the_range_passes(value: Any) -> None:
    at_least(Values(value), 1, "value", most=2)
    at_least(Values(value), 1, "value", below=3)
    above(Values(value), 0, "value")
    finite(Values(value), "value", "other")


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: at_least(Values(0), 1, "other", "value"), "setting 'value' must be at least 1, got 0"),
        (lambda: at_least(Values([1, 0]), 1, "value"), "setting 'value' must be at least 1, got 0"),
        (lambda: at_least(Values(1.5), 0, "value", most=1), "setting 'value' must be from 0 to 1, got 1.5"),
        (lambda: at_least(Values(1), 0, "value", below=1), "setting 'value' must be at least 0 and below 1, got 1"),
        (lambda: at_least(Values(math.inf), 0, "value"), "setting 'value' must be at least 0, and finite, got inf"),
        (lambda: above(Values(0.0), 0, "value"), "setting 'value' must be above 0, got 0.0"),
        (lambda: above(Values(math.nan), 0, "value"), "setting 'value' must be above 0, and finite, got nan"),
        (lambda: finite(Values(["8"]), "value"), "setting 'value' must be a number, and finite, got '8'"),
        (lambda: at_most(Values(4), "value", "other"), "setting 'value' must be at most 'other', got value 4 and other 3"),
    ],
)
def test_what_does_not_is_named(check, message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        check()


@pytest.mark.parametrize(("value", "other"), [(3, 3), (None, 3), (4, None)])
def test_a_setting_without_a_value_is_no_bound(value: Any, other: Any) -> None:
    at_most(Values(value, other), "value", "other")
