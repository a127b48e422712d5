"""Vocabulary files, trained vocabularies, and what a bad file gets."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.text.vocabulary import LEADING_TOKENS, RESERVED, Vocabulary, load_vocabulary, train_vocabulary

HINT = "Set vocabulary.file to a BERT vocab.txt, or to null to train one on the corpus."
TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "Foxes jump; dogs are jumping, and a lazy fox jumped over a quicker dog!",
    "Éclairs cost 12€ in the café, the naïve dog said: 東京.",
] * 5


def write(tmp_path, content: bytes):
    path = tmp_path / "vocab.txt"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_file_with_any_line_end_gives_the_same_vocabulary(tmp_path, newline):
    path = write(tmp_path, newline.join([*RESERVED, "fox", "##es", ""]).encode())
    vocabulary = load_vocabulary(path, lowercase=True)
    assert vocabulary.tokens == (*RESERVED, "fox", "##es")
    assert vocabulary.digest == hashlib.sha256("\n".join(vocabulary.tokens).encode()).hexdigest()
    assert (vocabulary.pad_id, vocabulary.unknown_id, vocabulary.cls_id) == (0, 1, 2)
    assert (vocabulary.sep_id, vocabulary.mask_id, vocabulary.size) == (3, 4, 7)


def test_saved_vocabulary_reads_back_equal(tmp_path):
    vocabulary = Vocabulary((*RESERVED, "é", "##s"), lowercase=False)
    vocabulary.save(tmp_path / "vocab.txt")
    assert load_vocabulary(tmp_path / "vocab.txt", lowercase=False) == vocabulary


def test_ordinary_ids_leave_out_reserved_and_unused_tokens():
    vocabulary = Vocabulary((*LEADING_TOKENS, "a", "##b"))
    np.testing.assert_array_equal(vocabulary.ordinary_ids, [104, 105])
    np.testing.assert_array_equal(np.flatnonzero(vocabulary.is_continuation), [105])


def test_trained_vocabulary_has_reserved_tokens_at_the_places_of_bert():
    vocabulary = train_vocabulary(TEXTS, size=1000, lowercase=True)
    expected = {"[PAD]": 0, "[unused0]": 1, "[unused98]": 99, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102}
    assert {token: vocabulary.ids[token] for token in expected} == expected
    assert vocabulary.mask_id == 103
    assert {"dog", "fox", "jump", "##s", "東"} <= set(vocabulary.tokens)
    assert not {"É", "é", "##東", "##."} & set(vocabulary.tokens)
    assert vocabulary.size <= 1000


def test_cased_vocabulary_keeps_capitals_and_accents():
    assert {"É", "é", "T"} <= set(train_vocabulary(TEXTS, size=1000, lowercase=False).tokens)


def test_rare_characters_beyond_a_quarter_of_the_size_are_left_out():
    han = "".join(chr(0x4E00 + i) for i in range(400))
    vocabulary = train_vocabulary([han, han[:100], "common words"] * 2, size=1000, lowercase=True)
    assert chr(0x4E00) in vocabulary.tokens
    assert chr(0x4E00 + 399) not in vocabulary.tokens
    assert vocabulary.size <= 1000


def test_two_processes_train_the_same_vocabulary():
    script = (
        "from mbert_cli.text.vocabulary import train_vocabulary; import random; r = random.Random(0)\n"
        "words = [''.join(r.choices('abcdefghijklmnop', k=r.randint(1, 7))) for _ in range(3000)]\n"
        "print(train_vocabulary([' '.join(words)], 1200, True).digest)"
    )
    digests = [subprocess.check_output([sys.executable, "-c", script], text=True) for _ in range(2)]
    assert digests[0] == digests[1]


def test_text_without_letters_cannot_train_a_vocabulary():
    with pytest.raises(UserError) as caught:
        train_vocabulary(["  \n", ""], size=1000, lowercase=True)
    assert caught.value.message == "A vocabulary must be trained on text. Received: a corpus without a letter"
    assert (
        caught.value.hint
        == "Set the keys of the section corpus to text; `mbert recipe explain corpus` lists them."
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "A vocabulary must have tokens. Received: the empty file {path}"),
        (
            b"[PAD]\n[UNK]\n[CLS]\na\n",
            (
                "A vocabulary must have the tokens [PAD], [UNK], [CLS], [SEP], [MASK]. "
                "Received: {path} without [SEP], [MASK]"
            ),
        ),
        (
            b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\na\n",
            "The tokens of a vocabulary must be distinct. Received: 'a' in lines 6 and 8 of {path}",
        ),
        (
            b"a\n[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n",
            "The first token of a vocabulary must be [PAD], since padding is id 0. Received: 'a' in {path}",
        ),
        (
            b"[PAD]\n\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n",
            "Each line of a vocabulary must hold a token. Received: line 2 of {path}, which is empty",
        ),
        (
            b"[PAD]\n\xe9\n",
            "A vocabulary must be UTF-8 without NUL bytes. Received: {path} with byte 0xe9 at offset 6",
        ),
    ],
)
def test_bad_vocabulary_file_is_refused(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(UserError) as caught:
        load_vocabulary(path, lowercase=True)
    assert caught.value.message == message.format(path=path)
    assert caught.value.hint == HINT


def test_missing_vocabulary_file_is_refused(tmp_path):
    with pytest.raises(UserError) as caught:
        load_vocabulary(tmp_path / "none.txt", lowercase=True)
    assert caught.value.message == (
        f"A vocabulary must be readable. Received: {tmp_path / 'none.txt'} (No such file or directory)"
    )


def test_a_vocabulary_in_the_home_directory_is_written_out(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "vocab.txt").touch()
    with pytest.raises(UserError) as caught:
        load_vocabulary("~/vocab.txt", lowercase=True)
    assert caught.value.hint.startswith(f"Write {tmp_path}/vocab.txt: ")
