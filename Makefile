# `make train` and `make test` need nothing but Python 3.11 or newer: they make .venv and install into it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# What reaches the kernels: their own tests, the random stream, the optimizers' steps, and two families of ops.
KERNEL_TESTS := tests/kernels tests/test_random.py tests/optim/test_steps.py tests/ops/test_cases.py

.PHONY: train test bench lint types contracts tests parity kernels-python kernels-bounds format clean

train: $(INSTALLED)
	$(BIN)/minitorch-clf train

test: lint types contracts tests parity kernels-python kernels-bounds

lint: $(INSTALLED)
	$(BIN)/ruff check

types: $(INSTALLED)
	$(BIN)/mypy

contracts: $(INSTALLED)
	$(BIN)/lint-imports

# Tests, the examples in docstrings, and those in README.md and docs/; what `pytest` alone runs, in two halves for two cores.
tests: $(INSTALLED)
	$(BIN)/pytest --ignore=tests/parity --ignore=tests/replay --ignore=tests/benchmarks

parity: $(INSTALLED)
	$(BIN)/pytest tests/parity tests/replay tests/benchmarks

# The kernels once more as plain Python: coverage sees nothing inside compiled code.
# PARITY_VARIANTS: which variants of the cases in tests/ops/test_cases.py run, all if it is not set.
kernels-python: $(INSTALLED)
	NUMBA_DISABLE_JIT=1 PARITY_VARIANTS="plain special" $(BIN)/pytest $(KERNEL_TESTS) \
		-k "not test_cases or activation/ or loss/ or normalization/" \
		--cov=minitorch_clf.kernels --cov-report=term-missing --cov-fail-under=90

# And once compiled with bounds checks, into a cache of their own: numba's cache does not tell the two apart.
# Where a kernel reads and writes depends on shapes, not on values: two variants of each case will do.
kernels-bounds: $(INSTALLED)
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$(CURDIR)/build/numba-boundscheck PARITY_VARIANTS="strided empty" \
		$(BIN)/pytest $(KERNEL_TESTS) -k "not test_cases or activation/ or loss/"

# Against PyTorch and others, on a machine that does nothing else meanwhile: half an hour.
bench: $(INSTALLED)
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	$(BIN)/python -m benchmarks

format: $(INSTALLED)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("minitorch_clf needs Python 3.11 or newer; set PYTHON=")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV): a minute or two"
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@
