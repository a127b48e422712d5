"""Logits become the exact characters of the best answers."""

import dataclasses
import math

import numpy as np
import pytest

from mbert_cli.evaluate.answers import Candidate, WindowMap, best_threshold, decode_answers
from mbert_cli.examples.answer_windows import answer_windows
from mbert_cli.examples.squad import Answer, Question
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

CONTEXT = "Zoë eats ½ cake, 🦊 eats none."
SPANS = [(0, 3), (4, 8), (9, 10), (11, 15), (15, 16), (17, 18), (19, 23), (24, 28), (28, 29)]
LENGTH = 12


def window_map(*windows: tuple[int, int, int], max_context: list[bool] | None = None) -> WindowMap:
    """Windows of (question, first token, tokens) after `[CLS] q [SEP]`."""
    question_index, first_tokens, lengths = (np.array(column) for column in zip(*windows, strict=True))
    total = int(lengths.sum())
    return WindowMap(
        question_index=question_index,
        first_columns=np.full(len(windows), 3),
        first_tokens=first_tokens,
        lengths=lengths,
        max_context=np.ones(total, bool) if max_context is None else np.array(max_context),
        char_starts=np.array([start for start, _ in SPANS], np.int32),
        char_ends=np.array([end for _, end in SPANS], np.int32),
    )


def logits(rows: int, **values: float) -> np.ndarray:
    """Zeros with a value at each "row_column", as in w0_3=5."""
    array = np.full((rows, LENGTH), -9, np.float32)
    for place, value in values.items():
        row, column = place[1:].split("_")
        array[int(row), int(column)] = value
    return array


ONE = window_map((0, 0, 9))


def decode(windows: WindowMap, starts: np.ndarray, ends: np.ndarray, **options):
    return decode_answers(windows, [CONTEXT] * (windows.question_index[-1] + 1), starts, ends, **options)


def test_the_answer_is_the_piece_of_the_original_text():
    (decoded,) = decode(ONE, logits(1, w0_5=5), logits(1, w0_6=3), num_best=1)
    assert decoded.candidates == (Candidate("½ cake", 9, 8.0, 1.0),)
    assert decoded.text == "½ cake"


def test_question_marks_and_padding_are_no_answer():
    windows = window_map((0, 0, 2))
    starts, ends = logits(1, w0_3=1), logits(1, w0_4=1)
    for column in (0, 1, 2, 5, 6, 11):
        starts[0, column] = ends[0, column] = 50
    (decoded,) = decode(windows, starts, ends, num_best=2)
    assert decoded.text == "Zoë eats"
    assert decoded.null_score == 100


def test_an_answer_does_not_end_before_it_starts():
    (decoded,) = decode(ONE, logits(1, w0_8=5, w0_4=1), logits(1, w0_3=5, w0_8=2, w0_9=1))
    assert [(found.text, found.score) for found in decoded.candidates[:3]] == [
        ("🦊", 7.0),
        ("🦊 eats", 6.0),
        ("eats ½ cake, 🦊", 3.0),
    ]


def test_an_answer_has_at_most_so_many_tokens():
    starts, ends = logits(1, w0_3=5, w0_6=1), logits(1, w0_7=5)
    assert [decode(ONE, starts, ends, max_answer_tokens=n)[0].text for n in (5, 4)] == [
        "Zoë eats ½ cake,",
        "cake,",
    ]


def test_only_the_best_starts_and_ends_are_paired():
    starts, ends = logits(1, w0_7=5, w0_8=4, w0_3=3), logits(1, w0_4=5, w0_5=4)
    two, three = (decode(ONE, starts, ends, num_best=count)[0] for count in (2, 3))
    assert two.candidates == ()  # both good starts come after both good ends
    assert [found.text for found in three.candidates] == ["Zoë eats", "Zoë eats ½", "Zoë"]


def test_candidates_have_distinct_texts_and_the_better_place():
    # "eats" stands at 4 and at 19.
    (decoded,) = decode(ONE, logits(1, w0_4=4, w0_9=5), logits(1, w0_4=4, w0_9=5), max_answer_tokens=1)
    assert (decoded.text, decoded.candidates[0].start) == ("eats", 19)
    assert [found.text for found in decoded.candidates].count("eats") == 1
    assert len(decoded.candidates) == 8


