# What people run. Everything needs `setup`, which does nothing when nothing is missing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin

# dies with make, so that nothing stays behind whoever is killed
RUN := setpriv --pdeathsig TERM $(BIN)

.PHONY: help setup demo up test browser-test faults soak lint schemas fuzz bench lock clean

help:
	@echo "make demo     set up, start everything, play both sample programmes, stay until Ctrl-C (ONCE=1: exit with the result)"
	@echo "make up       the same without the sample data; keeps what is in .local"
	@echo "make test     all tests"
	@echo "make browser-test  the pages in real Chromium, at a desk and on a phone (JALUR_SCREENSHOTS=DIR keeps the pictures)"
	@echo "make faults   every fault, one by one, under load: a table fault × invariant (FAULT=name, PEOPLE=2000, SEED=)"
	@echo "make soak     a long random mixture of faults (SECONDS=3600, PEOPLE=1000, SEED=)"
	@echo "make lint     style, types, who imports whom, known vulnerabilities of what we depend on"
	@echo "make schemas  write the JSON Schemas and the AsyncAPI document of the events"
	@echo "make fuzz     made-up requests and hostile sheets, for minutes (SEED=1, FUZZ_SECONDS=180 for each service)"
	@echo "make bench    measure one step against raw floors"
	@echo "make lock     write requirements.lock anew (needs uv)"
	@echo "make clean    remove what setup and tools have made; .local stays"

setup:
	@deploy/local/setup.sh

demo: setup
	@$(RUN)/jalur demo $(if $(filter-out 0,$(ONCE)),--once)

up: setup
	@$(RUN)/jalur up

test: setup
	@$(RUN)/python -m pytest

browser-test: setup
	@$(RUN)/python -m pytest tests/browser

faults: setup
	@$(RUN)/python -m tests.faults --people $(or $(PEOPLE),2000) $(if $(SEED),--seed $(SEED)) $(if $(FAULT),"$(FAULT)")
	@$(if $(FAULT),true,JALUR_ALL_CONTROLS=1 $(RUN)/python -m pytest -q tests/faults/test_controls.py)

soak: setup
	@$(RUN)/python -m tests.faults --soak $(or $(SECONDS),3600) --people $(or $(PEOPLE),1000) $(if $(SEED),--seed $(SEED))

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m deploy.vulnerabilities

schemas: setup
	@$(BIN)/jalur schemas write

fuzz: setup
	@seed=$(or $(SEED),$$RANDOM); echo "seed $$seed"; \
	JALUR_FUZZ_SEED=$$seed JALUR_FUZZ_SECONDS=$(or $(FUZZ_SECONDS),180) $(RUN)/python -m pytest tests/fuzz -s

bench: setup
	@$(RUN)/python -m benchmarks.step

lock:
	uv pip compile pyproject.toml --all-extras --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" --output-file requirements.lock --quiet

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -not -path "./.local/*" -exec rm -rf {} +
