"""The whole of ``fetch``: real files, a real server, real processes, real full and read-only disks."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tiny_data import (
    CIFAR,
    FAST,
    IDX_GZ,
    SPRITES,
    Handler,
    Server,
    cifar_members,
    idx_gz_files,
    leftovers,
    register,
    send,
    sprite_members,
    stall_after,
    tar_gz,
)

from secondlook.data.fetch import fetch
from secondlook.data.load import load
from secondlook.data.registry import Dataset, Debian, Web
from secondlook.errors import UserError


@pytest.fixture
def archive(colour) -> bytes:
    """The tiny dataset as its canonical archive."""
    return tar_gz(cifar_members(colour))


@pytest.fixture
def dataset(server, colour) -> Dataset:
    """The tiny dataset with one canonical source, on the test's server."""
    return register(colour, Web(f"{server.url}/canonical", CIFAR))


CANONICAL = "/canonical/tiny.tar.gz"


def run(dataset: Dataset, tmp_path: Path, lines: list[str], **options: object) -> Path:
    target = tmp_path / "out" / "tiny.safetensors"
    assert fetch(dataset, target, log=lines.append, **{"limits": FAST, **options}) == target
    load(target, dataset.digest)
    assert not leftovers(tmp_path / "out")
    return target


def refused(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "out" / ".cache" / "refused").rglob("*") if path.is_file())


def test_canonical(server, dataset, archive, tmp_path, lines):
    server.routes[CANONICAL] = archive
    run(dataset, tmp_path, lines)
    assert lines[0] == f"Tiny: trying {server.url}{CANONICAL}"
    assert not refused(tmp_path)


def test_second_call_does_nothing(server, dataset, archive, tmp_path, lines):
    server.routes[CANONICAL] = archive
    target = run(dataset, tmp_path, lines)
    before = (target.stat().st_mtime_ns, target.stat().st_ino, len(lines), len(server.requests))
    run(dataset, tmp_path, lines, data_dir=tmp_path / "nowhere", mirrors=["http://127.0.0.1:9"])
    assert (target.stat().st_mtime_ns, target.stat().st_ino, len(lines), len(server.requests)) == before


def test_damaged_target_is_replaced(server, dataset, archive, tmp_path, lines):
    server.routes[CANONICAL] = archive
    target = run(dataset, tmp_path, lines)
    body = bytearray(target.read_bytes())
    body[-1] ^= 1
    target.write_bytes(body)
    run(dataset, tmp_path, lines)
    assert any("is not Tiny; it will be replaced" in line for line in lines)


def test_product_is_the_same_bytes_from_every_source(server, colour, archive, tmp_path, lines):
    server.routes |= {"/a/tiny.tar.gz": archive, "/b/tiny-1.0.0.tgz": tar_gz(sprite_members(colour))}
    products = []
    for number, (folder, form) in enumerate([("a", CIFAR), ("b", SPRITES), ("a", CIFAR)]):
        target = run(register(colour, Web(f"{server.url}/{folder}", form)), tmp_path / str(number), lines)
        products.append(hashlib.sha256(target.read_bytes()).hexdigest())
    assert len(set(products)) == 1


def test_several_files(server, gray, tmp_path, lines):
    server.routes |= {f"/canonical/{name}": body for name, body in idx_gz_files(gray).items()}
    run(register(gray, Web(f"{server.url}/canonical", IDX_GZ)), tmp_path, lines)


# The user's own folder and mirrors


