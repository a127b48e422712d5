"""The WordPiece of tensorflow-text: ids of BERT, and the characters of each token."""

import numpy as np
import pytest
from tokenizers import Tokenizer as PeerTokenizer
from tokenizers import models, normalizers, pre_tokenizers

from mbert_cli.text.fast_wordpiece import FastWordPiece
from mbert_cli.text.vocabulary import LEADING_TOKENS

LETTERS = "abcdefghijklmnopqrstuvwxyz"
TOKENS = [
    *LEADING_TOKENS,
    *LETTERS,
    *LETTERS.upper(),
    "é",
    "東",
    *(f"##{c}" for c in LETTERS + "é"),
    "the",
    "##ing",
    ".",
    ",",
]
TEXTS = ["The thing, sing.", "", "É é 東京 zz\u00a0z", " . ", "thinking", "Q9 q"]


@pytest.mark.parametrize("lowercase", [True, False])
def test_ids_and_offsets_are_those_of_the_tokenizers_package(lowercase):
    peer = PeerTokenizer(models.WordPiece({token: i for i, token in enumerate(TOKENS)}, unk_token="[UNK]"))
    peer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    peer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    encodings = peer.encode_batch(TEXTS)
    fast = FastWordPiece(TOKENS, lowercase)
    ids, splits, starts, ends = fast.encode_with_offsets(TEXTS)
    assert ids.tolist() == [index for encoding in encodings for index in encoding.ids]
    assert splits.tolist() == np.cumsum([0, *map(len, encodings)]).tolist()
    offsets = [offset for encoding in encodings for offset in encoding.offsets]
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == offsets
    for one, other in zip(fast.encode(TEXTS), (ids, splits), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def test_no_text_has_no_tokens():
    found = FastWordPiece(TOKENS, True).encode_with_offsets([])
    assert [array.tolist() for array in found] == [[], [0], [], []]


@pytest.mark.parametrize("tokens", [[*LEADING_TOKENS, "a", "\x11", "##\x11"]])
def test_tokens_that_tensorflow_text_does_not_take_are_an_error(tokens):
    with pytest.raises(RuntimeError):
        FastWordPiece(tokens, True)
