# `make demo` and `make test` work on a fresh clone: they make what they need first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
JOBS ?= 2
# One thread per process: planners are timed on one core, and workers share the cores.
export OMP_NUM_THREADS = 1

.PHONY: demo test test-slow lint types bench bench-quick check clean

demo: $(VENV)/.run
	$(BIN)/plasmonbench run quick -j $(JOBS)

# By file, so that what a file makes once is made once.
test: $(VENV)/.test
	$(BIN)/pytest -n $(JOBS) --dist loadfile

test-slow: $(VENV)/.test
	$(BIN)/pytest --slow -n $(JOBS) --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

bench: $(VENV)/.test
	$(BIN)/pytest benchmarks/

bench-quick: $(VENV)/.test
	$(BIN)/pytest benchmarks/ --benchmark-disable

check: lint types test bench-quick

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "plasmonbench needs Python 3.11 or later; name one with: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# torch first: what depends on it must find the pinned version, not fetch the newest.
$(VENV)/.torch: $(VENV)/.venv constraints.txt
	$(PIP) torch
	@touch $@

$(VENV)/.run: $(VENV)/.torch pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.torch pyproject.toml
	$(PIP) --editable '.[test]'
	@touch $@

$(VENV)/.dev: $(VENV)/.torch pyproject.toml
	$(PIP) --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) .asv .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache build *.egg-info
