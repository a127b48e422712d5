"""What `mbert predict` shows: answers beside the texts, and entities in them."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from mbert_cli.evaluate.answer_judge import AnswerJudge
from mbert_cli.evaluate.answers import WindowMap
from mbert_cli.evaluate.similarity_judge import SimilarityJudge
from mbert_cli.examples.options import TokenTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.examples.tokens import word_labels
from mbert_cli.examples.unlabelled import unlabelled_words
from mbert_cli.tasks import shown_answers
from mbert_cli.tasks.asked import AskedQuestions, AskedTexts
from mbert_cli.tasks.shown_answers import Answers, answers_of_texts, show_entities, show_spans, show_vectors
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


def vectors_of(texts: AskedTexts, *vectors: list[float]) -> Answers:
    judge = SimilarityJudge(np.zeros(len(texts)), texts.second_texts is not None, ("spearman",))
    return show_vectors(texts, TaskSet(None, judge), np.array(vectors, np.float32), [])


def test_a_long_text_without_blanks_is_shown_as_far_as_it_fits():
    texts = AskedTexts(["海" * 100, "see https://example.org/" + "x" * 100])
    table = answers_of_texts(texts, ["label"], [("a",), ("b",)], [{}, {}]).table()
    assert table.rows == [
        ("a", "海" * 38 + " ..."), ("b", "see https://example.org/" + "x" * 52 + " ..."),
    ]  # fmt: skip


def test_an_answer_is_shown_as_far_as_it_fits_and_without_one_there_is_no_difference():
    windows = WindowMap(
        question_index=np.arange(2), first_columns=np.full(2, 3), first_tokens=np.zeros(2, int),
        lengths=np.array([1, 0]), max_context=np.ones(1, bool), char_starts=np.array([0]),
        char_ends=np.array([100]),
    )  # fmt: skip
    context = "海" * 100
    judge = AnswerJudge(windows, ["0", "1"], [context] * 2, [[], []], with_null=True, null_threshold=0.0)
    logits = np.zeros((2, 5, 2), np.float32)
    logits[0, 3] = 1
    asked = AskedQuestions(("Where?", "Who?"), context)
    answers = show_spans(asked, SimpleNamespace(judge=judge), logits, ["start", "end"])
    assert [row[1] for row in answers.table().rows] == ["海" * 38 + " ...", "(no answer)"]
    assert [record["null_difference"] for record in answers.records] == [-2.0, None]
    json.dumps(answers.records, allow_nan=False)


def test_a_text_has_its_vector_and_the_beginning_of_it_is_shown():
    answers = vectors_of(AskedTexts(["a"]), [3, 0, 4, 0, 0])
    assert list(answers.records) == [{"text": "a", "embedding": [3.0, 0.0, 4.0, 0.0, 0.0]}]
    table = answers.table()
    assert table.columns == ["vector of 5", "length", "text"]
    assert table.rows == [("3.0000, 0.0000, 4.0000, 0.0000, ...", "5.0000", "a")]


def test_several_texts_stand_beside_the_one_that_is_most_like_them():
    answers = vectors_of(AskedTexts(["a", "", "b", "c"]), [2, 0], [0, 3], [1, 0])
    assert [record["embedding"] for record in answers.records] == [[2.0, 0.0], None, [0.0, 3.0], [1.0, 0.0]]
    table = answers.table()
    assert table.columns == ["cosine", "most like", "text"]
    assert table.rows == [
        ("1.0000", "c", "a"), ("(no text)", "", ""), ("0.0000", "a", "b"), ("1.0000", "a", "c"),
    ]  # fmt: skip


def test_more_texts_than_can_be_compared_show_the_beginnings_of_their_vectors(monkeypatch):
    monkeypatch.setattr(shown_answers, "MOST_NEIGHBOURS", 1)
    table = vectors_of(AskedTexts(["a", "", "b"]), [2, 0], [0, 3]).table()
    assert table.columns == ["vector of 2", "length", "text"]
    assert table.rows[1:] == [("(no text)", "", ""), ("0.0000, 3.0000", "3.0000", "b")]


def test_a_pair_has_the_cosine_of_its_vectors():
    answers = vectors_of(AskedTexts(["a", "b"], ["c", "d"]), [1, 0], [1, 1], [0, 2], [1, 0])
    first, second = answers.records
    assert (first["cosine"], first["embedding"], first["second_embedding"]) == (0, [1.0, 0.0], [0.0, 2.0])
    assert second["cosine"] == pytest.approx(0.5**0.5, abs=1e-6)
    assert answers.table().rows[1] == ("0.7071", "b", "d")


def test_a_vector_loses_nothing_in_its_record():
    exact = np.random.default_rng(0).normal(size=50).astype(np.float32)
    (record,) = vectors_of(AskedTexts(["a"]), exact.tolist()).records
    np.testing.assert_allclose(record["embedding"], exact, atol=1e-7)
