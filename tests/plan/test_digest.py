"""The code digest: what changes it, what does not, and that it is the same everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

import secondlook
from secondlook.errors import UserError
from secondlook.plan.digest import Package, installed, pins


def package_in(folder: Path | None) -> Package:
    """The package as it is now; without a folder the project's own."""
    return Package(folder) if folder else Package()


def digest(*roots: str, package_dir: Path | None = None, **options) -> str:
    return package_in(package_dir).digest(*roots, **options)


def closure(*roots: str, package_dir: Path | None = None) -> list[Path]:
    return package_in(package_dir).closure(*roots)


def libraries(*roots: str, package_dir: Path | None = None) -> set[str]:
    return package_in(package_dir).libraries(*roots)


def run_pins(env_file: Path, *roots: str, package_dir: Path | None = None) -> dict[str, str]:
    return package_in(package_dir).run_pins(env_file, *roots)


# A package with one module for each way of importing. Nothing in it is ever executed.
FILES = {
    "__init__.py": '"""A package."""\n\nfrom .version import VERSION\n',
    "version.py": 'VERSION = "1"\n',
    "job.py": '''"""Runs a job."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pkg.data.cifar
from pkg import nets

if TYPE_CHECKING:
    from pkg.types import Job


class Runner:
    """Runs."""

    rate: float = 0.1
    """The learning rate."""

    def run(self, job: Job, sizes: list[int]) -> float:
        """Run it."""
        from pkg.train import sgd  # a job that only evaluates does not need it

        total = sum(size * 2 for size in sizes)
        name = f"{job.name!r}: {total:>{sgd.WIDTH}} {{of}} {'many'}"
        return total + len(name)
''',
    "types.py": "class Job:\n    name: str\n",
    "nets/__init__.py": "from . import blocks\nfrom .vgg import *\n\nDEPTH = 3\n",
    "nets/blocks.py": "from ..helpers import shapes\n\nWIDTH = 64\n",
    "nets/vgg.py": "import pkg.nets.blocks as b\n\nVGG = b.WIDTH * 2\n",
    "nets/gan.py": "LATENT = 100\n",
    "helpers/__init__.py": "",
    "helpers/shapes.py": "def area(a, b):\n    return a * b\n",
    "data/__init__.py": "",
    "data/cifar.py": "try:\n    from . import cache\nexcept ImportError:\n    CACHE = None\n\nSIZE = 32\n",
    "data/cache.py": "with open('x') as file:\n    import pkg.data.deep\n",
    "data/deep.py": "match 1:\n    case 1:\n        from pkg.job import Runner\n",  # a cycle, back to the root
    "train/__init__.py": "",
    "train/sgd.py": "WIDTH = 8\n",
    "figures/__init__.py": "",
    "figures/plot.py": "from pkg.nets import vgg\n\nCOLOUR = 'red'\n",
    "figures/style.txt": "not Python\n",
}


