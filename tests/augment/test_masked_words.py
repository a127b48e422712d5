"""Candidates of a masked LM: the likeliest words, however rows are batched."""

import numpy as np
import pytest

from mbert_cli.augment.masked_rows import place_words
from mbert_cli.augment.masked_words import MaskedWords, _distinct, candidate_ids
from mbert_cli.augment.options import AugmentOptions
from mbert_cli.augment.words import content_words
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.weights.saved_network import load_teacher

TEXTS = [
    "The movie was good.",
    "bad plot, poor story",
    "acting x",
    "Great film. A great movie, a good story.",
]


def placed(vocabulary, texts=TEXTS):
    words = [content_words(text, frozenset({"the", "was"})) for text in texts]
    return place_words(texts, words, Tokenizer(vocabulary))


def test_candidates_are_whole_words(model):
    words = [model.vocabulary.tokens[index] for index in candidate_ids(model.vocabulary)]
    assert words == ["movie", "film", "good", "great", "bad", "poor", "plot", "story", "the", "was", "act"]
    others = candidate_ids(model.vocabulary, frozenset({"the", "was"}))
    assert [model.vocabulary.tokens[index] for index in others] == [*words[:8], "act"]


def test_candidates_are_the_likeliest_of_the_network_one_mask_at_a_time(model):
    options = AugmentOptions(candidates=4, masked_share=0.0, batch_size=3)
    words = placed(model.vocabulary)
    found = MaskedWords(model, options).fill(words)
    network, allowed = load_teacher(model), candidate_ids(model.vocabulary)
    for word, (text, token) in enumerate(zip(words.texts, words.tokens, strict=True)):
        start, end = words.starts[text : text + 2]
        ids = words.ids[start:end].copy()
        ids[token - start] = model.vocabulary.mask_id
        marks = model.vocabulary
        row = np.array([[marks.cls_id, *ids, marks.sep_id, *words.ids[start:end], marks.sep_id]])
        logits = network({
            "token_ids": row, "padding_mask": np.ones_like(row),
            "segment_ids": np.array([[0] * (len(ids) + 2) + [1] * (len(ids) + 1)]),
            "masked_positions": np.array([[token - start + 1]]),
        })["masked_logits"]  # fmt: skip
        scores = np.array(logits)[0, 0]
        ranked = [index for index in allowed[np.argsort(-scores[allowed])] if index != words.ids[token]]
        assert found[word].tolist() == ranked[:4]


@pytest.mark.parametrize("masked_share", [0.0, 0.15, 1.0])
def test_batches_and_other_texts_change_nothing(model, masked_share):
    options = AugmentOptions(candidates=3, masked_share=masked_share, batch_size=2)
    whole = MaskedWords(model, options).fill(placed(model.vocabulary))
    filler = MaskedWords(model, options.model_copy(update={"batch_size": 64}))
    parts = [filler.fill(placed(model.vocabulary, [text])) for text in TEXTS]
    assert np.concatenate(parts).tolist() == whole.tolist()
    assert parts[2].shape == (0, 3)


def test_a_small_vocabulary_gives_what_it_has(model):
    found = MaskedWords(model, AugmentOptions(candidates=30)).fill(placed(model.vocabulary, TEXTS[:1]))
    assert found.shape == (2, 30)
    assert all(len(set(row[:10])) == 10 and not row[10:].any() for row in found)


def test_the_word_itself_in_another_case_is_no_candidate(make_model):
    vocabulary = Vocabulary((*LEADING_TOKENS, "Film", "film", "FILM", "plot", "Plot", "was"), lowercase=False)
    words = placed(vocabulary, ["film was"])
    found = MaskedWords(make_model(vocabulary), AugmentOptions(candidates=3)).fill(words)
    shown = [vocabulary.tokens[index] for index in found[0] if index]
    assert sorted(word.lower() for word in shown) == ["plot", "was"]


def test_what_is_alike_counts_once_and_the_rest_closes_up():
    found, own = np.array([[5, 3, 4, 9], [7, 7, 1, 2]]), np.array([3, 6])
    alike = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 4])
    assert _distinct(found, own, alike, 3).tolist() == [[5, 4, 0], [7, 1, 2]]
