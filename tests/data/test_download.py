"""Downloads from a real server that misbehaves."""

from __future__ import annotations

import dataclasses
import socket
import time
from pathlib import Path

import pytest
from tiny_data import FAST, Handler, Server, send, stall_after

from secondlook.data.download import Limits, Patience, download
from secondlook.data.failures import NotThere, SourceError
from secondlook.data.progress import Meter

BODY = bytes(range(256)) * 400


def get(url: str, path: Path, limits: Limits = FAST, limit: int = 1 << 20, log: list[str] | None = None) -> float:
    """Download; return the seconds it took."""
    started = time.monotonic()
    try:
        with Meter("file", (log if log is not None else []).append) as meter:
            download(url, path, patience=Patience(limits), limit=limit, meter=meter)
    finally:
        elapsed = time.monotonic() - started
    return elapsed


def fails(url: str, path: Path, reason: str, within: float, limits: Limits = FAST, kind: type = SourceError, limit: int = 1 << 20) -> None:
    """Assert that the download fails for that reason in that time (seconds)."""
    started = time.monotonic()
    with pytest.raises(kind, match=reason):
        get(url, path, limits, limit)
    assert time.monotonic() - started < within


def test_good(server: Server, tmp_path, lines):
    server.routes["/f"] = BODY
    get(f"{server.url}/f", tmp_path / "f", log=lines)
    assert (tmp_path / "f").read_bytes() == BODY
    assert lines == [lines[0]] and "100.0 KiB in" in lines[0] and "/s)" in lines[0]


def test_404_is_not_tried_again(server: Server, tmp_path):
    fails(f"{server.url}/f", tmp_path / "f", "HTTP 404", 1, kind=NotThere)
    assert len(server.requests) == 1


def test_401_is_not_tried_again(server: Server, tmp_path):
    server.routes["/f"] = lambda request: request.send_error(401)
    fails(f"{server.url}/f", tmp_path / "f", "HTTP 401", 1)
    assert len(server.requests) == 1


