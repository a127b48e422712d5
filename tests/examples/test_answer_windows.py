"""Windows over long texts: where they lie, where the answer is in them, and that no character is lost."""

import os
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.answer_windows import AnswerWindows, answer_windows, cut_windows, most_context
from mbert_cli.examples.batches import TaskBatches, require_trained
from mbert_cli.examples.squad import Answer, Question
from mbert_cli.examples.squad_files import read_squad
from mbert_cli.model.encoder import INPUTS
from mbert_cli.text.vocabulary import RESERVED, Vocabulary, load_vocabulary
from mbert_cli.text.wordpiece import Tokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = Vocabulary((*RESERVED, *LETTERS, *(f"##{letter}" for letter in LETTERS), "東", "京"))
SQUAD = os.environ.get("SQUAD_DEV_V1")
"""The official dev-v1.1.json, where the test that needs it shall run, and beside it the vocab.txt of BERT, uncased."""


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(VOCABULARY)


def ask(context: str, *answers: str, question: str = "q r", name: str = "1", impossible: bool = False):
    """A question whose answers stand where they first occur."""
    found = tuple(Answer(text, context.index(text)) for text in answers)
    return Question(name, question, context, found, impossible)


def words(row: np.ndarray) -> str:
    return " ".join(VOCABULARY.tokens[i] for i in row)


def answer_of(windows: AnswerWindows, window: int, context: str) -> str:
    """The characters between the start and the end position."""
    first = windows.first_tokens[window] - windows.first_columns[window]
    start = windows.char_starts[first + windows.start_positions[window]]
    return context[start : windows.char_ends[first + windows.end_positions[window]]]


def test_a_row_is_question_and_text_with_marks_and_padding(tokenizer):
    windows = answer_windows([ask("a b c", "b c")], tokenizer, 10, 4, 3)
    batch = next(TaskBatches(windows, 1, seed=0).in_order())
    assert words(batch["token_ids"][0]) == "[CLS] q r [SEP] a b c [SEP] [PAD] [PAD]"
    np.testing.assert_array_equal(batch["segment_ids"], [[0, 0, 0, 0, 1, 1, 1, 1, 0, 0]])
    np.testing.assert_array_equal(batch["padding_mask"], [[1] * 8 + [0] * 2])
    assert (batch["start_positions"].tolist(), batch["end_positions"].tolist()) == ([5], [6])
    assert batch["example_weights"].tolist() == [1]


def test_batches_have_the_documented_types(tokenizer):
    batch = TaskBatches(answer_windows([ask("a b c", "b")], tokenizer, 10, 4, 3), 2, seed=0)(0)
    assert list(batch) == [*INPUTS, "start_positions", "end_positions", "example_weights"]
    kinds = {key: (array.dtype, array.shape) for key, array in batch.items()}
    assert all(kinds[key] == (np.int32, (2, 10)) for key in INPUTS)
    assert kinds["start_positions"] == kinds["end_positions"] == (np.int32, (2,))
    assert kinds["example_weights"] == (np.float32, (2,))


def test_a_long_text_has_windows_that_overlap_and_reach_its_end(tokenizer):
    windows = answer_windows([ask(" ".join(LETTERS[:10]), "e")], tokenizer, 9, 2, 2)
    rows = next(TaskBatches(windows, 4, seed=0).in_order())["token_ids"]
    assert [words(row) for row in rows] == [
        "[CLS] q r [SEP] a b c d [SEP]",
        "[CLS] q r [SEP] c d e f [SEP]",
        "[CLS] q r [SEP] e f g h [SEP]",
        "[CLS] q r [SEP] g h i j [SEP]",
    ]
    assert windows.start_positions.tolist() == [0, 6, 4, 0]


def test_windows_of_a_text_that_just_fits_and_one_token_more():
    room = np.array([4, 4, 4, 4, 2])
    index, offsets, lengths = cut_windows(np.array([4, 5, 0, 7, 5]), room, stride=3)
    assert index.tolist() == [0, 1, 1, 2, 3, 3, 4, 4, 4]
    assert offsets.tolist() == [0, 0, 3, 0, 0, 3, 0, 2, 4]
    assert lengths.tolist() == [4, 4, 2, 0, 4, 4, 2, 2, 1]


