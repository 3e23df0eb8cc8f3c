"""The jobs of the toy project, and what follows from each: the words of the rerun contract."""

from __future__ import annotations

# -- the jobs of the toy paper, by experiment with the table they end in -------------------------------------------------------

GRID_CELLS = ("optimizer=momentum,lr=0.1", "optimizer=momentum,lr=0.2", "optimizer=sgd,lr=0.1", "optimizer=sgd,lr=0.2")
GRID = {*(f"run toy/grid/{cell}/seeds=0" for cell in GRID_CELLS), "collect toy/grid"}
SELECT = {"select toy/step-sizes"}
FINAL = {*(f"run toy/final/optimizer={name},lr=selected/seeds=0-2" for name in ("momentum", "sgd")), "collect toy/final"}
READER = {"run toy/reader/optimizer=sgd,lr=selected/seeds=0-2", "collect toy/reader"}
SAMPLE = {"run toy/sample/only/seeds=0-2", "collect toy/sample"}
RUN_PLAIN = {"run toy/plain/only/seeds=0-2"}
PLAIN = RUN_PLAIN | {"collect toy/plain"}
RUN_RULER = {"run instruments/ruler/length=4/seeds=0"}  # and not the ruler's other cells, which nothing reads
RULER = RUN_RULER | {"collect instruments/ruler"}
RUN_MEASURED = {"run toy/measured/only/seeds=0-2"}
MEASURED = RUN_MEASURED | {"collect toy/measured"}
DATASET = {"dataset toydata"}
DECIDE = {"decide toy"}
CURVES = {"figure toy/curves"}
VERDICTS = {"figure toy/verdicts"}
SHEET = {"figure toy/sheet"}
PAGES = {"report"}
REPORT = PAGES | {"pdf"}
FIGURES = CURVES | VERDICTS | SHEET

# -- and what follows from each ------------------------------------------------------------------------------------------------

NOTHING: set[str] = set()
FROM_CLAIMS = DECIDE | VERDICTS | REPORT
FROM_PLAIN = PLAIN | FROM_CLAIMS
FROM_SAMPLE = SAMPLE | CURVES | REPORT
FROM_READER = READER | VERDICTS | REPORT
FROM_FINAL = FINAL | FROM_READER | FROM_CLAIMS
FROM_SELECT = SELECT | FROM_FINAL
FROM_GRID = GRID | CURVES | FROM_SELECT
FROM_MEASURED = MEASURED | SHEET | REPORT
FROM_RULER = RULER | FROM_MEASURED
ALL_RUNS = FROM_GRID | FROM_SAMPLE | FROM_PLAIN | FROM_RULER
ALL = ALL_RUNS | DATASET
# Within one start Snakemake reruns what follows from a rerun, equal or not: a selection made again trains again.
FROM_COLLECTS = {job for job in ALL_RUNS if not job.startswith("run ")} | FINAL | READER
