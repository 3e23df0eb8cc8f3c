"""The Inception net without the internet: torch-fidelity's architecture with random weights, through the whole of our loading."""

from __future__ import annotations

import io
import socket
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from secondlook.metrics import inception
from secondlook.metrics.inception import load_inception


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """Random weights of the right shapes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.Module, "load_state_dict", lambda *arguments, **named: None)
        buffer = io.BytesIO()
        torch.save({}, buffer)
        buffer.seek(0)
        torch.manual_seed(0)
        return FeatureExtractorInceptionV3("any", ["2048"], feature_extractor_weights_path=buffer).state_dict()


def test_it_is_read_as_tensors_only_with_its_hash_checked(monkeypatch, weights) -> None:
    asked = {}

    def fetch(url: str, **named: object) -> dict[str, torch.Tensor]:
        asked.update(named, url=url)
        return weights

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", fetch)
    net = load_inception()
    assert asked["weights_only"] is asked["check_hash"] is True
    assert asked["url"].endswith("-6726825d.pth")
    image = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    (expected,) = net.extractor(image)
    assert torch.equal(net.features(image.float() / 127.5 - 1), expected), "every byte comes back from the floats"
    assert net.head(expected).shape == (1, 1008)


def test_without_the_internet_the_error_is_that_of_the_fetch(monkeypatch) -> None:
    def fetch(url: str, **named: object) -> None:
        raise urllib.error.URLError("no route")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", fetch)
    with pytest.raises(OSError, match="no route"):
        load_inception()


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"])
def test_a_server_that_falls_silent_is_given_up(monkeypatch, tmp_path: Path, sent: bytes) -> None:
    """Before its answer or in the middle of it; nothing is left in the cache."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/weights-6726825d.pth"
        monkeypatch.setattr("torch_fidelity.feature_extractor_inceptionv3.URL_INCEPTION_V3", url)
        monkeypatch.setattr(inception, "TIME_OUT", 0.3)
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with ThreadPoolExecutor(1) as pool:
            fetched = pool.submit(load_inception)
            client, _ = server.accept()
            with client:
                client.sendall(sent)
                with pytest.raises(OSError, match="timed out"):
                    fetched.result(timeout=20)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert socket.getdefaulttimeout() is None