def test_probabilities_are_a_softmax_over_the_candidates():
    starts, ends = logits(1, w0_3=1, w0_5=0), logits(1, w0_3=0, w0_5=1)
    (decoded,) = decode(ONE, starts, ends, num_best=2)
    scores = np.array([2, 1, 1])  # "Zoë eats ½", "Zoë", "½"; the fourth pair ends before it starts
    expected = np.exp(scores) / np.exp(scores).sum()
    assert [found.text for found in decoded.candidates] == ["Zoë eats ½", "Zoë"]
    kept = expected[:2] / expected[:2].sum()
    np.testing.assert_allclose([found.probability for found in decoded.candidates], kept)


def test_no_answer_takes_part_in_the_probabilities_if_asked():
    starts, ends = logits(1, w0_3=1, w0_0=2), logits(1, w0_3=1, w0_0=1)
    (decoded,) = decode(ONE, starts, ends, num_best=1, with_null=True)
    assert decoded.null_score == 3 and decoded.null_difference == 1
    assert math.isclose(decoded.null_probability, math.e / (1 + math.e))
    assert math.isclose(decoded.candidates[0].probability, 1 / (1 + math.e))
    assert decode(ONE, starts, ends, num_best=1)[0].null_probability == 0


def test_the_best_of_all_windows_of_a_question_wins():
    windows = window_map((0, 0, 5), (0, 3, 6), (1, 0, 4))
    starts, ends = logits(3, w0_3=2, w1_5=3, w2_4=1), logits(3, w0_3=2, w1_5=3, w2_4=1)
    first, second = decode(windows, starts, ends)
    assert [found.text for found in first.candidates[:2]] == ["🦊", "Zoë"]
    assert second.text == "eats"


def test_an_answer_starts_only_where_its_token_has_the_most_context():
    flags = [True] * 4 + [False] + [False] + [True] * 5
    windows = window_map((0, 0, 5), (0, 3, 6), max_context=flags)
    starts, ends = logits(2, w0_7=9, w1_3=9, w0_6=3, w1_4=2), logits(2, w0_7=5, w1_4=5)
    (decoded,) = decode(windows, starts, ends)
    assert decoded.text == "cake,"  # ends where another window has more context
    assert [found.text for found in decoded.candidates[:2]] == ["cake,", ","]
    assert decoded.candidates[1].score == 7  # of the second window, not 14 of the first


def test_null_score_is_the_least_of_the_windows():
    windows = window_map((0, 0, 5), (0, 3, 6), (1, 0, 9))
    starts, ends = logits(3, w0_0=4, w1_0=1, w2_0=9), logits(3, w0_0=1, w1_0=3, w2_0=9)
    assert [decoded.null_score for decoded in decode(windows, starts, ends)] == [4, 18]


def test_a_text_without_tokens_has_no_answer():
    windows = window_map((0, 0, 0), (1, 0, 9))
    first, second = decode(windows, logits(2, w1_3=1), logits(2, w1_3=1), with_null=True)
    assert (first.candidates, first.text, first.null_difference) == ((), "", math.inf)
    assert first.null_probability == 1
    assert second.text == "Zoë"


def test_logits_that_are_not_finite_are_no_answer():
    starts, ends = logits(1, w0_3=1), logits(1, w0_3=1)
    starts[0, 4:8], ends[0, 5] = np.nan, np.inf
    (decoded,) = decode(ONE, starts, ends)
    assert decoded.text == "Zoë"
    assert all(math.isfinite(found.score) for found in decoded.candidates)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_logits_may_have_any_float_type(dtype):
    (decoded,) = decode(ONE, logits(1, w0_5=5).astype(dtype), logits(1, w0_6=3).astype(dtype))
    assert decoded.candidates[0].score == 8


