"""The plan: which runs the protocols and the configuration ask for, what each job reads, and where everything lies.

Pure: a function of protocol and configuration, known before anything runs, so the workflow needs no Snakemake checkpoints.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from secondlook.data.registry import digest as data_digest
from secondlook.errors import UserError, did_you_mean
from secondlook.plan.runs import Cell, Run
from secondlook.protocol.config import Config
from secondlook.protocol.experiment import ArrayInput, Budget, Experiment, Resources, Selected
from secondlook.protocol.paper import Instruments, Protocol, load_instruments, load_protocol
from secondlook.protocol.schema import FactorValue

DATA_FOLDER = "resources/datasets"
INSTRUMENTS = "instruments"  # stands where a paper's name stands, for the runs that belong to none
RULES = {"all", "collect", "dataset", "decide", "figure", "pdf", "report", "run", "select"}  # a paper is a target beside them


class Plan:
    """Everything that can be known before a run.

    Args:
        protocols: paper -> protocol, of the papers asked for.
        config: the checked configuration.
        instruments: the runs that papers may measure with; of these only what a paper's runs read is planned.

    Raises:
        UserError: a run reads an instrument that is not there.
    """

    def __init__(self, protocols: Mapping[str, Protocol], config: Config, instruments: Instruments | None = None) -> None:
        self.protocols = dict(protocols)
        self.config = config
        self.scale = config.scale
        self._sources = {**self.protocols, INSTRUMENTS: instruments or Instruments(experiments={})}
        self._runs = {
            (paper, key): {(run.cell.name, run.seeds_name): run for run in self._expand(paper, key)}
            for paper, source in self._sources.items()
            for key in source.experiments
        }
        read = {self.folder(run) for paper in self.protocols for run in self.instruments(paper)}
        for key in self._sources[INSTRUMENTS].experiments:
            runs = self._runs[INSTRUMENTS, key]
            self._runs[INSTRUMENTS, key] = {name: run for name, run in runs.items() if self.folder(run) in read}

    # -- what there is -------------------------------------------------------------------------------------------------

    def experiment(self, paper: str, experiment: str) -> Experiment:
        """An experiment's protocol."""
        return self._sources[paper].experiments[experiment]

    def module(self, paper: str, experiment: str) -> str:
        """Dotted name of an experiment's module."""
        package = INSTRUMENTS if paper == INSTRUMENTS else f"papers.{paper}"
        return f"secondlook.{package}.{self.experiment(paper, experiment).module}"

    def figure_module(self, paper: str, figure: str) -> str:
        """Dotted name of a figure's module."""
        return f"secondlook.papers.{paper}.figures.{figure}"

    def modules(self) -> list[str]:
        """Dotted names of all modules that the protocols name."""
        experiments = [self.module(paper, key) for paper, source in self._sources.items() for key in source.experiments]
        return experiments + [self.figure_module(paper, key) for paper, protocol in self.protocols.items() for key in protocol.figures]

    def budget(self, paper: str, experiment: str) -> Budget | None:
        """Its budget at the configured scale, None where it does not run."""
        return self.experiment(paper, experiment).scales.get(self.scale)

    def runs(self, paper: str, experiment: str) -> list[Run]:
        """All its jobs."""
        return list(self._runs[paper, experiment].values())

    def run(self, paper: str, experiment: str, cell: str, seeds: str) -> Run:
        """The job that a path names.

        Raises:
            UserError: the protocol asks for no such job at this scale.
        """
        runs = self._runs.get((paper, experiment), {})
        if (cell, seeds) not in runs:
            hint = did_you_mean(f"{cell}/{seeds}", ["/".join(key) for key in runs])
            raise UserError(f"scale {self.scale} has no run {paper}/{experiment}/{cell}/{seeds}.{hint}")
        return runs[cell, seeds]

    def experiments(self, paper: str) -> list[str]:
        """Experiments of a paper that run at this scale; of the instruments, those that are read."""
        return [key for key in self._sources[paper].experiments if self._runs[paper, key]]

    def figures(self, paper: str) -> list[str]:
        """Figures of a paper whose experiments all run at this scale."""
        present = set(self.experiments(paper))
        return [key for key, figure in self.protocols[paper].figures.items() if present.issuperset(figure.experiments)]

    def instruments(self, paper: str, experiments: Iterable[str] | None = None) -> list[Run]:
        """Runs of instruments that a paper's runs read; ``experiments`` are all by default."""
        found = {
            self.folder(instrument): instrument
            for key in (self.experiments(paper) if experiments is None else experiments)
            for run in self.runs(paper, key)
            for array in self.experiment(paper, key).inputs.values()
            if array.instrument
            for instrument in self._earlier(run, array)
        }
        return list(found.values())

    def runs_behind(self, paper: str, experiments: Iterable[str]) -> list[Run]:
        """All runs of these experiments and of those that they need, directly or not, instruments too."""
        needs, todo, seen = self.protocols[paper].needs(), list(experiments), set()
        while todo:
            key = todo.pop()
            if key not in seen:
                seen.add(key)
                todo += needs[key]
        wanted = [key for key in self.experiments(paper) if key in seen]
        return [run for key in wanted for run in self.runs(paper, key)] + self.instruments(paper, wanted)

    # -- where it lies -------------------------------------------------------------------------------------------------

    def folder(self, run: Run) -> str:
        """Folder of a run's record."""
        return f"results/{self.scale}/{run.paper}/{run.experiment}/{run.cell.name}/{run.seeds_name}"

    def table(self, paper: str, experiment: str) -> str:
        """CSV with all runs of an experiment."""
        return f"results/{self.scale}/{paper}/{experiment}.csv"

    def records(self, paper: str, experiment: str) -> str:
        """JSON list with the run records of an experiment."""
        return f"results/{self.scale}/{paper}/{experiment}.runs.json"

    def selection(self, paper: str, selection: str) -> str:
        """JSON with the outcome of a selection."""
        return f"results/{self.scale}/{paper}/selections/{selection}.json"

    # -- what a job reads ----------------------------------------------------------------------------------------------

    def resources(self, paper: str, experiment: str) -> Resources:
        """What a job of this experiment asks for at this scale."""
        budget = self.budget(paper, experiment)
        return (budget and budget.resources) or self.experiment(paper, experiment).resources

    def spec(self, run: Run) -> dict[str, Any]:
        """All that a job reads, as sorted plain JSON values; a change to anything else does not rerun it."""
        experiment = self.experiment(run.paper, run.experiment)
        resources = self.resources(run.paper, run.experiment)
        fixed = {factor: value for factor, value in run.cell.factors.items() if not isinstance(value, Selected)}
        return {
            "cell": run.cell.labels,
            "data": {name: data_digest(name) for name in experiment.datasets},
            "experiment": run.experiment,
            "gpu": resources.gpu,
            "inputs": {name: [self.folder(earlier) for earlier in self._earlier(run, array)] for name, array in experiment.inputs.items()},
            "module": self.module(run.paper, run.experiment),
            "paper": run.paper,
            "scale": self.scale,
            "seeds": list(run.seeds),
            "select": {
                factor: {
                    "file": self.selection(run.paper, value.select),
                    "group": {name: fixed[name] for name in self.protocols[run.paper].selections[value.select].per},
                    "take": value.take,
                }
                for factor, value in run.cell.factors.items()
                if isinstance(value, Selected)
            },
            "threads": resources.threads,
            "values": self._settings(run.paper, run.experiment) | fixed,
        }

    def selection_spec(self, paper: str, selection: str) -> dict[str, Any]:
        """What a selection reads: its rule, and the tables of its experiments at this scale."""
        chosen = self.protocols[paper].selections[selection]
        return chosen.model_dump(mode="json") | {"experiments": [key for key in chosen.experiments if self.budget(paper, key)]}

    def _settings(self, paper: str, experiment: str) -> dict[str, Any]:
        """Settings of an experiment at this scale."""
        return {**self.experiment(paper, experiment).settings, **self.budget(paper, experiment).settings}

    # -- how it is made ------------------------------------------------------------------------------------------------

    def _expand(self, paper: str, key: str) -> Iterator[Run]:
        experiment, budget = self.experiment(paper, key), self.budget(paper, key)
        if budget is None:
            return
        for product in budget.cells or experiment.cells:
            levels = [value if isinstance(value, list) else [value] for value in product.values()]
            for values in itertools.product(*levels):
                for seeds in self._blocks(budget, fixed=experiment.fixed_seeds or paper == INSTRUMENTS):
                    yield Run(paper, key, Cell(dict(zip(product, values, strict=True))), seeds)

    def _blocks(self, budget: Budget, *, fixed: bool) -> Iterator[tuple[int, ...]]:
        """Cut the seeds into blocks so that asking for more seeds never changes an older block."""
        own = budget.seeds.count
        count = own if fixed or self.config.seeds == "protocol" else self.config.seeds
        size = own if budget.block == "all" else budget.block
        first = budget.seeds.first
        inside = min(own, count)
        for start in range(0, inside, size):
            yield tuple(range(first + start, first + min(start + size, inside)))
        for seed in range(own, count):  # seeds beyond the protocol's own: a block each
            yield (first + seed,)

    def _earlier(self, run: Run, array: ArrayInput) -> list[Run]:
        """Runs whose arrays an input names."""
        paper, key = (INSTRUMENTS, array.instrument) if array.instrument else (run.paper, array.experiment)
        whose = f"{paper}/{key}" if array.instrument else key
        if key not in self._sources[paper].experiments:  # of a paper's own experiments the protocol has made sure
            hint = did_you_mean(key, self._sources[paper].experiments)
            raise UserError(f"{run.paper}/{run.experiment} reads the instrument '{key}', which is not there.{hint}")
        own = {**self._settings(run.paper, run.experiment), **run.cell.factors}
        for factor, value in array.cell.items():
            if value == "same" and not isinstance(own.get(factor), FactorValue | Selected):
                raise UserError(f"{run.paper}/{run.experiment} has no factor or setting '{factor}' to be the same in {whose}")
        wanted = {factor: own[factor] if value == "same" else value for factor, value in array.cell.items()}
        runs = self.runs(paper, key)
        found = [earlier for earlier in runs if dict(earlier.cell.factors) == wanted]
        if not found:
            cells = ", ".join(sorted({earlier.cell.name for earlier in runs})) or "none at this scale"
            raise UserError(f"{run.paper}/{run.experiment} needs the cell {Cell(wanted).name} of {whose}, which has: {cells}")
        replicas = {seed for earlier in found for seed in earlier.seeds}
        if len(replicas) == 1:  # serves every seed
            return found
        if missing := set(run.seeds) - replicas:
            has = f"{whose}, which runs {sorted(replicas)}"
            raise UserError(f"{run.paper}/{run.experiment} needs the seeds {sorted(missing)} of {has}")
        return [earlier for earlier in found if set(earlier.seeds) & set(run.seeds)]


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


def load_plan(papers_folder: Path, config: Config) -> Plan:
    """Read the protocols of the papers that the configuration asks for, and that of the instruments, whose folder lies beside the papers'.

    Raises:
        UserError: a paper or an instrument does not exist, or a protocol is not valid.
    """
    found = find_papers(papers_folder)
    for name in config.papers if config.papers != "all" else ():
        if name not in found:
            raise UserError(f"config 'papers': unknown paper '{name}'.{did_you_mean(name, found)}")
    wanted = found if config.papers == "all" else {name: found[name] for name in config.papers}
    instruments = load_instruments(papers_folder.parent / INSTRUMENTS / "protocol.yaml")
    return Plan({name: load_protocol(path) for name, path in wanted.items()}, config, instruments)
