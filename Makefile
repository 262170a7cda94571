# The commands of this project. `make lab` opens the notebook, `make test` proves the project; both set themselves up.
# Windows has no make: see README.md.

SHELL   := bash
PYTHON  ?= python3
VENV    ?= .venv
BIN     := $(VENV)/bin
VLLM    := .venv-vllm
LAB     ?=
PYTEST  ?=

# Trust what the machine trusts: behind a company's proxy the registry answers with the company's certificate.
export UV_SYSTEM_CERTS ?= true

.PHONY: help lab test test-vllm check format lock bench wheel clean

help:                     ## show this
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

lab: $(VENV)/.installed   ## open the break-even notebook, live, in JupyterLab; LAB="02_benchmark --no-browser" names another, adds arguments
	$(BIN)/tco lab $(LAB)

test: check               ## check, then every test; installs Chromium and LibreOffice when they are missing and apt is there
	.ci/tools
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(PYTEST)

test-vllm: $(VENV)/.installed $(VLLM)/.installed ## tco bench against the real vLLM on a processor, in an environment of its own (2.3 GB)
	.ci/tools
	$(BIN)/python -m pytest -m vllm tests/vllm $(PYTEST)

check: $(VENV)/.installed ## formatting, lint, types, and the price sheets
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy tco
	$(BIN)/tco prices check

format: $(VENV)/.installed ## write the formatting and the fixes that lint can make
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.installed  ## write requirements.lock anew: pins and hashes, no addresses, nothing of the GPU extra
	env -u UV_INDEX_URL -u UV_DEFAULT_INDEX -u UV_FIND_LINKS -u UV_INDEX -u UV_EXTRA_INDEX_URL \
	$(BIN)/uv pip compile pyproject.toml --extra notebook --extra export --extra usage --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet -o requirements.lock

bench: $(VENV)/.installed ## time the package's own work; see benchmarks/README.md
	@for script in benchmarks/[a-z]*.py; do $(BIN)/python $$script || exit 1; done

wheel: $(VENV)/.installed ## build dist/*.whl
	$(BIN)/python -m build --wheel

clean:                    ## remove what these commands made
	rm -rf $(VENV) $(VLLM) build dist .lab .pytest_cache .ruff_cache .mypy_cache .hypothesis

# uv comes from the package registry into the environment itself, so nothing has to be installed by hand.
$(VENV)/.installed: requirements.lock pyproject.toml
	.ci/venv $(PYTHON) $(VENV)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

# vLLM for processors is a tool of the tests, never a dependency: its own pins, its own environment.
$(VLLM)/.installed: tests/vllm/requirements.txt tests/vllm/shim/pyproject.toml
	.ci/venv $(PYTHON) $(VLLM)
	.ci/vllm $(VLLM)
	@touch $@
