# make run       decode sample EEG and fMRI and simulated MEG, and write one page
# make test      the tests that take minutes
# make test-all  all tests: full presets, builds, installs
# make lint      what CI checks before it tests
# make speed     times beside the trusted peers; a report, not a test

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e

# Real recordings beside the checkout, where there are any; without them, tests that need more
# than datasets/samples are skipped with a reason.
ifndef NEURODECODE_DATA
ifneq ($(wildcard ../shared/data),)
export NEURODECODE_DATA := $(abspath ../shared/data)
endif
endif

.PHONY: run test test-all lint speed

run: $(VENV)/.base
	$(BIN)/neurodecode run configs/experiments/quickstart_eeg.yaml \
		configs/experiments/quickstart_fmri.yaml \
		configs/experiments/quickstart_meg.yaml --report results/quickstart.html

# Two processes of one thread each: the same numbers everywhere, and two cores are not fought over.
test test-all speed: export OMP_NUM_THREADS = 1
test test-all speed: export OPENBLAS_NUM_THREADS = 1
test test-all speed: export MKL_NUM_THREADS = 1
test test-all speed: export MPLBACKEND = Agg

test: $(VENV)/.installed
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist worksteal

test-all: $(VENV)/.installed
	$(BIN)/python -m pytest

speed: $(VENV)/.installed
	$(BIN)/python -m pytest tests/speed -s

lint: $(VENV)/.installed
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports
	$(BIN)/pyright --pythonpath $(BIN)/python

# What decodes: enough for `make run`.
$(VENV)/.base: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "installing neurodecode into $(VENV)"
	$(INSTALL) .
	@touch $@

# The same, with torch and the tools of a developer.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "installing neurodecode with torch and the developer's tools into $(VENV)"
	$(INSTALL) ".[torch,dev]"
	@touch $(VENV)/.base $@
