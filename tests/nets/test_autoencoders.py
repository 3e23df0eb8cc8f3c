"""Encoder and decoder: shapes, parameters, and that they mirror each other."""

from __future__ import annotations

import pytest
import torch

from secondlook.nets.autoencoders import Autoencoder


def make(hidden: list[int], outputs: int, code: int, **options) -> Autoencoder:
    encoder, decoder = ([torch.Generator().manual_seed(first + replica) for replica in range(2)] for first in (0, 10))
    return Autoencoder(20, hidden, outputs, code, encoder, decoder, **options)


@pytest.mark.parametrize(("outputs", "code"), [(3, 3), (6, 3), (14, 5)])
def test_sizes(outputs: int, code: int) -> None:
    net = make([8, 4], outputs, code)
    assert [tuple(layer.weight.shape) for layer in net.encoder.layers] == [(2, 20, 8), (2, 8, 4), (2, 4, outputs)]
    assert [tuple(layer.weight.shape) for layer in net.decoder.layers] == [(2, code, 4), (2, 4, 8), (2, 8, 20)]
    assert net.encode(torch.zeros(2, 7, 20)).shape == (2, 7, outputs)
    assert net.decode(torch.zeros(2, 7, code)).shape == (2, 7, 20)


def test_nothing_squashes_what_comes_out() -> None:
    net = make([8], 3, 3)
    large = torch.full((2, 5, 20), 1000.0)
    assert net.encode(large).abs().max() > 10 and net.decode(net.encode(large)).abs().max() > 10


def test_dropout_is_in_the_hidden_layers_alone_and_for_one_replica() -> None:
    with pytest.raises(ValueError, match="one replica at a time"):
        make([8], 3, 3, dropout=0.5)
    generators = [torch.Generator().manual_seed(0)]
    net = Autoencoder(20, [8], 3, 3, generators, generators, dropout=0.5)
    assert net.encoder.dropout == (0.0, 0.5) and net.decoder.dropout == (0.0, 0.5)
