"""A token store as it is read: its documents by split, and what a damaged one gets."""

import numpy as np
import pytest

from mbert_cli.corpus.document import is_held_out
from mbert_cli.corpus.store import TokenStore
from mbert_cli.errors import UserError


def refused(directory) -> str:
    with pytest.raises(UserError) as caught:
        TokenStore(directory)
    run = directory.parent
    assert caught.value.hint == (
        f"Write the store again: mbert prepare {run / 'recipe.yaml'} --run {run} --fresh"
    )
    return caught.value.message


def test_held_out_documents_are_those_of_the_hash(write, corpus, tmp_path):
    documents = corpus(200)
    report = write(tmp_path / "store", documents, validation_share=0.2)
    expected = [is_held_out(document, 0.2) for document in documents]
    store = TokenStore(tmp_path / "store")
    np.testing.assert_array_equal(store.held_out, expected)
    assert report.validation_documents == sum(expected) > 20
    train, validation = store.documents("train"), store.documents("validation")
    assert len(train) + len(validation) == 200
    assert train.token_ends[-1] + validation.token_ends[-1] == len(store.tokens)
    first = int(np.flatnonzero(expected)[0])
    assert validation.first_token[0] == store.sentence_starts[store.document_starts[first]]


def test_a_truncated_store_is_refused(write, corpus, tmp_path):
    directory = tmp_path / "store"
    report = write(directory, corpus(3))
    tokens = directory / "tokens.bin"
    tokens.write_bytes(tokens.read_bytes()[:-2])
    expected = 2 * report.tokens
    assert refused(directory) == (
        f"tokens.bin of a token store must have {expected} bytes. "
        f"Received: {expected - 2} bytes in {directory}"
    )
    tokens.unlink()
    assert refused(directory) == (
        f"tokens.bin of a token store must have {expected} bytes. Received: a missing file in {directory}"
    )