@pytest.mark.parametrize("place", ["", "tiny", "raw/here"])
@pytest.mark.parametrize("form", ["archive", "npm", "product", "not compressed"])
def test_data_dir(server, colour, archive, tmp_path, lines, place, form):
    dataset = dataclasses.replace(
        register(colour, Web(f"{server.url}/canonical", CIFAR), Web(f"{server.url}/other", SPRITES)), folders=("raw/here",)
    )
    folder = tmp_path / "mine" / place
    folder.mkdir(parents=True)
    if form == "archive":
        (folder / "tiny.tar.gz").write_bytes(archive)
    elif form == "npm":
        (folder / "tiny-1.0.0.tgz").write_bytes(tar_gz(sprite_members(colour)))
    elif form == "product":
        save_file(colour, folder / "tiny.safetensors")
    else:
        import gzip

        (folder / "tiny.tar").write_bytes(gzip.decompress(archive))
    run(dataset, tmp_path, lines, data_dir=tmp_path / "mine")
    assert not server.requests


def test_data_dir_with_idx_files(server, gray, tmp_path, lines):
    for name, body in idx_gz_files(gray).items():
        (tmp_path / name).write_bytes(body)
    run(register(gray, Web(server.url, IDX_GZ)), tmp_path, lines, data_dir=tmp_path)
    assert not server.requests


def test_data_dir_of_another_dataset_is_refused_and_left_alone(server, gray, tmp_path, lines):
    """MNIST and Fashion-MNIST have the same file names."""
    mine = tmp_path / "mine"
    mine.mkdir()
    other = {**gray, "train_labels": 9 - gray["train_labels"]}
    for name, body in idx_gz_files(other).items():
        (mine / name).write_bytes(body)
    server.routes |= {f"/canonical/{name}": body for name, body in idx_gz_files(gray).items()}
    run(register(gray, Web(f"{server.url}/canonical", IDX_GZ)), tmp_path, lines, data_dir=mine)
    assert any("train_labels with sha256" in line and "the files stay where they are" in line for line in lines)
    assert sorted(path.name for path in mine.iterdir()) == sorted(IDX_GZ.files) and not refused(tmp_path)


def test_data_dir_without_the_files(server, dataset, archive, tmp_path, lines):
    server.routes[CANONICAL] = archive
    (tmp_path / "empty").mkdir()
    run(dataset, tmp_path, lines, data_dir=tmp_path / "empty")
    assert any("holds none of tiny.safetensors, tiny.tar.gz" in line for line in lines)
    (tmp_path / "out" / "tiny.safetensors").unlink()
    run(dataset, tmp_path, lines, data_dir=tmp_path / "missing")
    assert any("missing failed: there is no such folder" in line for line in lines)


def test_data_dir_with_some_of_the_files(server, gray, tmp_path, lines):
    files = idx_gz_files(gray)
    (tmp_path / IDX_GZ.files[0]).write_bytes(files[IDX_GZ.files[0]])
    server.routes |= {f"/canonical/{name}": body for name, body in files.items()}
    run(register(gray, Web(f"{server.url}/canonical", IDX_GZ)), tmp_path, lines, data_dir=tmp_path)
    assert any("has only some of" in line for line in lines)


@pytest.mark.parametrize("place", ["/mirror/tiny/tiny.tar.gz", "/mirror/tiny.tar.gz"])
def test_mirror_comes_before_the_canonical_server(server, dataset, archive, tmp_path, lines, place):
    server.routes |= {place: archive, CANONICAL: archive}
    run(dataset, tmp_path, lines, mirrors=[f"{server.url}/mirror/"])
    assert CANONICAL not in [path for path, _ in server.requests]


# Sources that fail: the next is tried


def next_one_works(dataset: Dataset, server: Server, archive: bytes, tmp_path: Path, lines: list[str], reason: str, url: str = "") -> None:
    """Fetch with a bad mirror before the good canonical source, and look for ``reason`` in the log."""
    server.routes[CANONICAL] = archive
    run(dataset, tmp_path, lines, mirrors=[url or f"{server.url}/bad"])
    assert any("mirror" in line and "failed" in line and reason in line for line in lines), lines


def test_after_404(server, dataset, archive, tmp_path, lines):
    next_one_works(dataset, server, archive, tmp_path, lines, "HTTP 404")


def test_after_connection_refused(server, dataset, archive, tmp_path, lines):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    next_one_works(dataset, server, archive, tmp_path, lines, "Connection refused", url)


