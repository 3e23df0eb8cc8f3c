"""Progress of a download on standard error: a bar on a terminal, a few lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from secondlook.data.failures import size_text

Log = Callable[[str], None]

LINE_EVERY_S = 15.0


class Meter:
    """Shows how many bytes of one thing have arrived, and how fast. Use as a context manager; ``update`` as often as you like."""

    def __init__(self, label: str, log: Log) -> None:
        self.label = label
        self.log = log
        self.done = 0
        self.total: int | None = None
        self._started = self._spoke = time.monotonic()
        console = Console(stderr=True)
        self._bar: Progress | None = None
        if console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(True), TransferSpeedColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=console, transient=True)
            self._task = self._bar.add_task(label, total=None)

    def __enter__(self) -> Meter:
        if self._bar:
            self._bar.start()
        return self

    def update(self, done: int, total: int | None = None) -> None:
        """Say that ``done`` bytes are here, of ``total`` where that is known."""
        self.done, self.total = done, total
        if self._bar:
            self._bar.update(self._task, completed=done, total=total)
        elif time.monotonic() - self._spoke > LINE_EVERY_S:
            self._spoke = time.monotonic()
            self.log(self._line())

    def _line(self) -> str:
        seconds = max(time.monotonic() - self._started, 1e-3)
        of = f" of {size_text(self.total)}" if self.total and self.total != self.done else ""
        return f"  {self.label}: {size_text(self.done)}{of} in {seconds:.1f} s ({size_text(self.done / seconds)}/s)"

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()
        if kind is None and self.done:
            self.log(self._line())
