# Needs Python 3.11 or newer and make, nothing else: each environment below is made on first use,
# from the pins in requirements/, and again when they change. Set-up speaks on stderr only.

# Another interpreter, named by PYTHON=..., has environments of its own, named by its version. Its tests run without
# coverage, which one Python measures for all, and which takes minutes longer on the first releases of 3.12.
ifneq ($(origin PYTHON),undefined)
OTHER := -$(shell $(PYTHON) -c 'import sys; print("{}.{}".format(*sys.version_info))')
endif
PYTHON ?= python3

TOOLS := .venv-tools
DEV := .venv$(OTHER)
DEMO := .venv-demo$(OTHER)
# The environments of a target, from the table of all that are locked.
ENVIRONMENTS := requirements/environments.tsv
of = $(shell awk '$$2 == "$(1)" { print ".venv-" $$1 }' $(ENVIRONMENTS))
MATRIX := $(call of,matrix)
SDKTESTS := $(call of,sdk-tests)
GREEN := $(call of,green)
BENCH := $(call of,bench)
COEXIST := $(call of,coexist)
UIS := $(call of,uis)
SITE := $(call of,site)
RELEASE := .venv-release

UV := $(TOOLS)/bin/uv --quiet
RUN := PYTHONPATH=$(CURDIR) $(DEV)/bin/python
SOURCES := $(shell find src -not -name __pycache__ -not -name '*.pyc')

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_PYTHON_DOWNLOADS := never
# Each target starts many short programs: without compiled modules they would do nothing but compile the SDKs anew.
unexport PYTHONDONTWRITEBYTECODE
# litellm would fetch its price map from the network whenever it is imported.
export LITELLM_LOCAL_MODEL_COST_MAP := True

# The targets of a group, which their comments begin with, below its heading.
TOLD = printf '%s\n' '$(2):'; awk -F ':.*\#\# $(1): ' \
	'/^[a-z0-9-]+:.*\#\# $(1): / { printf "  make %-13s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup lint format quick test pythons demo example matrix sdk-tests corpus estimate fuzz stress outages green coexist uis page shots torture backends backends-up backends-down e2e sizes docs blocks site \
	bench guard linear up down lock dist audit clean

help: ## daily: List these targets
	@$(call TOLD,daily,Daily)
	@echo; $(call TOLD,submit,Before a submission)
	@echo; $(call TOLD,long,Long)

setup: $(DEV)/.ready ## daily: Make .venv: locked dependencies and an editable chunkmeter; PYTHON=python3.13 for .venv-3.13

lint: $(DEV)/.ready ## daily: Check style, format and types
	$(DEV)/bin/ruff check
	$(DEV)/bin/ruff format --check
	$(DEV)/bin/pyrefly check --python-interpreter-path $(DEV)/bin/python
	$(DEV)/bin/pyrefly check --python-interpreter-path $(DEV)/bin/python .ci/plan.py # it goes through no hidden folder by itself

format: $(DEV)/.ready ## daily: Format the code and fix what ruff can
	$(DEV)/bin/ruff check --fix-only
	$(DEV)/bin/ruff format

quick: $(DEV)/.ready ## daily: Run the tests that need no service, process or sleep, within a minute; ARGS="-k name" for some
	$(DEV)/bin/python -m pytest -p support.quick $(or $(ARGS),--numprocesses auto --dist loadfile)

test: $(DEV)/.ready ## daily: Run the tests in random order, with branch coverage; ARGS="-k name" for some; FAULT=name plants a bug
	$(DEV)/bin/python -m pytest $(if $(FAULT),-p no:randomly --exitfirst tests/pricing/test_price_table.py \
		tests/test_text.py tests/reporting/test_series.py tests/readers/test_framing.py tests/reporting/test_assumed.py \
		tests/calls/test_green.py, \
		$(or $(ARGS),$(if $(OTHER),,--cov) --numprocesses auto --dist loadfile))

pythons: ## submit: Run all tests on every Python that chunkmeter names, as far as they are found; ARGS=3.13 for some
	@$(NEW_ENOUGH)
	@$(PYTHON) -m checks.pythons $(ARGS)

