"""Bugs that public code really had, as edits of ours, and the tests that must notice each: a file a subject."""

from __future__ import annotations

from gallery.autoencoders import AUTOENCODERS
from gallery.classifiers import CLASSIFIERS
from gallery.games import GAMES
from gallery.mutant import Mutant
from gallery.tips import TIPS

__all__ = ["MUTANTS", "Mutant"]

MUTANTS = (*GAMES, *CLASSIFIERS, *AUTOENCODERS, *TIPS)
