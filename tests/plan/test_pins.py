"""One set of versions: pyproject.toml, the conda environments and the lock agree, and each stage finds what it imports."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import secondlook
from secondlook.plan.env_files import FILES, PYTHON, env_text

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.+]*)")


def pins(requirements: list[str]) -> dict[str, str]:
    found = {}
    for requirement in requirements:
        match = PIN.fullmatch(requirement)
        assert match, f"not one exact version: {requirement}"
        found[canonicalize_name(match[1])] = match[2]
    assert len(found) == len(requirements)
    return found


def entries_of(lines: list[str]) -> list[tuple[str, str, list[str]]]:
    """(name, version, hashes) of requirements; one name may stand twice, for two versions of Python."""
    entries = []
    for line in lines:
        match = PIN.match(line)
        assert match, f"not one exact version: {line[:80]}"
        entries.append((canonicalize_name(match[1]), match[2], re.findall(r"--hash=(\S+)", line)))
    return entries


def locked() -> list[tuple[str, str, list[str]]]:
    """The requirements of the lock."""
    return entries_of(list(filter(str.strip, re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", LOCK)).splitlines())))


def environment(name: str) -> tuple[list[tuple[str, str, list[str]]], list[str]]:
    """What it has from pip, and the rest of its dependencies."""
    parts = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text(encoding="utf-8"))["dependencies"]
    (pip,) = [part["pip"] for part in parts if isinstance(part, dict)]
    return entries_of(pip), [part for part in parts if isinstance(part, str)]


@pytest.mark.parametrize(("name", "group"), [("run", PROJECT["dependencies"]), ("report", EXTRAS["report"])])
def test_an_environment_has_the_pins_and_all_that_comes_with_them_as_locked(name: str, group: list[str]) -> None:
    """With the hashes, since pip wants them for all or for none."""
    entries, wanted = environment(name)[0], pins(group)
    assert {key: version for key, version, _ in entries if key in wanted} == wanted
    assert all(entry in locked() for entry in entries)
    here = reach(set(wanted))  # on this machine and Python
    assert here & {key for key, *_ in locked()} <= {key for key, *_ in entries}


def test_the_environments() -> None:
    assert sorted(path.name for path in (ROOT / "envs").iterdir()) == ["report.yaml", "run.yaml"]


def test_the_report_needs_no_torch() -> None:
    assert not {"torch", "torchvision"} & {name for name, *_ in environment("report")[0]}
    assert {"torch", "torchvision"} <= {name for name, *_ in environment("run")[0]}


@pytest.mark.parametrize("name", ["run", "report"])
def test_the_environments_python_is_one_that_the_project_supports(name: str) -> None:
    (python,) = [part for part in environment(name)[1] if part.startswith("python=")]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python=") + ".0")


def test_one_package_has_one_version_everywhere() -> None:
    versions: dict[str, set[str]] = {}
    for group in (PROJECT["dependencies"], *EXTRAS.values()):
        for name, version in pins(group).items():
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}
    lock: dict[str, set[str]] = {}
    for name, version, _ in locked():
        lock.setdefault(name, set()).add(version)
    assert {name: lock.get(name) for name in versions} == versions


def test_every_locked_requirement_has_a_hash_and_no_address() -> None:
    entries = locked()
    assert len(entries) > 50
    for name, version, hashes in entries:
        assert hashes, f"{name}=={version}"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), f"{name}=={version}"
    assert "://" not in LOCK
    assert not re.search(r"^\s*-[a-z-]", re.sub(r"--hash", "", LOCK), re.MULTILINE)  # no option that names an index


# ---- a stage imports only what its environment holds

#: refuses what the environment does not hold
GATE = """
import sys
class Gate:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"not in this environment: {name}")
absent = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Gate())
for name in sys.argv[2:]:
    globals()[name.partition(".")[0]] = __import__(name)
"""


def reach(names: set[str]) -> set[str]:
    """Packages and all that they need in turn."""
    reached, waiting = set(), {canonicalize_name(name) for name in names}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        try:
            needs = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:
            continue
        waiting |= {canonicalize_name(need.name) for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})} - reached
    return reached


def modules(pattern: str) -> list[str]:
    """Modules of the package whose files are so called."""
    folder = Path(secondlook.__path__[0])
    paths = [path.relative_to(folder).with_suffix("") for path in sorted(folder.glob(pattern)) if path.stem != "__init__"]
    return [".".join(("secondlook", *path.parts)) for path in paths]


def snakefile_modules() -> list[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").iterdir())])
    return sorted(set(re.findall(r"^\s*(?:from|import) (secondlook[\w.]*)", text, re.MULTILINE)))


REPORT = [
    "secondlook.tables.collect",
    "secondlook.tables.selection",
    "secondlook.stats.decide",
    "secondlook.stats.interim",
    "secondlook.figures.style",
    "secondlook.report.build",
    "secondlook.report.pdf",
]
STAGES = {
    "run": (
        PROJECT["dependencies"],
        ["secondlook.cli", "secondlook.runner.bundle", "secondlook.data.fetch", *modules("papers/*/*.py"), *modules("instruments/*.py")],
    ),
    "report": (EXTRAS["report"], ["secondlook.cli", *REPORT, *modules("papers/*/figures/*.py"), *modules("figures/shared/*.py")]),
    "Snakefile": (EXTRAS["workflow"], snakefile_modules()),
}


def without(requirements: list[str], code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code where nothing but the requirements, and what they need in turn, can be imported."""
    held = reach(set(pins(requirements))) | {"secondlook"}
    absent = [top for top, owners in packages_distributions().items() if not held & {canonicalize_name(owner) for owner in owners}]
    assert "pytest" in absent
    return subprocess.run([sys.executable, "-c", GATE + code, ",".join(absent), *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_only_what_its_environment_holds(stage: str) -> None:
    """As with conda, where each stage has an environment of its own."""
    requirements, names = STAGES[stage]
    assert names
    done = without(requirements, "", *names)
    assert done.returncode == 0, done.stderr


CHECK = """
from pathlib import Path
from secondlook.check.everything import check_project
from secondlook.check.stand_ins import LIBRARIES
from secondlook.errors import UserError
from secondlook.protocol.project import load_project
try:
    check_project(load_project(Path(secondlook.__path__[0]) / "papers"))
except UserError as error:  # what is wrong in the papers is not asked here
    print(error)
print(sorted(LIBRARIES & set(sys.modules)))
"""


def test_a_workflow_checks_the_papers_without_the_libraries_that_compute() -> None:
    done = without(EXTRAS["workflow"], CHECK, "secondlook")
    assert done.returncode == 0, done.stderr
    assert "cannot be imported" not in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"  # and what stood in for them is gone


@pytest.mark.parametrize("file", sorted(FILES))
def test_the_environments_are_those_of_the_pins(file: str) -> None:
    assert (ROOT / "envs" / file).read_text(encoding="utf-8") == env_text(ROOT / "pyproject.toml", ROOT / "requirements.lock", file), (
        "run `make lock`"
    )


def test_the_container_files_install_the_lock() -> None:
    for name in ("Dockerfile", "second-look.def"):
        text = (ROOT / "containers" / name).read_text(encoding="utf-8")
        assert f"python:{PYTHON}-slim" in text
        assert "--require-hashes --requirement /tmp/requirements.lock" in text
