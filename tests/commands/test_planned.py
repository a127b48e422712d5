"""The dry run of a training on a token store, as it is typed."""

import subprocess
import sys

import pytest

ELSEWHERE = ["plan.devices=256", "plan.teraflops=123", "plan.utilisation=0.3", "plan.bandwidth=70"]
WORDS = [
    "distill",
    "mobilebert",
    "--dry-run",
    *(word for setting in ELSEWHERE for word in ("--set", setting)),
]


@pytest.mark.usefixtures("empty_folder")
def test_mobileberts_own_recipe_is_timed_where_nothing_is(run):
    code, shown, said = run(*WORDS)
    assert code == 0
    assert said.startswith(
        "Planned without looking for a token store, and a teacher of the size ib_bert_large"
    )
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == "Plan: 740,000 steps of 2,048 examples, written to runs/distill-mobilebert"
    assert "teacher parameters: 306,220,860" in lines
    assert any(line.startswith("time: about ") and " on 256 devices" in line for line in lines)
    (row,) = (line.split() for line in lines if line.startswith("256 8 "))
    assert 90 < float(row[-3].rstrip("%")) < 100
    assert max(map(len, shown[shown.index("Time of a step") :].split("\n\n")[0].splitlines())) <= 80


@pytest.mark.usefixtures("empty_folder")
def test_such_a_plan_loads_no_library_that_trains():
    code = (
        "import sys; from mbert_cli import cli\n"
        f"try: cli.main({WORDS!r})\n"
        "except SystemExit as end: sys.exit(end.code or bool({'keras', 'tensorflow', 'jax'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("empty_folder")
def test_without_machines_a_teacher_is_looked_for_as_ever(run):
    code, _, said = run("distill", "mobilebert", "--dry-run")
    assert code == 2
    assert "needs a complete" in said