def test_after_a_stall(server, dataset, archive, tmp_path, lines):
    server.routes["/bad/tiny/tiny.tar.gz"] = stall_after(archive[:100])
    started = time.monotonic()
    next_one_works(dataset, server, archive, tmp_path, lines, "no answer in time")
    assert time.monotonic() - started < FAST.dead_s + 1.5


def test_after_a_truncated_body(server, dataset, archive, tmp_path, lines):
    server.routes["/bad/tiny/tiny.tar.gz"] = lambda request: send(request, archive[:-100], length=len(archive))
    next_one_works(dataset, server, archive, tmp_path, lines, f"the body ended after {len(archive) - 100} of {len(archive)} bytes")
    assert not refused(tmp_path)


def test_after_wrong_bytes_of_the_right_size(server, dataset, colour, archive, tmp_path, lines):
    """One pixel is off by one. The bytes are kept aside under the source's name, once, however often they come."""
    wrong = {**colour, "test_images": colour["test_images"].copy()}
    wrong["test_images"][1, 0, 0, 0] ^= 1
    body = tar_gz(cifar_members(wrong))
    server.routes["/bad/tiny/tiny.tar.gz"] = body
    for _ in range(2):
        next_one_works(dataset, server, archive, tmp_path, lines, "test_images with sha256")
        (tmp_path / "out" / "tiny.safetensors").unlink()
    (kept,) = refused(tmp_path)
    assert kept.read_bytes() == body and kept.name == "tiny.tar.gz" and kept.parent.name.startswith("tiny-mirror-http")
    assert any(str(kept.parent) in line for line in lines)


def test_after_a_login_page(server, dataset, archive, tmp_path, lines):
    server.routes["/bad/tiny/tiny.tar.gz"] = b"<html>please log in</html>"
    next_one_works(dataset, server, archive, tmp_path, lines, "not a readable tar archive")
    assert [path.name for path in refused(tmp_path)] == ["tiny.tar.gz"]


def test_after_an_archive_that_reaches_out(server, dataset, colour, archive, tmp_path, lines):
    server.routes["/bad/tiny/tiny.tar.gz"] = tar_gz({**cifar_members(colour), "../../../../escaped.txt": b"x"})
    next_one_works(dataset, server, archive, tmp_path, lines, "outside its own folder")
    assert not list(tmp_path.rglob("escaped.txt"))


def test_all_fail_in_one_message(server, colour, tmp_path, lines):
    server.routes["/wrong/tiny.tar.gz"] = b"junk"
    sources = (Web(f"{server.url}/canonical", CIFAR), Web(f"{server.url}/wrong", CIFAR), Debian("tiny-nothing-here", "/nowhere", IDX_GZ))
    dataset = register(colour, *sources)
    with pytest.raises(UserError) as error:
        fetch(
            dataset, tmp_path / "out" / "tiny.safetensors", data_dir=tmp_path, mirrors=["http://127.0.0.1:9"], log=lines.append, limits=FAST
        )
    reasons = [line for line in str(error.value).splitlines() if line.startswith("  - ")]
    patterns = [
        f"data_dir {tmp_path}: holds none of",
        "mirror http://127.0.0.1:9: Connection refused",
        f"{server.url}{CANONICAL}: HTTP 404",
        f"{server.url}/wrong/tiny.tar.gz: refused, it is not Tiny: not a readable tar archive",
        "Debian package tiny-nothing-here: ",
        f"tiny.tar.gz (from {server.url}/canonical)",
    ]
    for reason, pattern in zip(reasons, patterns, strict=False):
        assert pattern in reason
    assert "set data_dir in config.yaml" in str(error.value)
    assert not leftovers(tmp_path / "out") and not (tmp_path / "out" / "tiny.safetensors").exists()


