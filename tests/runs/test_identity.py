"""Which run a command continues: inputs that changed or moved, and more steps."""

import json
from pathlib import Path

import pytest
import yaml

from mbert_cli.errors import UserError
from mbert_cli.runs.complete import Run
from mbert_cli.runs.content import files_content
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.identity import Growth
from mbert_cli.runs.listing import describe_run, state_of

HINT = "`--fresh` moves the old run aside, `--run DIR` uses another directory."


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("before")


def open_run(train: str = "t.csv", steps: int = 10, growth=None, seed: int = 0, contents=None) -> RunDir:
    recipe = {"task": {"train": train}, "train": {"steps": steps, "seed": seed}}
    if contents is None:
        contents = {"task.train": files_content(train, [Path(train)])}
    return RunDir.open(
        Path("run"), "finetune", recipe, fresh=False, origin={}, contents=contents, growth=growth
    )


def finish(run: RunDir, text: str = "result") -> None:
    with run:
        run.finish(lambda folder: (folder / "vocab.txt").write_text(text))


def refusal(**changes) -> str:
    before = {path: path.read_bytes() for path in Path("run").rglob("*") if path.is_file()}
    with pytest.raises(UserError) as caught:
        open_run(**changes)
    assert {path: path.read_bytes() for path in Path("run").rglob("*") if path.is_file()} == before
    assert caught.value.exit_code == 2
    return f"{caught.value.message}\n{caught.value.hint}"


def recorded() -> dict:
    return yaml.safe_load(Path("run/recipe.yaml").read_text())


@pytest.mark.parametrize("is_complete", [False, True])
def test_an_input_that_was_written_anew_is_refused_with_key_and_file(is_complete):
    run = open_run()
    finish(run) if is_complete else run.close()
    Path("t.csv").write_text("after the change")
    assert refusal() == (
        "A run continues with the inputs that it began with. Received: others for run\n"
        "  task.train: t.csv has 16 bytes (sha256 f97a1361), 6 bytes (sha256 6db7d803) before\n"
        "`--fresh` moves the old run aside and begins anew with what is there now, `--run DIR` uses another "
        "directory."
    )


def test_an_input_that_was_moved_is_the_same_and_the_recipe_follows_it():
    open_run().close()
    Path("t.csv").rename("u.csv")
    with open_run("u.csv") as run:
        assert run.continuation.moved == {"task.train": ("t.csv", "u.csv")}
    assert recorded()["task"]["train"] == "u.csv"
    assert json.loads(Path("run/inputs.json").read_text())["task.train"]["path"] == "u.csv"
    finish(open_run("u.csv"))
    Path("u.csv").rename("v.csv")
    with open_run("v.csv") as run:
        assert run.is_complete
    assert recorded()["task"]["train"] == "u.csv"  # nothing of a complete run is written


def test_another_file_under_another_name_is_another_recipe():
    open_run().close()
    Path("u.csv").write_text("other")
    assert refusal(train="u.csv") == (
        "A run directory belongs to one recipe. Received: another one for run\n"
        f'  task.train: "u.csv" (the run in run has "t.csv")\n{HINT}'
    )


def test_how_and_where_a_run_is_computed_may_change_under_way():
    contents = {}
    for rematerialize, folder in ((False, None), (True, "other-disk")):
        recipe = {"train": {"rematerialize": rematerialize}, "cache": {"folder": folder}}
        RunDir.open(Path("run"), "finetune", recipe, fresh=False, origin={}, contents=contents).close()
    assert (recorded()["train"], recorded()["cache"]) == ({"rematerialize": False}, {"folder": None})


@pytest.mark.parametrize("is_complete", [False, True])
def test_a_run_of_before_inputs_were_recorded_goes_on(is_complete):
    run = open_run(contents={})
    finish(run) if is_complete else run.close()
    assert not Path("run/inputs.json").exists()
    Path("t.csv").write_text("after")
    open_run().close()
    assert Path("run/inputs.json").exists() != is_complete


def growing(takes_effect=lambda changes: True) -> Growth:
    return Growth(("train.steps",), takes_effect)


def test_a_run_becomes_longer_and_keeps_its_result_until_the_new_one_is_complete():
    finish(open_run())
    with open_run(steps=20, growth=growing()) as run:
        assert run.continuation.grown == {"train.steps": (10, 20)}
        assert not run.is_complete
        assert describe_run(Path("run")).state == "running"
    assert describe_run(Path("run")).state == "empty"
    assert recorded()["train"]["steps"] == 20
    assert (Run.open(Path("run"), ["finetune"]).final / "vocab.txt").read_text() == "result"
    finish(open_run(steps=20, growth=growing()), "longer")  # a kill later
    assert describe_run(Path("run")).state == "complete"
    assert sorted(path.name for path in Path("run").iterdir()) == [
        "final", "inputs.json", "origin.json", "recipe.yaml",
    ]  # fmt: skip
    assert Path("run/final/vocab.txt").read_text() == "longer"
    assert yaml.safe_load(Path("run/final/recipe.yaml").read_text())["train"]["steps"] == 20


