# make demo   the whole pipeline on text that every machine has
# make test   the tests
# Both make .venv and install what they need; set PYTHON to choose the interpreter.

PYTHON ?= python3
BIN := .venv/bin
# RUF012 is off because it does not see that the sections of a recipe are frozen pydantic models.
LINT := --line-length 110 --target-version py311

.PHONY: install demo test test-slow lint

install: .venv/installed

demo: .venv/installed
	$(BIN)/mbert prepare
	$(BIN)/mbert train-teacher
	$(BIN)/mbert distill
	$(BIN)/mbert finetune
	$(BIN)/mbert eval
	$(BIN)/mbert export-tflite
	$(BIN)/mbert bench

test: .venv/installed-test
	$(BIN)/python -m pytest

test-slow: .venv/installed-test
	$(BIN)/python -m pytest -m "slow or not slow"

lint: .venv/installed-test
	$(BIN)/ruff check $(LINT) --ignore RUF012 .
	$(BIN)/ruff format $(LINT) --check .

.venv/bin/python:
	$(PYTHON) -m venv .venv

# A changed requirement makes the stamps old, so that the next target installs it.
.venv/installed: setup.cfg setup.py | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/installed-test: setup.cfg setup.py | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@ .venv/installed
