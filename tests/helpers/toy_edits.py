"""Edits of the toy project that several tests make."""

from __future__ import annotations

from toy_project import PAPER

PROTOCOL = f"{PAPER}/protocol.yaml"
#: code that changes nothing but the digest
CODE = "\n\nEDITED = True\n"
#: a claim that the first look does not decide, of a cell that no other claim needs more of; it stands before the figures
CALM_CLAIM = """\
  T5:
    sentence: It is not above 1.
    plain: It is not above 1.
    source: Section 4
    experiment: watched
    test: {within: draw, high: 1.0, arm: {label: calm, cells: {noise: 0.01}}}
    expected: 0.9
    otherwise: 1.1
"""
#: a look more, and the replicas for it
FURTHER = ("seeds: 6, looks: [3, 6]", "seeds: 9, looks: [3, 6, 9]")
