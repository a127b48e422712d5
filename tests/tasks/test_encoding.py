"""Examples of every kind as rows of a network, and the judge that knows their right answers."""

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.evaluate.entity_judge import EntityJudge
from mbert_cli.evaluate.judges import LabelJudge, LabelSetJudge, NumberJudge
from mbert_cli.evaluate.tag_judge import TagJudge
from mbert_cli.examples.options import FileTask, ImportedTask, SquadTask, TokenTask
from mbert_cli.examples.squad import Answer, Question, collect_squad
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.tokens import Span, TokenExamples
from mbert_cli.tasks.encoding import (
    judge_answers,
    judge_label_sets,
    judge_labels,
    judge_numbers,
    judge_similarity,
    judge_words,
    null_threshold_of,
    question_rows,
    single_text_rows,
    text_rows,
    with_windows,
    word_rows,
)
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
from tests.phone.described import describe

TOKENIZER = Tokenizer(Vocabulary((*RESERVED, *"abcdef?")))
TEXTS = Examples(["a b c d e f", "a"], None, np.array([1, 0], np.int32))
FILE = FileTask(source="file", train="t.csv", sequence_length=6)


def task(*names: str, metrics: tuple[str, ...] = ("accuracy",)) -> TaskData:
    return TaskData("t", list(names), {}, metrics)


def test_texts_are_as_long_as_the_recipe_says():
    rows = text_rows(task("no", "yes"), TEXTS, FILE, TOKENIZER)
    assert (rows.sequence_length, rows.tokens.tolist(), rows.labels.tolist()) == (6, [8, 3], [1, 0])
    assert rows.cut == "1 of 2 examples is longer than 6 tokens and loses its end"


@pytest.mark.parametrize(
    ("judge_of", "kind", "labels"),
    [
        (judge_labels, LabelJudge, np.array([1, 0], np.int32)),
        (judge_label_sets, LabelSetJudge, np.array([[0, 1], [1, 1]], np.float32)),
        (judge_numbers, NumberJudge, np.array([0.5, 2], np.float32)),
    ],
)
def test_the_judge_of_texts_knows_their_labels_and_the_figures_of_the_task(judge_of, kind, labels):
    examples = Examples(TEXTS.texts, None, labels)
    judge = judge_of(task("no", "yes", metrics=("f1", "accuracy")), examples, FILE, None)
    assert isinstance(judge, kind) and judge.metrics == ("f1", "accuracy")
    np.testing.assert_array_equal(judge.labels, labels)


def test_both_texts_of_a_pair_are_rows_of_their_own_where_each_becomes_a_vector():
    pairs = Examples(["a b", "c"], ["d", "e f"], np.array([0.5, 2], np.float32))
    rows = single_text_rows(task("value"), pairs, FILE, TOKENIZER)
    assert rows.tokens.tolist() == [4, 3, 3, 4] and not rows.take(np.arange(4), 6)["segment_ids"].any()
    judge = judge_similarity(task("value", metrics=("spearman",)), pairs, FILE, rows)
    assert judge.of_pairs and judge.metrics == ("spearman",)
    np.testing.assert_array_equal(judge.labels, pairs.labels)
    assert not judge_similarity(task("value"), TEXTS, FILE, rows).of_pairs


CONTEXT = "a b c d e f " * 4
QUESTIONS = collect_squad(
    "q",
    [Question("1", "a b?", CONTEXT, (Answer("c d", 4), Answer("c", 4))), Question("2", "f?", CONTEXT, ())],
)


@pytest.mark.parametrize(("version", "trained"), [("v1.1", [0]), ("v2.0", [0, 1])])
def test_only_by_the_rules_of_2_questions_without_an_answer_are_learned(version, trained):
    squad = collect_squad(
        "q",
        [
            Question("1", "a?", "a b c", (Answer("b", 2),)),
            Question("2", "f?", "a b c", (), is_impossible=True),
        ],
    )
    options = SquadTask(source="squad", sequence_length=16, question_length=4, version=version)
    assert question_rows(task("start", "end"), squad, options, TOKENIZER).trained.tolist() == trained