def test_a_long_question_loses_its_end_and_is_counted(tokenizer):
    questions = [ask("a b", "b", question=" ".join(LETTERS[:length])) for length in (5, 6, 7)]
    windows = answer_windows(questions, tokenizer, 13, 4, 5)
    rows = next(TaskBatches(windows, 3, seed=0).in_order())["token_ids"]
    assert {words(row) for row in rows} == {"[CLS] a b c d e [SEP] a b [SEP] [PAD] [PAD] [PAD]"}
    assert windows.num_cut == 2


def test_questions_are_cut_to_64_tokens_and_rows_to_384(tokenizer):
    long = " ".join(LETTERS * 20)  # 520 tokens
    windows = answer_windows([ask(long, "a b c", question=long)], tokenizer)
    assert windows.question_lengths.tolist() == [64] * 3
    assert windows.lengths.tolist() == [317, 317, 264]
    assert windows.num_cut == 1
    assert next(TaskBatches(windows, 3, seed=0).in_order())["token_ids"].shape == (3, 384)


def test_an_answer_cut_by_the_border_of_a_window_is_no_answer_there(tokenizer):
    windows = answer_windows([ask(" ".join(LETTERS[:8]), "d e")], tokenizer, 9, 2, 2)
    assert windows.lengths.tolist() == [4, 4, 4]  # a-d, c-f, e-h
    assert windows.start_positions.tolist() == [0, 5, 0]
    assert windows.end_positions.tolist() == [0, 6, 0]


def test_an_answer_at_the_edges_of_a_window_is_found(tokenizer):
    context = " ".join(LETTERS[:4])
    for text, expected in (("a", (4, 4)), ("d", (7, 7)), (context, (4, 7))):
        windows = answer_windows([ask(context, text)], tokenizer, 9, 2, 2)
        assert (windows.start_positions.tolist(), windows.end_positions.tolist()) == (
            [expected[0]],
            [expected[1]],
        )


def test_an_answer_longer_than_every_window_is_counted_and_not_trained_on(tokenizer):
    context = " ".join(LETTERS[:8])
    windows = answer_windows([ask(context, "b c d e f"), ask(context, "b", name="2")], tokenizer, 9, 2, 2)
    assert windows.num_without_target == 1 and windows.without_target.tolist() == [True, False]
    assert windows.start_positions.tolist() == [0, 0, 0, 5, 0, 0]
    batches = TaskBatches(windows, 2, seed=0)
    assert batches.steps_per_epoch == 2
    trained = np.concatenate([batches(step)["start_positions"][:2] for step in range(2)])
    assert max(trained) == 5
    assert sum(batch["example_weights"].sum() for batch in batches.in_order()) == 6


def test_a_training_set_without_an_answer_is_refused_in_a_sentence(tokenizer):
    nothing = answer_windows([ask("a b"), ask("a c", name="2")], tokenizer, 10, 4, 3)
    with pytest.raises(UserError) as error:
        require_trained(nothing)
    assert error.value.message == (
        "A training set must have a row to learn from. "
        "Received: 2 of 2 questions are left out of training: no window holds an answer to them"
    )
    one = answer_windows([ask("a b"), ask("a c", "c", name="2")], tokenizer, 10, 4, 3)
    assert require_trained(one) is one


def test_an_impossible_question_points_at_cls_and_is_trained_on_where_no_answer_is_one(tokenizer):
    windows = answer_windows([ask("a b c", impossible=True)], tokenizer, 10, 4, 3, with_null=True)
    assert (windows.start_positions.tolist(), windows.end_positions.tolist()) == ([0], [0])
    assert windows.num_without_target == 0 and TaskBatches(windows, 1, seed=0).steps_per_epoch == 1


