"""One file over HTTP: gives up on a server that gives nothing, never on one that is merely slow."""

from __future__ import annotations

import contextlib
import http.client
import queue
import ssl
import threading
import time
import urllib.error
import urllib.request
import urllib.response
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from secondlook.data.failures import NotThere, SourceError, local_disk
from secondlook.data.progress import Meter


@dataclass(frozen=True)
class Limits:
    """How long a source may give nothing (seconds). There is no limit on how long a download takes while bytes arrive."""

    connect_s: float = 4.0
    stall_s: float = 10.0
    """Longest wait for an answer, or for the next bytes."""
    dead_s: float = 15.0
    """Longest time without a new byte over all tries; then the source is dead."""
    tries: int = 3
    """Failures in a row without a new byte."""
    backoff_s: float = 0.5
    """Pause before the second try; it doubles with each."""


class Patience:
    """How much longer a source may give nothing. New bytes restore it, so that a slow or flaky server is not given up."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.idle = 0.0
        self.failures = 0

    @property
    def left(self) -> float:
        """Seconds left."""
        return self.limits.dead_s - self.idle

    def restore(self) -> None:
        """New bytes have come."""
        self.idle, self.failures = 0.0, 0


#: what the reading thread hands over: the answer, then its blocks; b"" at the end; or what went wrong
_Event = http.client.HTTPResponse | urllib.response.addinfourl | bytes | Exception


class _Retry(Exception):
    """A failure that may pass."""


def _patient(base: type[http.client.HTTPConnection], stall_s: float) -> type[http.client.HTTPConnection]:
    """Return the connection class with one time-out for connecting (the one passed in) and another for everything after."""

    class Connection(base):  # type: ignore[misc,valid-type]
        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(stall_s)

    return Connection


def _opener(stall_s: float) -> urllib.request.OpenerDirector:
    """Return urllib's opener (proxies from the environment, redirects, checked certificates) with the two time-outs."""

    class Http(urllib.request.HTTPHandler):
        def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(_patient(http.client.HTTPConnection, stall_s), request)

    class Https(urllib.request.HTTPSHandler):
        def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(_patient(http.client.HTTPSConnection, stall_s), request, context=ssl.create_default_context())

    return urllib.request.build_opener(Http, Https)


def _pump(request: urllib.request.Request, limits: Limits, events: queue.Queue[_Event], stop: threading.Event) -> None:
    """Put the response, then its blocks, then ``b""`` or the exception into ``events``."""

    def put(item: _Event) -> None:
        while not stop.is_set():
            with contextlib.suppress(queue.Full):
                return events.put(item, timeout=0.2)

    try:
        with _opener(limits.stall_s).open(request, timeout=limits.connect_s) as response:
            put(response)
            while not stop.is_set():
                block = response.read1(1 << 18)
                put(block)
                if not block:
                    return
    except Exception as error:  # handed to the reader, who tells one kind from another
        put(error)


def _events(request: urllib.request.Request, patience: Patience) -> Generator[_Event]:
    """Yield what ``_pump`` puts, waiting at most as long as patience lasts.

    A thread does the reading since the time-outs of a socket know nothing of name look-up, of several addresses tried in turn, and of a
    server that sends its headers a letter at a time.
    """
    events: queue.Queue[_Event] = queue.Queue(maxsize=8)
    stop = threading.Event()
    threading.Thread(target=_pump, args=(request, patience.limits, events, stop), daemon=True).start()
    try:
        while True:
            started = time.monotonic()
            try:
                item = events.get(timeout=max(patience.left, 0.01))
            except queue.Empty:
                patience.idle += time.monotonic() - started
                raise _Retry(f"gave nothing for {patience.limits.dead_s:g} s") from None
            if not isinstance(item, bytes) or not item:  # waiting that brought no bytes
                patience.idle += time.monotonic() - started
            yield item
    finally:
        stop.set()


def _reason(error: Exception) -> Exception:
    """Return ``_Retry``, ``NotThere`` or ``SourceError``, whichever a failure of urllib is."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code in (403, 404, 410):
            return NotThere(f"HTTP {error.code} {error.reason}")
        kind = _Retry if error.code in (408, 425, 429) or error.code >= 500 else SourceError
        return kind(f"HTTP {error.code} {error.reason}")
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return SourceError(f"its certificate is refused: {cause.verify_message}")
    if isinstance(cause, TimeoutError):
        return _Retry("no answer in time")
    if isinstance(cause, OSError) and cause.strerror:
        return _Retry(cause.strerror)
    if isinstance(cause, OSError | http.client.HTTPException):
        return _Retry(f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__)
    return SourceError(cause if isinstance(cause, str) else f"{type(cause).__name__}: {cause}")


def _once(url: str, path: Path, validator: list[str], patience: Patience, limit: int, meter: Meter) -> None:
    """Download what is missing of ``path``. ``validator`` carries the server's tag of this version of the file from try to try."""
    have = path.stat().st_size if path.exists() and validator else 0
    request = urllib.request.Request(url, headers={"User-Agent": "secondlook", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", validator[0])  # the whole file comes if it has changed meanwhile
    best = path.stat().st_size if path.exists() else 0
    events = _events(request, patience)
    with contextlib.closing(events):
        response = next(events)
        if isinstance(response, Exception):
            raise _reason(response)
        assert not isinstance(response, bytes)  # the answer comes before its blocks
        resumed = response.status == 206
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            path.unlink()
            raise _Retry("the server sent another part of the file than was asked for")
        have = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else None
        tag = response.headers.get("ETag", "")
        validator[:] = [] if tag.startswith("W/") else [value for value in (tag, response.headers.get("Last-Modified")) if value][:1]
        with local_disk(path.parent, total or limit), path.open("ab" if resumed else "wb", buffering=0) as out:
            for block in events:
                if isinstance(block, Exception):
                    raise _reason(block)
                assert isinstance(block, bytes)  # the answer comes once
                if not block:
                    break
                have += len(block)
                if have > limit:
                    raise SourceError(f"sends more than {limit} bytes, far more than the dataset")
                view = memoryview(block)
                while view:
                    view = view[out.write(view) :]
                if have > best:
                    best = have
                    patience.restore()
                meter.update(have, total)
    if total is not None and have != total:
        raise _Retry(f"the body ended after {have} of {total} bytes")


def download(url: str, path: Path, *, patience: Patience, limit: int, meter: Meter) -> None:
    """Download ``url`` to ``path``; whatever comes is at most ``limit`` bytes long.

    A failure that may pass is tried again with growing pauses, from where it broke off if the server can, until ``patience`` ends. Raises
    ``NotThere``, ``SourceError``, or ``UserError`` when the disk is full.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise SourceError("not an http or https address")
    validator: list[str] = []
    while True:
        try:
            return _once(url, path, validator, patience, limit, meter)
        except _Retry as error:
            patience.failures += 1
            pause = patience.limits.backoff_s * 2 ** (patience.failures - 1)
            if patience.failures >= patience.limits.tries or pause >= patience.left:
                tries = f" ({patience.failures} tries)" if patience.failures > 1 else ""
                raise SourceError(f"{error}{tries}") from error
            time.sleep(pause)
            patience.idle += pause