def write(package: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return package


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write(tmp_path / "pkg", FILES)


@pytest.fixture
def edit(package: Path) -> Callable[..., tuple[str, str]]:
    """Return a function that replaces text in a file and returns the digest of pkg.job before and after."""

    def _edit(name: str, old: str, new: str) -> tuple[str, str]:
        before = digest("pkg.job", package_dir=package)
        text = (package / name).read_bytes().decode()
        assert text.count(old) == 1
        (package / name).write_bytes(text.replace(old, new).encode())
        return before, digest("pkg.job", package_dir=package)

    return _edit


def one(tmp_path: Path, source: str | bytes) -> str:
    """Return the digest of a package of one file."""
    (tmp_path / "one").mkdir(exist_ok=True)
    (tmp_path / "one" / "__init__.py").write_bytes(source if isinstance(source, bytes) else source.encode())
    return digest("one", package_dir=tmp_path / "one")


# ---- the closure


def names(package: Path, *roots: str) -> list[str]:
    return [path.relative_to(package).as_posix() for path in closure(*roots, package_dir=package)]


def test_closure_follows_every_kind_of_import_and_ends_in_spite_of_the_cycle(package: Path) -> None:
    unreached = {"figures/__init__.py", "figures/plot.py", "figures/style.txt", "nets/gan.py"}
    assert names(package, "pkg.job") == sorted(set(FILES) - unreached)
    assert closure("pkg.job", package_dir=package) == [package / name for name in sorted(set(FILES) - unreached)]


def test_closure_of_a_leaf_has_its_parents_and_what_they_import(package: Path) -> None:
    assert names(package, "pkg.train.sgd") == ["__init__.py", "train/__init__.py", "train/sgd.py", "version.py"]
    assert names(package, "pkg.nets") == names(package, "pkg.nets.vgg")


def test_several_roots_join(package: Path) -> None:
    both = names(package, "pkg.train.sgd", "pkg.types")
    assert both == ["__init__.py", "train/__init__.py", "train/sgd.py", "types.py", "version.py"]
    assert digest("pkg.train.sgd", "pkg.types", package_dir=package) == digest(
        "pkg.types", "pkg.train.sgd", "pkg.types", package_dir=package
    )


@pytest.mark.parametrize(
    ("file", "statement", "target"),
    [
        ("a/__init__.py", "from . import leaf", "a/leaf.py"),  # level 1 of a package is itself
        ("a/__init__.py", "from .leaf import x", "a/leaf.py"),
        ("a/__init__.py", "from .. import top", "top.py"),
        ("a/m.py", "from . import leaf", "a/leaf.py"),  # level 1 of a module is the package that holds it
        ("a/m.py", "from .leaf import x", "a/leaf.py"),
        ("a/m.py", "from .. import top", "top.py"),
        ("a/m.py", "from ..a.leaf import x", "a/leaf.py"),
        ("a/m.py", "from p.a import leaf as other", "a/leaf.py"),
        ("a/m.py", "from . import *", "a/leaf.py"),
        ("a/m.py", "async def f():\n    while True:\n        pass\n    else:\n        import p.top", "top.py"),
        ("a/m.py", "try:\n    pass\nexcept* OSError:\n    pass\nfinally:\n    import p.top", "top.py"),
        ("a/m.py", "try:\n    pass\nexcept OSError:\n    import p.top", "top.py"),
        ("a/m.py", "match x:\n    case 1:\n        import p.top", "top.py"),
        ("a/m.py", "if x:\n    pass\nelif y:\n    with z:\n        import p.top", "top.py"),
        ("a/m.py", "class A:\n    def f(self):\n        for x in y: import p.top", "top.py"),
        ("a/m.py", "from ... import top", None),  # beyond the top: Python refuses it too
        ("a/m.py", "from .... import top", None),
        ("a/m.py", "import leaf, top, p.absent", None),
        ("a/m.py", "from pp import top", None),
    ],
)
def test_where_an_import_leads(tmp_path: Path, file: str, statement: str, target: str | None) -> None:
    package = write(tmp_path / "p", {"__init__.py": "", "a/__init__.py": "", "a/m.py": "", "a/leaf.py": "", "top.py": ""})
    root = "p." + file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    nothing = names(package, root)
    (package / file).write_text(statement + "\n")
    assert names(package, root) == sorted({*nothing, *([target] if target else [])})


def test_a_package_wins_over_a_module_of_the_same_name_and_init_is_matched_exactly(tmp_path: Path) -> None:
    package = write(tmp_path / "p", {"__init__.py": "", "a.py": "", "a/__init__.py": "", "my__init__.py": "from . import b", "b.py": ""})
    assert names(package, "p.a") == ["__init__.py", "a/__init__.py"]
    assert names(package, "p.my__init__") == ["__init__.py", "b.py", "my__init__.py"]


def test_a_folder_without_init_is_passed_through(tmp_path: Path) -> None:
    package = write(tmp_path / "p", {"__init__.py": "", "job.py": "from p.a import b", "a/b.py": ""})
    assert names(package, "p.job") == ["__init__.py", "a/b.py", "job.py"]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os, json.decoder", set()),  # Python's own
        ("import torch.nn as nn", {"torch"}),
        ("def f():\n    from ot.lp import emd", {"pot"}),
        ("class A:\n    def f(self):\n        if x:\n            import torch_fidelity", {"torch-fidelity"}),
        ("from PIL import Image\nimport numpy, scipy.linalg", {"pillow", "numpy", "scipy"}),
        ("from . import ot, leaf", set()),  # the package's own
        ("from p.torch import scipy", set()),
        ("from p import leaf", {"pandas"}),  # through another module
        ("'import torch'  # import scipy", set()),
    ],
)
def test_libraries_are_what_the_closure_imports_from_elsewhere(tmp_path: Path, source: str, found: set[str]) -> None:
    package = write(tmp_path / "p", {"__init__.py": "", "m.py": source + "\n", "other.py": "import seaborn\n"})
    if "leaf" in found or "from p import leaf" in source:
        write(package, {"leaf.py": "import pandas\n"})
    assert libraries("p.m", package_dir=package) == found
    assert libraries("p.m", "p.other", package_dir=package) == found | {"seaborn"}