def test_questions_are_read_through_the_windows_of_the_recipe():
    options = SquadTask(
        source="squad", sequence_length=16, document_stride=6, question_length=4, version="v2.0", num_best=3,
        max_answer_tokens=2, null_threshold=0.5,
    )  # fmt: skip
    rows = question_rows(task("start", "end"), QUESTIONS, options, TOKENIZER)
    assert rows.sequence_length == 16 and len(rows.tokens) > 4
    judge = judge_answers(task("start", "end"), QUESTIONS, options, rows)
    assert (list(judge.ids), [list(found) for found in judge.answers]) == (["1", "2"], [["c d", "c"], []])
    assert list(judge.contexts) == [CONTEXT] * 2
    assert (judge.with_null, judge.num_best, judge.max_answer_tokens, judge.null_threshold) == (
        True,
        3,
        2,
        0.5,
    )


@pytest.mark.parametrize(
    ("version", "named", "found", "expected"),
    [("v1.1", None, None, None), ("v1.1", None, 1.5, None), ("v2.0", None, None, 0.0), ("v2.0", None, 1.5, 1.5),
     ("v2.0", -0.5, 1.5, -0.5), ("v2.0", 0.0, 1.5, 0.0)],
)  # fmt: skip
def test_no_answer_must_lead_by_what_the_recipe_says_or_the_training_found(version, named, found, expected):
    options = SquadTask(source="squad", version=version, null_threshold=named)
    description = describe("question_answering").model_copy(update={"null_threshold": found})
    assert null_threshold_of(description, options) == expected


@pytest.mark.parametrize(("length", "question"), [(384, 64), (120, 40), (6, 2), (5, 1)])
def test_a_model_from_elsewhere_reads_questions_as_squad_s_are_read(length, question):
    long_question = collect_squad("q", [Question("1", "a " * 100, CONTEXT, ())])
    imported = ImportedTask(source="imported", sequence_length=length)
    own = SquadTask(source="squad", sequence_length=length, question_length=question)
    for one, other in zip(
        question_rows(task(), long_question, imported, TOKENIZER).take(np.array([0]), length).items(),
        question_rows(task(), long_question, own, TOKENIZER).take(np.array([0]), length).items(),
        strict=True,
    ):
        assert one[0] == other[0]
        np.testing.assert_array_equal(one[1], other[1])


def test_a_model_from_elsewhere_with_no_room_for_a_question_and_a_text_is_refused():
    with pytest.raises(UserError) as caught:
        with_windows(ImportedTask(source="imported", sequence_length=4))
    assert caught.value.message == (
        "A row of a question must hold 5 tokens or more. Received: a sequence length of 4"
    )
    assert caught.value.hint == "Set task.sequence_length to 5 or more."


WORDS = TokenExamples(["a b c d"], [[Span(0, 3, "PER")]], [[(0, 1), (2, 3), (4, 5), (6, 7)]])


@pytest.mark.parametrize(
    ("names", "kind"),
    [(("O", "B-PER", "I-PER"), EntityJudge), (("O", "PER"), EntityJudge), (("NOUN", "VERB"), TagJudge)],
)
def test_words_are_judged_as_entities_or_as_tags_by_the_names_of_the_labels(names, kind):
    examples = WORDS
    if "B-PER" not in names:
        spans = [[Span(0, 1, names[1]), Span(2, 3, names[0]), Span(4, 5, names[1]), Span(6, 7, names[0])]]
        examples = TokenExamples(WORDS.texts, spans, WORDS.words, are_tags=True)
    options = TokenTask(source="tokens", train="t.conll", sequence_length=8)
    rows = word_rows(task(*names), examples, options, TOKENIZER)
    assert type(judge_words(task(*names), examples, options, rows)) is kind


def test_long_texts_of_words_are_read_in_windows_of_the_stride_of_the_recipe():
    counts = [
        len(word_rows(task("O", "B-PER", "I-PER"), WORDS, options, TOKENIZER).tokens)
        for options in (
            TokenTask(source="tokens", train="t.conll", sequence_length=5, document_stride=1),
            TokenTask(source="tokens", train="t.conll", sequence_length=6),
            ImportedTask(source="imported", sequence_length=4),
        )
    ]
    assert counts == [2, 1, 3]
