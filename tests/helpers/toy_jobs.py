"""The jobs of the toy project, and what follows from each: the words of the rerun contract."""

from __future__ import annotations

# -- the jobs of the toy paper, by experiment with the table they end in -------------------------------------------------------

RUN_GRID = {f"run toy/grid/optimizer={name}+lr=0.1/seeds=0" for name in ("sgd", "momentum")}  # each makes the cell with lr=0.2 too
GRID = RUN_GRID | {"collect toy/grid"}
SELECT = {"select toy/step-sizes"}
RUN_FINAL = {f"run toy/final/optimizer={name}+lr=selected/seeds=0-2" for name in ("sgd", "momentum")}
FINAL = RUN_FINAL | {"collect toy/final"}
RUN_READER = {"run toy/reader/optimizer=momentum+lr=selected/seeds=0-2"}
READER = RUN_READER | {"collect toy/reader"}
SAMPLE = {"run toy/sample/only/seeds=0-2", "collect toy/sample"}
RUN_PLAIN = {"run toy/plain/only/seeds=0-2"}
PLAIN = RUN_PLAIN | {"collect toy/plain"}
RUN_RULER = {"run instruments/ruler/length=4/seeds=0"}  # and not the ruler's other cells, which nothing reads
RULER = RUN_RULER | {"collect instruments/ruler"}
RUN_MEASURED = {"run toy/measured/only/seeds=0-2"}
MEASURED = RUN_MEASURED | {"collect toy/measured"}
TINTED = {"run toy/tinted/only/seeds=0-2", "collect toy/tinted"}
CALM, LOUD = (f"run toy/watched/noise={noise}" for noise in ("0.01", "9.0"))  # decided at the first look, and not
FIRST_LOOK = {f"{cell}/seeds=0-2" for cell in (CALM, LOUD)}
SECOND_LOOK = {f"{cell}/seeds=3-5" for cell in (CALM, LOUD)}
INTERIM = {"interim toy/watched/1"}
WATCHED = {"collect toy/watched"}
DATASET = {"dataset toydata"}
DECIDE = {"decide toy"}
CURVES = {"figure toy/curves"}
VERDICTS = {"figure toy/verdicts"}
SHEET = {"figure toy/sheet"}
HALVES = {"figure toy/halves"}
LENGTHS = {"figure toy/lengths"}
PAGES = {"report"}
REPORT = PAGES | {"pdf"}
FIGURES = CURVES | VERDICTS | SHEET | HALVES | LENGTHS

# -- and what follows from each ------------------------------------------------------------------------------------------------

NOTHING: set[str] = set()
FROM_CLAIMS = DECIDE | VERDICTS | REPORT
FROM_PLAIN = PLAIN | HALVES | FROM_CLAIMS
FROM_SAMPLE = SAMPLE | CURVES | REPORT
FROM_READER = READER | VERDICTS | REPORT
FROM_FINAL = FINAL | FROM_READER | FROM_CLAIMS
FROM_SELECT = SELECT | FROM_FINAL
FROM_GRID = GRID | CURVES | FROM_SELECT
FROM_MEASURED = MEASURED | SHEET | LENGTHS | REPORT
FROM_TINTED = TINTED | LENGTHS | REPORT
FROM_RULER = RULER | FROM_MEASURED | FROM_TINTED
FROM_SECOND_LOOK = SECOND_LOOK | WATCHED | FROM_CLAIMS
FROM_INTERIM = INTERIM | FROM_SECOND_LOOK  # announced: blocks for which the answer stays the same end at once, with what they had
FROM_WATCHED = FIRST_LOOK | FROM_INTERIM
ALL_RUNS = FROM_GRID | FROM_SAMPLE | FROM_PLAIN | FROM_RULER | FROM_WATCHED
ALL = ALL_RUNS | DATASET
# Within one start Snakemake reruns what follows from a rerun, equal or not: a selection made again trains again.
FROM_COLLECTS = {job for job in ALL_RUNS if not job.startswith("run ")} | FINAL | READER | SECOND_LOOK
