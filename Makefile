# make wraps what the package does itself: every recipe can be typed by hand.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup demo test lint check machine fuzz mutants bench screenshots lock clean
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PYTHON ?= python3
BIN := .venv/bin
CONTRACT ?= ../shared/check_contract.py
PAGES := graph_api/static/console/inputs.sha256
PAGE_SOURCES := schema.graphql $(shell find web \( -name node_modules -o -name generated \) -prune -o -type f -print)
JAR_LOCK := $(wildcard graph_api/servers/neo4j-*.lock)

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.servers ## .venv with everything in it, the pages built, Neo4j's files fetched; starts nothing

demo: setup ## a real Neo4j and Valkey with a demonstration network, the API and GraphiQL; Ctrl-C stops it
	@$(BIN)/promograph demo $(ARGS)

test: setup ## every test but the longest, against real servers, in two processes; ARGS=--all: those too; ARGS='-k refund -x'
	@$(BIN)/python -m pytest $(ARGS)

lint: setup ## ruff, mypy and the API's contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy hatch_build.py
	@if [ -f $(CONTRACT) ]; then \
	    echo "$(BIN)/python $(CONTRACT) schema.graphql contract-pending.txt"; \
	    $(BIN)/python $(CONTRACT) schema.graphql contract-pending.txt; \
	else \
	    echo "contract check skipped: there is no $(CONTRACT)"; \
	fi

check: lint test ## lint, then test

machine: setup ## 2,000 runs of the money machine, resumed where they were stopped; ARGS='--dir DIR'
	@$(BIN)/python -m tests.money.shards --runs 2000 --steps 50 --shard-size 50 $(ARGS)

fuzz: setup ## half an hour of made-up operations for every field, none of which may break anything; ARGS='--minutes 5'
	@$(BIN)/python -m tests.fuzz $(ARGS)

mutants: setup ## break graph_api/rules in a thousand places and name what tests/rules lets pass: docs/mutants.md
	@rm -rf mutants
	@$(BIN)/mutmut run
	@$(BIN)/mutmut results

bench: setup ## benchmarks, each figure beside bare Cypher of the same run
	@$(BIN)/python -m bench $(ARGS)

screenshots: setup ## every page of the demonstration, at desk and on the phone: docs/screenshots (needs Chromium)
	@$(BIN)/python -m tests.console.screenshots $(ARGS)

lock: ## requirements.lock anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	uv pip compile pyproject.toml --extra dev --extra docker --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-emit-index-url -o requirements.lock

clean: ## remove all that setup and tests made here; data in .promograph stays
	rm -rf .venv dist graph_api/static web/*/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: what is done is not done again until one of the files it came from changes.

.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "promograph needs Python 3.11 or newer, and $(PYTHON) is not: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "creating .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv || { \
	    echo "no .venv: on Debian and Ubuntu, 'apt install python3-venv' brings what is missing" >&2; exit 1; }
	@touch $@

.venv/.locked: requirements.lock .venv/.created
	@echo "installing the pinned Python packages (a minute or two the first time; the large ones are listed)"
	@$(BIN)/python -m pip install --progress-bar off --require-hashes -r requirements.lock \
	    | awk '/Downloading .* MB\)$$/ { print "  " $$2, $$3, $$4; fflush() }'
	@touch $@

$(PAGES): $(PAGE_SOURCES) hatch_build.py .venv/.locked
	@$(BIN)/python hatch_build.py
	@touch $@

.venv/.package: pyproject.toml .venv/.locked $(PAGES)
	@echo "installing promograph itself"
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/.servers: $(JAR_LOCK) .venv/.package
	@$(BIN)/python -m graph_api.servers
	@touch $@
