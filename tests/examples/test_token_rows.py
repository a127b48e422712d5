"""Texts with labelled pieces as rows: which token has which label, what is cut, and what weighs nothing."""

import numpy as np
import pytest

from mbert_cli.examples.batches import TaskBatches
from mbert_cli.examples.token_rows import TokenRows
from mbert_cli.examples.tokens import Span, TokenExamples, word_labels
from mbert_cli.model.encoder import INPUTS
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz"
VOCABULARY = Vocabulary((*RESERVED, *LETTERS, *(f"##{letter}" for letter in LETTERS), "."))
LABELS = word_labels(["L", "P"])


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(VOCABULARY)


def conll(*sentences: str) -> TokenExamples:
    """Sentences of words, those of an entity written as in `ab/P cd/P`; neighbours of one type are one entity."""
    texts, spans, words = [], [], []
    for sentence in sentences:
        pairs = [word.partition("/")[::2] for word in sentence.split(" ")]
        texts.append(" ".join(word for word, _ in pairs))
        ends = np.cumsum([len(word) + 1 for word, _ in pairs]) - 1
        words.append([(int(end) - len(word), int(end)) for (word, _), end in zip(pairs, ends, strict=True)])
        spans.append([])
        for (_, name), (start, end) in zip(pairs, words[-1], strict=True):
            if name and spans[-1] and spans[-1][-1] == (spans[-1][-1].start, start - 1, name):
                spans[-1][-1] = spans[-1][-1]._replace(end=end)
            elif name:
                spans[-1].append(Span(start, end, name))
    return TokenExamples(texts, spans, words)


def show(batch, row: int = 0) -> str:
    """Tokens with their labels, `-` for those without one."""
    cells = []
    for token, label, weight in zip(
        *(batch[key][row] for key in ("token_ids", "labels", "label_weights")), strict=True
    ):
        cells.append(f"{VOCABULARY.tokens[token]}/{LABELS[label] if weight else '-'}")
        assert weight or label == 0
    return " ".join(cells)


def first_batch(examples: TokenExamples, tokenizer: Tokenizer, length: int = 12):
    rows = TokenRows(examples, tokenizer, length, LABELS)
    return next(TaskBatches(rows, len(examples)).in_order())


def test_the_first_token_of_a_word_carries_its_label(tokenizer):
    batch = first_batch(conll("ab/P c/P de f/L"), tokenizer)
    assert show(batch) == (
        "[CLS]/- a/B-P ##b/- c/I-P d/O ##e/- f/B-L [SEP]/- [PAD]/- [PAD]/- [PAD]/- [PAD]/-"
    )
    np.testing.assert_array_equal(batch["padding_mask"], [[1] * 8 + [0] * 4])
    np.testing.assert_array_equal(batch["segment_ids"], np.zeros((1, 12)))


def test_a_word_of_the_file_has_one_label_where_the_tokenizer_finds_several(tokenizer):
    batch = first_batch(conll("a.b./L c"), tokenizer, 9)
    assert show(batch) == "[CLS]/- a/B-L ./- b/- ./- c/O [SEP]/- [PAD]/- [PAD]/-"


def test_words_of_a_text_with_spans_are_those_of_the_tokenizer(tokenizer):
    # The spans begin and end within words: each word that one touches belongs to it.
    examples = TokenExamples(["ab cd.ef  g"], [[Span(1, 5, "P"), Span(6, 8, "L")]], None)
    assert show(first_batch(examples, tokenizer, 10)) == (
        "[CLS]/- a/B-P ##b/- c/I-P ##d/- ./O e/B-L ##f/- g/O [SEP]/-"
    )


def test_a_word_belongs_to_the_first_of_two_spans(tokenizer):
    examples = TokenExamples(["abcd e", "ab"], [[Span(0, 2, "P"), Span(2, 6, "L")], []], None)
    rows = TokenRows(examples, tokenizer, 8, LABELS)
    assert show(next(TaskBatches(rows, 2).in_order())) == (
        "[CLS]/- a/B-P ##b/- ##c/- ##d/- e/B-L [SEP]/- [PAD]/-"
    )
    assert rows.left_out == "2 of 2 entities begin or end within a word and take the whole of it"


