"""Tokens that another project's tokenizer matches before it cuts words have the ids that transformers gives them."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken

from mbert_cli.errors import UserError
from mbert_cli.text import wordpiece
from mbert_cli.text.foreign_tokenizer import FoundVocabulary, find_vocabulary
from mbert_cli.text.vocabulary import RESERVED
from mbert_cli.text.wordpiece import Tokenizer

transformers = pytest.importorskip("transformers")


@pytest.fixture(autouse=True, params=[-1, wordpiece.SLOW_CHARACTERS], ids=["much_text", "little_text"])
def _cut_either_way(request, monkeypatch):
    monkeypatch.setattr(wordpiece, "SLOW_CHARACTERS", request.param)


LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
WORDS = (
    *RESERVED, "[unused0]", *LETTERS, *(f"##{char}" for char in LETTERS), *"[]<>/-.,!#|",
    "covid", "new", "york", "cafe", "the", "东", "ᄀ", "##ᅡ", "##ᆨ", "É", "COVID", "ß",
)  # fmt: skip
ADDED = [
    "covid-19", "COVID", "Covid", "[E1]", "<url>", "new york", "New York", "café", "東京", "東", "각", "a", "the", "##x",
    "ß", "İstanbul", "…", "\n", "|", "x.y*", "[unused0]", "sep", " lead", "ﬁ", "한국", "]", "q\u0301", "ў", "\u200bz",
]  # fmt: skip
PIECES = [
    *ADDED, *RESERVED, "[sep]", " ", "  ", "\t", "\u00a0", "\u3000", "x", "hello", "newer", "CAFE\u0301", "CAFÉ",
    "NEW YORK", "new\tyork", "COVID-19", "cövid-19", "!", "—", "ᄀ", "ᅡ", "ᆨ", "\u00ad", "\x00", "\u200b", "é",
    "ISTANBUL", "Q", "у\u0306", "🦊", "s",
]  # fmt: skip


def write(folder: Path, **files: Any) -> Path:
    """A folder of a BERT with files of its tokenizer."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text('{"model_type": "bert"}')
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def write_words(folder: Path, **files: Any) -> Path:
    """The same with the words in vocab.txt."""
    write(folder, **files)
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in WORDS))
    return folder


def saved(folder: Path, *added: AddedToken, lowercase: bool = True, **changes: Any) -> Path:
    """What transformers saves, with changes of tokenizer_config.json."""
    ids = {token: index for index, token in enumerate(WORDS)}
    theirs = transformers.BertTokenizer(vocab=ids, do_lower_case=lowercase)
    for token in added:
        theirs.add_tokens([token], special_tokens=token.special)
    theirs.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    write(folder, tokenizer_config=json.loads(path.read_text()) | changes)
    return folder


def with_decoder(folder: Path) -> Path:
    """The same as version 4 saved it, with the added tokens in tokenizer_config.json too."""
    entries = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    decoder = {str(entry.pop("id")): entry for entry in entries}
    path = folder / "tokenizer_config.json"
    return write(folder, tokenizer_config=json.loads(path.read_text()) | {"added_tokens_decoder": decoder})


def texts(generator: random.Random, count: int = 40) -> list[str]:
    """Added tokens in odd places: inside words, in other cases, with accents, in pairs, among blanks."""
    return [
        "".join(
            generator.choice(PIECES) + " " * (generator.random() < 0.4)
            for _ in range(generator.randint(1, 9))
        )
        for _ in range(count)
    ]


def differences(folder: Path, found: FoundVocabulary, samples: list[str]) -> list[str]:
    """The texts whose ids or characters are not those of transformers."""
    theirs = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer = Tokenizer(found.vocabulary)
    ids, splits = tokenizer.encode(samples)
    again, _, starts, ends = tokenizer.encode_with_offsets(samples)
    assert ids.tolist() == again.tolist()
    different = []
    for row, text in enumerate(samples):
        expected = theirs(text, add_special_tokens=False, return_offsets_mapping=True)
        tokens = slice(splits[row], splits[row + 1])
        characters = zip(starts[tokens], ends[tokens], strict=True)
        same_ids = ids[tokens].tolist() == expected["input_ids"]
        if not same_ids or any(
            not text[start:end].startswith(text[first:last].strip())
            for (start, end), (first, last) in zip(characters, expected["offset_mapping"], strict=True)
        ):
            different.append(text)
    return different


def size_of(folder: Path) -> int:
    return len(transformers.AutoTokenizer.from_pretrained(folder))