def test_unknown_dataset(tmp_path):
    with pytest.raises(UserError, match=r"no dataset 'fashion-mnist'\. Did you mean 'fashion_mnist'\?"):
        fetch("fashion-mnist", tmp_path / "out" / "x.safetensors")
    assert not (tmp_path / "out").exists()


# The disk


def test_folder_that_cannot_be_made(server, dataset, archive, tmp_path, lines):
    server.routes[CANONICAL] = archive
    (tmp_path / "out").write_text("a file where the folder should be")
    for target in (tmp_path / "out" / "tiny.safetensors", tmp_path / "out" / "deeper" / "tiny.safetensors"):
        with pytest.raises(UserError, match="Cannot write in the folder") as error:
            fetch(dataset, target, log=lines.append, limits=FAST)
        assert str(target.parent) in str(error.value)
    assert not server.requests


SCRIPT = """
import sys
from pathlib import Path
from tiny_data import CIFAR, FAST, make_arrays, register
from secondlook.data.fetch import fetch
from secondlook.data.registry import Web
from secondlook.errors import UserError
url, target = sys.argv[1:]
try:
    fetch(register(make_arrays(channels=3, size=4), Web(url + "/canonical", CIFAR)), Path(target), limits=FAST)
except UserError as error:
    sys.exit(f"UserError: {error}")
"""


def command(server: Server, target: Path) -> list[str]:
    """The command that fetches the tiny dataset in a process of its own."""
    return [sys.executable, "-c", SCRIPT, server.url, str(target)]


def environment() -> dict[str, str]:
    import secondlook

    paths = [str(Path(__file__).parents[1] / "helpers"), str(Path(secondlook.__file__).parent.parent)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def on_small_disk(options: str, mount: Path, inner: list[str]) -> subprocess.CompletedProcess:
    """Run ``inner`` where ``mount`` is a small disk in memory, seen by that process alone; skip where this machine does not allow that."""
    mount.mkdir()
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare here")
    prepare = f"mount -t tmpfs -o size=4m tmpfs '{mount}' && {options}"
    wrap = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*wrap, prepare], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let a test mount a disk of its own")
    return subprocess.run([*wrap, f'{prepare} && exec "$@"', "sh", *inner], capture_output=True, text=True, env=environment(), check=False)


def test_read_only_disk(server, archive, tmp_path):
    server.routes[CANONICAL] = archive
    mount = tmp_path / "mount"
    done = on_small_disk(
        f"mkdir '{mount}/out' && mount -o remount,ro '{mount}'", mount, command(server, mount / "out" / "tiny.safetensors")
    )
    assert done.returncode == 1 and f"UserError: Cannot write in the folder {mount}/out: Read-only file system" in done.stderr


def test_disk_too_full_to_begin(server, archive, tmp_path):
    """Seen before anything is downloaded, with the free and the needed bytes."""
    server.routes[CANONICAL] = archive
    mount = tmp_path / "mount"
    fill = f"head -c 3500000 /dev/zero > '{mount}/filler'"
    done = on_small_disk(fill, mount, command(server, mount / "out" / "tiny.safetensors"))
    needed = 2 * register_size() + (1 << 20)
    assert done.returncode == 1 and f"The folder {mount}/out/.cache is full" in done.stderr
    assert " bytes), about 1.0 MiB needed" in done.stderr and f"({needed} bytes)" in done.stderr
    assert not server.requests


def register_size() -> int:
    from tiny_data import make_arrays

    return register(make_arrays(channels=3, size=4)).nbytes


def test_disk_that_fills_up_on_the_way(server, colour, tmp_path):
    """The archive is bigger than it had to be: the write itself fails, which ends the fetch, since no other source would fit either."""
    padding = np.random.default_rng(0).bytes(6 << 20)
    server.routes[CANONICAL] = tar_gz({"padding": padding, **cifar_members(colour)})
    mount = tmp_path / "mount"
    inner = ["sh", "-c", '"$@"; code=$?; find "$MOUNT" -type f >&2; exit $code', "sh", *command(server, mount / "out" / "tiny.safetensors")]
    done = on_small_disk(f"export MOUNT='{mount}'", mount, inner)
    assert done.returncode == 1 and f"The folder {mount}/out/.cache" in done.stderr and "is full: " in done.stderr
    assert done.stderr.strip().splitlines()[-1] == f"{mount}/out/.tiny.safetensors.lock"  # all that is left


