"""Run directories: what they hold, who may write to them, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from mbert_cli.errors import Interrupted, RunError, UserError
from mbert_cli.runs.complete import Run
from mbert_cli.runs.content import Content
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.listing import recorded_recipe, state_of


def files(path: Path | str) -> set[str]:
    return {item.relative_to(path).as_posix() for item in Path(path).rglob("*") if item.is_file()}


def test_a_new_run_holds_recipe_origin_and_lock(open_run, recipe, origin) -> None:
    run = open_run("runs/x")
    assert files("runs/x") == {"recipe.yaml", "origin.json", "lock"}
    assert Path("runs/x/recipe.yaml").read_text() == (
        "# mbert distill: the resolved recipe of this run\n"
        "seed: 0\ntrain:\n  steps: 100\n  optimizer:\n    learning_rate: 1.0e-05\n"
    )
    assert run.recipe == recipe
    assert run.origin == {"verb": "distill", "sessions": [origin]}
    assert not run.is_complete
    assert run.journal_path == Path("runs/x/log.jsonl")
    assert run.checkpoints == Path("runs/x/checkpoints")
    assert run.export == Path("runs/x/export")


def test_a_closed_run_has_no_lock(open_run) -> None:
    open_run("runs/x").close()
    assert files("runs/x") == {"recipe.yaml", "origin.json"}


def test_a_continued_run_appends_its_session(open_run, origin) -> None:
    open_run("runs/x").close()
    with open_run("runs/x") as run:
        assert run.origin == {"verb": "distill", "sessions": [origin, origin]}


def test_a_finished_run_holds_the_recipe_in_its_result_and_is_complete(
    open_run, complete_run, origin
) -> None:
    complete_run("runs/x")
    assert files("runs/x/final") == {"manifest.json", "recipe.yaml", "vocab.txt"}
    with open_run("runs/x") as run:
        assert run.is_complete
        assert run.origin["sessions"] == [origin]


def test_tuples_and_lists_are_the_same_recipe(open_run) -> None:
    open_run("runs/x", recipe={"layer_map": (0, 1), "empty": {}}).close()
    open_run("runs/x", recipe={"layer_map": [0, 1], "empty": {}}).close()


def test_another_recipe_is_refused_with_every_key_that_differs(open_run, refusal) -> None:
    open_run("runs/x").close()
    before = Path("runs/x/origin.json").read_bytes()
    other = {"seed": 0, "train": {"steps": 200, "optimizer": {"learning_rate": 0.1}}, "teacher": "runs/t"}
    assert refusal(lambda: open_run("runs/x", recipe=other)) == (
        "A run directory belongs to one recipe. Received: another one for runs/x\n"
        "  train.steps: 200 (the run in runs/x has 100)\n"
        "  train.optimizer.learning_rate: 0.1 (the run in runs/x has 1e-05)\n"
        '  teacher: "runs/t" (the run in runs/x has no such key)\n'
        "`--fresh` moves the old run aside, `--run DIR` uses another directory."
    )
    assert Path("runs/x/origin.json").read_bytes() == before
    assert files("runs/x") == {"recipe.yaml", "origin.json"}


def test_another_command_is_refused(open_run, refusal) -> None:
    open_run("runs/x").close()
    assert refusal(lambda: open_run("runs/x", verb="finetune")) == (
        "A run directory belongs to one command. Received: finetune for runs/x, a distill run\n"
        "`--fresh` moves the old run aside, `--run DIR` uses another directory."
    )


def test_fresh_moves_the_old_runs_aside_and_deletes_nothing(open_run, complete_run) -> None:
    complete_run("runs/x")
    Path("runs/x.old-7").mkdir()
    with open_run("runs/x", recipe={"seed": 1}, fresh=True) as run:
        assert run.recipe == {"seed": 1}
        assert files("runs/x") == {"recipe.yaml", "origin.json", "lock"}
        assert files("runs/x.old-8") == {
            "recipe.yaml", "origin.json", "final/manifest.json", "final/recipe.yaml", "final/vocab.txt",
        }  # fmt: skip


def test_fresh_begins_where_nothing_is(open_run) -> None:
    open_run("runs/x", fresh=True).close()
    assert [path.name for path in Path("runs").iterdir()] == ["x"]


def test_a_directory_of_other_files_is_refused_and_not_touched(open_run, refusal) -> None:
    folder = Path("photos")
    folder.mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
        (folder / name).touch()
    for fresh in (False, True):
        assert refusal(lambda fresh=fresh: open_run("photos", fresh=fresh)) == (
            "A run directory must be a run, empty or new. Received: photos, which holds a.jpg, b.jpg, c.jpg, ...\n"
            "Use another directory with `--run DIR`."
        )
    assert files("photos") == {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}


@pytest.mark.parametrize("fresh", [False, True])
def test_a_run_that_reads_itself_is_refused_and_not_moved(open_run, complete_run, refusal, fresh) -> None:
    run = complete_run("runs/x")
    contents = {"source": Content("folder", "runs/x", ()), "task.train": Content("files", "mail.csv", ())}
    told = refusal(lambda: RunDir.open(run, "distill", {}, fresh=fresh, origin={}, contents=contents))
    assert told == (
        "A run is written beside what it reads. Received: source runs/x, in runs/x\n"
        "Write to another directory with `--run DIR`."
    )
    assert [path.name for path in Path("runs").iterdir()] == ["x"]


def test_a_file_in_place_of_the_directory_is_refused(open_run, refusal) -> None:
    Path("x").touch()
    assert refusal(lambda: open_run("x")) == (
        "A run directory must be a directory. Received: x, a file\nUse another directory with `--run DIR`."
    )


def test_a_directory_that_cannot_be_made_is_refused(open_run, refusal) -> None:
    Path("x").touch()
    assert refusal(lambda: open_run("x/y")) == (
        "A run directory must be writable. Received: x/y (Not a directory)\n"
        "Use another directory with `--run DIR`."
    )


def test_a_session_killed_before_its_recipe_was_written_is_begun_anew(open_run) -> None:
    folder = Path("runs/x")
    folder.mkdir(parents=True)
    for name in ("lock", "origin.json", "recipe.yaml.partial-999999999"):
        (folder / name).touch()
    open_run("runs/x").close()
    assert files("runs/x") == {"origin.json", "recipe.yaml"}


def test_a_recipe_that_cannot_be_read_is_refused(open_run, refusal) -> None:
    open_run("runs/x").close()
    Path("runs/x/recipe.yaml").write_text("a: [")
    assert refusal(lambda: open_run("runs/x")) == (
        "A run's recipe must be a YAML mapping. Received: runs/x/recipe.yaml, which cannot be read\n"
        "Restore the file, or use another directory with `--run DIR`."
    )


def test_a_finished_run_has_a_copy_of_its_recipe(complete_run) -> None:
    run = complete_run("runs/x")
    recipe = recorded_recipe(run)
    (run / "recipe.yaml").write_bytes(bytes(100))
    assert recorded_recipe(run) == recipe != {}


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("teacher: [a, b]", "teacher must be the name of a run or null. Received: ['a', 'b']"),
        ("source: 3", "source must be the name of a run or null. Received: 3"),
        ("task: sst2", "task must be a section or null. Received: 'sst2'"),
        ("train: [1]", "train must be a section or null. Received: [1]"),
    ],
)
def test_a_recipe_with_another_kind_of_value_is_refused(
    open_run, refusal, written: str, problem: str
) -> None:
    open_run("runs/x").close()
    Path("runs/x/recipe.yaml").write_text(written)
    assert refusal(lambda: recorded_recipe(Path("runs/x"))) == (
        f"In a run's recipe, {problem} in runs/x/recipe.yaml\n"
        "Restore the file, or use another directory with `--run DIR`."
    )


def test_an_error_is_noted_and_the_next_session_removes_the_note(open_run) -> None:
    with pytest.raises(RunError), open_run("runs/x"):
        raise RunError("The loss must be finite. Received: nan")
    assert json.loads(Path("runs/x/failed.json").read_text())["message"] == (
        "The loss must be finite. Received: nan"
    )
    assert files("runs/x") == {"recipe.yaml", "origin.json", "failed.json"}
    open_run("runs/x").close()
    assert files("runs/x") == {"recipe.yaml", "origin.json"}


@pytest.mark.parametrize("error", [Interrupted("Stopped."), KeyboardInterrupt()])
def test_an_interrupted_run_has_not_failed(open_run, error: BaseException) -> None:
    with pytest.raises(type(error)), open_run("runs/x"):
        raise error
    assert files("runs/x") == {"recipe.yaml", "origin.json"}


def test_the_recipe_of_a_run_is_plain_yaml(complete_run, recipe) -> None:
    assert recorded_recipe(Path("runs/x")) == {}
    complete_run("runs/x")
    assert recorded_recipe(Path("runs/x")) == recipe
    assert yaml.safe_load(Path("runs/x/final/recipe.yaml").read_text()) == recipe


def test_a_damaged_result_can_be_renamed_and_written_again(open_run, complete_run) -> None:
    complete_run("runs/x")
    shutil.move("runs/x/final", "runs/x/final.damaged")
    with open_run("runs/x") as run:
        assert not run.is_complete
        run.finish(lambda folder: None)
    assert Run.open(Path("runs/x"), ["distill"]).files.keys() == {"recipe.yaml"}


def test_wrong_input_begins_no_run(open_run) -> None:
    with pytest.raises(UserError), open_run("runs/x"):
        raise UserError("The corpus must have text. Received: none")
    assert not Path("runs/x").exists()


def test_wrong_input_puts_back_the_run_that_fresh_moved_aside(open_run, complete_run) -> None:
    complete_run("runs/x")
    before = files("runs/x")
    with pytest.raises(UserError), open_run("runs/x", fresh=True):
        raise UserError("The corpus must have text. Received: none")
    assert files("runs/x") == before
    assert [path.name for path in Path("runs").iterdir()] == ["x"]


def test_wrong_input_loses_nothing_of_a_run_that_is_continued(open_run) -> None:
    open_run("runs/x").close()
    with pytest.raises(UserError), open_run("runs/x"):
        raise UserError("The disk must have room. Received: none")
    assert "recipe.yaml" in files("runs/x")


@pytest.mark.parametrize("held", ["checkpoints/step-000100", "trials/1", "parts/a"])
def test_wrong_input_that_comes_late_keeps_what_was_worked_out(open_run, held) -> None:
    folder = Path("runs/x") / held

    def work() -> None:
        folder.mkdir(parents=True)
        raise UserError("A teacher's answers must be finite. Received: nan")

    with pytest.raises(UserError), open_run("runs/x"):
        work()
    assert folder.is_dir()
    assert state_of(Path("runs/x")) == "failed"
    open_run("runs/x").close()


def test_fresh_moves_aside_any_name_as_often_as_it_is_asked(open_run) -> None:
    for _ in range(3):
        open_run("runs/a[1]", fresh=True).close()
    assert sorted(path.name for path in Path("runs").iterdir()) == ["a[1]", "a[1].old-1", "a[1].old-2"]


def test_fresh_does_not_move_the_folder_that_one_is_in(open_run, refusal, monkeypatch) -> None:
    open_run("runs/x").close()
    monkeypatch.chdir("runs/x")
    assert refusal(lambda: open_run(".", fresh=True)) == (
        "`--fresh` moves a run aside, and cannot move the folder that you are in. Received: .\n"
        "Go to another folder, and name the run from there."
    )
    open_run(".").close()


def test_the_command_of_a_session_may_name_files_of_odd_bytes(origin, tmp_path: Path) -> None:
    origin = {"command": "mbert prepare --run runs/\udcff"}
    with RunDir.open(tmp_path / "a", "prepare", {"seed": 0}, fresh=False, origin=origin) as run:
        assert run.origin["sessions"] == [origin]
