# Needs Python 3.11 or newer and make, nothing else: each environment below is made on first use,
# from the pins in requirements/, and again when they change. Set-up speaks on stderr only.

PYTHON ?= python3

TOOLS := .venv-tools
DEV := .venv
DEMO := .venv-demo
# Mirascope's providers that don't go together, and its oldest release: for the matrix.
MATRIX := .venv-legacy .venv-oldest .venv-oldest-legacy
# Those chunkmeter is measured beside, one environment each: they don't go together.
PEERS := genai openai-v2 openllmetry openinference openlit logfire langfuse mirascope
BENCH := .venv-bench-chunkmeter $(PEERS:%=.venv-bench-%)

UV := $(TOOLS)/bin/uv --quiet
RUN := PYTHONPATH=$(CURDIR) $(DEV)/bin/python
SOURCES := $(shell find src -not -name __pycache__ -not -name '*.pyc')

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_PYTHON_DOWNLOADS := never
# Each target starts many short programs: without compiled modules they would do nothing but compile the SDKs anew.
unexport PYTHONDONTWRITEBYTECODE
# litellm would fetch its price map from the network whenever it is imported.
export LITELLM_LOCAL_MODEL_COST_MAP := True

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup lint format test demo matrix corpus estimate fuzz stress outages torture backends e2e docs bench \
	guard up down lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(DEV)/.ready ## Make .venv: locked dependencies and an editable chunkmeter

lint: $(DEV)/.ready ## Check style, format and types
	$(DEV)/bin/ruff check
	$(DEV)/bin/ruff format --check
	$(DEV)/bin/pyrefly check

format: $(DEV)/.ready ## Format the code and fix what ruff can
	$(DEV)/bin/ruff check --fix-only
	$(DEV)/bin/ruff format

test: $(DEV)/.ready ## Run the tests in random order, with branch coverage; ARGS="-k name" for some; FAULT=name plants a bug
	$(DEV)/bin/python -m pytest $(if $(FAULT),-p tests.price_faults -p no:randomly --exitfirst tests/test_price_table.py, \
		$(or $(ARGS),--cov --numprocesses auto --dist loadfile))

demo: $(DEMO)/.ready ## Meter a Mirascope app without key or network; ARGS=--json or ARGS="--endpoint URL"
	@$(DEMO)/bin/python -m replay.demo $(ARGS)

matrix: $(DEV)/.ready $(MATRIX:=/.locked) ## Check every path of every Mirascope provider, newest and oldest 1.x; ARGS=openai for some
	@$(RUN) tests/matrix.py $(ARGS)

corpus: $(DEV)/.ready ## Check the readers against recorded streams; CORPUS=DIR for another folder
	@$(RUN) tests/corpus.py $(if $(CORPUS),--corpus $(CORPUS)) $(ARGS)

stress: $(DEV)/.ready ## Collect abandoned streams while the SDK holds its lock, for 60 s
	@$(RUN) tests/stress.py $(ARGS)

torture: $(DEV)/.ready ## Check each case that streams break instrumentation with; FAULT=name plants a known bug
	@$(RUN) -m pytest --override-ini python_files='check_*.py' --no-header -p no:randomly \
		$(if $(FAULT),--exitfirst) tests/torture $(ARGS)

estimate: $(DEV)/.ready ## Compare estimated tokens with what providers counted; CORPUS=DIR for another folder
	@$(RUN) tests/estimates.py $(if $(CORPUS),--corpus $(CORPUS)) $(ARGS)

fuzz: $(DEV)/.ready ## Push 10^6 odd chunks of every wire through wrap; SEED=N for the same again, ARGS="--chunks N"
	@$(RUN) tests/fuzz.py $(if $(SEED),--seed $(SEED)) $(ARGS)

outages: $(DEV)/.ready ## Check what outages, signals and forks lose; ARGS=--write for docs/reliability.md
	@$(RUN) tests/outages.py $(ARGS)

backends: $(DEV)/.ready ## Build the real Collector, Jaeger, Prometheus, Alertmanager into ~/.cache; needs Go
	@$(RUN) backends/build.py

e2e: $(DEV)/.ready ## Check the way from chunk to pager with the real backends; FAULT=name plants a known bug
	@$(RUN) backends/build.py >&2
	@$(RUN) -m pytest --override-ini python_files='check_*.py' --timeout 300 -p no:randomly \
		$(if $(FAULT),--exitfirst tests/e2e/check_spend.py,tests/e2e) $(ARGS)

docs: $(DEV)/.ready ## Write docs/providers.md anew, from what the readers do
	@$(RUN) tests/providers_doc.py --write

