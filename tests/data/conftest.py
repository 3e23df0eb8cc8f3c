"""A real HTTP server that misbehaves on request, and tiny arrays."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from tiny_data import Handler, Server, make_arrays, send


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark of tests that need a package registry."""
    config.addinivalue_line("markers", "network: needs a public package registry; skips itself where there is none")


@pytest.fixture
def server() -> Iterator[Server]:
    """A local HTTP server."""

    class Request(Handler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            state.requests.append((self.path, self.headers.get("Range")))
            route = state.routes.get(self.path.replace("/./", "/"))  # apt asks for /./Packages
            if route is None:
                self.send_error(404)
            elif callable(route):
                route(self)
            else:
                send(self, route)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(http.server.ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:  # clients of these tests hang up by design
            pass

    running = Quiet(("127.0.0.1", 0), Request)
    state = Server(f"http://127.0.0.1:{running.server_address[1]}")
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield state
    running.shutdown()
    running.server_close()


@pytest.fixture
def lines() -> list[str]:
    """Collects what ``fetch`` logs: pass ``log=lines.append``."""
    return []


@pytest.fixture
def gray() -> dict[str, np.ndarray]:
    """MNIST-like arrays."""
    return make_arrays(channels=1, size=5)


@pytest.fixture
def colour() -> dict[str, np.ndarray]:
    """CIFAR-like arrays."""
    return make_arrays(channels=3, size=4)
