.PHONY: run setup check test soak
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check

run: $(VENV)/.ready
	@exec $(BIN)/python app.py

setup: $(VENV)/.ready

check: $(VENV)/.ready-tests
	@$(BIN)/python -m ruff check -q .
	@$(BIN)/python -m ruff format -q --check .
	@$(BIN)/python -m mypy

test: check
	@$(BIN)/python -m pytest

soak: $(VENV)/.ready-tests
	@$(BIN)/python -m pytest -m soak -rs

# A half-made environment is thrown away, so that the next try starts afresh.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Footnote needs Python 3.11 or newer: make PYTHON=/path/to/it")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.ready: requirements.txt | $(VENV)/.made
	@echo "Installing what Footnote needs into $(VENV) (once, a few minutes) …"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.ready-tests: requirements.txt tests/requirements.txt | $(VENV)/.made
	@echo "Installing what the tests need into $(VENV) (once, a few minutes) …"
	@$(PIP) -r tests/requirements.txt
	@touch $(VENV)/.ready $@
