"""The words of texts in tokens, and what spans say about them."""

from mbert_cli.examples.token_words import find_words, label_words, text_bases
from mbert_cli.examples.tokens import Span, TokenExamples
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

TOKENS = (*RESERVED, "new", "york", "a", "e", "##e", "s", "covid-19", "\n", "new york", "##x")


MATCHED = (
    MatchedToken(3, "[SEP]", normalized=False, special=True, is_word=True),
    MatchedToken(11, "covid-19"),
    MatchedToken(12, "\n", normalized=False),
    MatchedToken(13, "new york", lstrip=True, rstrip=True),
    MatchedToken(14, "##x"),
)


VOCABULARY = Vocabulary(TOKENS, True, MATCHED)


def test_a_matched_token_is_a_word_of_its_own():
    examples = TokenExamples(["a##xe Covid-19s"], [[]], None)
    words = find_words(examples, Tokenizer(VOCABULARY))
    found = [examples.texts[0][a:b] for a, b in zip(words.starts, words.ends, strict=True)]
    assert found == ["a", "##x", "e", "Covid-19", "s"]


def test_words_that_a_source_gives_are_matched_one_by_one():
    places = [[(0, 1), (2, 5), (6, 10)], [(0, 9), (10, 15)]]
    examples = TokenExamples(["a new york", "ecovid-19 [SEP]"], [[], []], places)
    words = find_words(examples, Tokenizer(VOCABULARY))
    tokens = [TOKENS[index] for index in words.ids]
    assert tokens == ["a", "new", "york", "e", "covid-19", "[SEP]"]
    assert words.first_tokens.tolist() == [0, 1, 2, 3, 5]
    assert (words.token_splits.tolist(), words.word_splits.tolist()) == ([0, 3, 6], [0, 3, 5])


def test_words_of_a_source_are_found_in_the_tokens_of_the_whole_text():
    plain = Tokenizer(Vocabulary(TOKENS))
    examples = TokenExamples(["ae a", "", "\u200b s"], [[], [], []], [[(0, 2), (3, 4)], [], [(0, 1), (2, 3)]])
    words = find_words(examples, plain)
    assert [TOKENS[index] for index in words.ids] == ["a", "##e", "a", "s"]
    assert words.token_splits.tolist() == [0, 3, 3, 4] and words.word_splits.tolist() == [0, 2, 2, 4]
    # A character that the tokenizer leaves out has no first token.
    assert words.first_tokens.tolist() == [0, 2, -1, 3]
    assert list(zip(words.starts.tolist(), words.ends.tolist(), strict=True)) == [
        (0, 2),
        (3, 4),
        (0, 1),
        (2, 3),
    ]


def test_the_words_of_the_tokenizer_are_tokens_with_those_that_continue_them():
    words = find_words(TokenExamples(["ae  a", "s"], [[], []], None), Tokenizer(Vocabulary(TOKENS)))
    assert words.first_tokens.tolist() == [0, 2, 3] and words.word_splits.tolist() == [0, 2, 3]
    assert list(zip(words.starts.tolist(), words.ends.tolist(), strict=True)) == [(0, 2), (4, 5), (0, 1)]


def test_a_span_labels_the_words_that_it_touches():
    texts = ["a ae s", "e a"]
    spans = [[Span(0, 3, "X"), Span(2, 4, "Y"), Span(5, 6, "Y")], []]
    places = [[(0, 1), (2, 4), (5, 6)], [(0, 1), (2, 3)]]
    examples = TokenExamples(texts, spans, places)
    words = find_words(examples, Tokenizer(Vocabulary(TOKENS)))
    names = ["O", "B-X", "I-X", "B-Y", "I-Y"]
    found = label_words(examples, words, {name: index for index, name in enumerate(names)})
    assert [names[index] for index in found.ids] == ["B-X", "I-X", "B-Y", "O", "O"]
    assert (found.num_lost, found.num_within) == (1, 1)


def test_characters_of_all_texts_ascend_with_a_gap_between_texts():
    assert text_bases(["abc", "", "d"]).tolist() == [0, 4, 5]
