# Two commands do all on a fresh machine with Python 3.10+:
#   make demo   score an example speech, write report.html, print the summary
#   make test   run the tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SPEECH := notebooks/data/county-speech.txt
# The processor build of torch; a plain "torch" may bring gigabytes for graphics cards.
TORCH := torch==2.13.0

.PHONY: demo test test-slow lint clean

demo: $(VENV)/.demo
	$(BIN)/safetynlp score $(SPEECH) --date 2024-07 --audience government --out report.html
	$(BIN)/safetynlp score $(SPEECH) --date 2024-07 --audience government

test: $(VENV)/.dev lint
	$(BIN)/python -m pytest -q

# Trains tiny models, builds a wheel, opens a browser where there is one.
test-slow: $(VENV)/.train
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -m slow

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --exclude 'safetynlp/training/' safetynlp  # the rest needs torch: see test-slow
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) report.html dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.demo: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	touch $@

$(VENV)/.dev: $(VENV)/.demo
	$(BIN)/python -m pip install -q --disable-pip-version-check -e ".[dev]"
	touch $@

$(VENV)/.train: $(VENV)/.dev
	$(BIN)/python -m pip install -q --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e ".[dev,train]"
	touch $@
