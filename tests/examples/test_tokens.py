"""The plain values that a task of labelled pieces consists of."""

import pytest

from mbert_cli.examples.tokens import Span, TokenExamples, word_labels

SPANS = [[Span(0, 1, "X")], [], [Span(2, 3, "Y")]]


def test_a_type_has_a_label_for_its_first_word_and_one_for_the_others():
    assert word_labels(["PER", "LOC"]) == ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    assert word_labels([]) == ["O"]


@pytest.mark.parametrize("are_tags", [False, True])
def test_texts_are_taken_with_their_spans_and_words(are_tags):
    words = [[(0, 1)], [(0, 2)], [(0, 1), (2, 3)]]
    taken = TokenExamples(["a", "bb", "c d"], SPANS, words, are_tags).take([2, 0])
    assert (taken.texts, taken.spans, taken.words) == (
        ["c d", "a"],
        [SPANS[2], SPANS[0]],
        [words[2], words[0]],
    )
    assert taken.are_tags is are_tags and len(taken) == 2 and taken.notes == []


def test_words_that_the_tokenizer_finds_stay_unnamed():
    assert TokenExamples(["a", "bb", "c d"], SPANS, None).take([1]).words is None
