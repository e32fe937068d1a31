# People and CI use the same targets. Needs Python 3.11 or later, make, gcc and git.
# `make report` and `make test` set everything up themselves; a second run takes seconds.

.DEFAULT_GOAL := help
SHELL := /bin/bash -o pipefail
PYTHON ?= $(firstword $(shell command -v python3.11 python3 2>/dev/null))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CORES := $(shell nproc)
SOURCES := $(shell find src -type f -not -name '*.pyc' -not -path '*.egg-info/*')
# What the tests read besides the sources; a change of any of it runs them again.
TESTED := Makefile $(wildcard *.md ledger.json LICENSE .ci/run) $(shell find \
    $(wildcard tests tools benchmarks docs) -type f -not -name '*.pyc')
PLACES := src tests $(wildcard tools benchmarks docs/examples)

.PHONY: help setup report test check fuzz mutation coq bench proofs gpu clean

help: ## show the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

# --- set-up: a stamp for each extra, so that pip runs again only when the versions change

$(VENV)/core.stamp: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "homeostat needs Python 3.11 or later; say which with make PYTHON=..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/core.stamp
	$(PIP) install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/test.stamp
	$(PIP) install --quiet --constraint constraints.txt --editable '.[test,dev]'
	@touch $@

setup: $(VENV)/dev.stamp ## everything that a developer needs, in .venv

# --- the main job

report: build/report.stamp ## decide every claim and write report/index.html
	@echo "the report is in report/index.html"

# The stamp says that the report was written AND agrees with ledger.json.
build/report.stamp: $(VENV)/core.stamp $(SOURCES) $(wildcard ledger.json)
	$(BIN)/homeostat report --out report --jobs $(CORES)
	@mkdir -p $(@D) && touch $@

ifeq (,$(wildcard report/index.html))
.PHONY: build/report.stamp
endif

# A run that was interrupted goes on from build/store.
proofs: $(VENV)/core.stamp ## decide every claim afresh; rewrite ledger.json and README's table
	$(BIN)/homeostat verify --write --store build/store --jobs $(CORES)
	$(BIN)/python tools/readme_verdicts.py
	rm -rf build/store

# --- checks

test: build/test.stamp ## run the tests, unless nothing changed since they passed
	@echo "the tests passed on what is here; to run them again: $(BIN)/pytest -n auto"

# xdist gives each core a share of the tests.
build/test.stamp: $(VENV)/test.stamp $(SOURCES) $(TESTED)
	$(BIN)/pytest -n auto -m 'not gpu'
	@mkdir -p $(@D) && touch $@

check: $(VENV)/dev.stamp ## format, lint, types, arrows between the parts, the wheel
	$(BIN)/ruff format --check $(PLACES)
	$(BIN)/ruff check $(PLACES)
	$(BIN)/mypy $(PLACES)
	$(BIN)/lint-imports
	$(BIN)/python tools/readme_verdicts.py --check
	rm -rf build/wheel build/lib build/bdist.*
	$(BIN)/python -m build --wheel --outdir build/wheel .
	$(BIN)/python tools/check_wheel.py build/wheel

fuzz: $(VENV)/core.stamp ## property suites with many more examples than the tests use
	$(BIN)/homeostat fuzz batching --examples 5000 --jobs $(CORES)
	$(BIN)/homeostat fuzz aging-queue --examples 4000 --jobs $(CORES)
	$(BIN)/homeostat fuzz scheduler --examples 2000 --jobs $(CORES)
	$(BIN)/homeostat fuzz entropy --examples 5000 --jobs $(CORES)
	$(BIN)/homeostat fuzz expert-cache --examples 1000 --jobs $(CORES)
	$(BIN)/homeostat fuzz governor --examples 1000 --jobs $(CORES)

mutation: $(VENV)/test.stamp ## corrupt certificates of every kind; the kernel must see through it
	$(BIN)/homeostat mutate --jobs $(CORES) --out benchmarks/results/mutation-score.json

coq: $(VENV)/core.stamp ## have Coq, as a second checker, accept a chosen set of certificates
	@command -v coqc >/dev/null || { \
	    echo "installing Debian's coq"; \
	    sudo=$$(test "$$(id -u)" = 0 || echo sudo); \
	    $$sudo apt-get update --quiet \
	        && $$sudo apt-get install --yes --no-install-recommends coq; }
	@mkdir -p build
	$(BIN)/python tools/check_coq.py --out benchmarks/results/coq.json 2>&1 | tee build/coq.log

bench: $(VENV)/test.stamp ## benchmarks; each script opens with what it compares and why
	set -e; for script in $(filter-out benchmarks/gpu_%,$(wildcard benchmarks/*.py)); do $(BIN)/python "$$script"; done

gpu: $(VENV)/test.stamp ## tests and benchmarks that need a CUDA card
	@$(BIN)/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' \
	    || { echo "make gpu: no CUDA card that this torch can use; nothing was run"; exit 1; }
	$(BIN)/pytest -m gpu
	set -e; for script in $(wildcard benchmarks/gpu_*.py); do $(BIN)/python "$$script"; done

clean: ## remove everything that was made, .venv too
	rm -rf $(VENV) build dist report src/*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