def test_an_impossible_question_is_left_out_and_counted_where_each_has_an_answer(tokenizer):
    questions = [ask("a b c", impossible=True), ask("a b c", "b", name="2")]
    windows = answer_windows(questions, tokenizer, 10, 4, 3)
    assert windows.trained.tolist() == [1]
    assert windows.left_out == "1 of 2 questions is left out of training: no window holds an answer to it"


def test_the_first_answer_that_stands_in_the_text_is_learned(tokenizer):
    answers = (Answer("z", 0), Answer("c", -1), Answer("  ", 1), Answer(" c ", 3), Answer("a", 0))
    windows = answer_windows([Question("1", "q", "a b c d", answers)], tokenizer, 10, 4, 3)
    assert answer_of(windows, 0, "a b c d") == "c"
    misplaced = Question("1", "q", "a b c d", (Answer("c", 0), Answer("d", -1)))
    assert answer_windows([misplaced], tokenizer, 10, 4, 3).num_without_target == 1


@pytest.mark.parametrize(
    ("context", "answer"),
    [
        ("a É Ñ b", "É Ñ"),
        ("a e\u0301e\u0301 b", "e\u0301e\u0301"),
        ("a 🦊 b 🦊🦊", "🦊"),
        ("𝒂 x 東京 c", "京 c"),
        ("東京", "東"),
        ("ﬁx ﬂy", "ﬂy"),
        ("½ a ½ b", "a ½"),
        ("a\u200b \x00 b c", "b"),
        ("ab\tcd\r\nef", "cd\r\nef"),
        ("İi ǅ a", "ǅ"),
    ],
)
def test_an_answer_is_the_same_characters_again(tokenizer, context, answer):
    other = ask("東 é a 🦊 " * 3, "a", name="2")
    windows = answer_windows([other, ask(context, answer)], tokenizer, 40, 4, 3)
    assert answer_of(windows, 1, context) == answer
    assert answer_of(windows, 0, other.context) == "a"


def test_an_answer_inside_a_token_takes_the_whole_token(tokenizer):
    context = "a 🦊🦊 b"
    windows = answer_windows([Question("1", "q", context, (Answer("🦊", 3),))], tokenizer, 10, 4, 3)
    assert answer_of(windows, 0, context) == "🦊🦊"


def test_a_text_without_tokens_has_one_window_without_text(tokenizer):
    windows = answer_windows([ask("\u200b", impossible=True), ask("a b", "b", name="2")], tokenizer, 9, 4, 3)
    assert windows.lengths.tolist() == [0, 2] and windows.start_positions.tolist() == [0, 5]
    rows = next(TaskBatches(windows, 2, seed=0).in_order())["token_ids"]
    assert words(rows[0]) == "[CLS] q r [SEP] [SEP] [PAD] [PAD] [PAD] [PAD]"


def test_questions_about_one_text_share_its_tokens(tokenizer):
    questions = [ask("a b c", "b", name="1"), ask("d", "d", name="2"), ask("a b c", "c", name="3")]
    windows = answer_windows(questions, tokenizer, 10, 4, 3)
    assert windows.first_tokens.tolist() == [0, 3, 0]
    assert len(windows.char_starts) == 4
    assert windows.start_positions.tolist() == [5, 4, 6]


def test_a_token_has_the_most_context_in_one_window():
    flags = most_context(np.array([0, 1, 1, 2]), np.array([0, 0, 2, 9]), np.array([3, 6, 6, 1]))
    # Text of question 1: tokens 0 to 7. The windows are equally long, so the first keeps the middle token 3.
    assert flags.tolist() == [
        *[True] * 3,
        *[True, True, True, True, False, False],
        *[False, False, True, True, True, True],
        True,
    ]


def test_the_length_of_a_window_counts_a_hundredth_a_token():
    first, last = 200, 70
    flags = most_context(np.zeros(2, int), np.array([0, 131]), np.array([first, last]))
    contexts = [
        (min(token, first - 1 - token) + 0.01 * first, min(token - 131, 200 - token) + 0.01 * last)
        for token in range(131, 200)
    ]
    assert flags[131:200].tolist() == [here >= there for here, there in contexts]
    assert flags[200:].tolist() == [*(here < there for here, there in contexts), True]