def test_a_missing_root_is_named(package: Path) -> None:
    with pytest.raises(UserError, match=r"No module 'pkg\.jop' .*Did you mean 'pkg\.job'\?"):
        digest("pkg.jop", package_dir=package)
    with pytest.raises(UserError, match="No module 'other.job'"):
        closure("pkg.job", "other.job", package_dir=package)
    with pytest.raises(UserError, match="No module 'pkg'"):
        closure("pkg", package_dir=package / "absent" / "pkg")


def test_no_root_is_refused(package: Path) -> None:
    with pytest.raises(ValueError, match="at least one root"):
        digest(package_dir=package)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (b"x = 1\ny = (\n", 2),
        (b"x = 1\n\ndef f(:\n    pass\n", 3),
        (b"if 1:\nx = 1\n", 2),
        (b"a = 1\nb = 2\nc = '\xff'\n", 3),
        (b"x = '\0'\n", 1),
    ],
)
def test_a_file_that_does_not_parse_is_named_with_the_line(package: Path, source: bytes, line: int) -> None:
    (package / "train" / "sgd.py").write_bytes(source)
    with pytest.raises(UserError, match=rf"sgd\.py, line {line}: not valid Python \(.+\)"):
        digest("pkg.job", package_dir=package)


# ---- what changes nothing


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("nets/blocks.py", "WIDTH = 64", "WIDTH = 64  # as in the paper"),
        ("nets/blocks.py", "WIDTH = 64", "\n\n# as in the paper\n   # indented\nWIDTH = 64"),
        ("nets/blocks.py", "WIDTH = 64", "WIDTH   =\t64   "),
        ("nets/blocks.py", "WIDTH = 64\n", "WIDTH = 64"),  # no newline at the end
        ("nets/blocks.py", "WIDTH = 64\n", "WIDTH = 64\n\n# end"),
        ("nets/blocks.py", "WIDTH = 64\n", "WIDTH = 64\n    "),
        ("nets/blocks.py", "WIDTH = 64", "WIDTH = \\\n    64"),
        ("helpers/shapes.py", "(a, b)", "(\n    a,  # height\n\n    b\n)"),
        ("helpers/shapes.py", "    return", "\treturn"),
        ("helpers/shapes.py", "    return", '    """The area."""\n    return'),
        ("helpers/shapes.py", "    return", '    "The " "area"\n    return'),
        ("helpers/shapes.py", "    return", '    ("The "\n    "area")\n    return'),
        ("helpers/shapes.py", "    return", '    "The area"; return'),
        ("helpers/shapes.py", "def area", '"""Größen."""\n\ndef area'),
        ("job.py", '"""Runs a job."""', '"""Runs\n\na job: "quoted", é.\n"""'),
        ("job.py", '"""Runs a job."""\n', ""),
        ("job.py", '"""Runs."""', "'Runs it all.'"),
        ("job.py", '    """Runs."""\n\n', ""),
        ("job.py", '        """Run it."""\n', '        r"""Run it:\n   # not a comment\n"""\n'),
        ("job.py", '"""The learning rate."""', '"""The step size."""'),  # a string under a field
        ("job.py", '    """The learning rate."""\n', ""),
    ],
)
def test_comments_blank_lines_docstrings_and_layout_change_nothing(edit: Callable, name: str, old: str, new: str) -> None:
    before, after = edit(name, old, new)
    assert before == after