def one_by_one(windows: WindowMap, question: int, starts, ends, num_best: int, max_tokens: int):
    """The candidates of one question, found without arrays."""
    found = []
    splits = np.cumsum([0, *windows.lengths])
    for row in np.flatnonzero(windows.question_index == question):
        first, column = windows.first_tokens[row], windows.first_columns[row]
        tokens = range(windows.lengths[row])
        may_start = [i for i in tokens if windows.max_context[splits[row] + i]]
        best_starts = sorted(may_start, key=lambda i: -starts[row, column + i])[:num_best]
        best_ends = sorted(tokens, key=lambda i: -ends[row, column + i])[:num_best]
        found += [
            (float(starts[row, column + i]) + float(ends[row, column + j]), first + i, first + j)
            for i in best_starts
            for j in best_ends
            if i <= j < i + max_tokens
        ]
    texts: dict[str, float] = {}
    for score, i, j in sorted(found, key=lambda item: -item[0]):
        texts.setdefault(CONTEXT[windows.char_starts[i] : windows.char_ends[j]], score)
    return list(texts.items())[:num_best]


def test_many_questions_at_once_are_decoded_as_one_by_one():
    generator = np.random.default_rng(0)
    rows = []
    for question in range(400):
        for _ in range(generator.integers(1, 4)):
            first = int(generator.integers(0, 8))
            rows.append((question, first, int(generator.integers(1, 10 - first))))
    windows = window_map(*rows)
    windows = dataclasses.replace(windows, max_context=generator.random(len(windows.max_context)) < 0.7)
    starts, ends = generator.integers(-9, 9, (2, len(rows), LENGTH)).astype(np.float32)  # ties too
    decoded = decode(windows, starts, ends, num_best=4, max_answer_tokens=3)
    assert len(decoded) == 400
    for question, result in enumerate(decoded):
        expected = one_by_one(windows, question, starts, ends, 4, 3)
        assert [(found.text, found.score) for found in result.candidates] == expected


def test_targets_of_windows_decode_to_the_answers_they_were_made_of():
    tokenizer = Tokenizer(Vocabulary((*RESERVED, *"abcdefgh", "##e")))
    context = "a É🦊 b c\u0301 d ½ e f g h " * 3
    answers = [Answer(text, context.index(text)) for text in ("É🦊", "c\u0301 d", "½", "e f g h")]
    questions = [Question(str(i), "a b", context, (answer,)) for i, answer in enumerate(answers)]
    windows = answer_windows(questions, tokenizer, 16, 5, 4)
    rows = np.arange(len(windows))
    starts, ends = np.zeros((2, len(windows), 16), np.float32)
    starts[rows, windows.start_positions] = ends[rows, windows.end_positions] = 9
    starts[:, 0] = ends[:, 0] = 0
    decoded = decode_answers(WindowMap(**windows.decoding_arrays()), [context] * 4, starts, ends)
    assert len(windows) > 16
    assert [found.text for found in decoded] == [answer.text for answer in answers]


def test_an_answer_is_given_up_where_no_answer_leads_by_more_than_the_threshold():
    (decoded,) = decode(ONE, logits(1, w0_3=1, w0_0=2), logits(1, w0_3=1, w0_0=1))
    assert [decoded.text_or_null(threshold) for threshold in (0.5, 1.0, 2.0)] == ["", "Zoë", "Zoë"]


def test_the_best_threshold_answers_what_gains_and_is_silent_on_the_rest():
    differences = np.array([3.0, -2.0, 1.0, -1.0, 2.0])
    has_answer = np.array([True, True, False, True, False])
    scores = np.array([1.0, 1.0, 0.0, 0.5, 0.0])
    # Silence scores 2; answered in order: +1, +0.5, -1, -1, +1.
    assert best_threshold(differences, scores, has_answer, np.ones(5, bool)) == (70.0, -1.0)


def test_an_empty_answer_to_an_impossible_question_loses_nothing():
    answered = np.array([False, True])
    found = best_threshold(np.array([0.5, 1.0]), np.array([1.0, 1.0]), np.array([False, True]), answered)
    assert found == (100.0, 1.0)


def test_silence_on_all_questions_has_a_threshold_that_gives_it():
    wrong = np.zeros(2), np.array([False, True]), np.ones(2, bool)
    assert best_threshold(np.array([1.0, 2.0]), *wrong) == (50.0, 0.0)
    score, threshold = best_threshold(np.array([-1.0, 2.0]), *wrong)
    assert score == 50 and -1.0000001 < threshold < -1