def test_every_token_has_the_most_context_once_whatever_the_overlap(tokenizer):
    context = " ".join(LETTERS)
    windows = answer_windows([ask(context, "b"), ask(context, "c", question="q")], tokenizer, 14, 3, 4)
    counts = np.zeros((2, 26), int)
    splits = np.cumsum([0, *windows.lengths])
    for row in range(len(windows)):
        tokens = windows.first_tokens[row] + np.flatnonzero(
            windows.max_context[splits[row] : splits[row + 1]]
        )
        counts[windows.question_index[row], tokens] += 1
    np.testing.assert_array_equal(counts, np.ones((2, 26)))


def test_every_epoch_has_every_window_once_in_an_order_of_its_own(tokenizer):
    windows = answer_windows([ask(" ".join(LETTERS), "e")], tokenizer, 8, 1, 2)
    batches = TaskBatches(windows, 5, seed=1)
    expected = sorted(row.tolist() for batch in batches.in_order() for row in real_rows(batch))
    orders = [
        [
            row.tolist()
            for index in range(batches.steps_per_epoch)
            for row in real_rows(batches(start + index))
        ]
        for start in (0, batches.steps_per_epoch)
    ]
    assert sorted(orders[0]) == sorted(orders[1]) == expected
    assert orders[0] != orders[1]


def real_rows(batch) -> np.ndarray:
    return batch["token_ids"][batch["example_weights"] == 1]


def test_a_step_gives_the_same_batch_whatever_came_before(tokenizer):
    windows = answer_windows([ask(" ".join(LETTERS), "e")], tokenizer, 8, 1, 2)
    one, other = (TaskBatches(windows, 5, seed=1) for _ in range(2))
    for step in range(12):
        one(step)
    for key, array in other(3).items():
        np.testing.assert_array_equal(array, one(3)[key])
    assert words(TaskBatches(windows, 5, seed=2)(3)["token_ids"][0]) != words(one(3)["token_ids"][0])


def test_the_last_batch_is_filled_with_windows_of_weight_zero(tokenizer):
    questions = [ask("a b c", letter, name=letter) for letter in "abc"]
    batches = list(TaskBatches(answer_windows(questions, tokenizer, 10, 4, 3), 2, seed=0).in_order())
    np.testing.assert_array_equal(batches[1]["example_weights"], [1, 0])
    np.testing.assert_array_equal(batches[1]["start_positions"], [6, 6])


def test_a_row_without_room_for_text_is_refused(tokenizer):
    with pytest.raises(UserError) as caught:
        answer_windows([ask("a", "a")], tokenizer, 67, 128, 64)
    assert caught.value.message == (
        "A row must hold a question, 3 marks and a token of the text. "
        "Received: a sequence length of 67 for questions of 64 tokens"
    )
    assert caught.value.hint == "Set the sequence length to 68 or more, or shorten the questions."
    assert len(answer_windows([ask("a", "a")], tokenizer, 68, 128, 64)) == 1


def test_a_stride_of_nothing_is_refused(tokenizer):
    with pytest.raises(UserError) as caught:
        answer_windows([ask("a", "a")], tokenizer, 384, 0, 64)
    assert caught.value.message == (
        "The document stride and the length of a question must be at least 1. Received: 0 and 64"
    )
    assert caught.value.hint == "Set them to 128 and 64, as BERT does."


@pytest.mark.slow
@pytest.mark.skipif(SQUAD is None, reason="SQUAD_DEV_V1 names no dev-v1.1.json")
def test_the_development_set_has_10833_windows():
    vocabulary = load_vocabulary(Path(SQUAD).with_name("vocab.txt"), lowercase=True)
    squad = read_squad(Path(SQUAD))
    windows = answer_windows(squad.questions, Tokenizer(vocabulary), 384, 128, 64)
    assert (len(squad.questions), len(windows)) == (10_570, 10_833)
    for row in np.flatnonzero(windows.start_positions):
        question = squad.questions[windows.question_index[row]]
        found = answer_of(windows, row, question.context)
        assert any(answer.text.strip() in found for answer in question.answers)