def test_a_string_right_after_a_dedent_changes_nothing(tmp_path: Path) -> None:
    source = "class A:\n    if x:\n        y = 1\n    z = 2\n"
    assert one(tmp_path, source) == one(tmp_path, source.replace("    z", '    """A note."""\n    z'))


def test_a_docstring_beside_its_def_changes_nothing(tmp_path: Path) -> None:
    assert one(tmp_path, "class É(Exception): 'Wrong; bad.'\nx = 1\n") == one(tmp_path, "class É(Exception): 'Other.'\nx = 1\n")
    assert one(tmp_path, "class A: 'Text.'\nx = 1\n") != one(tmp_path, "class A: x = 1\n")


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_line_ends_change_nothing(package: Path, end: bytes) -> None:
    (package / "train" / "sgd.py").write_text('WIDTH = """\none\n\ntwo"""\n\nif WIDTH:\n    f"""{\n    WIDTH\n    }\n"""\n')
    before = digest("pkg.job", package_dir=package)
    for path in closure("pkg.job", package_dir=package):
        path.write_bytes(path.read_bytes().replace(b"\n", end))
    assert digest("pkg.job", package_dir=package) == before


def test_encoding_and_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    plain = one(tmp_path, "X = 'é'\n")
    assert one(tmp_path, b"\xef\xbb\xbfX = '\xc3\xa9'\n") == plain
    assert one(tmp_path, b"# -*- coding: latin-1 -*-\nX = '\xe9'\n") == plain


@pytest.mark.parametrize("name", ["figures/plot.py", "figures/__init__.py", "nets_new.py", "figures/style.txt", "job.txt"])
def test_a_file_that_is_not_imported_changes_nothing(package: Path, name: str) -> None:
    before = digest("pkg.job", package_dir=package)
    (package / name).write_text("COLOUR = 'blue'\n")
    assert digest("pkg.job", package_dir=package) == before


