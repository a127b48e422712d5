"""Pre-training batches: pure functions of the step, pairs from document structure, masks."""

import numpy as np
import pytest

from mbert_cli.corpus.document import Document
from mbert_cli.corpus.options import PretrainingOptions, StoreOptions
from mbert_cli.corpus.pretraining_batches import PretrainingBatches
from mbert_cli.corpus.store import TokenStore
from mbert_cli.errors import UserError
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from tests.corpus.store_writing import write_store

NUMBERS = 3000
VOCABULARY = Vocabulary((*LEADING_TOKENS, *(f"n{i}" for i in range(NUMBERS)), "."))
FIRST, STOP = 104, 104 + NUMBERS
SENTENCE = 5
"""Tokens of a sentence: four numbers and a full stop."""


def build(directory, sentences_per_document: list[int], **options) -> TokenStore:
    """Documents that count: every number occurs once in the store, in order."""
    number = 0
    documents = []
    for index, count in enumerate(sentences_per_document):
        paragraphs = []
        for _ in range(count):
            paragraphs.append(" ".join(f"n{number + i}" for i in range(SENTENCE - 1)) + " .")
            number += SENTENCE - 1
        documents.append(Document(str(index), paragraphs))
    assert number <= NUMBERS
    directory.mkdir()
    write_store(directory, documents, VOCABULARY, StoreOptions(**({"validation_share": 0} | options)))
    return TokenStore(directory)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> TokenStore:
    return build(tmp_path_factory.mktemp("stores") / "store", [40, 3, 60, 1, 25, 30, 2])


def batches(
    store: TokenStore,
    batch_size: int = 64,
    seed: int = 3,
    split: str = "train",
    masks_text: bool = True,
    **options,
):
    settings = {"sequence_length": 32, "max_predictions": 6, "short_sequence_rate": 0.0} | options
    return PretrainingBatches(store, PretrainingOptions(**settings), batch_size, seed, split, masks_text)


def originals(batch: dict[str, np.ndarray]) -> np.ndarray:
    token_ids = batch["token_ids"].copy()
    row, slot = np.nonzero(batch["masked_weights"])
    token_ids[row, batch["masked_positions"][row, slot]] = batch["masked_ids"][row, slot]
    return token_ids


def segments(batch: dict[str, np.ndarray]) -> list[tuple[list[int], list[int]]]:
    """A and B of every row, without marks."""
    result = []
    real = batch["padding_mask"].sum(axis=1)
    for ids, segment, count in zip(originals(batch), batch["segment_ids"], real, strict=True):
        ids, segment = ids[:count], segment[:count]
        first, second = ids[segment == 0], ids[segment == 1]
        assert (first[0], first[-1], second[-1]) == (VOCABULARY.cls_id, VOCABULARY.sep_id, VOCABULARY.sep_id)
        result.append((first[1:-1].tolist(), second[:-1].tolist()))
    return result


def document_of(store: TokenStore, ids: list[int]) -> int:
    """The document that a run of ids comes from; the run must be contiguous in it."""
    numbers = [i for i in ids if i != STOP]
    if not numbers:
        return -1
    position = int(np.flatnonzero(store.tokens == numbers[0])[0]) - ids.index(numbers[0])
    np.testing.assert_array_equal(store.tokens[position : position + len(ids)], ids)
    bounds = store.sentence_starts[store.document_starts]
    document = int(np.searchsorted(bounds, position, side="right")) - 1
    assert position + len(ids) <= bounds[document + 1]
    return document


def test_batch_has_the_documented_arrays(store):
    batch = batches(store)(0)
    assert set(batch) == {
        "token_ids", "segment_ids", "padding_mask", "masked_positions", "masked_ids", "masked_weights", "next_sentence",
    }  # fmt: skip
    floats = {key for key, array in batch.items() if array.dtype == np.float32}
    assert floats == {"masked_weights"}
    assert all(array.dtype == np.int32 for key, array in batch.items() if key not in floats)
    assert batch["token_ids"].shape == (64, 32) and batch["masked_ids"].shape == (64, 6)
    assert batch["next_sentence"].shape == (64,)


def test_same_seed_and_step_give_the_same_batch_whatever_came_before(store):
    one = batches(store)
    for step in range(4):
        one(step)
    again = batches(TokenStore(store.directory))
    for key, array in again(2).items():
        np.testing.assert_array_equal(array, one(2)[key])
    assert (one(2)["token_ids"] != one(3)["token_ids"]).any()
    assert (one(2)["token_ids"] != batches(store, seed=4)(2)["token_ids"]).any()


@pytest.mark.parametrize("count", [1, 2, 4])
def test_shards_are_rows_of_the_global_batch(store, count):
    whole = batches(store, whole_word_masking=True)
    for index in range(count):
        for key, array in whole.shard(index, count)(5).items():
            np.testing.assert_array_equal(array, np.split(whole(5)[key], count)[index])


def test_second_segment_follows_the_first_or_is_of_another_document(store):
    labels = []
    for step in range(20):
        batch = batches(store)(step)
        for (first, second), label in zip(segments(batch), batch["next_sentence"], strict=True):
            documents = document_of(store, first), document_of(store, second)
            if -1 not in documents:
                assert (documents[0] == documents[1]) == (label == 0)
            if label == 0:
                assert not (set(first) & set(second)) - {STOP}
            labels.append(label)
    assert np.mean(labels) == pytest.approx(0.5, abs=0.05)