bench: $(DEV)/.ready $(BENCH:=/.locked) ## Measure beside eight peers; ARGS=--write for docs/performance.md
	@$(RUN) -m benchmarks.bench $(ARGS)

guard: $(DEV)/.ready ## Check the ratios that a slower chunkmeter would change; FAULT=name plants a slow part
	@$(RUN) -m benchmarks.guard $(ARGS)

up: ## Start Collector, Jaeger, Prometheus, Alertmanager and Grafana with Docker
	@docker compose version >/dev/null 2>&1 || { \
		echo 'make up needs Docker with its compose plugin: install them, or run your own programs with' >&2; \
		echo 'the files in collector-config/, as its README says.' >&2; exit 1; }
	@mkdir -p $(SECRETS)
	@$(COMPOSE) up --detach --wait
	@echo 'OTLP to localhost:4317 and :4318. Grafana http://127.0.0.1:3000, Jaeger http://127.0.0.1:16686,'
	@echo 'Prometheus http://127.0.0.1:9090, Alertmanager http://127.0.0.1:9093'
	@for name in page_url ticket_url; do [ -s $(SECRETS)/$$name ] || \
		echo "No alert leaves this machine before $(SECRETS)/$$name has a webhook's address."; done

down: ## Stop what `make up` started; ARGS=--volumes forgets its data too
	@$(COMPOSE) down $(ARGS)

lock: $(TOOLS)/.ready ## Pin requirements/*.in again; UPGRADE=1 for the newest releases
	$(COMPILE) requirements/tools.in --output-file requirements/tools.txt
	$(COMPILE) $(PROJECT) --extra estimate requirements/dev.in --output-file requirements/dev.txt
	$(COMPILE) $(PROJECT) requirements/demo.in --constraints requirements/dev.txt --output-file requirements/demo.txt
	for name in $(MATRIX:.venv-%=%); do \
		$(COMPILE) pyproject.toml requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done
	$(COMPILE) pyproject.toml requirements/bench-chunkmeter.in --output-file requirements/bench-chunkmeter.txt
	for name in $(PEERS); do \
		$(COMPILE) requirements/bench-$$name.in --output-file requirements/bench-$$name.txt || exit 1; done

clean: ## Remove all that make, tests and tools left behind
	rm -rf $(TOOLS) $(DEV) $(DEMO) $(MATRIX) $(BENCH) dist .coverage .coverage.* .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

COMPOSE = docker compose --file collector-config/compose.yaml
SECRETS := collector-config/alertmanager/secrets

# --- set-up ---------------------------------------------------------------------------------------

COMPILE = $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)
PROJECT := pyproject.toml --extra auto --extra cli

# The installer and the build backend; pip bootstraps them, uv does the rest in a fifth of pip's time.
$(TOOLS)/.ready: requirements/tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'chunkmeter needs Python 3.11 or newer, and $(PYTHON) is not. Name one: make PYTHON=python3.12 ...' >&2; \
		exit 1; }
	@echo 'set-up: $(TOOLS)' >&2
	@$(PYTHON) -m venv --clear $(TOOLS) >&2
	@$(TOOLS)/bin/python -m pip install --quiet --require-hashes --requirement $< >&2
	@touch $@

# The matrix takes chunkmeter from src/, as it stands there, into environments that have Mirascope and the SDKs alone.
$(DEV)/.locked: requirements/dev.txt
$(DEMO)/.locked $(MATRIX:=/.locked) $(BENCH:=/.locked): .venv-%/.locked: requirements/%.txt
$(DEV)/.locked $(DEMO)/.locked $(MATRIX:=/.locked) $(BENCH:=/.locked): $(TOOLS)/.ready
	@echo 'set-up: $(@D)' >&2
	@$(TOOLS)/bin/python -m venv --clear --without-pip $(@D) >&2
	@$(UV) pip install --python $(@D)/bin/python --require-hashes --requirement $(filter %.txt,$^) >&2
	@touch $@

$(DEV)/.ready: pyproject.toml $(DEV)/.locked
	@$(UV) pip install --python $(DEV)/bin/python --no-deps --no-build-isolation --editable . >&2
	@touch $@

# What a user installs, with dist/ for an index: that it needs nothing more proves that the pins meet the wheel's wants.
$(DEMO)/.ready: pyproject.toml README.md LICENSE $(SOURCES) $(DEMO)/.locked
	@rm -rf dist
	@$(TOOLS)/bin/hatchling build --target wheel --directory dist >&2
	@$(UV) pip install --python $(DEMO)/bin/python --no-index --find-links dist --reinstall-package chunkmeter \
		'chunkmeter[auto,cli]' >&2
	@touch $@
