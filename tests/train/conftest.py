"""Kills."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from secondlook.train.resumable import Progress


@pytest.fixture
def dies() -> Callable[[int, Callable[[], object]], bool]:
    """Return a function that calls its second argument until checkpoint number ``after`` is written; False if there are fewer."""

    def call_and_die(after: int, call: Callable[[], object]) -> bool:
        save, calls = Progress.save, []

        def save_and_die(*arguments: object) -> None:
            save(*arguments)
            calls.append(1)
            if len(calls) == after:
                raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Progress, "save", save_and_die)
            try:
                call()
            except KeyboardInterrupt:
                return True
        return False

    return call_and_die
