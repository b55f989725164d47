# make report   set up .venv from PyPI, run the main job, write reports/int8-vs-fp8.*
# make test     the same set-up, all checks and all tests
# make check    the fast subset: names, arithmetic, estimates, command line; nothing that maps or simulates at length
# make bench    speeds, as measured in this run, and circuits beside those of others

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
JOBS   ?= auto
CACHE  := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hwmodel

.PHONY: report test check lint bench clean

report: $(READY)
	$(BIN)/hwmodel report -o reports

test: lint
	$(BIN)/pytest -n $(JOBS) --dist worksteal

check: lint
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not slow" --ignore tests/sim --ignore tests/flow --ignore tests/rtl --ignore tests/report --ignore tests/error --ignore tests/cost/test_counts.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python tests/bench.py
	$(BIN)/python tests/peers.py

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hwmodel needs Python 3.11 or newer; say which with: make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[posits]' || \
	  echo "softposit could not be built (it needs a C compiler and Python's headers): the tests that need it are skipped" >&2
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis $(CACHE)
