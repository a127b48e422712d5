"""What `mbert predict` shows: answers beside the texts, and entities in them."""

import numpy as np
import pytest

from mbert_cli.examples.options import TokenTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.examples.tokens import word_labels
from mbert_cli.examples.unlabelled import unlabelled_words
from mbert_cli.tasks.asked import AskedTexts
from mbert_cli.tasks.shown_answers import Answers, answers_of_texts, show_entities
from mbert_cli.tasks.task_set import TaskSet, encode_set
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

TEXTS = ["Ada  King saw Rome.", "saw"]
LABELS = word_labels(["LOC", "PER"])
TASK = TaskData("texts", LABELS, {}, ("f1",), "token_classification")


@pytest.fixture(scope="module")
def encoded() -> TaskSet:
    vocabulary = Vocabulary((*RESERVED, "ada", "ki", "##ng", "saw", "rome", "."))
    options = TokenTask(source="tokens", train="t.conll", sequence_length=10)
    return encode_set(TASK, unlabelled_words(TEXTS), options, Tokenizer(vocabulary))


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


def show(encoded: TaskSet, outputs: np.ndarray) -> Answers:
    return show_entities(AskedTexts([TEXTS[0], "", TEXTS[1]]), encoded, outputs, LABELS)


def test_a_table_has_a_row_an_entity_and_one_for_a_text_without(encoded, outputs):
    table = show(encoded, outputs).table()
    assert table.columns == ["entity", "label", "probability", "character", "in the text"]
    assert table.rows == [
        ("Ada King", "PER", "50.0%", "0", "Ada King saw Rome."),
        ("Rome", "LOC", "50.0%", "14", "Ada King saw Rome."),
        ("(no entity)", "", "", "", ""),
        ("(no entity)", "", "", "", "saw"),
    ]


def test_records_have_the_characters_of_the_text(encoded, outputs):
    first, blank, second = show(encoded, outputs).records
    assert blank == {"text": "", "entities": []}
    assert first == {
        "text": TEXTS[0],
        "entities": [
            {"start": 0, "end": 9, "text": "Ada  King", "label": "PER", "probability": 0.5},
            {"start": 14, "end": 18, "text": "Rome", "label": "LOC", "probability": 0.5},
        ],
    }
    assert second == {"text": "saw", "entities": []}


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
    return encode_set(task, unlabelled_words(TEXTS), options, Tokenizer(vocabulary)), outputs


@pytest.mark.filterwarnings("error")
def test_a_model_of_tags_names_that_of_each_word_of_a_long_text():
    first, _, second = show(*tagged(["NOUN", "VERB", "PUNCT"])).records
    assert first["words"] == [
        {"start": 0, "end": 3, "text": "Ada", "label": "NOUN", "probability": 0.5},
        {"start": 5, "end": 9, "text": "King", "label": "VERB", "probability": 0.5},
        {"start": 10, "end": 13, "text": "saw", "label": "VERB", "probability": 0.5},
        {"start": 14, "end": 18, "text": "Rome", "label": "PUNCT", "probability": 0.5},
        {"start": 18, "end": 19, "text": ".", "label": "NOUN", "probability": 0.5},
    ]
    assert [(word["text"], word["label"]) for word in second["words"]] == [("saw", "NOUN")]
    table = show(*tagged(["LABEL_0", "LABEL_1", "LABEL_2"])).table()
    assert table.columns[:2] == ["word", "label"] and "LABEL_1" in [row[1] for row in table.rows]


@pytest.mark.filterwarnings("error")
def test_labels_without_marks_make_entities_where_one_is_outside():
    first, *_ = show(*tagged(["PER", "PER2", "LOC", "O"])).records
    assert [(entity["text"], entity["label"]) for entity in first["entities"]] == [
        ("Ada", "PER"), ("King saw", "PER2"), ("Rome", "LOC"),
    ]  # fmt: skip


COLUMNS, ROWS = ["label", "probability"], [("yes", "90.0%"), ("no", "80.0%")]
RECORDS = [{"label": "yes"}, {"label": "no"}]


def test_a_blank_text_has_a_line_without_an_answer():
    answers = answers_of_texts(AskedTexts(["one", "", "two"]), COLUMNS, ROWS, RECORDS)
    assert answers.records == [
        {"text": "one", "label": "yes"}, {"text": "", "label": None}, {"text": "two", "label": "no"},
    ]  # fmt: skip
    pairs = answers_of_texts(AskedTexts(["one", "", "two"], ["1", "", "2"]), COLUMNS, ROWS, RECORDS).table()
    assert pairs.columns == ["label", "probability", "text", "second text"]
    assert pairs.rows == [
        ("yes", "90.0%", "one", "1"), ("(no text)", "", "", ""), ("no", "80.0%", "two", "2"),
    ]  # fmt: skip
