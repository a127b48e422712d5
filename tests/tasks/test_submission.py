"""The files of GLUE's leaderboard."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples import glue_submission
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.glue_submission import TESTS
from mbert_cli.examples.options import FileTask, GlueTask
from mbert_cli.model.options import SIZES
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tasks.submission import SubmissionFile, write_submissions
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.weights.description import ModelDescription, VocabularyDescription

PAIRS = "index\tsentence1\tsentence2\n0\tIt rains.\tIt is wet.\n1\tIt rains.\tIt is dry.\n"


def glue(name: str, folder: Path | None) -> GlueTask:
    return GlueTask(source="glue", name=name, folder=folder and str(folder))


def model_of(task: GlueTask | FileTask, outputs: list[list[float]]) -> TaskModel:
    """A model that says the same to each set of two examples."""
    kind = GLUE[task.name].kind if isinstance(task, GlueTask) else "classification"
    vocabulary = Vocabulary((*LEADING_TOKENS, "a"))
    description = ModelDescription(
        verb="finetune", size=SIZES["mobilebert_laptop"], task=task, kind=kind,
        output_names=list(GLUE[task.name].output_names) if isinstance(task, GlueTask) else ["a", "b"],
        vocabulary=VocabularyDescription(size=vocabulary.size, lowercase=True, digest=vocabulary.digest),
    )  # fmt: skip

    def predict(batches) -> np.ndarray:
        assert sum(int(batch["example_weights"].sum()) for batch in batches) == 2
        return np.array(outputs, np.float32)

    return TaskModel(Path("run"), description, vocabulary, 16, predict)


@pytest.fixture
def two_examples(monkeypatch):
    """Lets test sets have two examples."""
    few = {name: tuple(replace(row, num_examples=2) for row in rows) for name, rows in TESTS.items()}
    monkeypatch.setitem(globals(), "TESTS", few)
    monkeypatch.setattr(glue_submission, "TESTS", few)
    monkeypatch.setattr("mbert_cli.tasks.submission.TESTS", few)


@pytest.mark.parametrize(
    ("name", "outputs", "written"),
    [
        ("rte", [[0.2, 0.8], [0.9, 0.1]], ["not_entailment", "entailment"]),
        ("wnli", [[0.2, 0.8], [0.9, 0.1]], ["1", "0"]),
        ("stsb", [[5.5], [-0.25]], ["5.000", "0.000"]),
    ],
)
def test_answers_stand_as_in_the_task_s_own_files(tmp_path, two_examples, name, outputs, written):
    (tmp_path / "test.tsv").write_text(PAIRS)
    task = glue(name, tmp_path)
    write_submissions([model_of(task, outputs)], task, tmp_path / "out", batch_size=4)
    content = (tmp_path / "out" / TESTS[name][0].submission).read_text()
    assert content == f"index\tprediction\n0\t{written[0]}\n1\t{written[1]}\n"


def test_a_model_of_mnli_answers_both_sets_and_says_when_the_diagnostics_are_missing(
    tmp_path, two_examples, capsys
):
    for file in ("test_matched.tsv", "test_mismatched.tsv"):
        (tmp_path / file).write_text(PAIRS)
    task = glue("mnli", tmp_path)
    model = model_of(task, [[0, 1, 0], [0, 0, 1]])
    write_submissions([model], None, tmp_path / "out", 4)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["MNLI-m.tsv", "MNLI-mm.tsv"]
    assert "AX.tsv is not written" in capsys.readouterr().err
    (tmp_path / "diagnostic.tsv").write_text(PAIRS)
    write_submissions([model], None, tmp_path / "out", 4)
    assert (tmp_path / "out/AX.tsv").read_text() == "index\tprediction\n0\tneutral\n1\tcontradiction\n"


def seeds_of(task: GlueTask, *paths: str) -> list[TaskModel]:
    """Models of one task, each of which says something else."""
    outputs = ([[0.2, 0.8], [0.9, 0.1]], [[0.9, 0.1], [0.9, 0.1]])
    return [
        replace(model_of(task, found), path=Path(path)) for found, path in zip(outputs, paths, strict=False)
    ]


def test_models_of_one_task_write_into_folders_of_their_own(tmp_path, two_examples):
    (tmp_path / "test.tsv").write_text(PAIRS)
    models = seeds_of(glue("rte", tmp_path), "runs/rte-0", "runs/rte-0/export/float16/model.tflite")
    files = write_submissions(models, None, tmp_path / "out", 4)
    first, second = (tmp_path / "out" / name / "RTE.tsv" for name in ("rte-0", "rte-0-float16"))
    assert first.read_text() != second.read_text()
    assert files == [
        SubmissionFile(first, Path("runs/rte-0"), 2),
        SubmissionFile(second, Path("runs/rte-0/export/float16/model.tflite"), 2),
    ]


def test_models_of_several_tasks_write_into_one_folder(tmp_path, two_examples):
    (tmp_path / "test.tsv").write_text(PAIRS)
    models = [seeds_of(glue(name, tmp_path), f"runs/{name}")[0] for name in ("rte", "wnli")]
    write_submissions(models, None, tmp_path / "out", 4)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["RTE.tsv", "WNLI.tsv"]


def test_nothing_is_written_where_not_every_model_can_be(tmp_path, two_examples):
    (tmp_path / "test.tsv").write_text(PAIRS)
    task = glue("rte", tmp_path)
    with pytest.raises(UserError) as caught:
        write_submissions(seeds_of(task, "a/rte", "b/rte"), None, tmp_path / "out", 4)
    assert caught.value.message == (
        "The submission of each model gets a folder by its name. Received: a/rte and b/rte, both named rte"
    )
    other = model_of(FileTask(source="file", train="t.tsv"), [])
    with pytest.raises(UserError):
        write_submissions([*seeds_of(task, "a/rte"), other], None, tmp_path / "out", 4)
    assert not (tmp_path / "out").exists()


def test_only_tasks_of_glue_have_a_leaderboard(tmp_path):
    task = FileTask(source="file", train="t.tsv")
    with pytest.raises(UserError) as caught:
        write_submissions([model_of(task, [])], None, tmp_path / "out", 4)
    assert (
        caught.value.message
        == "Only tasks of GLUE have a leaderboard. Received: run with a task of the source file"
    )
    assert not (tmp_path / "out").exists()