def test_fewer_steps_are_refused():
    finish(open_run())
    assert refusal(steps=5, growth=growing()) == (
        "A run can continue for more steps, never for fewer. Received: train.steps 5 for run, which has 10\n"
        + HINT
    )


def test_more_steps_that_change_nothing_leave_a_run_complete():
    finish(open_run())
    with open_run(steps=20, growth=growing(lambda changes: False)) as run:
        assert run.is_complete
    assert recorded()["train"]["steps"] == 10


def test_more_steps_of_another_recipe_are_another_recipe():
    finish(open_run())
    assert refusal(steps=20, seed=1, growth=growing()) == (
        "A run directory belongs to one recipe. Received: another one for run\n"
        f"  train.seed: 1 (the run in run has 0)\n{HINT}"
    )
    assert "train.steps: 20 (the run in run has 10)" in refusal(steps=20)


def test_a_run_killed_while_its_longer_result_took_the_name_of_the_old_one_has_the_old_one_again():
    with open_run(steps=10) as run:
        finish(run, "short")
    growth = Growth(("train.steps",), lambda changes: True)
    with open_run(steps=20, growth=growth) as run:
        run.final.rename(run.path / "final.old-1")  # as where a system cannot exchange two names
    with open_run(steps=20, growth=growth) as run:
        assert (run.final / "vocab.txt").read_text() == "short"
        assert not run.is_complete


FILES = Growth((), lambda changes: True, ("task.train",))


def write_files(*names: str) -> dict:
    for name in names:
        Path(name).write_text(name)
    return {"task.train": files_content(", ".join(names), [Path(name) for name in names])}


def test_a_run_that_grows_by_a_wrong_file_is_complete_as_before_and_takes_it_corrected():
    finish(open_run("a, b", contents=write_files("a.txt", "b.txt")))
    before = [Path("run", name).read_bytes() for name in ("recipe.yaml", "inputs.json")]
    grown = write_files("a.txt", "b.txt", "c.txt")
    with pytest.raises(UserError), open_run("all", contents=grown, growth=FILES):
        raise UserError("A text file must be UTF-8. Received: c.txt")
    assert [Path("run", name).read_bytes() for name in ("recipe.yaml", "inputs.json")] == before
    assert state_of(Path("run")) == "complete"
    Path("c.txt").write_text("corrected")
    names = ["a.txt", "b.txt", "c.txt"]
    corrected = {"task.train": files_content(", ".join(names), [Path(name) for name in names])}
    with open_run("all", contents=corrected, growth=FILES) as run:
        assert run.continuation.grown == {"task.train": ("a, b", "all")}


def test_a_finished_run_grows_by_files_and_keeps_its_result_until_then():
    finish(open_run("a, b", contents=write_files("a.txt", "b.txt")))
    with open_run("all", contents=write_files("b.txt", "c.txt", "a.txt"), growth=FILES) as run:
        assert run.continuation.grown == {"task.train": ("a, b", "all")}
        assert not run.is_complete and run.final.is_dir()
    assert recorded()["task"]["train"] == "all"


def test_a_pattern_that_matches_more_files_than_before_lets_a_run_grow():
    finish(open_run("*", contents=write_files("a.txt")))
    with open_run("*", contents=write_files("a.txt", "b.txt"), growth=FILES) as run:
        assert not run.is_complete


def test_a_finished_run_loses_no_file():
    finish(open_run("*", contents=write_files("a.txt", "b.txt")))
    text = refusal(train="*", contents=write_files("a.txt", "c.txt"), growth=FILES)
    assert "task.train: b.txt is gone; c.txt is new" in text


def test_other_patterns_that_lead_to_fewer_files_are_told_with_what_is_gone():
    finish(open_run("a, b", contents=write_files("a.txt", "b.txt")))
    text = refusal(train="a, c", contents=write_files("a.txt", "c.txt"), growth=FILES)
    assert 'task.train: "a, c" (the run in run has "a, b"); b.txt is gone; c.txt is new' in text


def test_a_run_that_read_nothing_yet_takes_other_files():
    open_run("a", contents={}).close()
    with open_run("b", contents=write_files("b.txt"), growth=FILES):
        assert recorded()["task"]["train"] == "b"