demo: $(DEMO)/.ready ## daily: Meter unchanged apps without key or network; ARGS=--json or ARGS="--endpoint URL"
	@$(DEMO)/bin/python -m replay.demo $(ARGS)

example: $(DEMO)/.ready ## daily: Run one of examples/ as its README shows; ARGS=short_job, say
	@$(DEMO)/bin/python -m replay.example $(ARGS)

# A planted fault is looked for in the newest SDKs, unless ARGS says where. Only the environments asked for are made.
MATRIXARGS = $(or $(ARGS),$(if $(FAULT),sdks-newest))
matrix: $(DEV)/.ready $(addsuffix /.locked,$(or $(filter $(MATRIX),$(MATRIXARGS:%=.venv-%)),$(if $(filter dev,$(MATRIXARGS)),,$(MATRIX)))) ## long: Check every path of Mirascope's providers, of SDKs and of frameworks; ARGS=openai or ARGS=sdks-oldest for some; FAULT=name plants a known bug
	@$(RUN) -m checks.matrix $(MATRIXARGS)

sdk-tests: $(DEV)/.ready $(SDKTESTS:=/.locked) ## long: Run the SDKs' own tests bare and metered; downloads their sources; ARGS=groq for some
	@$(RUN) -m checks.sdk_tests $(ARGS)

corpus: $(DEV)/.ready ## submit: Check the readers against recorded streams, two folders; CORPUS=DIR for another
	@$(RUN) -m checks.corpus $(if $(CORPUS),--corpus $(CORPUS)) $(ARGS)

stress: $(DEV)/.ready ## submit: Collect abandoned streams while the SDK holds its lock, for 60 s
	@$(RUN) -m checks.stress $(ARGS)

torture: $(DEV)/.ready ## submit: Check each case that streams break instrumentation with; FAULT=name plants a known bug
	@$(RUN) -m pytest --override-ini python_files='check_*.py' --no-header -p no:randomly \
		$(if $(FAULT),--exitfirst) checks/torture $(ARGS)

estimate: $(DEV)/.ready ## submit: Compare estimated tokens with what providers counted; CORPUS=DIR for another folder
	@$(RUN) -m checks.corpus.estimates $(if $(CORPUS),--corpus $(CORPUS)) $(ARGS)

fuzz: $(DEV)/.ready ## long: Push 10^6 odd chunks of every wire through wrap; SEED=N for the same again, ARGS="--chunks N"
	@$(RUN) -m checks.fuzz $(if $(SEED),--seed $(SEED)) $(ARGS)

outages: $(DEV)/.ready ## long: Check what outages, signals and forks lose; ARGS=--write for docs/reliability.md
	@$(RUN) -m checks.outages $(ARGS)

green: $(DEV)/.ready $(GREEN)/.ready ## long: Meter apps of gevent and eventlet; ARGS=gunicorn for some; FAULT=name plants a known bug
	@$(RUN) -m checks.green $(ARGS)

# Only the environments asked for are made. A planted fault is looked for in the first of them, unless ARGS says where.
COEXISTARGS = $(or $(ARGS),$(if $(FAULT),coexist))
coexist: $(DEV)/.ready $(addsuffix /.ready,$(or $(filter $(COEXIST),$(COEXISTARGS:%=.venv-%)),$(COEXIST))) ## long: Check that each call counts once beside other instrumentations; ARGS=logfire for some; FAULT=name plants a known bug
	@$(RUN) -m checks.coexist $(COEXISTARGS)

uis: $(DEV)/.ready $(UIS:=/.locked) ## long: Send the demo's spans to Phoenix and to MLflow, and compare what they tell; ARGS=mlflow for one; FAULT=name plants a known bug
	@$(RUN) -m checks.uis $(ARGS)

page: $(DEV)/.ready ## submit: Open a report's page at 360 and 1280 px, and ask axe-core; needs Chromium and npm; ARGS="--calls N"
	@$(RUN) -m checks.report $(ARGS)

