# Everything happens inside this checkout: .venv for Python (and Node from PyPI), var/ for demo data.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm_config_cache="$(CURDIR)/$(VENV)/npm-cache" npm
PAGE := src/heliograph/web/page/index.html
PAGE_SOURCES := $(shell find frontend/src frontend/index.html frontend/public -type f 2>/dev/null) \
	frontend/package-lock.json frontend/vite.config.ts frontend/openapi.json

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_CACHE_DIR := 1
# Tests start hundreds of processes; without bytecode each of them compiles everything anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup page demo test chaos mutants check lint types imports page-check bench reliability wheel pins openapi clean help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.installed ## create .venv from the hash-pinned requirements

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Heliograph needs Python 3.11 or newer; set PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "This Python has no venv; install it first (Debian and Ubuntu: apt install python3-venv)."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

frontend/node_modules/.package-lock.json: frontend/package-lock.json | setup
	cd frontend && $(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

page: $(PAGE) ## build the front end into the package

$(PAGE): $(PAGE_SOURCES) frontend/node_modules/.package-lock.json
	cd frontend && $(NPM) run --silent build
	@touch $@

demo: setup page ## a simulated Telegram, mirrored live, on a page of your own
	@$(BIN)/heliograph --data-dir var/demo demo

# Three at once on two cores: some tests wait for clocks that cannot be turned. Files run in their own order, the quick ones
# last: by default those with few tests would be, which are the slowest.
test: setup page ## the whole suite, browser tests included
	cd frontend && $(NPM) run --silent test
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

chaos: setup ## random schedules of faults for MINUTES (1); SEED repeats a run, or one schedule of it
	$(BIN)/python -m tests.chaos --minutes $(or $(MINUTES),1) $(if $(SEED),--seed $(SEED))

mutants: setup ## plant each known defect in a copy and see which test notices it
	$(BIN)/python -m tests.mutants

check: setup lint types imports page-check test ## everything that CI runs

lint: setup ## style of the Python code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup ## strict types
	$(BIN)/mypy

imports: setup ## which room may import which
	$(BIN)/lint-imports

page-check: setup frontend/node_modules/.package-lock.json ## style, types and the generated client of the front end
	cd frontend && $(NPM) run --silent check

openapi: setup ## write the API's schema and the front end's client anew
	$(BIN)/python -m heliograph.web.openapi > frontend/openapi.json
	cd frontend && $(NPM) run --silent client

bench: setup page ## print the measured table and write bench/results.json
	$(BIN)/python -m bench

reliability: setup ## play every fault for both crawlers and write the table in docs/reliability.md
	$(BIN)/python -m bench reliability

wheel: setup page ## a wheel with the page inside, in dist/
	$(BIN)/python -m build --no-isolation --wheel --outdir dist .

pins: setup ## compile the pinned requirements anew
	for name in base dev; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header requirements/$$name.in --output-file requirements/$$name.txt; done

clean: ## remove what was built; demo data in var/ stays
	rm -rf $(VENV) dist build frontend/node_modules src/heliograph/web/page .mypy_cache .ruff_cache .pytest_cache