def random_token(generator: random.Random, content: str) -> AddedToken:
    flags = {name: generator.random() < 0.25 for name in ("single_word", "lstrip", "rstrip")}
    special = generator.random() < 0.4
    normalized = generator.choice([not special, True, False])
    return AddedToken(content, special=special, normalized=normalized, **flags)


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("change", ["", "decoder", "generic", "split", "mask"])
def test_ids_and_characters_are_those_of_transformers(tmp_path, lowercase, change):
    changes = {
        "generic": {"tokenizer_class": "PreTrainedTokenizerFast"},
        "split": {"split_special_tokens": True},
        "mask": {
            "mask_token": {"__type": "AddedToken", "content": "[MASK]", "lstrip": True, "special": True}
        },
    }.get(change, {})
    for seed in range(4):
        generator = random.Random(seed)
        # transformers takes now one, now the other of two that lower-casing makes equal.
        contents = {content.lower(): content for content in generator.sample(ADDED, 6)}.values()
        added = [random_token(generator, content) for content in contents]
        folder = saved(tmp_path / str(seed), *added, lowercase=lowercase, **changes)
        if change == "decoder":
            with_decoder(folder)
        found = find_vocabulary(folder, size_of(folder))
        assert not differences(folder, found, texts(generator)), added


NEW = len(WORDS)


LOWERED = {"do_lower_case": True}
SPECIAL = {
    "sep_token": {"content": "[SEP]", "lstrip": True, "rstrip": True, "normalized": False},
    "bos_token": "[CLS]", "additional_special_tokens": ["[E1]"],
}  # fmt: skip


@pytest.mark.parametrize(
    "files",
    [
        {"tokenizer_config": LOWERED},
        {"tokenizer_config": LOWERED, "added_tokens": {"covid-19": NEW, "COVID-20": NEW + 1}},
        {"added_tokens": {"[E1]": NEW, "[E2]": NEW + 1},
         "tokenizer_config": {"do_lower_case": False, "additional_special_tokens": ["[E1]", "[E2]", "[E3]"]}},
        {"tokenizer_config": LOWERED, "added_tokens": {"[E1]": NEW}, "special_tokens_map": SPECIAL},
        {"tokenizer_config": LOWERED | {"extra_special_tokens": {"entity_token": "[ENT]"}, "url_token": "<url>"}},
        {"tokenizer_config": LOWERED | {
            "extra_special_tokens": ["covid-19", {"__type": "AddedToken", "content": "x.y*"}]}},
    ],
)  # fmt: skip
def test_files_of_older_tokenizers_give_the_ids_of_transformers(tmp_path, files):
    folder = write_words(tmp_path, **files)
    samples = [
        "a [E1]covid-19 [E2]",
        "COVID-20s <URL> <url> [ENT]",
        "x.y* [SEP] [sep]",
        "[E3] a [SEP]a[MASK]",
    ]
    found = find_vocabulary(folder, size_of(folder))
    assert not differences(folder, found, [*samples, *texts(random.Random(0))])


def test_typed_reserved_tokens_are_text_to_a_tf1_checkpoint(tmp_path):
    folder = write_words(tmp_path)
    (folder / "config.json").rename(folder / "bert_config.json")
    vocabulary = find_vocabulary(folder, NEW).vocabulary
    assert vocabulary.matched == ()
    ids, _ = Tokenizer(vocabulary).encode(["[SEP]", "[the]"])
    assert [vocabulary.tokens[index] for index in ids] == ["[", "[UNK]", "]", "[", "the", "]"]


def test_typed_reserved_tokens_are_matched_where_a_folder_of_hugging_face_has_no_more_than_words(tmp_path):
    matched = find_vocabulary(write_words(tmp_path), NEW).vocabulary.matched
    assert [(token.content, token.id, token.normalized) for token in matched] == [
        (content, index, False) for index, content in enumerate(RESERVED)
    ]


def test_words_are_not_cut_into_tokens_that_were_added(tmp_path):
    folder = saved(tmp_path, AddedToken("zebra", single_word=True))
    vocabulary = find_vocabulary(folder, NEW + 1).vocabulary
    ids, _ = Tokenizer(vocabulary).encode(["zebra zebras"])
    assert [vocabulary.tokens[index] for index in ids] == ["zebra", "z", "##e", "##b", "##r", "##a", "##s"]


def test_added_tokens_without_a_row_are_left_out_and_said(tmp_path):
    vocabulary, notes = find_vocabulary(saved(tmp_path, AddedToken("one"), AddedToken("two")), NEW + 1)
    assert (vocabulary.size, vocabulary.tokens[-1]) == (NEW + 1, "one")
    assert notes == ["left out, as the word table has no row for it: two"]


