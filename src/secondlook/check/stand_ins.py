"""Importing experiments and figures without the libraries that compute.

What an experiment says of itself (its settings with their types and ranges, the metrics that it writes) stands in its module, beside the
code that needs torch. The check reads it at every start of the workflow, also where torch is not installed at all; so within
`stand_ins` the libraries that are not loaded yet are replaced by objects that accept whatever is done with them. Nothing is computed
there.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

LIBRARIES = frozenset(
    {
        "PIL",
        "matplotlib",
        "numpy",
        "ot",
        "pandas",
        "safetensors",
        "scipy",
        "seaborn",
        "sklearn",
        "torch",
        "torch_fidelity",
        "torchvision",
    }
)
PACKAGE = __name__.partition(".")[0]


class _Anything:
    """An object that can be called, indexed, compared, computed with and inherited from."""

    def __getattr__(self, name: str) -> _Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything()

    def __call__(self, *arguments: Any, **keywords: Any) -> _Anything:
        return _Anything()

    def __getitem__(self, key: Any) -> _Anything:
        return _Anything()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return ()

    def _computed(self, other: Any = None) -> _Anything:
        return _Anything()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = __rpow__ = _computed
    __neg__ = __matmul__ = __or__ = __ror__ = __and__ = _computed


class _Library(ModuleType):
    """A stand-in for a library or a module of it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []  # it has every submodule

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything()


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, roots: frozenset[str]) -> None:
        self.roots = roots

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if fullname.partition(".")[0] in self.roots else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Library(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """A stand-in has nothing to run."""


@contextlib.contextmanager
def stand_ins() -> Iterator[None]:
    """Replace the libraries that are not loaded yet; forget all that was imported meanwhile, so that a later import is a real one.

    Within itself it does nothing, so that many modules can be read and forgotten together.
    """
    missing = frozenset(name for name in LIBRARIES if name not in sys.modules)
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        yield
        return
    before = set(sys.modules)
    finder = _Finder(missing)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in missing | {PACKAGE}:
                module = sys.modules.pop(name)
                parent, _, child = name.rpartition(".")
                if parent in before and getattr(sys.modules.get(parent), child, None) is module:
                    delattr(sys.modules[parent], child)
