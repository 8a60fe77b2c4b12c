# One word per chore, the same on a laptop and in CI.
#
#   make demo     a living ERP and its daily programme; ARGS=--once ends after it
#   make test     every test; installs the Debian packages they need where apt and root are there
#   make check    style, types, the order of the rooms, Django's checks, missing migrations
#   make bench    measures backup, drill, engine and pages, and prints ratios
#   make lock     resolves the dependencies anew
#   make clean    removes everything that the others made

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check bench lock clean packages

PYTHON ?= python3
BIN := .venv/bin
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	--python-version 3.11 --custom-compile-command "make lock"

help:
	@sed -n 's/^#   //p' Makefile

demo: $(RUN)
	$(BIN)/schoolkeeper demo $(ARGS)

test: $(DEV) packages
	.ci/pytest $(ARGS)

check: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy src/schoolkeeper
	$(BIN)/mypy --config-file src/smart_erp/mypy.ini src/smart_erp
	$(BIN)/lint-imports
	.ci/django-checks

bench: $(DEV)
	$(BIN)/python -m bench $(ARGS)

packages:
	.ci/packages

lock: $(BIN)/uv
	$(LOCK) $(ARGS) pyproject.toml requirements/build.in -o requirements/run.txt
	$(LOCK) $(ARGS) --extra dev pyproject.toml requirements/build.in -o requirements/dev.txt

clean:
	rm -rf .venv .demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is brought to the lock whenever the lock is newer than the last installation.

$(RUN): requirements/run.txt pyproject.toml
	.ci/install run
	@touch $@

$(DEV): requirements/dev.txt $(RUN)
	.ci/install dev
	@touch $@

$(BIN)/uv:
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv
