# What a person does here, one word each; every target sets up what it needs in .venv.

PYTHON ?= python3
VENV ?= .venv
# Where your package index offers a CPU build of torch, name it here.
TORCH ?= torch==2.13.0
# More words for pytest, such as PYTEST_ARGS="-k detector -x".
PYTEST_ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test test-train lint format floors types bench docs dist setup setup-system clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.stamp-app $(VENV)/.stamp-window ## A real record, live: in a window, or in the terminal where there is no display
	$(BIN)/ecgmon demo

test: $(VENV)/.stamp-dev $(VENV)/.stamp-tests ## All tests that need no torch
	$(BIN)/python -m pytest --ignore=tests/train $(PYTEST_ARGS)

test-train: $(VENV)/.stamp-train $(VENV)/.stamp-tests ## The tests of networks, training and export (installs torch)
	$(BIN)/python -m pytest tests/train $(PYTEST_ARGS)

lint: $(VENV)/.stamp-dev ## Style and formatting, by ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.stamp-dev ## Put the code into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

floors: $(VENV)/.stamp-dev ## What may import what, by import-linter
	$(BIN)/lint-imports

types: $(VENV)/.stamp-train ## Types, by mypy in strict mode, for Linux, Windows and macOS (installs torch)
	$(BIN)/mypy
	$(BIN)/mypy --platform win32
	$(BIN)/mypy --platform darwin

bench: $(VENV)/.stamp-dev ## Speed, memory and latency of the whole pipeline
	$(BIN)/python -m benchmarks.pipeline

docs: $(VENV)/.stamp-dev ## The reference of the Python interface, from its docstrings, in docs/api
	@# the fields of AlarmSettings come from the catalogue of alarms, where pdoc does not look
	$(BIN)/python -W 'ignore:Cannot determine where ecgmon.AlarmSettings' -m pdoc \
		ecgmon '!ecgmon\.' --docformat numpy --output-directory docs/api
	@echo 'Open docs/api/ecgmon.html'

dist: $(VENV)/.stamp-dev ## Wheel and source package in dist/
	rm -rf dist
	$(BIN)/python -m build --outdir dist .

setup: $(VENV)/.stamp-app $(VENV)/.stamp-window ## Install ecgmon with its window into .venv

setup-system: ## System packages for the window and the tests (by apt where allowed, else says how)
	@PYTHON='$(PYTHON)' scripts/setup-system.sh python
	@scripts/setup-system.sh tests

clean: ## Remove .venv and every cache
	rm -rf $(VENV) dist docs/api .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.stamp-venv:
	@PYTHON='$(PYTHON)' scripts/setup-system.sh python
	$(PYTHON) -m venv $(VENV)
	@# an unpacked source package has no links
	@for part in monitor models sim firmware_bridge; do [ -e ecgmon/$$part ] || ln -s ../$$part ecgmon/$$part; done
	@touch $@

$(VENV)/.stamp-app: pyproject.toml | $(VENV)/.stamp-venv
	@echo "Setting up $(VENV) (once; a minute or two)"
	$(PIP) --editable '.[gui,sim]'
	@touch $@

$(VENV)/.stamp-dev: pyproject.toml | $(VENV)/.stamp-venv
	@echo "Setting up $(VENV) for development (once; a minute or two)"
	$(PIP) --editable '.[gui,sim,plots,dev]'
	@touch $@ $(VENV)/.stamp-app

$(VENV)/.stamp-train: pyproject.toml | $(VENV)/.stamp-dev
	@echo "Setting up $(VENV) for training (once; torch is large)"
	$(BIN)/python -c 'import torch' 2>/dev/null || $(PIP) '$(TORCH)'
	$(PIP) --editable '.[train]'
	@touch $@

$(VENV)/.stamp-window: scripts/setup-system.sh | $(VENV)/.stamp-venv
	@scripts/setup-system.sh window
	@touch $@

$(VENV)/.stamp-tests: scripts/setup-system.sh | $(VENV)/.stamp-venv
	@scripts/setup-system.sh tests
	@touch $@ $(VENV)/.stamp-window
