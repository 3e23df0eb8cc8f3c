"""Everything that the project's YAML files say, read together: papers, instruments, questions, shared metrics."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from secondlook.errors import Mistake, UserError, did_you_mean, refuse
from secondlook.protocol.document import Block, load_document
from secondlook.protocol.paper import Instruments, Protocol, read_instruments, read_metrics, read_protocol, write_out

INSTRUMENTS = "instruments"  # stands where a paper's name stands, for the runs that belong to none
RULES = {"all", "collect", "dataset", "decide", "figure", "pdf", "report", "run", "select"}  # a paper is a target beside them


@dataclass(frozen=True)
class Project:
    """The protocols of the papers asked for, and what they share."""

    #: the folder that holds the papers' folders
    folder: Path
    protocols: Mapping[str, Protocol]
    instruments: Instruments = field(default_factory=lambda: Instruments(experiments={}))
    #: number -> text
    questions: Mapping[int, str] = field(default_factory=dict)
    #: number -> the usual answer in one line, of those that have one
    usual: Mapping[int, str] = field(default_factory=dict)
    #: figure modules that papers share, by name
    shared_figures: Collection[str] = ()
    #: paper -> its parsed file, which knows the lines of keys
    documents: Mapping[str, Any] = field(default_factory=dict)

    def file(self, paper: str) -> Path:
        """The protocol of a paper, or of the instruments."""
        return (self.folder.parent / INSTRUMENTS if paper == INSTRUMENTS else self.folder / paper) / "protocol.yaml"


def experiment_module(paper: str, module: str) -> str:
    """Dotted name of an experiment's module, of a paper or of the instruments."""
    return f"secondlook.{INSTRUMENTS}.{module}" if paper == INSTRUMENTS else f"secondlook.papers.{paper}.{module}"


def figure_module(paper: str, module: str, *, shared: bool) -> str:
    """Dotted name of a figure's module, of a paper or one that papers share."""
    return f"secondlook.figures.shared.{module}" if shared else f"secondlook.papers.{paper}.figures.{module}"


def find_papers(folder: Path) -> dict[str, Path]:
    """Papers by name: the folders below ``folder`` that hold a protocol.yaml.

    Raises:
        UserError: a folder's name cannot be a Python package, or is that of a rule or of the instruments' results.
    """
    found = {path.parent.name: path for path in sorted(folder.glob("*/protocol.yaml"))}
    for name in found:
        if name == INSTRUMENTS:
            raise UserError(f"{folder / name}: '{name}' is the folder of the runs that belong to no paper; give the paper another name")
        if not name.isidentifier() or name in RULES:
            raise UserError(f"{folder / name}: a paper's folder is a Python package and a target of the workflow; '{name}' cannot be both")
    return found


def load_project(folder: Path, papers: Collection[str] | str = "all") -> Project:
    """Read the protocols of ``papers``, and what lies beside them: instruments, questions, shared metrics, shared figures.

    Raises:
        UserError: a paper does not exist, or files are not valid; all mistakes of all files in one message.
    """
    found = find_papers(folder)
    for name in papers if papers != "all" else ():
        if name not in found:
            raise UserError(f"config 'papers': unknown paper '{name}'.{did_you_mean(name, found)}")
    wanted = found if papers == "all" else {name: found[name] for name in papers}
    instruments, mistakes, document = read_instruments(folder.parent / INSTRUMENTS / "protocol.yaml")
    input_sets = document.get("input_sets")
    input_sets = input_sets if isinstance(input_sets, Mapping) else {}
    questions, usual, wrong = _questions(folder / "questions.yaml")
    mistakes += wrong
    shared = folder / "metrics.yaml"
    metrics, wrong = read_metrics(load_document(shared) if shared.exists() else {}, str(shared), {})
    mistakes += wrong
    protocols: dict[str, Protocol] = {}
    documents = {INSTRUMENTS: document}
    for name, path in wanted.items():
        try:
            documents[name], wrong = write_out(load_document(path), str(path), input_sets)
        except UserError as error:
            mistakes.append(Mistake(*_place(str(error), path)))
            continue
        protocol, more = read_protocol(documents[name], str(path), metrics)
        mistakes += wrong + more
        if protocol is not None:
            protocols[name] = protocol
    refuse(mistakes)
    drawings = {path.stem for path in (folder.parent / "figures/shared").glob("*.py")} - {"__init__"}
    return Project(folder, protocols, instruments, questions, usual, drawings, documents)


def _place(message: str, path: Path) -> tuple[str, int | None, str, str]:
    """File, line, key and rest of a message of `load_document`."""
    line, separator, what = message.removeprefix(f"{path}:").partition(": (syntax): ")
    return (str(path), int(line), "(syntax)", what) if separator and line.isdigit() else (str(path), None, "(file)", message)


def _questions(path: Path) -> tuple[dict[int, str], dict[int, str], list[Mistake]]:
    """Number -> text, number -> the usual answer; none where there is no such file."""
    data = load_document(path) if path.exists() else Block()
    if not isinstance(data, Block):
        return {}, {}, [Mistake(str(path), None, "(top level)", "give a number and a text for each question", data)]
    texts, usual, wrong = {}, {}, []
    for key, value in data.items():
        entry = {"asks": value} if isinstance(value, str) else value
        known = isinstance(entry, Mapping) and set(entry) <= {"asks", "usual"} and all(isinstance(text, str) for text in entry.values())
        if not (key.isdigit() and known and "asks" in entry):
            what = "a question is a number and its text, '4: What ...?', or a number with 'asks' and 'usual'"
            wrong.append(Mistake(str(path), data.lines.get(key), key, what, value))
            continue
        texts[int(key)] = entry["asks"]
        if "usual" in entry:
            usual[int(key)] = entry["usual"]
    return texts, usual, wrong
