"""The file that says how tokens are matched, and what depends on it."""

import json

import pytest

from mbert_cli.errors import UserError
from mbert_cli.text.encoding_cache import _key
from mbert_cli.text.matched_tokens import MATCHED_TOKENS_FILE, MatchedToken, describe_matched
from mbert_cli.text.vocabulary import RESERVED, Vocabulary, load_vocabulary
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


def pieces(vocabulary: Vocabulary, text: str) -> list[tuple[str, str]]:
    ids, _, starts, ends = Tokenizer(vocabulary).encode_with_offsets([text])
    return [(vocabulary.tokens[index], text[a:b]) for index, a, b in zip(ids, starts, ends, strict=True)]


def test_a_vocabulary_comes_back_with_the_way_its_tokens_are_matched(tmp_path):
    VOCABULARY.save(tmp_path / "vocab.txt")
    assert sorted(path.name for path in tmp_path.iterdir()) == [MATCHED_TOKENS_FILE, "vocab.txt"]
    again = load_vocabulary(tmp_path / "vocab.txt", lowercase=True)
    assert (again, again.digest) == (VOCABULARY, VOCABULARY.digest)


def test_a_vocabulary_that_matches_nothing_has_the_file_and_the_digest_of_earlier_versions(tmp_path):
    vocabulary = Vocabulary((*RESERVED, "a"))
    vocabulary.save(tmp_path / "vocab.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["vocab.txt"]
    assert vocabulary.digest == "1618c01807c1cc895d50563b89fb4fdc5bcd17c1a2e8883269dca6af1f2816d1"


def test_the_way_tokens_are_matched_is_part_of_the_identity_of_a_vocabulary():
    others = [
        Vocabulary(TOKENS, True, MATCHED[1:]),
        Vocabulary(TOKENS, True, (*MATCHED[:-1], MatchedToken(14, "##x", True))),
    ]
    for other in others:
        assert other.digest != VOCABULARY.digest
        assert _key(Tokenizer(other), ["a"]) != _key(Tokenizer(VOCABULARY), ["a"])


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"format": 2, "matched": []}', '{"format": 1, "matched": [{"id": 99, "content": "a"}]}',
     '{"format": 1, "matched": [{"id": 5, "content": "a", "lstrip": 1}]}',
     '{"format": 1, "matched": [{"id": 5, "content": "a", "other": true}]}'],
)  # fmt: skip
def test_a_damaged_file_is_refused_by_name(tmp_path, content):
    VOCABULARY.save(tmp_path / "vocab.txt")
    (tmp_path / MATCHED_TOKENS_FILE).write_text(content)
    with pytest.raises(UserError) as caught:
        load_vocabulary(tmp_path / "vocab.txt", lowercase=True)
    assert str(tmp_path / MATCHED_TOKENS_FILE) in caught.value.message


def test_a_matched_token_has_its_characters_without_the_blanks_that_it_takes_in():
    assert pieces(VOCABULARY, "a  New\tYork  \u0301a") == [("a", "a"), ("new york", "New\tYork"), ("a", "a")]
    assert pieces(VOCABULARY, "e\ne [SEP]é") == [
        ("e", "e"), ("\n", "\n"), ("e", "e"), ("[SEP]", "[SEP]"), ("e", "é"),
    ]  # fmt: skip


def test_a_long_list_of_tokens_is_counted():
    assert describe_matched(MATCHED) == "[SEP], covid-19, '\\n', new york, ##x"
    assert describe_matched(MATCHED, shown=2) == "[SEP], covid-19 and 3 more"


def test_special_tokens_that_a_tokenizer_splits_are_text():
    matched = (
        MatchedToken(3, "[SEP]", normalized=False, special=True, is_word=True, is_text=True),
        *MATCHED[1:],
    )
    assert pieces(Vocabulary(TOKENS, True, matched), "[SEP] covid-19")[-1] == ("covid-19", "covid-19")
    assert "[SEP]" not in dict(pieces(Vocabulary(TOKENS, True, matched), "[SEP] covid-19"))


def test_the_file_names_every_setting_of_a_token(tmp_path):
    VOCABULARY.save(tmp_path / "vocab.txt")
    first = json.loads((tmp_path / MATCHED_TOKENS_FILE).read_text())["matched"][0]
    assert first == {
        "id": 3, "content": "[SEP]", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
        "special": True, "is_word": True, "is_text": False,
    }  # fmt: skip
