# Parcours. `make` alone lists the commands.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo run test soak nightly torture foreign check bench messages picture lock format clean

help:  ## List the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

# Everything that Parcours needs, pinned with hashes; nothing is installed outside this folder.
$(VENV)/.run: requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what Parcours needs into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.run

$(VENV)/.foreign: requirements-foreign.lock $(VENV)/.dev
	@echo "Installing a client of others, to hold it against the sandbox, into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-foreign.lock
	@touch $@

demo: $(VENV)/.run  ## Run Parcours with a pretend Qualtrics and a journey with live numbers
	@PARCOURS_VAR_DIR="$${PARCOURS_VAR_DIR:-$(CURDIR)/var/demo}" $(BIN)/python manage.py demo

run: $(VENV)/.run  ## Run Parcours on this machine with an empty database
	@$(BIN)/python manage.py runall

test: $(VENV)/.dev  ## Run the tests, in minutes (TESTS=tests/kpis for a part)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(TESTS)

soak: $(VENV)/.dev  ## Run what takes longer: floods, long walks, servers stopped; all pages in all languages, widths, themes
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m "(soak or everywhere) and not torture" $(TESTS)

nightly: $(VENV)/.dev  ## Run soups of faults and random orders of events, for an hour or so
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m nightly --timeout 3600 $(TESTS)

check: $(VENV)/.dev  ## Lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy config ui versioning accounts journeys feedback kpis integrations sandbox

format: $(VENV)/.dev  ## Put the code in its usual form
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

bench: $(VENV)/.dev  ## Measure, and write docs/benchmarks.md (BENCH="--only pages" for a part, BENCH=--resume to go on)
	$(BIN)/python -m benchmarks $(BENCH)

# TORTURE_DATABASE_URL and TORTURE_BROKER_URL name an empty PostgreSQL database and a Redis that may be emptied.
# The first command tries other random examples than `make test`; one that fails becomes an @example beside the test.
torture: $(VENV)/.dev  ## Kill, stop and confuse the workers for a long time, on SQLite and on PostgreSQL with Redis
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m hypothesis --hypothesis-profile wander --timeout 3600 tests
	$(BIN)/python -m pytest -m torture --timeout 3600 tests
	@if [ -z "$$TORTURE_DATABASE_URL" ]; then \
	  echo "Skipped on PostgreSQL and Redis: TORTURE_DATABASE_URL and TORTURE_BROKER_URL are not set."; \
	else \
	  DATABASE_URL="$$TORTURE_DATABASE_URL" CELERY_BROKER_URL="$${TORTURE_BROKER_URL:-redis://127.0.0.1:6379/15}" HTTPS=false \
	  SECRET_KEY="$${SECRET_KEY:-torture-only-0123456789-abcdefghijklmnopqrstuvwxyz}" \
	  ENCRYPTION_KEYS="$${ENCRYPTION_KEYS:-torture:$$(head -c 32 /dev/urandom | base64)}" \
	  $(BIN)/python -m pytest -m torture --timeout 3600 tests; \
	fi

foreign: $(VENV)/.foreign  ## Install also the client that one test holds against the sandbox, with pandas

messages: $(VENV)/.dev  ## Collect and compile translations (needs GNU gettext)
	$(BIN)/python manage.py makemessages --locale fr --no-obsolete --no-wrap --no-location --ignore .venv --ignore tests --ignore var
	@# A date, or who came last, would change the file at every run.
	@sed -i -E '/^"(POT-Creation-Date|PO-Revision-Date|Report-Msgid-Bugs-To|Last-Translator|Language-Team):/d' locale/fr/LC_MESSAGES/django.po
	$(BIN)/python manage.py compilemessages --locale fr --ignore .venv

picture:  ## Draw docs/architecture.svg from the imports of the code
	@$(PYTHON) docs/draw_architecture.py

lock: $(VENV)/.dev  ## Pin the newest versions that pyproject.toml allows
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header pyproject.toml --group dev -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --group foreign -c requirements-dev.lock -o requirements-foreign.lock

clean:  ## Remove what was installed and made here
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache
