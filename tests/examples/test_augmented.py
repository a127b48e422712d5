"""A task that learns from what `mbert augment` wrote: the same task does, another one is refused."""

import json
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.augmented import (
    NOTE_FILE,
    Augmentation,
    find_augmentation,
    refuse_augmentation,
    training_file,
    write_note,
)
from mbert_cli.examples.contents import task_contents
from mbert_cli.examples.loading import load_task, require_task
from mbert_cli.examples.options import FileTask, GlueTask, SquadTask, TokenTask
from mbert_cli.examples.table_files import Columns
from mbert_cli.runs.directory import RunDir

pytestmark = pytest.mark.usefixtures("empty_folder")


def make(name="augment-sst2", files=None, **changes) -> str:
    """A complete run of `mbert augment` with the note of sst2, or another one."""
    files = {"train.tsv": "sentence\tlabel\nfine .\t1\nnice .\t1\nbad .\t0\n"} if files is None else files
    note = {
        "named": "", "train": Path(next(iter(files))), "task": "sst2", "source": "glue", "kind": "classification",
        "validation": Path("validation.jsonl") if "validation.jsonl" in files else None,
        "output_names": ("negative", "positive"), "columns": Columns("sentence", None, "label"),
    }  # fmt: skip

    def write(folder: Path) -> None:
        for file, text in files.items():
            (folder / file).write_text(text)
        write_note(folder, Augmentation(**note | changes))

    with RunDir.open(Path("runs", name), "augment", {"seed": 0}, fresh=False, origin={}) as run:
        run.finish(write)
    return str(run.path)


def of_a_file(**changes) -> dict:
    """The files and the note of an augmented file of the user's."""
    rows = [{"text": "one", "label": "a"}, {"text": "two", "label": "b"}]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    held_out = json.dumps({"text": "zero", "label": "b"}) + "\n"
    note = {
        "task": "mail.csv",
        "source": "file",
        "output_names": ("a", "b"),
        "columns": Columns("text", None, "label"),
    }
    return {"files": {"train.jsonl": text, "validation.jsonl": held_out}, **note, **changes}


def sst2(train: str, name: str = "sst2") -> GlueTask:
    Path("GLUE").mkdir(exist_ok=True)
    Path("GLUE/dev.tsv").write_text("sentence\tlabel\nbad .\t0\n")
    return GlueTask(source="glue", name=name, folder="GLUE", train=train)


def test_a_run_and_its_file_are_found_and_other_files_are_not():
    run = make()
    file = f"{run}/final/train.tsv"
    assert {find_augmentation(path).task for path in (run, file)} == {"sst2"}
    assert training_file(run) == training_file(file) == Path(file)
    Path("mail.tsv").write_text("text\tlabel\n")
    assert [find_augmentation(path) for path in (None, "mail.tsv", "missing.tsv", f"{run}/recipe.yaml")] == [
        None
    ] * 4
    assert training_file("mail.tsv") == Path("mail.tsv")


def test_a_task_of_glue_learns_from_an_augmentation_and_is_validated_on_its_folder():
    run = make()
    for path in (run, f"{run}/final/train.tsv"):
        task = sst2(path)
        require_task(task)
        data = load_task(task)
        assert data.train.texts == ["fine .", "nice .", "bad ."]
        assert data.validation.texts == ["bad ."]
        contents = task_contents(task, {})
        assert {key: [Path(file.name).name for file in one.files] for key, one in contents.items()} == {
            "task.folder": ["dev.tsv"],
            "task.train": ["train.tsv"],
        }


def test_scoring_a_task_of_glue_needs_no_training_file():
    task = sst2("gone.tsv")
    require_task(task, "validation")
    assert set(load_task(task, "validation").sets) == {"validation"}
    with pytest.raises(UserError, match=r"task\.train must be a file\. Received: gone\.tsv"):
        require_task(task)


def test_a_task_of_glue_learns_from_any_file_with_its_columns():
    Path("mine.tsv").write_text("sentence\tlabel\nfine .\t1\n")
    assert load_task(sst2("mine.tsv")).train.texts == ["fine ."]
    Path("mine.tsv").write_text("text\tlabel\nfine .\t1\n")
    with pytest.raises(UserError) as caught:
        load_task(sst2("mine.tsv"))
    assert caught.value.hint == "Correct the file of task.train."


def test_an_augmentation_of_another_task_of_glue_is_refused():
    run = make()
    with pytest.raises(UserError) as caught:
        load_task(sst2(run, "cola"), "train")
    assert caught.value.message == (
        "task.train must be of the task that is learned, cola. "
        f"Received: {run}, augmented examples of sst2: classification, columns sentence and label"
    )


def test_a_task_of_files_learns_from_an_augmentation_and_is_validated_on_what_was_held_out():
    run = make("augment-mail", **of_a_file())
    for path in (run, f"{run}/final/train.jsonl"):
        data = load_task(FileTask(source="file", train=path, encoding="utf-16"))
        assert (data.train.texts, data.validation.texts) == (["one", "two"], ["zero"])
        assert data.output_names == ["a", "b"]
    names = [
        Path(file.name).name
        for file in task_contents(FileTask(source="file", train=run), {})["task.train"].files
    ]
    assert names == ["train.jsonl", "validation.jsonl"]


def test_a_label_of_examples_that_were_held_out_alone_is_a_label_of_the_augmentation():
    run = make("augment-mail", **of_a_file(output_names=("a", "b", "rare")))
    data = load_task(FileTask(source="file", train=run))
    assert data.output_names == ["a", "b", "rare"]
    assert "train.jsonl has no example of 'rare'" in data.notes


def test_a_validation_file_of_ones_own_goes_before_what_was_held_out():
    run = make("augment-mail", **of_a_file())
    Path("dev.csv").write_text("text;label\nthree;a\n")
    data = load_task(FileTask(source="file", train=run, validation="dev.csv"))
    assert data.validation.texts == ["three"]


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "body"},
        {"label": "topic"},
        {"second_text": "answer"},
        {"kind": "regression"},
        {"kind": "multi_label"},
    ],
)
def test_an_augmentation_of_other_columns_or_of_another_kind_is_refused(changes):
    run = make("augment-mail", **of_a_file())
    with pytest.raises(
        UserError, match=r"task\.train must be of the task that is learned, .* columns text and label"
    ):
        load_task(FileTask(source="file", train=run, **changes))


@pytest.mark.parametrize("columns", [{"text": "sentence"}, {}])
def test_a_task_of_files_does_not_validate_on_copies_of_what_it_learns(columns):
    run = make()
    for path in (run, f"{run}/final/train.tsv"):
        with pytest.raises(UserError) as caught:
            load_task(FileTask(source="file", train=path, **columns))
        assert caught.value.message == (
            "Augmented examples of GLUE must be learned as the task of GLUE that they are of, or with a "
            f"validation file. Received: {path}, augmented examples of sst2: classification, columns sentence and label"
        )
        assert caught.value.hint == (
            f"Take the recipe sst2 with task.train={path}, as in `mbert finetune sst2 --set task.folder=DIR --set "
            "task.train=RUN`, or set task.validation."
        )


def test_augmented_examples_of_glue_have_the_labels_of_their_file_where_a_file_validates():
    run = make(files={"train.tsv": 'sentence\tlabel\n"fine"\t1\nbad .\t0\n'})
    Path("dev.csv").write_text("sentence,label\nnice .,1\n")
    data = load_task(FileTask(source="file", train=run, validation="dev.csv", text="sentence"))
    assert (data.output_names, data.train.texts) == (["0", "1"], ['"fine"', "bad ."])
    assert (data.train.labels.tolist(), data.validation.labels.tolist()) == ([1, 0], [1])
    assert data.notes == ()


def test_augmented_examples_of_glue_may_be_without_a_line_of_names():
    names = {"task": "cola", "output_names": ("unacceptable", "acceptable")}
    run = make(files={"train.tsv": "\t1\t\tIt rains.\n\t0\t\tRains it.\n"}, **names)
    Path("dev.csv").write_text("sentence,label\nIt snows.,1\n")
    data = load_task(FileTask(source="file", train=run, validation="dev.csv", text="sentence"))
    assert data.train.texts == ["It rains.", "Rains it."]


@pytest.mark.parametrize("task", [SquadTask, TokenTask])
def test_tasks_whose_labels_are_of_words_refuse_augmentations(task):
    run = make()
    with pytest.raises(UserError, match=r"task\.train must hold what the task is about, .* examples of sst2"):
        require_task(task(source=task.model_fields["source"].annotation.__args__[0], train=run))
    refuse_augmentation("anything.jsonl")


def test_runs_of_other_kinds_and_unfinished_ones_are_no_training_files():
    with RunDir.open(Path("runs/other"), "finetune", {"seed": 0}, fresh=False, origin={}) as run:
        run.finish(lambda folder: None)
    with pytest.raises(UserError, match="The run must be of the kind augment"):
        require_task(FileTask(source="file", train="runs/other"))
    RunDir.open(Path("runs/begun"), "augment", {"seed": 0}, fresh=False, origin={}).close()
    with pytest.raises(UserError, match="The run must be complete"):
        require_task(FileTask(source="file", train="runs/begun"))


def test_a_damaged_note_is_named():
    final = Path(make(), "final")
    (final / NOTE_FILE).write_text("{}")
    with pytest.raises(UserError, match=r"The note beside augmented examples must be readable"):
        find_augmentation(str(final / "train.tsv"))