def test_true_pairs_are_contiguous_where_nothing_was_cut(tmp_path):
    store = build(tmp_path / "store", [2, 2, 3])
    for step in range(5):
        batch = batches(store, sequence_length=64)(step)
        for (first, second), label in zip(segments(batch), batch["next_sentence"], strict=True):
            assert len(first) % SENTENCE == len(second) % SENTENCE == 0
            if label == 0:
                document_of(store, first + second)


def test_long_documents_fill_the_sequence(tmp_path):
    batch = batches(build(tmp_path / "store", [100, 90]))(0)
    np.testing.assert_array_equal(batch["padding_mask"], np.ones((64, 32)))


def test_short_sequences_come_at_the_given_rate_and_in_every_length(tmp_path):
    store = build(tmp_path / "store", [100, 90])
    lengths = np.concatenate(
        [batches(store, short_sequence_rate=0.5)(step)["padding_mask"].sum(axis=1) for step in range(40)]
    )
    assert np.mean(lengths < 32) == pytest.approx(0.5 * 27 / 28, abs=0.03)
    assert set(lengths) == set(range(5, 33))


def test_every_document_is_drawn_by_its_tokens(store):
    counts = np.zeros(7)
    for step in range(40):
        for first, _ in segments(batches(store)(step)):
            document = document_of(store, first)
            counts[document] += document >= 0
    shares = np.array([40, 3, 60, 1, 25, 30, 2]) / 161
    np.testing.assert_allclose(counts / counts.sum(), shares, atol=0.03)
    assert counts.all()


def test_every_sentence_of_a_long_document_begins_an_example(tmp_path):
    store = build(tmp_path / "store", [50, 2])
    heads = {first[0] for first, _ in segments(batches(store, batch_size=2000, sequence_length=16)(0))}
    starts = store.tokens[store.sentence_starts[:48]]
    assert np.isin(starts, list(heads)).all()


def test_a_single_long_sentence_is_cut_for_both_labels(tmp_path):
    (tmp_path / "store").mkdir()
    documents = [Document(str(d), [" ".join(f"n{d * 500 + i}" for i in range(400))]) for d in range(2)]
    write_store(tmp_path / "store", documents, VOCABULARY, StoreOptions(validation_share=0))
    batch = batches(TokenStore(tmp_path / "store"))(0)
    assert batch["next_sentence"].mean() == pytest.approx(0.5, abs=0.15)
    for (first, second), label in zip(segments(batch), batch["next_sentence"], strict=True):
        assert first and second
        assert (first[0] < FIRST + 500) == (second[0] < FIRST + 500) or label == 1


def test_a_document_of_one_token_is_always_followed_by_another(tmp_path):
    (tmp_path / "store").mkdir()
    documents = [Document("1", ["n1"]), Document("2", ["n2"])]
    write_store(tmp_path / "store", documents, VOCABULARY, StoreOptions(validation_share=0))
    batch = batches(TokenStore(tmp_path / "store"))(0)
    assert batch["next_sentence"].all()
    pairs = {(first[0], second[0]) for first, second in segments(batch)}
    assert pairs == {(FIRST + 1, FIRST + 2), (FIRST + 2, FIRST + 1)}


def test_a_store_of_one_document_takes_its_random_sentences_from_elsewhere_in_it(tmp_path):
    store = build(tmp_path / "store", [100])
    for step in range(5):
        batch = batches(store)(step)
        assert 0.2 < batch["next_sentence"].mean() < 0.8
        for (first, second), label in zip(segments(batch), batch["next_sentence"], strict=True):
            document_of(store, first)
            document_of(store, second)
            overlap = (set(first) & set(second)) - {STOP}
            assert not overlap
            if label == 1:
                gap = min(i for i in second if i != STOP) - max(i for i in first if i != STOP)
                assert gap != 1 or len(second) < 3


def test_splits_do_not_share_documents(tmp_path):
    store = build(tmp_path / "store", [10] * 40, validation_share=0.3)
    held_out = set(np.flatnonzero(store.held_out).tolist())
    assert 4 < len(held_out) < 25
    for split in ("train", "validation"):
        for first, second in segments(batches(store, split=split)(0)):
            for document in {document_of(store, first), document_of(store, second)} - {-1}:
                assert (document in held_out) == (split == "validation")


def test_masks_lie_on_tokens_of_the_text(store):
    batch = batches(store)(1)
    used = batch["masked_weights"] > 0
    assert (batch["masked_ids"][used] >= FIRST).all()
    expected = np.clip(np.rint(batch["padding_mask"].sum(axis=1) * 0.15), 1, 6)
    np.testing.assert_array_equal(used.sum(axis=1), expected)


def test_text_without_masks_is_the_same_text(store):
    masked, plain = batches(store)(1), batches(store, masks_text=False)(1)
    assert set(plain) == {"token_ids", "segment_ids", "padding_mask", "next_sentence"}
    np.testing.assert_array_equal(plain["token_ids"], originals(masked))
    for name in set(plain) - {"token_ids"}:
        np.testing.assert_array_equal(plain[name], masked[name])
    np.testing.assert_array_equal(
        batches(store, masks_text=False).shard(1, 2)(1)["token_ids"], np.split(plain["token_ids"], 2)[1]
    )


def test_a_split_without_documents_is_refused(tmp_path):
    store = build(tmp_path / "store", [3, 3])
    with pytest.raises(UserError) as caught:
        batches(store, split="validation")
    assert caught.value.message == (
        f"The validation part of a token store must have a document. Received: {tmp_path / 'store'} with none"
    )
    assert caught.value.hint == (
        "Prepare a corpus with more documents, or hold out another share of them. Write the store again: "
        f"mbert prepare {tmp_path}/recipe.yaml --run {tmp_path} --fresh --set store.validation_share=0.1"
    )
