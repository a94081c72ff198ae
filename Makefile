# The commands of chatsite. Settings pass through the environment: CHATSITE_PORT=9000 make run
# Another Python: make run PYTHON=python3.12

PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
VENV_PYTHON := $(BIN)/python
# Whoever has set it pays for it: each process would compile what it reads, and the tests start hundreds.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run install install-dev test test-all browser faults lint format bench check-ollama messages locks

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install ## Install what is missing and start the site
	@$(VENV_PYTHON) manage.py serve

install:
	@$(PYTHON) scripts/install.py

install-dev:
	@$(PYTHON) scripts/install.py --dev

# Files of tests run side by side; one file stays together, for its site, its model and its browser serve all of it.
# Their order is that of tests/conftest.py, which knows what takes long.
PARALLEL = -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# What is the same on every database: what a page does in a browser (but where several processes serve it), how answers
# are drawn, how Ollama is spoken to. `make test` shows it, and takes two thirds of its time for that.
SAME_EVERYWHERE = -m "services or not browser" --ignore=tests/rendering --ignore=tests/ollama

test: install-dev ## Run all tests (Chromium and the small real model included)
	$(VENV_PYTHON) -m pytest $(PARALLEL) $(PYTEST_ARGS)

test-all: test ## Run all tests, and then again on PostgreSQL and Redis those that these may change
	@$(MAKE) --no-print-directory test-services

.PHONY: test-services
test-services: ## Run on PostgreSQL and Redis the tests that these may change
	@$(PYTHON) scripts/install.py --dev --services
	$(VENV_PYTHON) -m tests.servers $(VENV_PYTHON) -m pytest $(PARALLEL) $(SAME_EVERYWHERE) $(PYTEST_ARGS)

.PHONY: screenshots
screenshots: install-dev ## Take pictures of the page in its main states (into var/screenshots)
	$(VENV_PYTHON) -m tests.browser.screenshots

browser: install-dev ## Run the tests in Chromium only
	$(VENV_PYTHON) -m pytest -m browser $(PYTEST_ARGS)

# One after the other, for they measure; PostgreSQL and Redis are started by the tests that break them.
faults: ## Run the fault suite and write docs/faults.md (ONLY=tests/faults/test_crash.py: this alone)
	@$(PYTHON) scripts/install.py --dev --services
	$(VENV_PYTHON) -m pytest $(if $(ONLY),$(ONLY) --beside,tests) -m fault --all-faults \
		--fault-report docs/faults.md $(PYTEST_ARGS)

lint: install-dev ## Check style, types, templates, migrations, deployment settings and translations
	@$(VENV_PYTHON) scripts/lint.py

format: install-dev ## Format Python code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install-dev ## Measure speed (ONLY=streams,stop: these alone)
	$(VENV_PYTHON) -m tests.bench

# Large, and for this command alone: nobody else installs it.
.PHONY: lighthouse
lighthouse: install-dev ## Write docs/lighthouse.md: what Lighthouse says of every page
	$(VENV_PYTHON) -m pip install --quiet --no-deps --require-hashes -r locks/node.txt
	npm ci --prefix tests/lighthouse
	$(VENV_PYTHON) -m tests.lighthouse

check-ollama: install-dev ## Try the main job on a real Ollama (OLLAMA_BASE_URL) with internlm2:1.8b
	$(VENV_PYTHON) scripts/check_ollama.py

messages: install-dev ## Collect the translatable texts into locale/
	$(VENV_PYTHON) scripts/messages.py

locks: install ## Write locks/ anew from pyproject.toml
	$(VENV_PYTHON) scripts/lock.py
