# Two commands need nothing but Python 3.11 or newer: `make demo` and `make test`. Both make .venv when it is missing.

VENV ?= .venv
# The first interpreter that is new enough and can make an environment; PYTHON=… chooses another.
CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14 python
ABLE := import ensurepip, sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell $(p) -c '$(ABLE)' >/dev/null 2>&1 && echo $(p))))
BIN := $(VENV)/bin
# The stamp is newer than what the environment was made from, or it is made again.
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test long check fix clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo 'cilda needs Python 3.11 or newer with its venv module: none found.'; \
	  echo 'Install one, or name it: make demo PYTHON=/path/to/python3'; exit 1; }
	@echo 'Installing cilda and PyTorch into $(VENV), once: some minutes, about 2 GB (more with the CUDA build). Nothing is'
	@echo 'shown meanwhile; pip only speaks up if something goes wrong.'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

demo: $(STAMP) ## train a teacher, a plain student and a CILDA student on a built-in corpus: minutes, no network
	$(BIN)/cilda distill --demo --foreground

test: $(STAMP) ## the tests, two at a time: under ten minutes on two cores
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

long: $(STAMP) ## the tests that take longest, which `make test` leaves out
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m long

check: $(STAMP) ## format, lint, types, who imports whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fix: $(STAMP) ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove the environment and the caches, never a run
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find cilda tests -name __pycache__ -type d -prune -exec rm -rf {} +