shots: $(DEV)/.ready $(UIS:=/.locked) ## submit: Write docs/images anew: a report, chunkmeter tail, and what Phoenix and MLflow show; needs Chromium
	@$(RUN) -m checks.report --shots
	@$(RUN) -m checks.uis.terminal
	@$(RUN) -m checks.uis --shots $(ARGS)

backends: $(DEV)/.ready ## long: Build the real Collector, Jaeger, Prometheus, VictoriaMetrics ... into ~/.cache; needs Go
	@$(RUN) backends/build.py

backends-up: $(DEV)/.ready ## daily: Start them with collector-config/, without Docker; ARGS="--webhook URL" for alerts
	@$(RUN) backends/build.py >/dev/null
	@$(RUN) -m checks.e2e.by_hand up $(ARGS)

backends-down: $(DEV)/.ready ## daily: End what `make backends-up` started
	@$(RUN) -m checks.e2e.by_hand down $(ARGS)

e2e: $(DEV)/.ready ## long: Check the way from chunk to pager with the real backends; FAULT=name plants a known bug
	@$(RUN) backends/build.py >&2
	@$(RUN) -m pytest --override-ini python_files='check_*.py' --timeout 300 -p no:randomly \
		$(if $(FAULT),--exitfirst checks/e2e/check_strange.py checks/e2e/check_spend.py,checks/e2e) $(ARGS)

sizes: $(DEV)/.ready ## long: Measure what agent, gateway and Prometheus take; ARGS=--write for docs/sizes.md
	@$(RUN) backends/build.py >&2
	@$(RUN) -m checks.sizes $(ARGS)

docs: $(DEV)/.ready ## submit: Write docs/providers.md, docs/reference/ and tables of other pages, and the operator's rules anew, from their sources
	@$(RUN) -m checks.providers_doc --write
	@$(RUN) -m checks.libraries_doc --write
	@$(RUN) -m checks.doctor_doc --write
	@$(RUN) -m checks.rules_doc --write
	@$(RUN) -m checks.reference_doc --write
	@$(RUN) -m checks.site --write

blocks: $(DEV)/.ready ## daily: Run the code on our pages, as make test does too, and list what is not run
	@$(DEV)/bin/python -m pytest -q tests/pages $(ARGS)

# Anew each time: what Sphinx has kept of a build before says no warning twice.
site: $(SITE)/.locked ## submit: Build the documentation into site/; a broken link, a page in no group or any warning fails
	@rm -rf site
	@PYTHONPATH=$(CURDIR) $(SITE)/bin/python -m sphinx --fail-on-warning --keep-going --quiet --fresh-env \
		--conf-dir docs --doctree-dir $(SITE)/doctrees . site
	@echo 'site/index.html is its first page'

bench: $(DEV)/.ready $(BENCH:=/.locked) ## long: Measure beside eight peers; ARGS=--write for docs/performance.md
	@$(RUN) -m benchmarks.bench $(ARGS)

guard: $(DEV)/.ready ## submit: Check the ratios that a slower chunkmeter would change; FAULT=name plants a slow part
	@$(RUN) -m benchmarks.guard $(ARGS)

linear: $(DEV)/.ready ## submit: Check that no text and no price file takes longer a character as it grows
	@$(RUN) -m checks.linear $(ARGS)

up: ## daily: Start Collector, Jaeger, Prometheus, Alertmanager and Grafana with Docker
	@docker compose version >/dev/null 2>&1 || { \
		echo 'make up needs Docker with its compose plugin: install them, or run your own programs with' >&2; \
		echo 'the files in collector-config/, as its README says.' >&2; exit 1; }
	@mkdir -p $(SECRETS)
	@$(COMPOSE) up --detach --wait
	@echo 'OTLP to localhost:4317 and :4318. Grafana http://127.0.0.1:3000, Jaeger http://127.0.0.1:16686,'
	@echo 'Prometheus http://127.0.0.1:9090, Alertmanager http://127.0.0.1:9093'
	@for name in page_url ticket_url; do [ -s $(SECRETS)/$$name ] || \
		echo "No alert leaves this machine before $(SECRETS)/$$name has a webhook's address."; done

