"""A browser's window, for tests and for the fixtures that open it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: starts a browser; takes command-line flags
Open = Callable[..., Any]


def resize(browser: Any, width: int) -> None:
    """Set the width of the screen; below 500 pixels it is a phone's."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