def test_503_is_tried_again(server: Server, tmp_path):
    server.routes["/f"] = lambda request: send(request, BODY) if len(server.requests) == 3 else request.send_error(503)
    get(f"{server.url}/f", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY and len(server.requests) == 3


def test_503_for_ever(server: Server, tmp_path):
    server.routes["/f"] = lambda request: request.send_error(503)
    fails(f"{server.url}/f", tmp_path / "f", r"HTTP 503 .*\(3 tries\)", 2)


def test_connection_refused(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    fails(f"http://127.0.0.1:{port}/f", tmp_path / "f", "Connection refused", 1)


def test_name_that_does_not_exist(tmp_path):
    fails("http://does-not-exist.invalid/f", tmp_path / "f", "known|resolution|no answer|gave nothing", FAST.dead_s + 1)


def test_host_that_does_not_answer(tmp_path):
    """A full backlog drops what knocks: connecting gets no answer at all, as from a host behind a firewall."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        knocks = []
        for _ in range(4):
            knock = socket.socket()
            knock.setblocking(False)
            knock.connect_ex(address)
            knocks.append(knock)
        limits = dataclasses.replace(FAST, connect_s=0.3)
        fails(f"http://127.0.0.1:{address[1]}/f", tmp_path / "f", "no answer in time", limits.dead_s + 0.7, limits)
        for knock in knocks:
            knock.close()


def test_silent_server(server: Server, tmp_path):
    server.routes["/f"] = lambda request: time.sleep(2)
    fails(f"{server.url}/f", tmp_path / "f", "no answer in time", FAST.dead_s + 0.7)


def test_server_that_sends_its_headers_a_letter_at_a_time(server: Server, tmp_path):
    """No single wait is long, so only the total can end it."""

    def route(request: Handler) -> None:
        for letter in "HTTP/1.0 200 OK\r\nX-Nothing: " + "x" * 60:
            request.wfile.write(letter.encode())
            request.wfile.flush()
            time.sleep(0.05)

    server.routes["/f"] = route
    fails(f"{server.url}/f", tmp_path / "f", "gave nothing for 1.5 s", FAST.dead_s + 0.7)


def test_body_that_stalls(server: Server, tmp_path):
    server.routes["/f"] = stall_after(BODY[:1000])
    fails(f"{server.url}/f", tmp_path / "f", "no answer in time", FAST.dead_s + 0.7)


def test_slow_server_is_let_finish(server: Server, tmp_path):
    """It takes much longer than ``dead_s`` in all, yet never stands still for long."""
    limits = dataclasses.replace(FAST, stall_s=0.4, dead_s=0.5)

    def route(request: Handler) -> None:
        send(request, b"", length=12)
        for number in range(12):
            time.sleep(0.1)
            request.wfile.write(bytes([number]))
            request.wfile.flush()

    server.routes["/f"] = route
    assert get(f"{server.url}/f", tmp_path / "f", limits) > 1.0
    assert (tmp_path / "f").read_bytes() == bytes(range(12)) and len(server.requests) == 1


def test_truncated_for_ever(server: Server, tmp_path):
    server.routes["/f"] = lambda request: send(request, BODY[:1000], length=len(BODY))
    fails(f"{server.url}/f", tmp_path / "f", rf"the body ended after 1000 of {len(BODY)} bytes", 2)
    assert len(server.requests) <= 4


def flaky(body: bytes, part: int, tag: str | None):
    """Give ``part`` bytes more with every request, as a server does whose connections break."""

    def route(request: Handler) -> None:
        wanted = request.headers.get("Range")
        headers = {"ETag": tag} if tag else {}
        if wanted and request.headers.get("If-Range") == tag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            send(request, body[start : start + part], length=len(body) - start, status=206, headers=headers)
        else:
            send(request, body[:part], length=len(body), headers=headers)

    return route


def test_broken_off_goes_on_where_it_was(server: Server, tmp_path):
    """More breaks than ``tries``, but each brings something new."""
    server.routes["/f"] = flaky(BODY, len(BODY) // 6 + 1, '"v1"')
    get(f"{server.url}/f", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY
    step = len(BODY) // 6 + 1
    assert [wanted for _, wanted in server.requests] == [None, *(f"bytes={step * n}-" for n in range(1, 6))]


def test_file_that_changed_meanwhile_is_taken_whole(server: Server, tmp_path):
    new = BODY[::-1]

    def route(request: Handler) -> None:
        if len(server.requests) == 1:
            send(request, BODY[:500], length=len(BODY), headers={"ETag": '"v1"'})
        else:
            flaky(new, len(new), '"v2"')(request)

    server.routes["/f"] = route
    get(f"{server.url}/f", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == new


def test_wrong_part_is_not_appended(server: Server, tmp_path):
    def route(request: Handler) -> None:
        if len(server.requests) == 1:
            send(request, BODY[:500], length=len(BODY), headers={"ETag": '"v1"'})
        elif request.headers.get("Range"):
            send(request, BODY[100:], status=206, headers={"Content-Range": f"bytes 100-{len(BODY) - 1}/{len(BODY)}", "ETag": '"v1"'})
        else:
            send(request, BODY, headers={"ETag": '"v1"'})

    server.routes["/f"] = route
    get(f"{server.url}/f", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY


def test_endless_body_is_cut_off(server: Server, tmp_path):
    def route(request: Handler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(1000):
            request.wfile.write(bytes(1 << 16))

    server.routes["/f"] = route
    fails(f"{server.url}/f", tmp_path / "f", "sends more than 100000 bytes", 2, limit=100_000)
    assert (tmp_path / "f").stat().st_size <= 100_000


def test_redirect_is_followed_but_not_to_a_file(server: Server, tmp_path):
    def to(place: str):
        def route(request: Handler) -> None:
            request.send_response(302)
            request.send_header("Location", place)
            request.end_headers()

        return route

    server.routes |= {"/f": to("/g"), "/g": BODY, "/h": to("file:///etc/passwd")}
    get(f"{server.url}/f", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == BODY
    fails(f"{server.url}/h", tmp_path / "h", "not allowed|302", 1)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "/etc/passwd", "ftp://127.0.0.1/x"])
def test_only_http(tmp_path, url):
    fails(url, tmp_path / "f", "not an http or https address", 1)
