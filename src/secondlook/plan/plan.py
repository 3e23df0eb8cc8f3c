"""The plan: which runs the protocols and the configuration ask for, what each job reads, and where everything lies.

Pure: a function of protocol and configuration, known before anything runs, so the workflow needs no Snakemake checkpoints.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

from secondlook.data.registry import digest as data_digest
from secondlook.errors import UserError, did_you_mean
from secondlook.plan.runs import Bundle, Cell, Run, bundles, cells
from secondlook.protocol.config import Config
from secondlook.protocol.experiment import ArrayInput, Budget, Experiment, Resources, Selected
from secondlook.protocol.paper import Instruments, Protocol
from secondlook.protocol.project import INSTRUMENTS, Project, experiment_module, figure_module
from secondlook.protocol.schema import FactorValue

DATA_FOLDER = "resources/datasets"


class Plan:
    """Everything that can be known before a run.

    Args:
        protocols: paper -> protocol, of the papers asked for.
        config: the checked configuration.
        instruments: the runs that papers may measure with; of these only what a paper's runs read is planned.
        questions: number -> text of the report's questions.
        usual: number -> the usual answer, of those that have one.
        shared_figures: figure modules that papers share, by name.

    Raises:
        UserError: a run reads an instrument that is not there.
    """

    def __init__(
        self,
        protocols: Mapping[str, Protocol],
        config: Config,
        instruments: Instruments | None = None,
        questions: Mapping[int, str] | None = None,
        usual: Mapping[int, str] | None = None,
        shared_figures: Collection[str] = (),
    ) -> None:
        self.protocols = dict(protocols)
        self.questions = dict(questions or {})
        self.usual = dict(usual or {})
        self._shared_figures = set(shared_figures)
        self.config = config
        self.scale = config.scale
        self._sources: dict[str, Protocol | Instruments] = {**self.protocols, INSTRUMENTS: instruments or Instruments(experiments={})}
        self._runs = {
            (paper, key): {(run.cell.name, run.seeds_name): run for run in self._expand(paper, key)}
            for paper, source in self._sources.items()
            for key in source.experiments
        }
        read = {self.folder(run) for paper in self.protocols for run in self.instruments(paper)}
        for key in self._sources[INSTRUMENTS].experiments:
            runs = self._runs[INSTRUMENTS, key]
            self._runs[INSTRUMENTS, key] = {name: run for name, run in runs.items() if self.folder(run) in read}
        self._bundles: dict[tuple[str, str], dict[tuple[str, str], Bundle]] = {}
        self._bundle_of: dict[str, Bundle] = {}
        for (paper, key), found in self._runs.items():
            cut = bundles(list(found.values()), self._cells_per_job(paper, key))
            self._bundles[paper, key] = {(bundle.leader.cell.name, bundle.leader.seeds_name): bundle for bundle in cut}
            self._bundle_of |= {self.folder(run): bundle for bundle in cut for run in bundle.runs}

    # -- what there is -------------------------------------------------------------------------------------------------

    @property
    def papers(self) -> list[str]:
        """The papers asked for, and the instruments."""
        return list(self._sources)

    def experiment(self, paper: str, experiment: str) -> Experiment:
        """An experiment's protocol."""
        return self._sources[paper].experiments[experiment]

    def module(self, paper: str, experiment: str) -> str:
        """Dotted name of an experiment's module."""
        return experiment_module(paper, self.experiment(paper, experiment).module)

    def figure_module(self, paper: str, figure: str) -> str:
        """Dotted name of a figure's module."""
        name = self.protocols[paper].figures[figure].draw or figure
        return figure_module(paper, name, shared=name in self._shared_figures)

    def modules(self) -> list[str]:
        """Dotted names of all modules that the protocols name."""
        experiments = [self.module(paper, key) for paper, source in self._sources.items() for key in source.experiments]
        return experiments + [self.figure_module(paper, key) for paper, protocol in self.protocols.items() for key in protocol.figures]

    def budget(self, paper: str, experiment: str) -> Budget | None:
        """Its budget at the configured scale, None where it does not run."""
        return self.experiment(paper, experiment).scales.get(self.scale)

    def runs(self, paper: str, experiment: str) -> list[Run]:
        """All its runs."""
        return list(self._runs[paper, experiment].values())

    def bundles(self, paper: str, experiment: str) -> list[Bundle]:
        """All its jobs."""
        return list(self._bundles[paper, experiment].values())

    def bundle(self, paper: str, experiment: str, cell: str, seeds: str) -> Bundle:
        """The job whose first run lies in these folders.

        Raises:
            UserError: there is none.
        """
        found = self._bundles.get((paper, experiment), {})
        if (cell, seeds) not in found:
            hint = did_you_mean(f"{cell}/{seeds}", ["/".join(key) for key in found])
            raise UserError(f"scale {self.scale} has no job {paper}/{experiment}/{cell}/{seeds}.{hint}")
        return found[cell, seeds]

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

    def records_of(self, runs: Iterable[Run]) -> list[str]:
        """What the jobs that make these runs say they made: job.json, each once."""
        return list(dict.fromkeys(f"{self.folder(self._bundle_of[self.folder(run)].leader)}/job.json" for run in runs))

    def sums_of(self, runs: Iterable[Run]) -> list[str]:
        """The check sums of what the jobs that make these runs measured: equal numbers make an equal file."""
        return list(dict.fromkeys(f"{self.folder(self._bundle_of[self.folder(run)].leader)}/job.sha256" for run in runs))

    def table(self, paper: str, experiment: str) -> str:
        """CSV with all runs of an experiment."""
        return f"results/{self.scale}/{paper}/{experiment}.csv"

    def records(self, paper: str, experiment: str) -> str:
        """JSON list with the run records of an experiment."""
        return f"results/{self.scale}/{paper}/{experiment}.runs.json"

    def selection(self, paper: str, selection: str) -> str:
        """JSON with the outcome of a selection."""
        return f"results/{self.scale}/{paper}/selections/{selection}.json"

    def interim(self, paper: str, experiment: str, look: int) -> str:
        """JSON that says, after a look (from 1 on), which cells of an experiment still want replicas."""
        return f"results/{self.scale}/{paper}/looks/{experiment}/{look}.json"

    # -- looks ---------------------------------------------------------------------------------------------------------

    def planned(self, run: Run) -> bool:
        """Whether the protocol asks for a run's replicas; config ``seeds`` may ask for more."""
        budget = self.budget(run.paper, run.experiment)
        return budget is not None and run.seeds[-1] < budget.seeds.first + budget.seeds.count

    def look_of(self, run: Run) -> int | None:
        """The look that a run's replicas are for, from 1 on; None where there is a single look, or nobody planned the replicas."""
        budget = self.budget(run.paper, run.experiment)
        if budget is None or budget.looks is None:
            return None
        place = run.seeds[-1] - budget.seeds.first
        return next((look for look, count in enumerate(budget.looks, 1) if place < count), None)

    def asks(self, run: Run) -> str | None:
        """The interim decision that a run waits for; None where it starts without one."""
        look = self.look_of(run)
        return self.interim(run.paper, run.experiment, look - 1) if look and look > 1 else None

    # -- what a job reads ----------------------------------------------------------------------------------------------

    def resources(self, paper: str, experiment: str) -> Resources:
        """What a job of this experiment asks for at this scale."""
        chosen = self.experiment(paper, experiment)
        return chosen.resources_at(self.scale) if self.scale in chosen.scales else chosen.resources

    def spec(self, bundle: Bundle) -> dict[str, Any]:
        """All that a job reads, as sorted plain JSON values; a change to anything else does not rerun it."""
        first = bundle.leader
        experiment = self.experiment(first.paper, first.experiment)
        resources = self.resources(first.paper, first.experiment)
        return {
            "data": {name: data_digest(name) for name in experiment.datasets},
            "experiment": first.experiment,
            "gpu": resources.gpu,
            "module": self.module(first.paper, first.experiment),
            "paper": first.paper,
            "runs": [self._run_spec(run) for run in bundle.runs],
            "scale": self.scale,
            "seeds": list(first.seeds),
            "settings": experiment.settings_at(self.scale),
            "threads": resources.threads,
        }

    def earlier(self, run: Run) -> dict[str, list[Run]]:
        """Name of an input -> the runs whose arrays it is.

        Raises:
            UserError: they are not there.
        """
        inputs = self.experiment(run.paper, run.experiment).inputs
        return {name: self._earlier(run, array) for name, array in inputs.items()}

    def _run_spec(self, run: Run) -> dict[str, Any]:
        """What one run of a job reads beside what all have in common."""
        return {
            "cell": run.cell.labels,
            "factors": run.cell.fixed,
            "folder": f"{run.cell.name}/{run.seeds_name}",
            "inputs": {name: [self.folder(earlier) for earlier in found] for name, found in self.earlier(run).items()},
            "interim": self.asks(run),
            "select": {
                factor: {
                    "file": self.selection(run.paper, value.select),
                    "group": {name: run.cell.fixed[name] for name in self.protocols[run.paper].selections[value.select].per},
                    "take": value.take,
                }
                for factor, value in run.cell.factors.items()
                if isinstance(value, Selected)
            },
        }

    def selection_spec(self, paper: str, selection: str) -> dict[str, Any]:
        """What a selection reads: its rule, and the tables of its experiments at this scale."""
        chosen = self.protocols[paper].selections[selection]
        return chosen.model_dump(mode="json") | {"experiments": [key for key in chosen.experiments if self.budget(paper, key)]}

    # -- how it is made ------------------------------------------------------------------------------------------------

    def _expand(self, paper: str, key: str) -> Iterator[Run]:
        experiment, budget = self.experiment(paper, key), self.budget(paper, key)
        if budget is None:
            return
        size = budget.seeds_per_job or experiment.seeds_per_job
        for cell in cells(experiment.cells_at(self.scale)):
            for seeds in self._blocks(budget, size, fixed=experiment.fixed_seeds or paper == INSTRUMENTS):
                yield Run(paper, key, cell, seeds)

    def _cells_per_job(self, paper: str, key: str) -> int | Literal["all"]:
        experiment, budget = self.experiment(paper, key), self.budget(paper, key)
        return (budget and budget.cells_per_job) or experiment.cells_per_job

    def _blocks(self, budget: Budget, size: int | Literal["all"], *, fixed: bool) -> Iterator[tuple[int, ...]]:
        """Cut the seeds into blocks so that asking for more seeds never changes an older block."""
        own = budget.seeds.count
        count = own if fixed or self.config.seeds == "protocol" else self.config.seeds
        size = own if size == "all" else size
        first = budget.seeds.first
        inside = min(own, count)
        ends = [end for end in budget.looks or [] if end < inside] + [inside]
        for begin, end in itertools.pairwise([0, *ends]):  # a block never holds replicas of two looks
            for start in range(begin, end, size):
                yield tuple(range(first + start, first + min(start + size, end)))
        for seed in range(own, count):  # seeds beyond the protocol's own: a block each
            yield (first + seed,)

    def _earlier(self, run: Run, array: ArrayInput) -> list[Run]:
        """Runs whose arrays an input names."""
        paper, key = (INSTRUMENTS, array.instrument) if array.instrument else (run.paper, array.experiment)
        assert key is not None  # `ArrayInput` names one or the other
        whose = f"{paper}/{key}" if array.instrument else key
        if key not in self._sources[paper].experiments:  # of a paper's own experiments the protocol has made sure
            hint = did_you_mean(key, self._sources[paper].experiments)
            raise UserError(f"{run.paper}/{run.experiment} reads the instrument '{key}', which is not there.{hint}")
        own = {**self.experiment(run.paper, run.experiment).settings_at(self.scale), **run.cell.factors}
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


def make_plan(project: Project, config: Config) -> Plan:
    """The plan of a project."""
    return Plan(project.protocols, config, project.instruments, project.questions, project.usual, project.shared_figures)
