# report: set-up and the whole report.   test: set-up and tests.
# Each target sets up what it needs; the virtual environment is rebuilt when requirements.lock changes.

PYTHON ?= python3
CORES ?= all
KILLS ?= 56
VENV := .venv
READY := $(VENV)/.ready
UV = $(VENV)/bin/uv pip --quiet
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Where a shell sets it, as some images do, each of some two hundred jobs would compile all that it imports: about two seconds a job.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: report test faults lint format bench calibrate schemas lock setup container clean

# On a terminal with bars and the time left; elsewhere, in a log file say, line by line.
report: $(READY)
	snakemake --cores $(CORES) $$(test -t 1 && echo --logger rich)
	@python -m secondlook tally

# The end-to-end tests share one clone of the project, and a cluster with those of tests/slurm, so they have a process of their own;
# Snakemake uses both cores there.
test: $(READY)
	python -m pytest -n 2 --ignore tests/end_to_end --ignore tests/slurm
	python -m pytest tests/end_to_end tests/slurm

# Kills at random moments of every stage, each followed by a plain start. A table; an error if anything was lost.
faults: $(READY)
	python tests/faults/campaign.py --kills $(KILLS)

lint: $(READY)
	ruff format --check .
	ruff check .
	snakefmt --check Snakefile workflow
	snakemake --lint
	lint-imports
	mypy
	python -m secondlook check

format: $(READY)
	ruff format .
	ruff check --fix .
	snakefmt Snakefile workflow

# Time of a training step against other ways of writing it, and with each tip; one core.
bench: $(READY)
	python bench/c1_step.py
	python bench/gan_step.py
	python bench/tips_step.py
	python bench/vae_step.py

# How often verdicts are wrong: simulated experiments with a known truth, into results/calibration.csv.
calibrate: $(READY)
	python -m secondlook calibrate

# After an edit of the typed models (src/secondlook/protocol).
schemas: $(READY)
	python -m secondlook schemas workflow/schemas

# After an edit of the pins in pyproject.toml: both lock files, every package with its hashes and without a host name, and envs/.
lock: $(READY)
	uv pip compile -q --group setup --universal --generate-hashes --custom-compile-command "make lock" -o requirements-uv.lock
	uv pip compile -q pyproject.toml --all-extras --universal --generate-hashes --custom-compile-command "make lock" -o requirements.lock
	python -m secondlook envs envs

setup: $(READY)

# The environment of the jobs as an image, for `snakemake --sdm apptainer`.
container: containers/second-look.sif

containers/second-look.sif: containers/second-look.def requirements.lock
	apptainer build --force $@ $<

$(READY): requirements.lock requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Second Look needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Installing the locked packages into $(VENV) (about 6 GB with torch's GPU libraries)"
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	$(UV) install --python $(VENV)/bin/python --require-hashes --requirements requirements.lock \
	  || { echo "uv failed; once more with pip, which may know a mirror that uv does not"; $(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements.lock; }
	$(UV) install --python $(VENV)/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

# Results, logs and checkpoints go; downloads and the environment stay.
clean:
	rm -rf results logs benchmarks work .snakemake