def test_a_compiled_cache_a_touch_and_another_place_change_nothing(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest("pkg.job", package_dir=package)
    write(package, {"__pycache__/job.py": "x = 1\n", "nets/__pycache__/vgg.cpython-311.pyc": "x"})
    os.utime(package / "job.py", (1, 1))
    elsewhere = write(tmp_path / "else" / "pkg", FILES)
    monkeypatch.chdir(elsewhere.parent)
    assert {digest("pkg.job", package_dir=place) for place in (package, elsewhere, Path("pkg"))} == {before}


# ---- what changes it


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("job.py", "0.1", "0.2"),
        ("version.py", '"1"', '"2"'),  # by the parent's relative import
        ("nets/__init__.py", "DEPTH = 3", "DEPTH = 4"),
        ("nets/blocks.py", "64", "65"),  # from package import submodule, and import *
        ("nets/vgg.py", "WIDTH * 2", "WIDTH + 2"),
        ("helpers/shapes.py", "a * b", "a ** b"),  # two steps away
        ("helpers/shapes.py", "def area", "def areas"),
        ("helpers/shapes.py", "    return a * b", "    pass\nreturn_ = 1"),
        ("train/sgd.py", "8", "16"),  # imported inside a function
        ("types.py", "name: str", "name: bytes"),  # imported for the type checker
        ("data/cifar.py", "32", "28"),
        ("data/deep.py", "match 1", "match 2"),  # in a case in a with in a try
        ("train/__init__.py", "", "x = 1\n"),
        ("job.py", "from __future__ import annotations\n", ""),
        ("job.py", '"""Runs a job."""', 'TEXT = """Runs a job."""'),
        ("job.py", '"""Runs."""', 'f"""Runs."""'),  # not a docstring
        ("job.py", '"""Runs."""', 'b"""Runs."""'),
        ("job.py", "{{of}}", "{{off}}"),
        ("job.py", "total:>", "total:<"),
        ("job.py", "!r", "!s"),
        ("job.py", "'many'", "'few'"),
        ("job.py", "{{of}} ", "{{of}}  "),  # white space counts inside an f-string
        ("job.py", "sgd.WIDTH}", "sgd.WIDTH }"),
    ],
)
def test_an_edit_of_the_code_changes_it(edit: Callable, package: Path, name: str, old: str, new: str) -> None:
    if not old:  # an empty file
        before = digest("pkg.job", package_dir=package)
        (package / name).write_text(new)
        assert digest("pkg.job", package_dir=package) != before
        return
    before, after = edit(name, old, new)
    assert before != after


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("if x:\n    y = 1\n    z = 2\n", "if x:\n    y = 1\nz = 2\n"),
        ("if x:\n    y = 1\n    z = 2\n", "if x: y = 1; z = 2\n"),
        ("x\nNEWLINE\n", "x\n\nNEWLINE\nNEWLINE\n"),
        ("a = 'x' 'y'\n", "a = 'xy'\n"),
        ("ab = 1\n", "a, b = 1\n"),
        ("a\n(b)\n", "a(b)\n"),
        ("x = f'{a}'\n", "x = '{a}'\n"),
        ("x = f'{a}' f'{b}'\n", "x = f'{a}{b}'\n"),
        ("x = f'''\n{a}\n'''\n", "x = f'''\n{a} \n'''\n"),
        ("x = rf'{a}\\n'\n", "x = f'{a}\\n'\n"),
    ],
)
def test_different_code_differs(tmp_path: Path, left: str, right: str) -> None:
    assert one(tmp_path, left) != one(tmp_path, right)


def test_tokens_see_quotes_trailing_commas_and_parentheses(tmp_path: Path) -> None:
    """Not wanted, but known: the formatter settles them."""
    sources = ["x = ['a']\n", 'x = ["a"]\n', "x = ['a',]\n", "x = (['a'])\n"]
    assert len({one(tmp_path, source) for source in sources}) == len(sources)


def test_deleting_or_renaming_an_imported_file_changes_it(package: Path) -> None:
    digests = [digest("pkg.job", package_dir=package)]
    for change in (
        lambda: (package / "data" / "cache.py").rename(package / "data" / "deep.py"),  # deep.py is now what cache.py was
        lambda: (package / "train" / "sgd.py").unlink(),
        lambda: (package / "helpers" / "__init__.py").unlink(),
    ):
        change()
        digests.append(digest("pkg.job", package_dir=package))
    assert len(set(digests)) == 4


def test_a_module_that_begins_to_exist_changes_it(package: Path) -> None:
    """``from pkg.nets import DEPTH`` would find a new submodule of that name; so does the digest."""
    (package / "job.py").write_text("from pkg.nets import DEPTH\n")
    before = digest("pkg.job", package_dir=package)
    (package / "nets" / "DEPTH.py").write_text("")
    assert digest("pkg.job", package_dir=package) != before


def test_versions_change_it_and_their_order_does_not(package: Path) -> None:
    some = [{}, {"torch": "2.14.1"}, {"torch": "2.14.2"}, {"torch": "2.14.1", "numpy": "2.4.6"}, {"numpy": "2.4.6"}]
    assert len({digest("pkg.job", package_dir=package, versions=versions) for versions in some}) == len(some)
    turned = dict(reversed(some[3].items()))
    assert digest("pkg.job", package_dir=package, versions=turned) == digest("pkg.job", package_dir=package, versions=some[3])


