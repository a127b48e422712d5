"""Vocabularies of other projects: what is read, and which tokenizers are refused before anything is written."""

import json
from pathlib import Path
from typing import Any

import pytest

from mbert_cli.errors import UserError
from mbert_cli.text.foreign_tokenizer import find_vocabulary
from mbert_cli.text.vocabulary import RESERVED
from mbert_cli.text.wordpiece import Tokenizer

TOKENS = (*RESERVED, "fine", "film", "##s", "ß", "\u2028", "\x85")
PUBLISHED = "Put the tokenizer's files that were published with the weights into the folder."


def write(folder: Path, **files: Any) -> Path:
    """Files of a tokenizer: text and bytes as they are, anything else as JSON."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / ("vocab.txt" if name == "vocab" else f"{name}.json")
        if not isinstance(content, bytes):
            content = (content if isinstance(content, str) else json.dumps(content)).encode()
        path.write_bytes(content)
    return folder


def lines(*tokens: str) -> str:
    return "".join(f"{token}\n" for token in tokens)


def fast(tokens: tuple[str, ...] = TOKENS, added: dict[str, Any] | None = None, **changes: Any) -> dict:
    """What tokenizer.json holds; `part__key` changes a setting of a part."""
    content = {
        "added_tokens": [{"id": index, "content": token} for token, index in (added or {}).items()],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100,
                  "vocab": {token: index for index, token in enumerate(tokens)}},
    }  # fmt: skip
    for name, value in changes.items():
        part, _, key = name.partition("__")
        if key:
            content[part][key] = value
        else:
            content[part] = value
    return content


def refusal(folder: Path, size: int = len(TOKENS)) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        find_vocabulary(folder, size)
    return caught.value.message.replace(str(folder), "theirs"), caught.value.hint


@pytest.mark.parametrize("text", ["\ufeff" + lines(*TOKENS), "\r\n".join(TOKENS), lines(*TOKENS)])
def test_only_ends_of_lines_end_a_token(tmp_path, text):
    vocabulary = find_vocabulary(write(tmp_path, vocab=text), len(TOKENS)).vocabulary
    assert (vocabulary.tokens, vocabulary.lowercase) == (TOKENS, True)


def test_tokens_come_in_the_order_of_their_ids_with_those_that_were_added(tmp_path):
    shuffled = fast(added={"[PAD]": 0, "<b>": 12, "new": 11})
    shuffled["model"]["vocab"] = dict(reversed(shuffled["model"]["vocab"].items()))
    assert find_vocabulary(write(tmp_path, tokenizer=shuffled), 13).vocabulary.tokens == (
        *TOKENS,
        "new",
        "<b>",
    )
    for text in (TOKENS, (*TOKENS, "new", "<b>")):
        folder = write(tmp_path, vocab=lines(*text), tokenizer=shuffled)
        assert find_vocabulary(folder, 13).vocabulary.tokens == (*TOKENS, "new", "<b>")


def test_added_tokens_of_older_tokenizers_lie_in_a_file_of_their_own(tmp_path):
    folder = write(tmp_path, vocab=lines(*TOKENS), added_tokens={"new": 11})
    assert find_vocabulary(folder, 12).vocabulary.tokens == (*TOKENS, "new")


@pytest.mark.parametrize(
    ("configuration", "normalizer", "lowercase"),
    [({"do_lower_case": False}, None, False), ({}, False, False), ({}, True, True), (None, None, True),
     ({"do_lower_case": None, "strip_accents": False}, False, False)],
)  # fmt: skip
def test_lower_casing_is_read_from_the_tokenizers_files(tmp_path, configuration, normalizer, lowercase):
    write(tmp_path, tokenizer=fast(normalizer__lowercase=normalizer))
    if configuration is not None:
        write(tmp_path, tokenizer_config=configuration)
    assert find_vocabulary(tmp_path, len(TOKENS)).vocabulary.lowercase is lowercase


def test_lower_casing_that_no_file_states_is_read_off_the_tokens(tmp_path):
    folder = write(tmp_path, vocab=lines(*TOKENS, "Film"))
    assert not find_vocabulary(folder, len(TOKENS) + 1).vocabulary.lowercase
    vocabulary, notes = find_vocabulary(write(tmp_path, tokenizer_config={}, config={}), len(TOKENS) + 1)
    assert not vocabulary.lowercase
    said = (
        "text keeps its case, as the words of the vocabulary do; transformers lower-cases it unless "
        "tokenizer_config.json has do_lower_case false"
    )
    assert notes == [said]


def test_upper_case_in_added_tokens_says_nothing_of_the_text(tmp_path):
    folder = write(tmp_path, vocab=lines(*TOKENS), added_tokens={"COVID": len(TOKENS)})
    assert find_vocabulary(folder, len(TOKENS) + 1).vocabulary.lowercase


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"vocab": b"[PAD]\n\xe9\n"},
            "A vocabulary must be UTF-8 without NUL bytes. Received: theirs/vocab.txt with byte 0xe9 at offset 6",
        ),
        (
            {"vocab": lines(*RESERVED, "a", "a")},
            "The tokens of a vocabulary must be distinct. Received: 'a' in lines 6 and 7 of theirs/vocab.txt",
        ),
        (
            {"vocab": lines(*RESERVED, "", "a")},
            ("Each line of a vocabulary must hold a token. "
            "Received: line 6 of theirs/vocab.txt, which is empty"),
        ),
        (
            {"tokenizer": fast(RESERVED[:4])},
            ("A vocabulary must have the tokens [PAD], [UNK], [CLS], [SEP], [MASK]. "
            "Received: theirs/tokenizer.json without [MASK]"),
        ),
        (
            {"vocab": lines("a", *RESERVED)},
            ("The first token of a vocabulary must be [PAD], since padding is id 0. "
            "Received: 'a' in theirs/vocab.txt"),
        ),
        (
            {"tokenizer": fast(added={"new": 13})},
            "The ids of tokens must be 0, 1, 2 and so on. Received: 12 tokens without id 11 in theirs",
        ),
        (
            {"tokenizer": fast(added={"new": 5})},
            ("An id must belong to one token. "
            "Received: 'fine' and 'new' with id 5 in theirs/tokenizer.json"),
        ),
        (
            {"tokenizer": fast(added={"fine": 11})},
            "A token must have one id. Received: 'fine' with 5 and 11 in theirs/tokenizer.json",
        ),
        (
            {"tokenizer": fast(added={"new": "11"})},
            "The id of a token must be a number from 0. Received: '11' for 'new' in theirs/tokenizer.json",
        ),
        (
            {"tokenizer": fast((*TOKENS, "a\nb"))},
            ("A token must be text that fits a line of a vocabulary. "
            "Received: 'a\\nb' with id 11 in theirs/tokenizer.json"),
        ),
        (
            {"tokenizer": fast(added={"": 11})},
            "An added token must be text. Received: '' with id 11 in theirs/tokenizer.json",
        ),
        (
            {"tokenizer": fast(model__vocab=dict(zip((*TOKENS[:10], "x"), (*range(10), 11), strict=True)), added={"new": 10})},
            ("The words of a tokenizer's model must have the first ids, before the tokens that were added. "
            "Received: 11 words with ids up to 11 in theirs/tokenizer.json"),
        ),
        (
            {"tokenizer": fast(), "tokenizer_config": {"added_tokens_decoder": {"11": {"content": "new", "lstrip": 1}}}},
            ("An added token must be text, with true or false for each of its settings. "
            "Received: {'content': 'new', 'lstrip': 1} in theirs/tokenizer_config.json"),
        ),
    ],
)  # fmt: skip
def test_a_damaged_vocabulary_is_refused(tmp_path, files, message):
    assert refusal(write(tmp_path, **files)) == (message, PUBLISHED)


def test_a_list_of_tokens_without_a_type_is_refused(tmp_path):
    folder = write(tmp_path, tokenizer={"model": {"vocab": [["a", 0.5]]}})
    assert refusal(folder)[0] == (
        "The vocab of a tokenizer's model must be tokens with their ids. "
        "Received: list in theirs/tokenizer.json"
    )


@pytest.mark.parametrize(
    ("text", "different"),
    [
        ((*TOKENS[:5], "dull", *TOKENS[6:]), "id 5 is 'dull' in {text} and 'fine' in {fast}"),
        (TOKENS[:-1], "id 10 is no token in {text} and '\\x85' in {fast}"),
        ((*TOKENS, "more"), "id 11 is 'more' in {text} and no token in {fast}"),
    ],
)
def test_two_files_that_disagree_on_a_token_are_refused(tmp_path, text, different):
    different = different.format(text="theirs/vocab.txt", fast="theirs/tokenizer.json")
    assert refusal(write(tmp_path, vocab=lines(*text), tokenizer=fast())) == (
        f"vocab.txt and tokenizer.json must have the same tokens. Received: {different}",
        "Remove the file that the weights were not trained with.",
    )


def test_a_folder_without_a_vocabulary_and_a_file_that_is_no_json_are_refused(tmp_path):
    assert refusal(tmp_path)[0] == (
        "A checkpoint needs its vocabulary, vocab.txt or tokenizer.json. Received: theirs"
    )
    folder = write(tmp_path, tokenizer="{")
    assert refusal(folder)[0] == "A tokenizer's file must be JSON. Received: theirs/tokenizer.json"
    folder = write(tmp_path, tokenizer=[])
    assert refusal(folder)[0] == "A tokenizer's file must be a JSON object. Received: theirs/tokenizer.json"


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("name", ["BertTokenizer", "DistilBertTokenizer", "MobileBertTokenizer"])
def test_what_transformers_saves_gives_its_ids(tmp_path, name, lowercase):
    transformers = pytest.importorskip("transformers")
    write(tmp_path / "vocab", vocab=lines(*TOKENS[:-2]))  # takes white space for nothing
    theirs = getattr(transformers, name).from_pretrained(tmp_path / "vocab", do_lower_case=lowercase)
    theirs.add_tokens(["new"])
    theirs.save_pretrained(tmp_path / "saved")
    vocabulary = find_vocabulary(tmp_path / "saved", len(theirs)).vocabulary
    assert (vocabulary.tokens, vocabulary.lowercase) == ((*TOKENS[:-2], "new"), lowercase)
    text = "Films, fine ﬁne new film… ß fi\u00adlm"
    assert Tokenizer(vocabulary).encode([text])[0].tolist() == theirs(text)["input_ids"][1:-1]
