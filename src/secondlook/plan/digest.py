"""The code digest: sixteen hex digits that change when the code behind a result changes, and stay when only its text does.

The Snakefile puts the digest of a job's roots (the runner and the paper's module) into ``params:``, so a comment reruns nothing, and a
changed network reruns what imports it. It does not see ``importlib``, data files or what libraries do: name what is loaded dynamically as
a root, declare data as inputs, pass ``versions`` (`Package.run_pins` finds those of a run). Tokens see some formatting: quote style, a
trailing comma and redundant parentheses count.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import io
import os
import re
import sys
import token
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from secondlook.errors import UserError, did_you_mean

_HERE = Path(__file__).parents[1]
_DISTRIBUTIONS = {"PIL": "pillow", "ot": "pot", "sklearn": "scikit-learn"}  # of modules that are not called as what is installed
_EVERY_RUN = {"numpy", "torch"}
_NO_NUMBERS = {"safetensors"}  # it moves bytes; a new version of it must not train again
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # where a statement keeps its statements
_DROPPED = {token.COMMENT, token.NL, token.ENCODING, token.ENDMARKER}
_LAYOUT = {token.NEWLINE, token.INDENT, token.DEDENT}  # hashed by name: their text is line ends and the width of the indent
_SPLIT_START = {getattr(token, name, -1) for name in ("FSTRING_START", "TSTRING_START")}  # Python 3.12 and 3.14
_SPLIT_END = {getattr(token, name, -1) for name in ("FSTRING_END", "TSTRING_END")}
# Quotes, extras and a marker are allowed; ranges and wildcards ("==2.*") are not exact and do not match.
_PIN = re.compile(
    r"""\s*-\s+(?P<quote>["']?)(?P<name>[A-Z0-9][A-Z0-9._-]*)(\[[^\]]*\])?\s*==\s*(?P<version>[A-Z0-9.!+_-]+)(\s*;.*?)?(?P=quote)(\s+\#.*|\s*)""",
    re.IGNORECASE | re.ASCII,
)


class Package:
    """A package's files as they were when they were first asked for: listed once, each read and scanned once, for any number of digests.

    Args:
        folder: the package's own folder; its name begins every dotted name.
        read: gives a file's bytes, for one who wants to keep them (`secondlook.plan.sources`).
    """

    def __init__(self, folder: Path = _HERE, read: Callable[[Path], bytes] = Path.read_bytes) -> None:
        self.folder, self._read = Path(folder).absolute(), read
        self._modules = _modules(self.folder)
        self._scans: dict[str, tuple[tuple[tuple[int, str], ...], str]] = {}

    def closure(self, *roots: str) -> list[Path]:
        """Return the files that the dotted names ``roots`` import inside the package, directly or not, and each ``__init__.py`` above.

        Raises UserError for a root that does not exist and for a file that does not parse.
        """
        return [self.folder / relative for relative in sorted(self._reach(roots))]

    def digest(self, *roots: str, versions: Mapping[str, str] = {}) -> str:
        """Return 16 hex digits over the code that ``roots`` reach (see ``closure``) and the ``versions`` of the libraries.

        Comments, blank lines, docstrings, line ends and the layout of continued lines do not count, nor does Python's version (3.11 on).
        Raises UserError as ``closure`` does.
        """
        parts = [f"file {relative} {content}" for relative, content in sorted(self._reach(roots).items())]
        parts += [f"library {name}=={version}" for name, version in sorted(versions.items())]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def libraries(self, *roots: str) -> set[str]:
        """Return the libraries that ``roots`` import, directly or not, also inside functions: the names under which they are installed.

        Raises UserError as ``closure`` does.
        """
        imported = {target.partition(".")[0] for relative in self._reach(roots) for level, target in self._scan(relative)[0] if not level}
        return {normal_name(_DISTRIBUTIONS.get(name, name)) for name in imported - sys.stdlib_module_names - {self.folder.name}}

    def run_pins(self, env_file: Path, *roots: str) -> dict[str, str]:
        """Return ``{name: version}`` of the libraries that make a run's numbers: torch, numpy, and what else of the file's pins it imports.

        Raises UserError as ``closure`` and ``pins`` do.
        """
        imported = self.libraries(*roots) & set(_pinned(env_file)) - _NO_NUMBERS
        return pins(env_file, sorted(imported | _EVERY_RUN))

    def _scan(self, relative: str) -> tuple[tuple[tuple[int, str], ...], str]:
        """Imports and hash of the tokens of a file."""
        if relative not in self._scans:
            self._scans[relative] = _scan_file(self.folder / relative, self._read)
        return self._scans[relative]

    def _reach(self, roots: Iterable[str]) -> dict[str, str]:
        """Return ``{path relative to the package: hash of its tokens}`` of the import closure."""
        pending = list(roots)
        if not pending:
            raise ValueError("the code digest needs at least one root: without one it would never change")
        for root in pending:
            if root not in self._modules:
                raise UserError(f"No module '{root}' in the package at {self.folder}.{did_you_mean(root, self._modules)}")
        reached: dict[str, str] = {}
        seen: set[str] = set()
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            parent = name.rpartition(".")[0]
            pending.append(parent)  # importing a.b.c runs a and a.b as well
            if name.endswith(".*"):  # imports the submodules that __all__ lists
                pending += [module for module in self._modules if module.rpartition(".")[0] == parent]
            if name in self._modules:  # else a library, a folder without __init__.py, or a name that is not a submodule
                relative = self._modules[name]
                imports, reached[relative] = self._scan(relative)
                # Level 1 is the package that holds the module; inside __init__.py that is the module itself.
                here = (name if relative.rpartition("/")[2] == "__init__.py" else parent).split(".")
                for level, target in imports:
                    if level <= len(here):
                        pending.append(".".join((*here[: len(here) - level + 1], target)) if level else target)
        return reached


def installed(names: Iterable[str]) -> dict[str, str]:
    """Return ``{name: version}`` of libraries as they are installed beside this process.

    Raises UserError when one is not.
    """
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError as error:
            raise UserError(
                f"config 'versions: installed', but {name} is not installed beside Snakemake; install it there, or say 'versions: locked'"
            ) from error
    return found


def pins(env_file: Path, names: Iterable[str]) -> dict[str, str]:
    """Return ``{name: version}`` from the exact pins (``- name==version``) under ``- pip:`` of a conda environment file.

    Raises UserError when the file cannot be read, or does not pin a name there to one exact version.
    """
    found = _pinned(env_file)
    names = list(names)
    for name in names:
        if len(versions := found.get(normal_name(name), ())) != 1:
            problem = f"pins {name} to {' and '.join(sorted(versions))}" if versions else f"does not pin {name}"
            raise UserError(f"{env_file}: {problem}. Write one line '- {name}==VERSION' in the list under '- pip:'.")
    return {name: next(iter(found[normal_name(name)])) for name in names}


def _pinned(env_file: Path) -> dict[str, set[str]]:
    """Return the versions that the file gives each library under ``- pip:``."""
    try:
        lines = Path(env_file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{env_file}: cannot be read as an environment file ({error}).") from error
    found: dict[str, set[str]] = {}
    list_indent = None  # that of the line '- pip:', while inside its list
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if list_indent is None or indent <= list_indent:
            list_indent = indent if re.fullmatch(r"\s*-\s+pip\s*:\s*(#.*)?", line) else None
        elif pin := _PIN.fullmatch(line):
            found.setdefault(normal_name(pin["name"]), set()).add(pin["version"])
    return found


def normal_name(name: str) -> str:
    """The name of a library as registries compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _modules(folder: Path) -> dict[str, str]:
    """Return ``{dotted name: path relative to the package}``. A listing, not ``is_file``: some file systems say yes to the wrong case."""
    found: dict[str, str] = {}
    for current, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name.isidentifier() and name != "__pycache__"]
        parts = Path(current).relative_to(folder).parts
        for file in files:
            if file.endswith(".py"):  # a package wins over a module of its name: its folder comes later
                module = parts if file == "__init__.py" else (*parts, file.removesuffix(".py"))
                found[".".join((folder.name, *module))] = "/".join((*parts, file))
    return found


def _scan_file(path: Path, read: Callable[[Path], bytes]) -> tuple[tuple[tuple[int, str], ...], str]:
    source = read(path)
    try:
        return _scan(source)
    except (SyntaxError, ValueError, tokenize.TokenError) as error:  # ValueError: null bytes, bytes that are not UTF-8
        line = getattr(error, "lineno", None) or source.count(b"\n", 0, getattr(error, "start", 0)) + 1
        raise UserError(f"{path}, line {line}: not valid Python ({getattr(error, 'msg', None) or error}).") from error


@functools.cache  # keyed by content, so that an edit is seen while the process lives
def _scan(source: bytes) -> tuple[tuple[tuple[int, str], ...], str]:
    """Return the imports, as (level, dotted name), and the hash of the tokens of one file."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    text = source.decode(encoding).replace("\r\n", "\n").replace("\r", "\n") + "\n"  # Pythons differ on a last line without an end
    lines = text.split("\n")  # splitlines would split at form feeds as well, Python does not
    imports: list[tuple[int, str]] = []
    strings: set[tuple[int, int]] = set()  # where docstrings begin, and the strings under fields, which do nothing either
    pending: list[ast.AST] = [ast.parse(text)]
    while pending:
        node = pending.pop()
        for block in _BLOCKS:
            pending.extend(getattr(node, block, ()))
        if isinstance(node, ast.Import):
            imports += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):  # the last part is a submodule or a name; what is before it is followed anyway
            imports += [(node.level, f"{node.module}.{alias.name}" if node.module else alias.name) for alias in node.names]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            column = len(lines[node.lineno - 1].encode()[: node.col_offset].decode())  # ast counts bytes, tokenize characters
            strings.add((node.lineno, column))
    return tuple(imports), hashlib.sha256("".join(_tokens(text, lines, strings)).encode()).hexdigest()


def _tokens(text: str, lines: list[str], strings: set[tuple[int, int]]) -> Iterator[str]:
    """Yield one string per token that counts, with each f-string, which Python 3.12 splits, as the one token that it was before."""
    at_start, in_string = True, False  # of a logical line; inside a statement that is only a string
    depth, opened = 0, (0, 0)
    for kind, word, start, end, _ in tokenize.generate_tokens(io.StringIO(text).readline):
        if kind in _SPLIT_START:
            opened = opened if depth else start
            depth += 1
        elif kind in _SPLIT_END:
            depth -= 1
            rows = lines[opened[0] - 1 : end[0]]
            rows[-1] = rows[-1][: end[1]]  # before the cut at the front, which would move it
            word = "\n".join(rows)[opened[1] :]
        if depth or kind in _DROPPED:
            continue
        if kind in _LAYOUT:  # tested before the strings: a DEDENT lies where the next token begins
            if not (in_string and at_start and kind == token.NEWLINE):  # a string alone on its line takes its line end along
                yield f" {token.tok_name[kind]}\0"  # no other token begins with a space
            at_start, in_string = True, False
        elif in_string:
            in_string = word != ";"
        elif start in strings:
            in_string = True
        else:
            at_start = False
            yield f"{word}\0"
