"""The tokenizer that a run goes back with gives the run's own ids, and comes back as what it was."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from tokenizers import AddedToken

from mbert_cli.text.foreign_tokenizer import find_vocabulary
from mbert_cli.text.matched_tokens import MatchedToken
from mbert_cli.text.tokenizer_target import write_tokenizer
from mbert_cli.text.vocabulary import RESERVED, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

transformers = pytest.importorskip("transformers")

WORDS = (
    *RESERVED,
    *"abcdefgh",
    *(f"##{char}" for char in "abcdefgh"),
    "[",
    "]",
    "-",
    "1",
    "new",
    "S",
    "E",
    "##P",
)
NEW = len(WORDS)
OWN = Vocabulary(WORDS, lowercase=False)
ADDED = [
    AddedToken("face-1"), AddedToken("Bad", single_word=True), AddedToken("[E1]", special=True, lstrip=True),
    AddedToken("a bed", rstrip=True), AddedToken("new", special=True), AddedToken("\n", normalized=False),
    AddedToken("é", normalized=False), AddedToken("[MASK]", special=True, lstrip=True),
]  # fmt: skip
TEXTS = [
    "a Face-1 [E1] bad", "face-11 bade BAD.", "xface-1[e1]  [E1]b", "A Bed  a\tbed", "newnew a [SEP]b [PAD]", "a\nb É é",
    "a [MASK] [CLS] [UNK]", "fác\u0301e-1", "", " ", "[sep] [mask",
]  # fmt: skip


def write(folder: Path, vocabulary: Vocabulary, **changes: bool) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert"}')
    write_tokenizer(folder, vocabulary, "BertTokenizer", 64, **changes)
    return folder


def different(folder: Path, vocabulary: Vocabulary, samples: list[str]) -> list[str]:
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    ids, splits = Tokenizer(vocabulary).encode(samples)
    found = [ids[first:last].tolist() for first, last in pairwise(splits)]
    marked = [[vocabulary.cls_id, *row, vocabulary.sep_id] for row in found]
    return [text for text, row in zip(samples, marked, strict=True) if theirs(text)["input_ids"] != row]


@pytest.mark.parametrize("change", ["", "generic", "split"])
@pytest.mark.parametrize("lowercase", [True, False])
def test_ids_are_the_same_after_a_way_through_a_run(tmp_path, change, lowercase):
    changes = {
        "generic": {"tokenizer_class": "PreTrainedTokenizerFast"},
        "split": {"split_special_tokens": True},
    }
    ids = {token: index for index, token in enumerate(WORDS)}
    theirs = transformers.BertTokenizer(vocab=ids, do_lower_case=lowercase)
    for token in ADDED:
        theirs.add_tokens([token], special_tokens=token.special)
    theirs.save_pretrained(tmp_path / "theirs")
    path = tmp_path / "theirs/tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes.get(change, {})))
    vocabulary = find_vocabulary(tmp_path / "theirs", len(theirs)).vocabulary
    assert not different(tmp_path / "theirs", vocabulary, TEXTS)
    back = write(tmp_path / "back", vocabulary)
    assert not different(back, vocabulary, TEXTS)
    assert find_vocabulary(back, vocabulary.size).vocabulary == vocabulary


def test_typed_marks_stay_text_for_a_vocabulary_of_our_own(tmp_path):
    folder = write(tmp_path / "back", OWN)
    assert not different(folder, OWN, TEXTS)
    assert find_vocabulary(folder, OWN.size).vocabulary == OWN


def test_masks_can_be_typed_where_a_model_fills_them(tmp_path):
    folder = write(tmp_path / "back", OWN, is_text=False)
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    assert theirs("a [MASK]")["input_ids"][2] == OWN.mask_id
    assert find_vocabulary(folder, OWN.size).vocabulary.matched[4].content == "[MASK]"


def test_a_tokenizer_that_matches_some_of_the_marks_goes_back_as_one_that_does(tmp_path):
    matched = tuple(
        MatchedToken(index, token, normalized=False, special=True, is_word=True)
        for index, token in enumerate(RESERVED[:3])
    )
    vocabulary = Vocabulary(WORDS, True, matched)
    folder = write(tmp_path / "back", vocabulary)
    assert not different(folder, vocabulary, ["[PAD] a [SEP] [CLS][MASK]"])
    assert find_vocabulary(folder, NEW).vocabulary == vocabulary


def test_a_pair_has_its_segments(tmp_path):
    found = transformers.AutoTokenizer.from_pretrained(write(tmp_path / "back", OWN))("a", "b")
    a, b = OWN.ids["a"], OWN.ids["b"]
    assert found["input_ids"] == [OWN.cls_id, a, OWN.sep_id, b, OWN.sep_id]
    assert found["token_type_ids"] == [0, 0, 0, 1, 1]


def test_files_for_readers_of_vocab_txt_are_written_too(tmp_path):
    vocabulary = Vocabulary((*WORDS, "new\nline"), True, (MatchedToken(NEW, "new\nline"),))
    folder = write(tmp_path / "back", vocabulary)
    assert (folder / "vocab.txt").read_text() == "".join(f"{token}\n" for token in WORDS)
    assert json.loads((folder / "added_tokens.json").read_text()) == {"new\nline": NEW}
