# What people run. Everything needs `setup`, which does nothing when nothing is missing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin

LOCK = uv pip compile --generate-hashes --custom-compile-command "make lock" --quiet

# dies with make, so that nothing stays behind whoever is killed
RUN := setpriv --pdeathsig TERM $(BIN)

.PHONY: help setup demo up test containers-test browser-test pictures faults soak lint schemas fuzz bench lock clean

help:
	@echo "make demo     set up, start everything, play both sample programmes, stay until Ctrl-C (ONCE=1: exit with the result)"
	@echo "make up       the same without the sample data; keeps what is in .local"
	@echo "make test     all tests (JOBS=2: how many files side by side)"
	@echo "make containers-test  with Docker: the deployment as composed, then what concerns servers on RabbitMQ 4 and MongoDB 8"
	@echo "make browser-test  the pages in real Chromium, at a desk and on a phone (JALUR_SCREENSHOTS=DIR keeps the pictures)"
	@echo "make pictures  take the pictures in the README anew"
	@echo "make faults   every fault, one by one, under load: a table fault × invariant (FAULT=name, PEOPLE=2000, SEED=)"
	@echo "make soak     a long random mixture of faults (SECONDS=3600, PEOPLE=1000, SEED=)"
	@echo "make lint     style, types, who imports whom, known vulnerabilities of what we depend on"
	@echo "make schemas  write the JSON Schemas and the AsyncAPI document of the events"
	@echo "make fuzz     made-up requests and hostile sheets, for minutes (SEED=1, FUZZ_SECONDS=180 for each service)"
	@echo "make bench    measure against floors and peers, into benchmarks/results.md (FULL=1, ONLY=step)"
	@echo "make lock     write the three locks anew: requirements.lock, the image's, the benchmarks' (needs uv)"
	@echo "make clean    remove what setup and tools have made; .local stays"

setup:
	@deploy/local/setup.sh

demo: setup
	@$(RUN)/jalur demo $(if $(filter-out 0,$(ONCE)),--once)

up: setup
	@$(RUN)/jalur up

# faults by themselves, as they want the machine to themselves; then the other files side by side, on servers of their own
# (what stays together: tests/side_by_side.py); in their order, for the longest come first
test: setup
	@deploy/local/setup.sh test
	@$(RUN)/python -m pytest tests/faults
	@$(RUN)/python -m pytest --ignore tests/faults --numprocesses $(or $(JOBS),2) --dist loadscope --no-loadscope-reorder

browser-test: setup
	@JALUR_BOTH_WIDTHS=1 $(RUN)/python -m pytest tests/browser

pictures: setup
	@$(RUN)/python -m pytest -q tests/browser/pictures.py

faults: setup
	@$(RUN)/python -m tests.faults --people $(or $(PEOPLE),2000) $(if $(SEED),--seed $(SEED)) $(if $(FAULT),"$(FAULT)")
	@$(if $(FAULT),true,JALUR_ALL_CONTROLS=1 $(RUN)/python -m pytest -q tests/faults/test_controls.py)

containers-test: setup
	@$(RUN)/python -m pytest tests/containers
	@JALUR_TEST_SERVERS=containers $(RUN)/python -m pytest tests/contract tests/integration

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
	@deploy/local/setup.sh bench
	@$(RUN)/python -m benchmarks $(if $(filter-out 0,$(FULL)),--full) $(if $(ONLY),--only $(ONLY))

lock:
	$(LOCK) pyproject.toml --all-extras --universal --python-version 3.11 --output-file requirements.lock
	$(LOCK) pyproject.toml --python-platform linux --python-version 3.13 --constraints requirements.lock --output-file deploy/requirements.lock
	$(LOCK) --group bench --universal --python-version 3.11 --constraints requirements.lock --output-file requirements.bench.lock

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -not -path "./.local/*" -exec rm -rf {} +
