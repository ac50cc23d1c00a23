# Commands of the project; `make test` needs nothing but Python 3.10+ and make.
PYTHON ?= python3
VENV := .venv

.PHONY: test
test: $(VENV)/.tests
	$(VENV)/bin/python -m pytest -q

$(VENV)/.tests: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q -e ".[dev]"
	touch $@
