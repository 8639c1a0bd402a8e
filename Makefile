# make demo   the shipped surrogates against the solvers, over gRPC: out/demo.png, out/demo_flow.png, out/demo.vtu
# make test   lint, import contracts and the fast test suite; make test-slow: the rest of what CI runs
# make types  the types of the wheel, as those who install it see them
# make docs   the pages of docs/ and the reference as a site: out/docs/index.html
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check install --quiet --quiet
export OMP_NUM_THREADS ?= 1

.PHONY: demo test test-slow test-all lint types docs protos clean

demo: .venv/.demo
	@$(BIN)/enf2enf demo

test: lint
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not soak"

test-slow: lint
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "slow and not soak"

test-all: lint
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

lint: .venv/.dev
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/lint-imports --no-logo

types: .venv/.dev
	@rm -rf build out/types
	@$(PIP) --no-deps --no-build-isolation --target out/types .
	@cp pyproject.toml out/types
	@cd out/types && $(abspath $(BIN))/pyright --pythonpath $(abspath $(BIN))/python
	@rm -rf build out/types

docs: .venv/.docs
	@$(BIN)/sphinx-build -q -E -W --keep-going docs out/docs
	@echo "Wrote out/docs/index.html"

protos: .venv/.dev
	@$(BIN)/python -m enf2enf_protos.generate

clean:
	rm -rf build dist out *.egg-info .jax_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "enf2enf needs Python 3.11 or newer")'
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.demo: pyproject.toml | .venv/.python
	@echo "Installing enf2enf for the demo into .venv"
	@$(PIP) --editable '.[demo]'
	@touch $@

.venv/.dev: pyproject.toml | .venv/.python
	@echo "Installing enf2enf for development into .venv"
	@$(PIP) --editable '.[dev]'
	@touch .venv/.demo $@

.venv/.docs: pyproject.toml | .venv/.python
	@echo "Installing enf2enf for its pages into .venv"
	@$(PIP) --editable '.[docs]'
	@touch $@
