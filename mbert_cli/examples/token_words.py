"""Texts and their words in tokens: what is labelled are words, and the first token of each stands for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mbert_cli.evaluate.entities import OUTSIDE
from mbert_cli.examples.tokens import TokenExamples
from mbert_cli.text.wordpiece import Tokenizer

_Places = Sequence[Sequence[tuple[int, int]]]
"""First character and the one after the last of each word of each text."""


@dataclass(frozen=True)
class TokenWords:
    """All words of some texts, in their order. Axis names: `tokens` and `words` of all texts one after the other.

    Args:
        ids: (tokens,) int32. Token ids.
        token_splits: (texts + 1,) int64. Where the tokens of each text start and the last one's end.
        word_splits: (texts + 1,) int64. The same for its words.
        first_tokens: (words,) int64. The first token of each word; -1 for a word of which the tokenizer leaves
            nothing, such as a control character.
        starts: (words,) int32. First character of each word, counted in its own text.
        ends: (words,) int32. The character after its last one.
    """

    ids: np.ndarray
    token_splits: np.ndarray
    word_splits: np.ndarray
    first_tokens: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


def find_words(examples: TokenExamples, tokenizer: Tokenizer) -> TokenWords:
    """Encodes texts, each once, and finds their words in the tokens.

    Words that the source gives are read one by one where a token may be matched before words are cut, as
    transformers reads words that were split beforehand.

    Args:
        examples: Texts that say which words they have, or leave that to the tokenizer: then a word is a token
            and those that continue it.
        tokenizer: Turns texts into ids.
    """
    words = examples.words
    if words is not None and tokenizer.find_matched(examples.texts):
        return _words_alone(examples.texts, words, tokenizer)
    ids, token_splits, char_starts, char_ends = tokenizer.encode_with_offsets(examples.texts)
    if words is not None:
        return _words_of_source(examples.texts, words, ids, token_splits, char_starts)
    return _words_of_tokenizer(
        ids, token_splits, char_starts, char_ends, tokenizer.vocabulary.is_continuation
    )


def _splits_and_places(words: _Places) -> tuple[np.ndarray, np.ndarray]:
    """Where the words of each text start and the last one's end, and where each word stands in its text."""
    places = np.array([place for ranges in words for place in ranges], np.int32).reshape(-1, 2)
    return np.cumsum([0, *map(len, words)]), places


def _words_of_tokenizer(
    ids: np.ndarray,
    token_splits: np.ndarray,
    char_starts: np.ndarray,
    char_ends: np.ndarray,
    is_continuation: np.ndarray,
) -> TokenWords:
    first_tokens = np.flatnonzero(~is_continuation[ids])
    last_tokens = np.append(first_tokens[1:], len(ids))[: len(first_tokens)] - 1
    word_splits = np.searchsorted(first_tokens, token_splits)
    return TokenWords(
        ids, token_splits, word_splits, first_tokens, char_starts[first_tokens], char_ends[last_tokens]
    )


def _words_of_source(
    texts: list[str], words: _Places, ids: np.ndarray, token_splits: np.ndarray, char_starts: np.ndarray
) -> TokenWords:
    word_splits, places = _splits_and_places(words)
    bases = text_bases(texts)
    starts_in_all = places[:, 0] + np.repeat(bases, np.diff(word_splits))
    tokens_in_all = char_starts + np.repeat(bases, np.diff(token_splits))
    word_of_token = np.searchsorted(starts_in_all, tokens_in_all, side="right") - 1
    first_tokens = np.full(len(places), -1, np.int64)
    named, first = np.unique(word_of_token, return_index=True)
    first_tokens[named] = first
    return TokenWords(ids, token_splits, word_splits, first_tokens, places[:, 0], places[:, 1])


def _words_alone(texts: list[str], words: _Places, tokenizer: Tokenizer) -> TokenWords:
    """Encodes each word as a text of its own, so that no matched token reaches over several."""
    pieces = [text[start:end] for text, ranges in zip(texts, words, strict=True) for start, end in ranges]
    ids, splits = tokenizer.encode(pieces)
    word_splits, places = _splits_and_places(words)
    first_tokens = np.where(np.diff(splits) > 0, splits[:-1], -1)
    return TokenWords(ids, splits[word_splits], word_splits, first_tokens, places[:, 0], places[:, 1])


def text_bases(texts: list[str]) -> np.ndarray:
    """(texts,) int64. What to add to the characters of each text so that they ascend over all texts."""
    return np.cumsum([0, *(len(text) + 1 for text in texts)])[:-1]


@dataclass(frozen=True)
class WordLabels:
    """What spans say about words.

    Args:
        ids: (words,) int32. The label of each word.
        num_lost: Spans without a word of their own.
        num_within: Spans that begin or end within a word, which belongs to them whole.
    """

    ids: np.ndarray
    num_lost: int
    num_within: int


def label_words(examples: TokenExamples, words: TokenWords, label_ids: dict[str, int]) -> WordLabels:
    """Gives each word that a span touches the label of the span's first word or of its others.

    A word that two spans touch belongs to the one that comes first. For tags the type is the label.

    Args:
        examples: Texts with spans.
        words: Their words.
        label_ids: Id of each label.
    """
    bases = text_bases(examples.texts)
    starts = words.starts + np.repeat(bases, np.diff(words.word_splits))
    ends = starts + (words.ends - words.starts)
    labels = np.full(len(starts), label_ids.get(OUTSIDE, 0), np.int32)
    free = num_lost = num_within = 0
    for base, spans in zip(bases, examples.spans, strict=True):
        for span in spans:
            touched = int(np.searchsorted(ends, span.start + base, side="right"))
            after = int(np.searchsorted(starts, span.end + base, side="left"))
            if after > touched:
                num_within += bool(starts[touched] < span.start + base or ends[after - 1] > span.end + base)
            first, free = max(free, touched), max(free, after)
            labels[first:free] = label_ids[span.type if examples.are_tags else f"I-{span.type}"]
            if free > first:
                labels[first] = label_ids[span.type if examples.are_tags else f"B-{span.type}"]
            else:
                num_lost += 1
    return WordLabels(labels, num_lost, num_within)
