"""The path of ``--use-conda``, with a stand-in for conda.

The stand-in makes every environment a door to the Python that runs the tests, with the libraries locked that the environment does not pin.
So these tests show that the flag works from the first job to the report, that each rule runs in an environment that lists what it imports,
and that an edit of an environment reruns the rules of that environment. They show nothing about solving: whether the pins can be installed
is for a real conda to say.
"""

from __future__ import annotations

import json
import os
import re
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from toy_jobs import ALL, FIGURES, FROM_INTERIM, FROM_SAMPLE
from toy_project import ROOT, Project

BEHIND_DATA = FROM_SAMPLE
ENVIRONMENTS = {path.stem: path for path in (ROOT / "envs").glob("*.yaml")}

CONDA = """#!{python}
import json, pathlib, sys

LOCKED = {locked}
arguments = sys.argv[1:]
if arguments == ["info", "--json"]:
    print(json.dumps({{"conda_prefix": {prefix!r}, "platform": "linux-64"}}))
elif arguments == ["--version"]:
    print("conda 24.9.2")
elif arguments[:3] == ["config", "--get", "channel_priority"]:
    print(json.dumps({{"get": {{"channel_priority": "strict"}}}}))
elif arguments[:2] == ["env", "create"]:
    environment = pathlib.Path(arguments[arguments.index("--prefix") + 1])
    text = pathlib.Path(arguments[arguments.index("--file") + 1]).read_text()
    name = "run" if "torch==" in text else "report"
    for module in LOCKED[name]:
        (environment / "locked").mkdir(parents=True, exist_ok=True)
        lock = f"raise ModuleNotFoundError('envs/{{name}}.yaml does not list {{module}}')\\n"
        (environment / "locked" / (module + ".py")).write_text(lock)
    (environment / "bin").mkdir(parents=True)
    door = environment / "bin/python"
    door.write_text(f'''#!/bin/sh
echo "$3 {{name}}" >> {used}
PYTHONPATH={{environment}}/locked:$PYTHONPATH exec {python} "$@"
''')
    door.chmod(0o755)
elif arguments[0] != "clean":
    sys.exit(f"the stand-in for conda does not know: {{arguments}}")
"""

ACTIVATE = 'export CONDA_PREFIX="$1"\nexport PATH="$1/bin:$PATH"\n'


def pinned(environment: Path) -> set[str]:
    """Libraries that an environment pins."""
    return {canonicalize_name(name) for name in re.findall(r"(?m)^\s*- ([\w.-]+)==", environment.read_text(encoding="utf-8"))}


def with_dependencies(names: set[str]) -> set[str]:
    """Libraries, and all that comes with them."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            try:
                needs = [Requirement(text) for text in requires(name) or ()]
            except PackageNotFoundError:  # it is for another system
                continue
            pending += [canonicalize_name(need.name) for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return found


def locked(environment: Path) -> list[str]:
    """Modules that the project uses and that this environment does not have."""
    missing = set().union(*map(pinned, ENVIRONMENTS.values())) - with_dependencies(pinned(environment))
    modules = {
        module: set(map(canonicalize_name, sources)) for module, sources in packages_distributions().items() if module.isidentifier()
    }
    return sorted(module for module, sources in modules.items() if missing & sources)


@pytest.fixture
def conda(project: Project, tmp_path: Path) -> Project:
    """The finished project, with the stand-in for conda first on the path."""
    prefix = tmp_path / "conda"
    (prefix / "bin").mkdir(parents=True)
    program = prefix / "bin/conda"
    values = {name: locked(path) for name, path in ENVIRONMENTS.items()}
    assert "pandas" in values["run"] and "torch" in values["report"]
    text = CONDA.format(python=sys.executable, prefix=str(prefix), used=tmp_path / "used.txt", locked=json.dumps(values))
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    (prefix / "bin/activate").write_text(ACTIVATE, encoding="utf-8")
    return Project(project.folder, {"PATH": os.pathsep.join([str(prefix / "bin"), os.environ["PATH"]])})


def test_use_conda_from_the_first_job_to_the_report(conda: Project, tmp_path: Path) -> None:
    first = set(conda.run("--use-conda").labels)
    second = set(conda.run("--use-conda").labels)
    assert first | second == ALL, "another kind of environment reruns everything: always or never"
    assert second <= BEHIND_DATA, "what lies behind a data set that is fetched again may wait for the next start, and nothing else"
    used = {tuple(line.split()) for line in (tmp_path / "used.txt").read_text(encoding="utf-8").splitlines()}
    assert used == {
        *((verb, "run") for verb in ("fetch", "run", "collect", "select")),
        *((verb, "report") for verb in ("interim", "decide", "figure", "report", "pdf")),
    }
    assert conda.dry("--use-conda").labels == []

    conda.append("envs/report.yaml", "# a plotting library, say\n")
    assert conda.dry("--use-conda").labels == sorted(FROM_INTERIM | FIGURES)
    conda.append("envs/run.yaml", "# a training library, say\n")
    assert ALL - BEHIND_DATA <= set(conda.dry("--use-conda").labels) <= ALL