def test_each_word_has_its_own_tag(tokenizer):
    examples = TokenExamples(
        ["ab c"], [[Span(0, 2, "N"), Span(3, 4, "V")]], [[(0, 2), (3, 4)]], are_tags=True
    )
    rows = TokenRows(examples, tokenizer, 8, ["V", "N"])
    assert rows.labels.tolist() == [1, 0] and rows.left_out is None
    batch = next(TaskBatches(rows, 1).in_order())
    np.testing.assert_array_equal(batch["labels"], [[0, 1, 0, 0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(batch["label_weights"], [[0, 1, 0, 1, 0, 0, 0, 0]])


def test_an_entity_without_a_word_of_its_own_is_counted(tokenizer):
    examples = TokenExamples(["abcd"], [[Span(0, 2, "P"), Span(2, 4, "L")]], None)
    rows = TokenRows(examples, tokenizer, 8, LABELS)
    assert rows.left_out == (
        "1 of 2 entities has no word of its own and is left out; "
        "2 of 2 entities begin or end within a word and take the whole of it"
    )
    assert rows.labels.tolist() == [LABELS.index("B-P")]


def test_spans_that_are_whole_words_leave_nothing_to_say(tokenizer):
    examples = TokenExamples(
        ["ab  cd.", "e\u0301f"], [[Span(0, 2, "P"), Span(4, 6, "L")], [Span(0, 3, "L")]], None
    )
    assert TokenRows(examples, tokenizer, 8, LABELS).left_out is None


def test_the_label_of_no_entity_may_have_any_id(tokenizer):
    labels = ["B-P", "I-P", "O"]
    assert TokenRows(conll("a b/P"), tokenizer, 8, labels).labels.tolist() == [2, 0]


def test_a_word_of_which_nothing_is_left_has_no_column(tokenizer):
    rows = TokenRows(conll("a \u200b/P b", "\u200b", "c/L"), tokenizer, 6, LABELS)
    assert [LABELS[label] for label in rows.labels] == ["O", "B-P", "O", "O", "B-L"]
    assert rows.columns.tolist() == [1, 0, 2, 0, 1]
    batch = next(TaskBatches(rows, 3).in_order())
    assert show(batch, 0) == "[CLS]/- a/O b/O [SEP]/- [PAD]/- [PAD]/-"
    assert show(batch, 1) == "[CLS]/- [SEP]/- [PAD]/- [PAD]/- [PAD]/- [PAD]/-"
    assert show(batch, 2) == "[CLS]/- c/B-L [SEP]/- [PAD]/- [PAD]/- [PAD]/-"


def test_a_long_text_is_read_in_windows_and_each_word_is_labelled_in_one(tokenizer):
    rows = TokenRows(conll("a b/P cd/P e/L", "a b c", "a b cd"), tokenizer, 5, LABELS)
    batch = next(TaskBatches(rows, 7).in_order())
    assert [show(batch, row) for row in range(6)] == [
        "[CLS]/- a/O b/B-P c/- [SEP]/-",
        "[CLS]/- b/- c/I-P ##d/- [SEP]/-",
        "[CLS]/- c/- ##d/- e/B-L [SEP]/-",
        "[CLS]/- a/O b/O c/O [SEP]/-",
        "[CLS]/- a/O b/O c/- [SEP]/-",
        "[CLS]/- b/- c/O ##d/- [SEP]/-",
    ]
    assert rows.rows.tolist() == [0, 0, 1, 2, 3, 3, 3, 4, 4, 5]
    assert rows.columns.tolist() == [1, 2, 2, 3, 1, 2, 3, 1, 2, 2]
    assert [LABELS[label] for label in rows.labels[:4]] == ["O", "B-P", "I-P", "B-L"]
    assert rows.tokens.tolist() == [5] * 6 and rows.trained.tolist() == list(range(6))
    assert rows.cut == "2 of 3 texts are longer than 5 tokens and are read in 5 windows that overlap"
    assert TokenRows(conll("a b c"), tokenizer, 5, LABELS).cut is None


def test_the_stride_is_what_the_recipe_wants(tokenizer):
    text = conll(" ".join("abcdefgh"))
    starts = [
        next(TaskBatches(TokenRows(text, tokenizer, 6, LABELS, stride), 9).in_order())["token_ids"][:, 1]
        for stride in (None, 1, 4, 99)
    ]
    shown = ["".join(dict.fromkeys(VOCABULARY.tokens[one] for one in ids)) for ids in starts]
    assert shown == ["ace", "abcde", "ae", "ae"]


def test_batches_have_the_documented_types(tokenizer):
    batch = TaskBatches(TokenRows(conll("a b/P", "c"), tokenizer, 8, LABELS), 2)(0)
    assert set(batch) == {*INPUTS, "labels", "label_weights", "example_weights"}
    kinds = {key: (array.dtype, array.shape) for key, array in batch.items()}
    assert all(kinds[key] == (np.int32, (2, 8)) for key in (*INPUTS, "labels"))
    assert kinds["label_weights"] == (np.float32, (2, 8))


def test_tokens_of_rows_that_only_fill_up_weigh_nothing(tokenizer):
    rows = TokenRows(conll("a b/P", "c/L", "d"), tokenizer, 5, LABELS)
    batches = list(TaskBatches(rows, 2).in_order())
    assert show(batches[1], 0) == "[CLS]/- d/O [SEP]/- [PAD]/- [PAD]/-"
    np.testing.assert_array_equal(batches[1]["example_weights"], [1, 0])
    np.testing.assert_array_equal(batches[1]["token_ids"][0], batches[1]["token_ids"][1])
    np.testing.assert_array_equal(batches[1]["label_weights"], [[0, 1, 0, 0, 0], [0, 0, 0, 0, 0]])


def test_a_batch_may_be_as_long_as_its_longest_row_and_a_column(tokenizer):
    rows = TokenRows(conll("a b/P", " ".join("abcdefgh")), tokenizer, 128, LABELS)
    batch = next(TaskBatches(rows, 1, dynamic_length=True).in_order())
    assert batch["labels"].shape == batch["label_weights"].shape == (1, 16)