# ---- the same everywhere, and fast

# What Python 3.12 and later split differently: nested quotes, nested f-strings, several lines, braces, characters beyond ASCII.
GOLDEN = r'''
@decorate(k=1)
class Größe:
    pass

def f(a, *, b: int = 0x_ff, **k) -> "str":
    async def g(): return await (yield)
    é = f"é{a!r:>{b}}é" f'{"x"}' rf"\d{{{b}}}" + f"""{f'{a}' + f"{b:{'3'}}"}""" if a else f""
    long = f"""é{
        a
    }{{
        {f'{b=}'} # not a comment
    }}é""".join([lambda x: x, f"{a:%Y-%m}", f"{'é'}{a,}", F"\N{EM DASH} {a != b}"])  # a comment
    if (n := 1_000j) <= 1e-3 or a @ b // 2 is not ...: print(é, long, n)
    return """ a
    b""" 'c'
'''


def test_the_digest_is_the_same_on_every_python(tmp_path: Path) -> None:
    """If this fails, every stored result would be computed again: change the literal only if that is meant."""
    package = write(tmp_path / "golden", {"__init__.py": "from . import code\n", "code.py": GOLDEN})
    assert digest("golden", package_dir=package, versions={"torch": "2.14.1"}) == "adf4f3db2be5fc38"


def test_files_are_read_again_but_cut_into_tokens_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"m{i}.py": f"from . import m{(i + 1) % 9}\nX = {i}\n" for i in range(9)}
    package = write(tmp_path / "many", {"__init__.py": "", **files})
    first = digest("many.m0", package_dir=package)

    def again(*_: object) -> None:
        raise AssertionError("cut once more")

    monkeypatch.setattr("tokenize.generate_tokens", again)
    assert digest("many.m0", package_dir=package) == first
    (package / "m3.py").write_text("X = 4\n")
    with pytest.raises(AssertionError, match="cut once more"):
        digest("many.m0", package_dir=package)


FRESH = """
import sys
from pathlib import Path
import secondlook.plan.digest as d
folder = Path(d.__file__).parents[1]
modules = [("secondlook." + ".".join(p.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__") for p in folder.rglob("*.py")]
print(*sorted(d.Package().digest(m) for m in modules), d.Package().digest("secondlook.plan.digest"))
print(*sorted(m for m in sys.modules if m.partition(".")[0] in {"torch", "torchvision", "numpy", "pandas", "yaml", "secondlook"}))
"""


def test_the_real_package_in_fresh_processes_without_its_libraries() -> None:
    printed = []
    for seed in ("1", "2"):  # of the order of sets
        environment = {**os.environ, "PYTHONPATH": str(Path(secondlook.__file__).parents[1]), "PYTHONHASHSEED": seed}
        printed.append(subprocess.run([sys.executable, "-c", FRESH], env=environment, check=True, capture_output=True, text=True).stdout)
    digests, modules = printed[0].splitlines()
    assert printed[0] == printed[1]
    assert all(len(word) == 16 and int(word, 16) >= 0 for word in digests.split())
    assert modules.split() == ["secondlook", "secondlook.errors", "secondlook.plan", "secondlook.plan.digest"]
    assert digests.split()[-1] == digest("secondlook.plan.digest")
    here = Path(secondlook.__file__).parent
    assert closure("secondlook.plan.digest") == [here / name for name in ("__init__.py", "errors.py", "plan/__init__.py", "plan/digest.py")]


# ---- pins

