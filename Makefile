# make demo   the whole pipeline on text that every machine has
# make test   the tests
# make lint   style, mistakes and types: ruff by ruff.toml, mypy by setup.cfg
# Each makes .venv and installs what it needs; set PYTHON to choose the interpreter.

PYTHON ?= python3
BIN := .venv/bin
MBERT := $(BIN)/mbert
SEEDS := --set 'search.seed=[0,1,2]'
# The tests of a file share what they trained, so that a file stays with one worker.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

INSTALL := $(BIN)/python -m pip install --disable-pip-version-check
SAY_SIZE := echo "Installed: $$(ls .venv/lib/python*/site-packages | grep -c dist-info) packages, \
	$$(du -sh .venv | cut -f1) in .venv"

.PHONY: install demo test test-slow lint docs

install: .venv/installed

# Fine-tuned are the teacher, the student's shape with fresh weights, and the student, which is then the newest task
# model and so what eval, export-tflite and bench take. The two that are compared have three seeds: one alone would
# prove nothing. The teacher's takes twice as long as theirs, and has one.
demo: .venv/installed
	$(MBERT) prepare
	$(MBERT) train-teacher
	$(MBERT) distill
	$(MBERT) finetune --source runs/train-teacher-quickstart --run runs/finetune-teacher
	$(MBERT) finetune $(SEEDS) --source runs/distill-quickstart --set pretrained=false --run runs/finetune-undistilled
	$(MBERT) finetune $(SEEDS) --source runs/distill-quickstart
	$(MBERT) eval
	$(MBERT) export-tflite --quantize float32 --quantize float16 --quantize dynamic_int8
	$(MBERT) bench --against bert_base
	$(MBERT) runs --chain

test: .venv/installed-test
	$(PYTEST)

test-slow: .venv/installed-test
	$(PYTEST) -m "slow or not slow"

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The page of verbs, flags and keys is read from the program; a test fails where it is out of date.
docs: .venv/installed
	$(BIN)/python -m mbert_cli.reference docs/reference.md

.venv/bin/python:
	$(PYTHON) -m venv .venv

# A changed requirement makes the stamps old, so that the next target installs it.
# pip says what it downloads, with sizes; the longest wait is for "Installing collected packages".
.venv/installed: setup.cfg setup.py | .venv/bin/python
	@echo "Installing mbert and what it needs into .venv: 0.85 GB to download, 3 GB on the disk"
	$(INSTALL) --editable .
	@$(SAY_SIZE)
	@touch $@

.venv/installed-test: setup.cfg setup.py | .venv/bin/python
	@echo "Installing mbert and what its tests need into .venv: 4.4 GB on the disk with the CPU build of torch"
	$(INSTALL) --editable '.[test]'
	@$(SAY_SIZE)
	@touch $@ .venv/installed
