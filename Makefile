# Every command of the project. `make help` prints this list.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
PY := $(BIN)/python
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Worker processes of the tests; each file stays on one worker, and each worker has its own PostgreSQL.
WORKERS ?= 2
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist loadfile

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install everything into .venv; does nothing when nothing changed
	@tools/set_up.sh

.PHONY: run
run: setup ## one server on this machine, embedded database included; SERVICES="forms validation" for some
	@$(PY) -m node serve $(SERVICES)

.PHONY: demo
demo: setup ## five servers with sample bodies; prints addresses and accounts, Ctrl-C stops it
	@$(PY) -m demo

.PHONY: demo-reset
demo-reset: setup ## forget what the demo kept; the next `make demo` starts over
	@$(PY) -m demo reset

.PHONY: story
story: setup ## tell the whole story against the running demo, checking each step
	@$(PY) -m demo.story

.PHONY: check
check: setup lint types ## everything short of the tests: format, lint, types, import contracts, protos, spelling, house rules
	@$(BIN)/lint-imports
	@$(BIN)/codespell
	@$(PY) -m pytest -q tests/architecture tests/deployment

.PHONY: lint
lint: setup ## format and lint, Python and contracts
	@$(BIN)/ruff format --check --quiet . || { echo "Run 'make format'."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@tools/buf.sh lint
	@tools/buf.sh breaking --against proto/baseline.binpb

.PHONY: format
format: setup ## put the code in its one format
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

.PHONY: types
types: setup ## mypy, strict
	@$(BIN)/mypy

.PHONY: test
test: setup ## every test that this machine can run, but for those of test-real
	@$(PYTEST) -m "not real"

.PHONY: test-real
test-real: setup ## tests against heavy real servers: a container engine, Keycloak, clamd, a cluster
	@$(PY) -m pytest -m real

.PHONY: test-clamav
test-clamav: setup ## attachments against a real clamd with a signature of our own; part of test-real
	@$(PY) -m pytest -m real tests/integration/forms/test_clamav_real.py

.PHONY: test-browser
test-browser: setup ## the story in a real browser; leaves screenshots in screenshots/
	@$(PY) -m pytest -m browser

# Each figure says by its exit code whether it meets its goal; one that does not keeps none of the others from being taken.
measure = missed=; for file in $(1); do $(PY) "$$file" || missed="$$missed $$file"; done; \
	echo "Goals missed (or figures that failed, see above):$${missed:- none}"

.PHONY: bench
bench: setup ## the figures of bench/, each beside its peer in the same run
	@$(call measure,bench/[a-z][0-9]*_*.py)

.PHONY: bench-forms
bench-forms: setup ## the figures of forms and controls alone: V*, I*, Q*, S*, memory of a worker
	@$(call measure,bench/[viqs][0-9]*_*.py bench/m3_*.py)

.PHONY: proto
proto: setup ## generate gen/ from proto/
	@$(PY) tools/generate_protos.py

.PHONY: proto-baseline
proto-baseline: setup ## take the contracts as they are for what later ones may not break; at a release only
	@tools/buf.sh build --exclude-source-info -o proto/baseline.binpb

.PHONY: migration
migration: setup ## write a service's next migration: SERVICE=forms MESSAGE="add drafts"
	@$(PY) tools/make_migration.py "$(SERVICE)" "$(MESSAGE)"

.PHONY: render
render: setup ## write the manifests of the five servers to dist/k8s/, and k8s files generated from who calls whom
	@$(PY) tools/render_k8s.py

.PHONY: reference
reference: setup ## write the generated parts of docs/errors.md and docs/operating.md
	@$(PY) tools/write_reference.py

.PHONY: lock
lock: setup ## resolve requirements/*.in into hashed requirements, without any index address
	@for name in runtime dev bench bench-cel; do $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url \
		--prerelease=if-necessary-or-explicit --python-version 3.11 requirements/$$name.in -o requirements/$$name.txt; done