down: ## daily: Stop what `make up` started; ARGS=--volumes forgets its data too
	@$(COMPOSE) down $(ARGS)

lock: $(TOOLS)/.ready ## submit: Pin requirements/*.in again; ARGS=dev for one of them; UPGRADE=1 for the newest releases
	@grep -v '^#' $(ENVIRONMENTS) | while read -r name _ with; do \
		case " $(or $(ARGS),$$name) " in *" $$name "*) ;; *) continue ;; esac; echo "lock: $$name"; \
		$(COMPILE) $$with requirements/$$name.in --output-file requirements/$$name.txt </dev/null >/dev/null || exit 1; done

dist: $(DEV)/.ready $(RELEASE)/.locked ## submit: Build, check, install and run wheel and sdist, with a bill of materials, into dist/; ARGS=3.13 for one Python
	@$(RUN) -m checks.release $(ARGS)

audit: $(DEV)/.ready $(RELEASE)/.locked ## submit: Ask for known vulnerabilities in all that is pinned; ARGS=runtime for what users get
	@$(RUN) -m checks.release.audit $(ARGS)

clean: ## daily: Remove all that make, tests and tools left behind
	rm -rf $(TOOLS) .venv .venv-3.* .venv-demo .venv-demo-3.* $(MATRIX) $(SDKTESTS) $(GREEN) $(COEXIST) $(UIS) $(SITE) $(BENCH) $(RELEASE) checks/report/node_modules dist site .coverage .coverage.* .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

COMPOSE = docker compose --file collector-config/compose.yaml
SECRETS := collector-config/alertmanager/secrets

# --- set-up ---------------------------------------------------------------------------------------

COMPILE = $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)

NEW_ENOUGH = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo 'chunkmeter needs Python 3.11 or newer, and $(PYTHON) is not. Name one: make PYTHON=python3.12 ...' >&2; exit 1; }

# The installer and the build backend; pip bootstraps them, uv does the rest in a fifth of pip's time.
$(TOOLS)/.ready: requirements/tools.txt
	@$(NEW_ENOUGH)
	@echo 'set-up: $(TOOLS)' >&2
	@$(PYTHON) -m venv --clear $(TOOLS) >&2
	@$(TOOLS)/bin/python -m pip install --quiet --require-hashes --requirement $< >&2
	@touch $@

# The matrix takes chunkmeter from src/, as it stands there, into environments that have the libraries alone.
$(DEV)/.locked: requirements/dev.txt
$(DEMO)/.locked: requirements/demo.txt
OWN := $(addsuffix /.locked,$(MATRIX) $(SDKTESTS) $(GREEN) $(COEXIST) $(UIS) $(SITE) $(BENCH) $(RELEASE))
$(OWN): .venv-%/.locked: requirements/%.txt
$(DEV)/.locked $(DEMO)/.locked $(OWN): $(TOOLS)/.ready
	@$(NEW_ENOUGH)
	@echo 'set-up: $(@D)' >&2
	@$(PYTHON) -m venv --clear --without-pip $(@D) >&2
	@$(UV) pip install --python $(@D)/bin/python --require-hashes --requirement $(filter %.txt,$^) >&2
	@touch $@

$(DEV)/.ready: pyproject.toml $(DEV)/.locked
$(GREEN)/.ready: pyproject.toml $(GREEN)/.locked
$(COEXIST:=/.ready): %/.ready: pyproject.toml %/.locked
$(DEV)/.ready $(GREEN)/.ready $(COEXIST:=/.ready):
	@$(UV) pip install --python $(@D)/bin/python --no-deps --no-build-isolation --editable . >&2
	@touch $@

# What a user installs, with dist/ for an index: that it needs nothing more proves that the pins meet the wheel's wants.
$(DEMO)/.ready: pyproject.toml README.md LICENSE $(SOURCES) $(DEMO)/.locked
	@rm -rf dist
	@$(TOOLS)/bin/hatchling build --target wheel --directory dist >&2
	@$(UV) pip install --python $(DEMO)/bin/python --no-index --find-links dist --reinstall-package chunkmeter \
		'chunkmeter[auto,cli]' >&2
	@touch $@
