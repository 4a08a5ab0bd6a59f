# One door per task. `make` alone lists the doors.
# Needs git, make and a Python of 3.11 or newer with pip and venv; everything else is in the locks.

.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
RUN := $(BIN)/python
# Twice quiet: errors only, not what a machine's own settings make pip warn of.
PIP_INSTALL := $(RUN) -m pip --disable-pip-version-check --no-input install -qq

# Tests run on every core, and one more at a time where some of them wait for servers and clocks.
# `make test XDIST=` runs them in one process.
XDIST ?= -n $(WORKERS) --dist worksteal
WORKERS = auto
test check: WORKERS = $(shell echo $$(($$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN) + 1)))
# More arguments for pytest, the benchmarks or chaos: make test ARGS="-k postgres"
ARGS ?=

# Real documents lie beside the repository where there are any; tests that want them skip elsewhere.
ifndef SUIVI_TEST_DATA
ifneq ($(wildcard ../shared/data/.),)
export SUIVI_TEST_DATA := $(abspath ../shared/data)
endif
endif

# Compiled modules are kept: every process that tests start would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

FAST = not postgres and not endurance and not slow

.PHONY: help install demo quick test check endurance style bench chaos conformance lock clean

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

install: .venv/installed ## make .venv from the lock (PYTHON=python3.12 chooses the interpreter)

# A shim may exist and fail, and Debian's Python may lack ensurepip: so each is really asked.
.venv/locked: requirements-dev.lock
	@chosen="$(PYTHON)"; \
	for python in $${chosen:-python3.13 python3.12 python3.11 python3}; do \
	    if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	    then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "No Python of 3.11 or newer with venv and pip: $${chosen:-python3.13, python3.12, python3.11, python3} did not do." >&2; \
	    echo "Name one: make install PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	echo "Making .venv with $$($$found -V) from requirements-dev.lock"; \
	$$found -m venv --clear .venv
	@$(PIP_INSTALL) --require-hashes --no-deps --only-binary :all: -r requirements-dev.lock
	@touch $@

.venv/installed: .venv/locked pyproject.toml
	@$(PIP_INSTALL) --no-deps --no-index --no-build-isolation --editable .
	@touch $@

demo: install ## show the record at work (PORT=8001 elsewhere, DATA="a.docx b.docx" with your own files)
	$(RUN) -m demo $(if $(PORT),--port $(PORT)) $(DATA)

quick: style ## while you work: style, types, layers, and the tests that are fast and need SQLite only
	$(RUN) -m pytest $(XDIST) -m "$(FAST)" $(ARGS)

test: install ## everything that shows that it works, on SQLite and PostgreSQL
	$(RUN) -m pytest $(XDIST) $(ARGS)

check: export SUIVI_REQUIRE_POSTGRES = 1
check: style ## everything a change must pass: `make test`, style, types, layers, coverage
	$(RUN) -m pytest $(XDIST) -m "$(FAST)" --cov $(ARGS)
	$(RUN) -m pytest $(XDIST) -m "not ($(FAST))" $(ARGS)

endurance: export SUIVI_ENDURANCE = 1
endurance: export SUIVI_REQUIRE_POSTGRES = 1
endurance: install ## the long form of searching tests, chaos and others' suites; writes tests/endurance.md
	$(RUN) -m pytest $(XDIST) -m endurance $(ARGS)

style: install ## style, types and layers alone
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy
	$(BIN)/lint-imports

bench: install ## measure
	$(RUN) -m benchmarks $(ARGS)

chaos: install ## kill processes and stores, and look for loss
	$(RUN) -m tests.chaos $(ARGS)

conformance: install ## run the suites of others, a line each
	$(RUN) -m tests.conformance

LOCK := $(BIN)/uv --no-config --quiet pip compile pyproject.toml --universal --python-version 3.11 \
    --generate-hashes --custom-compile-command "make lock"
lock: install ## bring both locks up to date with pyproject.toml (UPGRADE=1 takes the newest of all)
	$(LOCK) $(if $(UPGRADE),--upgrade) --group dev --output-file requirements-dev.lock
	$(LOCK) --constraint requirements-dev.lock --output-file requirements.lock

clean: ## remove the environment and caches; var/, where records live, stays
	rm -rf .venv build dist htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache \
	    .ruff_cache .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