def test_of_two_tokens_that_lower_casing_makes_equal_one_is_matched_and_the_other_said(tmp_path):
    folder = saved(tmp_path, AddedToken("Zebra"), AddedToken("zebra"))
    vocabulary, notes = find_vocabulary(folder, NEW + 2)
    assert Tokenizer(vocabulary).encode(["Zebra zebra"])[0].tolist() == [NEW + 1, NEW + 1]
    assert notes == ["read as 'zebra', which is the same to this tokenizer: 'Zebra'"]


@pytest.mark.parametrize("token", ["\u200b", "\u0301"])
def test_a_token_of_which_normalization_leaves_nothing_is_matched_nowhere(tmp_path, token):
    vocabulary, notes = find_vocabulary(saved(tmp_path, AddedToken(token)), NEW + 1)
    ids, _ = Tokenizer(vocabulary).encode([f"z{token} é", "z é"])
    assert ids[: len(ids) // 2].tolist() == ids[len(ids) // 2 :].tolist()
    assert notes == [f"matched in no text, as this tokenizer takes it out of them: {token!r}"]


def test_a_token_that_its_tokenizer_does_not_match_is_left_out_and_said(tmp_path):
    folder = saved(tmp_path, AddedToken("one"), AddedToken("two"))
    decoder = {str(NEW): {"content": "one"}}
    config = json.loads((folder / "tokenizer_config.json").read_text()) | {"added_tokens_decoder": decoder}
    vocabulary, notes = find_vocabulary(write(folder, tokenizer_config=config), NEW + 2)
    assert (vocabulary.size, vocabulary.tokens[-1]) == (NEW + 1, "one")
    assert notes == ["left out, as its tokenizer matches it in no text: 'two'"]


def refusal(function: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        function()
    return caught.value.message


@pytest.mark.parametrize("name", ["unk_token", "cls_token", "sep_token", "pad_token", "mask_token"])
def test_a_reserved_token_of_another_name_is_refused(tmp_path, name):
    folder = write_words(tmp_path, tokenizer_config={name: "the"})
    usual = f"[{name[:-6].upper()}]"
    assert refusal(lambda: find_vocabulary(folder, NEW)) == (
        f"A tokenizer's {name} must be {usual}. Received: the in {folder}"
    )


def test_a_tokenizer_that_puts_other_marks_around_texts_is_refused(tmp_path):
    folder = saved(tmp_path, tokenizer_class="PreTrainedTokenizerFast")
    content = json.loads((folder / "tokenizer.json").read_text()) | {"post_processor": None}
    assert refusal(lambda: find_vocabulary(write(folder, tokenizer=content), NEW)) == (
        "A tokenizer's post_processor must put [CLS] before two texts and [SEP] behind each, as segments 0, 0 and 1. "
        f"Received: none in {folder / 'tokenizer.json'}"
    )


def test_ids_that_transformers_would_not_give_are_refused(tmp_path):
    folder = write_words(
        tmp_path, tokenizer_config={"extra_special_tokens": ["two"]}, added_tokens={"one": NEW}
    )
    content = {str(NEW): {"content": "two", "special": True}}
    write(folder, tokenizer_config={"added_tokens_decoder": content})
    assert refusal(lambda: find_vocabulary(folder, NEW + 1)) == (
        f"An id must belong to one token. Received: 'two' and 'one' with id {NEW} in {folder / 'added_tokens.json'}"
    )


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"tokenizer_config": {"extra_special_tokens": 5}}, "5 in {}/tokenizer_config.json"),
        ({"tokenizer_config": {"extra_special_tokens": ["\ud800"]}}, r"{{'content': '\ud800'}} in {}/tokenizer_config.json"),
        ({"tokenizer_config": {"added_tokens_decoder": [1]}}, "[1] in {}/tokenizer_config.json"),
        ({"special_tokens_map": {"sep_token": ["[SEP]"]}}, "['[SEP]'] in {}/special_tokens_map.json"),
        ({"special_tokens_map": {"sep_token": {"content": 5}}}, "{{'content': 5}} in {}/special_tokens_map.json"),
    ],
)  # fmt: skip
def test_a_damaged_file_of_added_tokens_is_refused(tmp_path, files, found):
    assert refusal(lambda: find_vocabulary(write_words(tmp_path, **files), NEW)) == (
        "An added token must be text, with true or false for each of its settings. Received: "
        + found.format(tmp_path)
    )


def test_a_setting_for_special_tokens_must_be_true_or_false(tmp_path):
    folder = write_words(tmp_path, tokenizer_config={"split_special_tokens": "yes"})
    assert refusal(lambda: find_vocabulary(folder, NEW)) == (
        "A tokenizer's split_special_tokens must be true or false. "
        f"Received: 'yes' in {folder / 'tokenizer_config.json'}"
    )