ENVIRONMENT = """\
channels: [conda-forge, nodefaults]
dependencies:
  - python=3.11
  - numpy=2.0.0  # conda's, not pip's
  - pip
  - pip:  # exact
      # a comment

      - --extra-index-url https://download.pytorch.org/whl/cpu
      - torch==2.14.1
      - "Pillow == 12.3.0"
      - typing_extensions[all]==4.1+local.1 ; python_version < "3.14"  # why
      - 'safetensors==0.8.0; sys_platform == "linux"'
      - ranged>=1
      - wild==2.*
      - both==1,<2
      - twice==1
      - twice==2
      - same==1
      - same==1
  - scipy==1.17.1
variables:
  - late==1
"""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    path = tmp_path / "run.yaml"
    path.write_text(ENVIRONMENT)
    return path


def test_pins(environment: Path) -> None:
    wanted = {"torch": "2.14.1", "pillow": "12.3.0", "typing-extensions": "4.1+local.1", "safetensors": "0.8.0", "same": "1"}
    assert pins(environment, wanted) == wanted
    assert pins(environment, iter(["torch"])) == {"torch": "2.14.1"}
    environment.write_bytes(ENVIRONMENT.replace("\n", "\r\n").encode())
    assert pins(environment, wanted) == wanted


def test_pins_of_a_list_that_is_not_indented(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("dependencies:\n- pip\n- pip:\n  - torch==1\n- numpy==2\n")
    assert pins(path, ["torch"]) == {"torch": "1"}
    with pytest.raises(UserError, match="does not pin numpy"):
        pins(path, ["numpy"])


@pytest.mark.parametrize("name", ["numpy", "python", "ranged", "wild", "both", "scipy", "late", "tor", "torchvision"])
def test_a_missing_pin_is_named_with_the_file(environment: Path, name: str) -> None:
    with pytest.raises(UserError, match=rf"run\.yaml: does not pin {name}\. Write one line '- {name}==VERSION'"):
        pins(environment, ["torch", name])


def test_two_different_pins_are_refused(environment: Path) -> None:
    with pytest.raises(UserError, match="pins twice to 1 and 2"):
        pins(environment, ["twice"])


def test_an_environment_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="absent.yaml: cannot be read"):
        pins(tmp_path / "absent.yaml", ["torch"])


RUN = """\
  - pip:
      - numpy==2.4.6
      - pot==0.9.7
      - rich==15.0.0
      - safetensors==0.8.0
      - torch==2.14.1
      - torch-fidelity==0.4.0
"""


def test_a_run_stands_on_torch_and_numpy_and_on_what_it_imports(tmp_path: Path) -> None:
    environment = tmp_path / "run.yaml"
    environment.write_text(RUN)
    files = {
        "job.py": "import numpy\nimport safetensors.numpy\n",
        "plain.py": "import p.job\n",
        "distances.py": "def f():\n    import ot\n",
        "frechet.py": "from p.distances import f\nimport torch_fidelity, triton\n",  # triton comes with torch and has no pin
    }
    package = write(tmp_path / "p", {"__init__.py": "", **files})
    always = {"numpy": "2.4.6", "torch": "2.14.1"}
    assert run_pins(environment, "p.job", "p.plain", package_dir=package) == always  # safetensors makes no number
    assert run_pins(environment, "p.job", "p.distances", package_dir=package) == always | {"pot": "0.9.7"}
    assert run_pins(environment, "p.job", "p.frechet", package_dir=package) == always | {"pot": "0.9.7", "torch-fidelity": "0.4.0"}
    environment.write_text(RUN.replace("      - torch==2.14.1\n", ""))
    with pytest.raises(UserError, match="does not pin torch"):
        run_pins(environment, "p.job", package_dir=package)


def test_installed_versions_are_those_beside_this_process() -> None:
    """What ``versions: installed`` keys results by; the names are those of `run_pins`."""
    assert installed(["numpy", "torch"]) == {"numpy": version("numpy"), "torch": version("torch")}
    assert installed([]) == {}
    with pytest.raises(UserError, match=r"config 'versions: installed', but no-such-library is not installed .*'versions: locked'"):
        installed(["numpy", "no-such-library"])
