"""A new kind of task is one row of `KINDS` and a judge: nothing else has to know of it, from training to the phone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mbert_cli import cli
from mbert_cli.evaluate.metrics import Score
from mbert_cli.examples import loading
from mbert_cli.examples.options import FileTask
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.unlabelled import unlabelled_texts
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import SIZES
from mbert_cli.model.task_head import TaskHead
from mbert_cli.runs.directory import RunDir
from mbert_cli.table import Table
from mbert_cli.tasks.asked import AskedTexts
from mbert_cli.tasks.encoding import text_rows
from mbert_cli.tasks.kinds import KINDS, Kind
from mbert_cli.tasks.scores import Details
from mbert_cli.tasks.shown_answers import Answers, answers_of_texts
from mbert_cli.text.vocabulary import RESERVED, Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_network import save_network

WORDS = ["bad", "so", "fine", "film", "play", "book"]
GRADES = {"bad": "1", "so": "2", "fine": "3"}
VOCABULARY = Vocabulary((*RESERVED, *WORDS))
SIZE = SIZES["mobilebert_laptop"].model_copy(
    update={"num_layers": 2, "hidden_dim": 32, "embedding_dim": 16, "intra_dim": 16, "intermediate_dim": 32,
            "num_heads": 2}
)  # fmt: skip
TEXTS = [(f"{word} {thing}", GRADES[word]) for word in GRADES for thing in ("film", "play", "book")]


@dataclass(frozen=True)
class GradeJudge:
    """Knows the grade of each text; the nearer an answer is, the better."""

    grades: np.ndarray
    num_grades: int
    metrics: tuple[str, ...]

    def decide(self, outputs: np.ndarray) -> np.ndarray:
        return outputs.argmax(axis=-1)

    def score(self, predicted: np.ndarray) -> Score:
        distance = np.abs(predicted - self.grades).mean() / (self.num_grades - 1)
        return Score({"closeness": float(1 - distance)}, self.metrics)

    def differ(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return self.decide(first) != self.decide(second)


def judge(task: TaskData, examples: Examples, options: Any, rows: Any) -> GradeJudge:
    return GradeJudge(examples.labels, len(task.output_names), task.metrics)


def details(
    title: str, task: TaskData, examples: Examples, judge: GradeJudge, predicted: np.ndarray
) -> Details:
    means = {
        name: float(predicted[examples.labels == grade].mean()) + 1
        for grade, name in enumerate(task.output_names)
    }
    rows = [(name, f"{mean:.1f}") for name, mean in means.items()]
    return Details([Table(title, ["true grade", "mean answer"], rows)], {"means": means})


def answers(texts: AskedTexts, encoded: Any, outputs: np.ndarray, names: Sequence[str]) -> Answers:
    grades = [names[grade] for grade in outputs.argmax(axis=-1)]
    return answers_of_texts(
        texts, ["grade"], [(grade,) for grade in grades], [{"grade": grade} for grade in grades]
    )


GRADING = Kind(
    head=TaskHead("grader", is_pooled=True, activation="softmax", artifact_outputs=("grades",)),
    loss="cross_entropy",
    metrics=("closeness",),
    rows=text_rows,
    judge=judge,
    details=details,
    answers=answers,
    unlabelled=unlabelled_texts,
    summary=lambda names: f"a grade from {names[0]} to {names[-1]}",
    sources=("file",),
    settings="task.source=file --set task.train=FILE",
)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with a pre-trained run of random weights and a table, which is read as one of grades."""
    monkeypatch.chdir(tmp_path)
    VOCABULARY.save(tmp_path / "vocab.txt")
    network = build_pretraining_network(SIZE, vocab_size=VOCABULARY.size)
    known = describe_vocabulary(VOCABULARY)
    description = ModelDescription(verb="train-teacher", size=SIZE, vocabulary=known)
    with RunDir.open(Path("runs/source"), "train-teacher", {"seed": 0}, fresh=False, origin={}) as run:
        run.finish(
            lambda target: save_network(
                target, network, description, load_vocabulary(tmp_path / "vocab.txt", True)
            )
        )
    lines = ["text,label", *(f"{text},{grade}" for text, grade in TEXTS)]
    Path("grades.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.setitem(KINDS, "grading", GRADING)

    def load(options: FileTask) -> TaskData:
        return replace(load_table(options), kind="grading")

    # A section of a recipe would name the kind; here every table is one of grades.
    load_table = loading.load_file_task
    monkeypatch.setattr(loading, "load_file_task", load)
    return tmp_path


def run(capsys, *words: str) -> str:
    """Runs a command line in this process, which knows the new row, and returns what it prints."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    output, errors = capsys.readouterr()
    assert not ended.value.code, output + errors
    return output + errors


def test_a_row_and_a_judge_are_all_that_a_new_kind_of_task_needs(folder, capsys):
    settings = {
        "task.train": "grades.csv", "task.validation": "grades.csv", "task.sequence_length": 8,
        "train.batch_size": 3, "train.epochs": 40, "train.optimizer.learning_rate": "5e-3", "dropout_rate": 0,
    }  # fmt: skip
    named = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    learned = run(capsys, "finetune", "file", "--source", "runs/source", *named, "--run", "runs/grades")
    assert "grades.csv: a grade from 1 to 3, 9 training and 9 validation examples" in learned
    summary = json.loads(Path("runs/grades/final/summary.json").read_text())
    assert summary["score_name"] == "closeness" and summary["score"] == 1

    exported = run(capsys, "export-tflite", "runs/grades", "--quantize", "float32")
    artifact = "runs/grades/export/float32/model.tflite"
    assert "closeness Keras" in exported and "0.00%" in exported

    scored = run(capsys, "eval", "runs/grades", artifact)
    assert "true grade" in scored and "mean answer" in scored and "answers that differ" in scored
    for report in ("eval/validation.json", "export/float32/model-eval-validation.json"):
        written = json.loads(Path("runs/grades", report).read_text())
        assert written["metric"] == "closeness" and written["score"] == summary["score"]
        assert set(written["means"]) == {"1", "2", "3"}

    for target in ("runs/grades", artifact):
        said = run(capsys, "predict", target, "--text", "fine film", "--text", "bad play", "--jsonl")
        records = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        assert records == [{"text": "fine film", "grade": "3"}, {"text": "bad play", "grade": "1"}]
    assert "closeness 100.00%" in run(capsys, "runs")
    assert "Models; grades.csv, 9 examples" in run(capsys, "runs", "--chain")