def test_file_size_limit(server, archive, tmp_path):
    """What a quota looks like where no disk can be mounted: the limit of the process itself."""
    server.routes[CANONICAL] = archive + bytes(1 << 16)
    shell = ["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", *command(server, tmp_path / "out" / "tiny.safetensors")]
    done = subprocess.run(shell, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 1 and "UserError: The folder" in done.stderr and "a quota counts too" in done.stderr
    assert not leftovers(tmp_path / "out")


# Several processes, and processes that die


def slowly(body: bytes, seconds: float):
    def route(request: Handler) -> None:
        send(request, body[:50], length=len(body))
        time.sleep(seconds)
        request.wfile.write(body[50:])

    return route


def test_parallel_calls_download_once(server, colour, dataset, archive, tmp_path):
    server.routes[CANONICAL] = slowly(archive, 0.35)
    target = tmp_path / "out" / "tiny.safetensors"
    runs = [
        subprocess.Popen(command(server, target), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], said
    assert len(server.requests) == 1
    load(target, dataset.digest)
    assert not leftovers(tmp_path / "out")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_killed_run_leaves_nothing_that_lasts(server, dataset, archive, tmp_path, lines, number):
    """Interrupted, it cleans up itself; killed, the next run does. Neither leaves something that passes for the product."""
    target = tmp_path / "out" / "tiny.safetensors"
    server.routes[CANONICAL] = stall_after(archive[:50])
    with subprocess.Popen(command(server, target), env=environment(), stderr=subprocess.DEVNULL) as killed:
        deadline = time.monotonic() + 20
        while not list(tmp_path.rglob("tiny.tar.gz")) and time.monotonic() < deadline:
            time.sleep(0.01)
        killed.send_signal(number)
    assert not target.exists()
    assert bool(leftovers(tmp_path / "out")) == (number == signal.SIGKILL)
    server.routes[CANONICAL] = archive
    run(dataset, tmp_path, lines)


def test_waiting_is_said(server, dataset, archive, tmp_path, lines):
    """The holder of the lock is another process, which ends without having fetched anything."""
    (tmp_path / "out").mkdir()
    server.routes[CANONICAL] = archive
    hold = "import fcntl, sys, time; f = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); time.sleep(0.5)"
    inner = [sys.executable, "-c", hold, str(tmp_path / "out" / ".tiny.safetensors.lock")]
    with subprocess.Popen(inner, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        run(dataset, tmp_path, lines)
    assert "waiting for it" in lines[0]


def test_progress_is_lines_where_there_is_no_terminal(server, archive, tmp_path):
    server.routes[CANONICAL] = archive
    done = subprocess.run(command(server, tmp_path / "tiny.safetensors"), env=environment(), capture_output=True, text=True, check=True)
    assert not done.stdout and "\x1b" not in done.stderr and "\r" not in done.stderr
    assert len(done.stderr.splitlines()) == 3 and "/s)" in done.stderr


def test_progress_is_a_bar_on_a_terminal(server, archive, tmp_path):
    import pty

    server.routes[CANONICAL] = slowly(archive, 0.3)
    primary, secondary = pty.openpty()
    env = {**environment(), "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(command(server, tmp_path / "tiny.safetensors"), env=env, stderr=secondary) as running:
        os.close(secondary)
        shown = b""
        while True:
            try:
                block = os.read(primary, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not block:
                break
            shown += block
    os.close(primary)
    assert running.returncode == 0
    text = shown.decode()
    assert "━" in text and "bytes" in text and "\x1b[" in text
