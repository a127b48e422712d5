"""Entities as `mbert predict` prints them and `mbert eval` reports them."""

import json
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.examples.options import TokenTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.examples.tokens import word_labels
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.loading import load
from mbert_cli.tasks.answers import entity_examples, show_entities
from mbert_cli.tasks.asked_texts import Texts
from mbert_cli.tasks.encoding import TaskSet, encode_set
from mbert_cli.tasks.scores import REPORTS
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

TEXTS = ["Ada  King saw Rome.", "saw"]
LABELS = word_labels(["LOC", "PER"])
TASK = TaskData("texts", LABELS, {}, ("f1",), "token_classification")


@pytest.fixture(scope="module")
def encoded() -> TaskSet:
    vocabulary = Vocabulary((*RESERVED, "ada", "ki", "##ng", "saw", "rome", "."))
    options = TokenTask(source="tokens", train="t.conll", sequence_length=10)
    return encode_set(TASK, entity_examples(TEXTS), options, Tokenizer(vocabulary))


@pytest.fixture(scope="module")
def outputs() -> np.ndarray:
    """[CLS] ada ki ##ng saw rome . [SEP]: two entities in the first text."""
    array = np.zeros((2, 10, len(LABELS)), np.float32)
    array[..., 0] = 1
    for column, label, probability in (
        (1, "B-PER", 0.75),
        (2, "I-PER", 0.25),
        (3, "B-LOC", 1),
        (5, "B-LOC", 0.5),
    ):
        array[0, column] = (1 - probability) / 10
        array[0, column, LABELS.index(label)] = probability
    return array


def show(encoded: TaskSet, outputs: np.ndarray, **typed: object) -> None:
    texts = Texts([TEXTS[0], "", TEXTS[1]])
    show_entities(Invocation("predict", load("predict"), Path("runs"), **typed), encoded, outputs, texts)


def test_a_table_has_a_row_an_entity_and_one_for_a_text_without(encoded, outputs, capsys):
    show(encoded, outputs)
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines() if line.strip()]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert cells[0] == ["entity", "label", "probability", "character", "in the text"]
    assert cells[2:] == [
        ["Ada King", "PER", "50.0%", "0", "Ada King saw Rome."],
        ["Rome", "LOC", "50.0%", "14", "Ada King saw Rome."],
        ["(no entity)"],
        ["(no entity)", "saw"],
    ]


def test_json_lines_have_the_characters_of_the_text(encoded, outputs, capsys):
    show(encoded, outputs, jsonl=True)
    first, blank, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert blank == {"text": "", "entities": []}
    assert first == {
        "text": TEXTS[0],
        "entities": [
            {"start": 0, "end": 9, "text": "Ada  King", "label": "PER", "probability": 0.5},
            {"start": 14, "end": 18, "text": "Rome", "label": "LOC", "probability": 0.5},
        ],
    }
    assert second == {"text": "saw", "entities": []}


def test_a_report_has_a_row_a_type(encoded, capsys):
    predicted = [["B-PER", "I-PER", "O", "O", "O"], ["O"]]
    report = REPORTS["token_classification"]("title", TASK, None, encoded.judge, predicted)
    row = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "entities": 0}
    assert report.report == {"entities": [{"label": "LOC"} | row, {"label": "PER"} | row]}
    assert report.files == {}
    shown = capsys.readouterr().out
    assert "title" in shown and "entities" in shown


def tagged(labels: list[str]) -> tuple[TaskSet, np.ndarray]:
    """The texts for a model with other labels, which are likeliest in turn from the first column on.

    The first text has two rows: [CLS] ada ki ##ng saw [SEP] and [CLS] ##ng saw rome . [SEP].
    """
    vocabulary = Vocabulary((*RESERVED, "ada", "ki", "##ng", "saw", "rome", "."))
    options = TokenTask(source="tokens", train="t.conll", sequence_length=6)
    task = TaskData("texts", labels, {}, (), "token_classification")
    outputs = np.zeros((3, 6, len(labels)), np.float32)
    for column in range(1, 6):
        outputs[:, column, (column - 1) % len(labels)] = 0.5
    return encode_set(task, entity_examples(TEXTS), options, Tokenizer(vocabulary)), outputs


@pytest.mark.filterwarnings("error")
def test_a_model_of_tags_names_that_of_each_word_of_a_long_text(capsys):
    show(*tagged(["NOUN", "VERB", "PUNCT"]), jsonl=True)
    first, _, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["words"] == [
        {"start": 0, "end": 3, "text": "Ada", "label": "NOUN", "probability": 0.5},
        {"start": 5, "end": 9, "text": "King", "label": "VERB", "probability": 0.5},
        {"start": 10, "end": 13, "text": "saw", "label": "VERB", "probability": 0.5},
        {"start": 14, "end": 18, "text": "Rome", "label": "PUNCT", "probability": 0.5},
        {"start": 18, "end": 19, "text": ".", "label": "NOUN", "probability": 0.5},
    ]
    assert [(word["text"], word["label"]) for word in second["words"]] == [("saw", "NOUN")]
    show(*tagged(["LABEL_0", "LABEL_1", "LABEL_2"]))
    shown = capsys.readouterr().out.split()
    assert shown[:2] == ["word", "label"] and "LABEL_1" in shown


@pytest.mark.filterwarnings("error")
def test_labels_without_marks_make_entities_where_one_is_outside(capsys):
    show(*tagged(["PER", "PER2", "LOC", "O"]), jsonl=True)
    first, *_ = map(json.loads, capsys.readouterr().out.splitlines())
    assert [(entity["text"], entity["label"]) for entity in first["entities"]] == [
        ("Ada", "PER"), ("King saw", "PER2"), ("Rome", "LOC"),
    ]  # fmt: skip


def test_a_report_of_tags_has_a_row_a_tag(capsys):
    encoded, outputs = tagged(["NOUN", "VERB"])
    report = REPORTS["token_classification"](
        "title", TASK, None, encoded.judge, encoded.judge.decide(outputs)
    )
    assert [(row["label"], row["words"]) for row in report.report["tags"]] == [("NOUN", 6), ("VERB", 0)]
    assert "words" in capsys.readouterr().out
