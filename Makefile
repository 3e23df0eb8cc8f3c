# report: set-up and the whole report.   test: set-up and tests.
# Each target sets up what it needs; the virtual environment is rebuilt when requirements.lock changes.

PYTHON ?= python3
CORES ?= all
VENV := .venv
READY := $(VENV)/.ready
UV = $(VENV)/bin/uv pip --quiet
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: report test lint format bench calibrate schemas lock setup clean

report: $(READY)
	snakemake --cores $(CORES)
	@echo "The report: results/$$(sed -n 's/^scale: *//p' config.yaml)/report/index.html"

# The end-to-end tests share one clone of the project, so they have a process of their own; Snakemake uses both cores there.
test: $(READY)
	python -m pytest -n 2 --ignore tests/end_to_end
	python -m pytest tests/end_to_end

lint: $(READY)
	ruff format --check .
	ruff check .
	snakefmt --check Snakefile workflow
	snakemake --lint

format: $(READY)
	ruff format .
	ruff check --fix .
	snakefmt Snakefile workflow

# Time of a training step against two references, one core.
bench: $(READY)
	python bench/c1_step.py
	python bench/gan_step.py

# How often verdicts are wrong: simulated experiments with a known truth, into results/calibration.csv.
calibrate: $(READY)
	python -m secondlook calibrate

# After an edit of the typed models (protocol.py, config.py).
schemas: $(READY)
	python -m secondlook schemas workflow/schemas

# After an edit of the pins in pyproject.toml; repeat them in envs/. Every package with its hashes, no host name.
lock: $(READY)
	$(PYTHON) -m pip install --quiet uv==0.13.9 && uv pip compile -q pyproject.toml --all-extras --universal --generate-hashes --custom-compile-command "make lock" -o requirements.lock

setup: $(READY)

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Second Look needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Installing the locked packages into $(VENV) (about 6 GB with torch's GPU libraries)"
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	$(UV) install --python $(VENV)/bin/python --require-hashes --requirements requirements.lock
	$(UV) install --python $(VENV)/bin/python --no-deps --no-build-isolation --editable .
	@touch $@

# Results, logs and checkpoints go; downloads and the environment stay.
clean:
	rm -rf results logs benchmarks work .snakemake
